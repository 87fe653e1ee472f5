"""A task: a mixture of operations, how answers are rounded, and what is kept out of training."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Literal

import numpy as np

from abacist.core.catalogue import Part, PartOf, build
from abacist.core.errors import SettingsError
from abacist.problems.columns import Group, Integers
from abacist.problems.operation import FOLDER, Operation
from abacist.problems.problem import Problem
from abacist.problems.question import Question
from abacist.problems.reorderings import reorderings
from abacist.problems.rounding import Rounding
from abacist.problems.splits import Side, Split

SideChoice = Literal["train", "held_out", "extrapolate", "any"]

ENUMERABLE = 300_000
"""Tables up to this many problems are enumerated where distinct problems are wanted."""


@dataclass(frozen=True)
class Weighted:
    """An operation's share of a mixture."""

    operation: Annotated[Part, PartOf(FOLDER)]
    weight: float = 1.0
    stage: int = 0
    """When its turn comes, for a curriculum that goes by stages."""

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise SettingsError(f"weight must be above 0, got {self.weight}")
        if self.stage < 0:
            raise SettingsError(f"stage must be at least 0, got {self.stage}")


@dataclass(frozen=True)
class TaskSettings:
    """What is asked."""

    mixture: list[Weighted]
    rounding: Rounding = field(default_factory=Rounding)
    split: Split = field(default_factory=Split)

    def __post_init__(self) -> None:
        if not self.mixture:
            raise SettingsError("mixture must hold at least one operation")


@dataclass(frozen=True)
class Drawn:
    """Many problems drawn at once."""

    groups: list[Group]
    """None of them is empty."""
    names: list[str]
    """The operation that drew each group."""
    order: Integers
    """The rows drawn, in their order, as indices into the groups' rows end to end."""
    rounding: Rounding

    def __len__(self) -> int:
        return len(self.order)

    @cached_property
    def problems(self) -> list[Problem]:
        """The problems one by one."""
        named = zip(self.groups, self.names, strict=True)
        rows = [Problem(question, self.rounding, name) for group, name in named for question in group.questions()]
        return [rows[row] for row in self.order]


class Task:
    """Draws problems of a side, enumerates tables, and knows what training can have shown."""

    def __init__(self, settings: TaskSettings):
        self.settings = settings
        self.split = settings.split
        self.operations: list[Operation] = [build(FOLDER, item.operation) for item in settings.mixture]
        self._names = [item.operation.name.rsplit("/", 1)[-1].removesuffix(".py") for item in settings.mixture]
        total = 0.0
        self._cumulative = [total := total + item.weight for item in settings.mixture]

    @cached_property
    def entries(self) -> "list[Task]":
        """Each entry of the mixture as a task of its own, with the same rounding and split."""
        return [Task(replace(self.settings, mixture=[item])) for item in self.settings.mixture]

    def problem(self, question: Question, operation: str = "typed") -> Problem:
        """Pose a question under this task's rounding."""
        return Problem(question, self.settings.rounding, operation)

    def sample(self, rng: random.Random, side: SideChoice = "train") -> Problem:
        """Draw one problem of a side.

        Raises: SettingsError if none turns up in 20,000 draws.
        """
        for _ in range(20_000):
            (index,) = rng.choices(range(len(self.operations)), cum_weights=self._cumulative)
            question = self.operations[index].sample(rng)
            if side == "any" or self.split.side(question) == side:
                return self.problem(question, self._names[index])
        raise self._nothing_on(side)

    def sample_batch(
        self, rng: "np.random.Generator", side: SideChoice, count: int, shares: Sequence[float] | None = None
    ) -> Drawn:
        """Draw `count` problems of a side, as `sample` draws each; `shares` take the place of the entries' weights.

        Raises: SettingsError if none turns up in 20,000 draws.
        """
        weights = np.diff(self._cumulative, prepend=0) / self._cumulative[-1]
        if shares is not None:
            weights = np.array(shares) / np.sum(shares)
        groups: list[Group] = []
        names: list[str] = []
        drawn = kept = 0
        share = {"train": 1 - self.split.held_out, "held_out": self.split.held_out}.get(side, 1.0) or 1.0
        while kept < count:
            more = min(int((count - kept) / share * 1.02) + 16, 100_000)
            for index, part in enumerate(rng.multinomial(more, weights).tolist()):
                for group in self.operations[index].sample_batch(rng, part) if part else ():
                    chosen = group if side == "any" else group.take(self.split.side_batch(group) == side)
                    if len(chosen):
                        groups.append(chosen)
                        names.append(self._names[index])
                        kept += len(chosen)
            drawn += more
            if drawn >= 20_000 and not kept:
                raise self._nothing_on(side)
            share = max(kept, 1) / drawn
        return Drawn(groups, names, rng.permutation(kept)[:count], self.settings.rounding)

    def _nothing_on(self, side: SideChoice) -> SettingsError:
        return SettingsError(f"none of 20,000 problems drawn is on side {side!r}; see task.split and the operations")

    def distinct(self, rng: "np.random.Generator", side: SideChoice, count: int) -> list[Problem]:
        """Draw up to `count` different problems of a side as training draws them; fewer where there are no more."""
        size, everything = self.table_size(), None
        if size is not None and size <= ENUMERABLE:
            everything = list(self.table(side))
            if len(everything) <= count:
                return everything
        chosen: dict[Question, Problem] = {}
        drawn = 0
        while len(chosen) < count and drawn < 20 * count + 1000:
            wanted = count - len(chosen)
            chosen |= {problem.question: problem for problem in self.sample_batch(rng, side, wanted).problems}
            drawn += wanted
        if everything is not None and len(chosen) < count:
            left = [problem for problem in everything if problem.question not in chosen]
            places = rng.choice(len(left), count - len(chosen), replace=False)
            chosen |= {left[place].question: left[place] for place in places}
        return list(chosen.values())

    def table(self, side: SideChoice = "any") -> Iterator[Problem]:
        """Enumerate every problem of a side once, operation by operation."""
        for drawn in self.table_batch(1000, side):
            yield from drawn.problems

    def table_batch(self, rows: int, side: SideChoice = "any") -> Iterator[Drawn]:
        """Enumerate the problems of a side in the order of `table`, up to `rows` at a time."""
        tables = self._tables()
        for index, (operation, name) in enumerate(tables):
            before = [other for other, _ in tables[:index]]
            for group in operation.table_batch(rows):
                kept: Group = group
                if before:
                    others = [not any(other.contains(question) for other in before) for question in group.questions()]
                    kept = kept.take(np.array(others, dtype=np.bool_))
                if side != "any":
                    kept = kept.take(self.split.side_batch(kept) == side)
                if len(kept):
                    yield Drawn([kept], [name], np.arange(len(kept)), self.settings.rounding)

    def _tables(self) -> list[tuple[Operation, str]]:
        """Return the operations with their names, those of equal tables once."""
        kept: list[tuple[Operation, str]] = []
        for operation, name in zip(self.operations, self._names, strict=True):
            if not any(operation.same_table(other) for other, _ in kept):
                kept.append((operation, name))
        return kept

    def table_size(self) -> int | None:
        """Return the number of problems `table` can yield at most, or None where it cannot enumerate."""
        sizes = [operation.table_size() for operation, _ in self._tables()]
        return None if any(size is None for size in sizes) else sum(size for size in sizes if size is not None)

    def covers(self, question: Question) -> bool:
        """Tell whether some operation of the mixture could have drawn this question."""
        return any(operation.contains(question) for operation in self.operations)

    def within(self, question: Question) -> bool:
        """Tell whether training shows such questions, this one or others: it is asked for, and outside the region."""
        return self.covers(question) and self.side(question) != "extrapolate"

    def side(self, question: Question) -> Side:
        """Return the side of a question."""
        return self.split.side(question)

    def may_have_been_seen(self, question: Question) -> bool:
        """Tell whether training may have shown this problem, in these words or others, in this order or another."""
        return self.side(question) == "train" and any(map(self.covers, reorderings(question)))
