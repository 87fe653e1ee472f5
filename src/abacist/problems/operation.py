"""The seam for operations: how a problem is drawn, and how it is solved exactly."""

import itertools
import random
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from abacist.core import catalogue
from abacist.core.errors import SettingsError
from abacist.core.overrides import keep_in_step
from abacist.problems.columns import Group, Listed
from abacist.problems.question import Question

Number = int | Fraction

FOLDER = "problems.operations"

PUNCTUATION = "(),"


class Operation(ABC):
    """One kind of problem. A subclass is a frozen dataclass; its fields are its settings.

    An operation with a `symbol` also gives that symbol its meaning in every expression, written
    between two operands (`12 gcd 18`) or as a function (`gcd(12, 18)`).
    """

    symbol: ClassVar[str | None] = None
    precedence: ClassVar[int] = 3
    commutative: ClassVar[bool] = False

    by_symbol: ClassVar[dict[str, type["Operation"]]] = {}

    def __init_subclass__(cls) -> None:
        if cls.symbol is not None:
            Operation.by_symbol[cls.symbol] = cls
        keep_in_step(cls, Operation, {"sample": "sample_batch", "table": "table_batch"})

    @staticmethod
    def solve(*operands: Number) -> Number:
        """Return the exact result for the symbol's operands.

        Raises: QuestionError where there is none (division by zero).
        """
        raise NotImplementedError("an operation with a symbol defines solve")

    @abstractmethod
    def sample(self, rng: random.Random) -> Question:
        """Draw one question that has an answer."""

    def sample_batch(self, rng: "np.random.Generator", count: int) -> list[Group]:
        """Draw `count` questions as `sample` draws each, in any order; a quick form does so in columns."""
        one_by_one = random.Random(int(rng.integers(2**63)))
        return [Listed([self.sample(one_by_one) for _ in range(count)])]

    @abstractmethod
    def contains(self, question: Question) -> bool:
        """Tell whether `sample` could have drawn this question."""

    def of_lengths(self, left: int, right: int) -> "Operation | None":
        """Return this operation on two numbers of exactly so many digits; None where it asks for none such."""
        return None

    def of_terms(self, terms: int) -> "Operation | None":
        """Return this operation on exactly so many numbers; None where their count is not its to choose."""
        return None

    def sample_nested(self, rng: random.Random, depth: int) -> Question | None:
        """Draw one question with parentheses exactly so deep, numbers and signs as ever; None where it has none."""
        return None

    def same_table(self, other: "Operation") -> bool:
        """Tell whether both enumerate the same questions, however they draw them."""
        return self == other

    def table_size(self) -> int | None:
        """Return how many questions `table` yields, or None if it is too large to say or endless."""
        return None

    def table(self) -> Iterator[Question]:
        """Enumerate every question, each once.

        Raises: SettingsError where that is not possible.
        """
        raise SettingsError(f"{type(self).__name__.lower()} cannot be enumerated; ask for --rows instead of --all")

    def table_batch(self, rows: int) -> Iterator[Group]:
        """Enumerate what `table` does in the same order, up to `rows` questions at a time."""
        questions = self.table()
        while chunk := list(itertools.islice(questions, rows)):
            yield Listed(chunk)


def operator(symbol: str) -> type[Operation] | None:
    """Return the operation that gives `symbol` its meaning, if any."""
    if symbol in PUNCTUATION:
        return None
    for list_names in (catalogue.own_names, catalogue.names):
        if symbol in Operation.by_symbol:
            break
        for name in list_names(FOLDER):
            catalogue.load(FOLDER, name)
    return Operation.by_symbol.get(symbol)


def whole(part: catalogue.Part) -> catalogue.Part:
    """Return an operation's part with all its settings, as a saved tree holds it: equal ones are then equal."""
    return catalogue.Part(part.name, _plain(catalogue.build(FOLDER, part)))


def _plain(value: Any) -> Any:
    if isinstance(value, catalogue.Part):
        return {"name": value.name, **value.settings}
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value
