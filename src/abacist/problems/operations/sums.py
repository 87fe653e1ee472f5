"""Sums of several numbers."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from abacist.core.errors import SettingsError
from abacist.problems.columns import LIMIT, Columns, Group, Integers
from abacist.problems.draws import Range, by_digits, by_digits_batch, by_value, by_value_batch
from abacist.problems.operation import Operation
from abacist.problems.question import Question, is_whole


@dataclass(frozen=True)
class Sums(Operation):
    """`a + b + c + ...`, with minus signs among the plus signs where wished."""

    terms: Range = (4, 4)
    """Fewest and most numbers in the sum."""
    bounds: Range = (0, 99)
    signs: Literal["+", "+-"] = "+"
    draw: Literal["value", "digits"] = "value"

    def __post_init__(self) -> None:
        if not 2 <= self.terms[0] <= self.terms[1]:
            raise SettingsError(f"terms should be [fewest, most] with fewest at least 2, got {list(self.terms)}")
        if not 0 <= self.bounds[0] <= self.bounds[1]:
            raise SettingsError(f"bounds should be [lowest, highest], none negative, got {list(self.bounds)}")

    def sample(self, rng: random.Random) -> Question:
        """Draw the number of terms uniformly, then the terms and signs."""
        one = by_value if self.draw == "value" else by_digits
        lexemes = [str(one(rng, self.bounds))]
        for _ in range(rng.randint(*self.terms) - 1):
            lexemes += [rng.choice(self.signs), str(one(rng, self.bounds))]
        return tuple(lexemes)

    def sample_batch(self, rng: "np.random.Generator", count: int) -> list[Group]:
        """Draw in columns, one group for each row of signs, where these are few and 64 bits hold the sums."""
        shapes = self._shapes()
        if not shapes:
            return super().sample_batch(rng, count)
        # Each number of terms is as likely as the others, then each row of signs of that many.
        share = [1 / len(self.signs) ** len(signs) for signs in shapes]
        many = by_value_batch if self.draw == "value" else by_digits_batch
        groups: list[Group] = []
        for signs, rows in zip(shapes, rng.multinomial(count, np.array(share) / sum(share)).tolist(), strict=True):
            terms = len(signs) + 1
            groups.append(_columns(many(rng, self.bounds, rows * terms).reshape(rows, terms), signs))
        return groups

    def _shapes(self) -> list[tuple[str, ...]]:
        """Return every row of signs, or none where columns are not the way."""
        most = self.terms[1]
        if len(self.signs) ** (most - 1) > 64 or most * self.bounds[1] >= LIMIT // 5:
            return []
        lengths = range(self.terms[0], most + 1)
        return [signs for terms in lengths for signs in itertools.product(self.signs, repeat=terms - 1)]

    def contains(self, question: Question) -> bool:
        """Tell whether the question is such a sum, its numbers without leading zeros."""
        numbers, signs = question[::2], question[1::2]
        if len(question) % 2 == 0 or not self.terms[0] <= len(numbers) <= self.terms[1]:
            return False
        return all(sign in self.signs for sign in signs) and all(self._is_term(number) for number in numbers)

    def _is_term(self, text: str) -> bool:
        if not is_whole(text) or len(text) > len(str(self.bounds[1])):
            return False
        return str(int(text)) == text and self.bounds[0] <= int(text) <= self.bounds[1]

    def of_terms(self, terms: int) -> "Sums | None":
        """Return it on so many numbers."""
        return replace(self, terms=(terms, terms)) if terms > 1 else None

    def same_table(self, other: Operation) -> bool:
        """Tell whether both enumerate the same questions; the way to draw them has no part in it."""
        return type(other) is type(self) and replace(self, draw=other.draw) == other

    def table_size(self) -> int | None:
        """Return the number of sums."""
        width = self.bounds[1] - self.bounds[0] + 1
        return sum(width**terms * len(self.signs) ** (terms - 1) for terms in range(self.terms[0], self.terms[1] + 1))

    def table(self) -> Iterator[Question]:
        """Enumerate every sum, the last number fastest."""
        numbers = [str(value) for value in range(self.bounds[0], self.bounds[1] + 1)]
        for terms in range(self.terms[0], self.terms[1] + 1):
            for signs in itertools.product(self.signs, repeat=terms - 1):
                for values in itertools.product(numbers, repeat=terms):
                    lexemes = [values[0]]
                    for sign, value in zip(signs, values[1:], strict=True):
                        lexemes += [sign, value]
                    yield tuple(lexemes)

    def table_batch(self, rows: int) -> Iterator[Group]:
        """Enumerate in columns, where these hold the sums."""
        low, width = self.bounds[0], self.bounds[1] - self.bounds[0] + 1
        shapes = self._shapes()
        if not shapes or width ** self.terms[1] >= LIMIT:
            yield from super().table_batch(rows)
            return
        for signs in shapes:
            count = width ** (len(signs) + 1)
            for start in range(0, count, rows):
                rest = np.arange(start, min(start + rows, count))
                numbers = np.empty((len(signs) + 1, len(rest)), dtype=np.int64)
                for column in numbers[::-1]:
                    above = rest // width
                    np.subtract(rest, above * width - low, out=column)
                    rest = above
                yield _columns(numbers.T, signs)


def _columns(numbers: Integers, signs: tuple[str, ...]) -> Columns:
    total = numbers[:, 0].copy()
    for sign, column in zip(signs, numbers.T[1:], strict=True):
        total += column if sign == "+" else -column
    return Columns(numbers, signs, total)
