"""Operations on two operands: everything they share but their meaning."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import SettingsError
from abacist.core.overrides import keep_in_step
from abacist.problems.columns import LIMIT, Columns, Group, Integers, Listed, exact
from abacist.problems.draws import (
    Range,
    by_digits,
    by_digits_batch,
    by_value,
    by_value_batch,
    carry_heavy,
    carry_heavy_batch,
    same_endings,
    same_endings_batch,
)
from abacist.problems.operation import Operation
from abacist.problems.question import Question, is_number, write_number


@dataclass(frozen=True)
class BinaryOperation(Operation):
    """Two numbers with the operation's symbol between them."""

    left: Range = (0, 99)
    right: Range | None = None
    """Bounds of the right operand; the left one's unless given."""
    places: int = 0
    """Decimals of the operands; the bounds are in whole units."""
    draw: Literal["value", "digits", "carries", "endings"] = "digits"
    """Uniform by value, uniform by number of digits, carry-heavy (addition and subtraction), or by value with the
    same lowest digits, so that differences end in zeros."""

    def __post_init__(self) -> None:
        for name, (low, high) in (("left", self.left), ("right", self.right or self.left)):
            if low > high:
                raise SettingsError(f"{name} should be [lowest, highest], got [{low}, {high}]")
        if not 0 <= self.places <= 20:
            raise SettingsError(f"places must be from 0 to 20, got {self.places}")
        if self.draw == "carries" and not self.can_carry:
            raise SettingsError(f"draw 'carries' is for addition and subtraction, not {type(self).__name__.lower()}")
        if self.draw == "endings" and min(bound for pair in self.bounds() for bound in pair) < 0:
            raise SettingsError("draw 'endings' is for numbers from zero up")

    can_carry = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        quick_of = {"solve": "solve_batch", "allows": "allows_batch", "carrying_pair": "carrying_batch"}
        keep_in_step(cls, BinaryOperation, quick_of)
        keep_in_step(cls, Operation, {"write": "sample_batch"})
        keep_in_step(cls, Operation, {"write": "table_batch"})

    def allows(self, left: int, right: int) -> bool:
        """Tell whether a drawn pair (scaled by 10**places) may be asked."""
        return True

    def allows_batch(self, left: Integers, right: Integers) -> NDArray[np.bool_]:
        """Tell for each pair of two columns whether it may be asked."""
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        return np.array([self.allows(*pair) for pair in pairs], dtype=np.bool_)

    def solve_batch(self, left: Integers, right: Integers) -> tuple[Integers, Integers | None]:
        """Return numerators and denominators (None for 1) of the exact results of whole operands.

        Raises: OverflowError where 64 bits do not hold them; the questions are then solved one by one.
        """
        values = [self.solve(*pair) for pair in zip(left.tolist(), right.tolist(), strict=True)]
        return exact([value.numerator for value in values]), exact([value.denominator for value in values])

    def bounds(self) -> tuple[Range, Range]:
        """Return the bounds of both operands, scaled by 10**places."""
        scale = 10**self.places
        left, right = self.left, self.right or self.left
        return (left[0] * scale, left[1] * scale), (right[0] * scale, right[1] * scale)

    def sample(self, rng: random.Random) -> Question:
        """Draw one pair that may be asked. Raises: SettingsError if none turns up in 100,000 draws."""
        left_bounds, right_bounds = self.bounds()
        for _ in range(100_000):
            if self.draw == "carries":
                left, right = self.carrying_pair(rng, len(str(left_bounds[1])))
                inside = left_bounds[0] <= left <= left_bounds[1] and right_bounds[0] <= right <= right_bounds[1]
            else:
                one = by_digits if self.draw == "digits" else by_value
                left, right = one(rng, left_bounds), one(rng, right_bounds)
                inside = True
                if self.draw == "endings":
                    left, right = same_endings(rng, left, right)
                    inside = right_bounds[0] <= right <= right_bounds[1]
            if inside and self.allows(left, right):
                return self.write(left, right)
        raise self._nothing_to_ask()

    def sample_batch(self, rng: "np.random.Generator", count: int) -> list[Group]:
        """Draw pairs in two columns, where 64 bits hold them. Raises: SettingsError as `sample` does."""
        bounds = self.bounds()
        if self.places or max(abs(bound) for pair in bounds for bound in pair) >= LIMIT // 5:
            return super().sample_batch(rng, count)
        found: list[Any] = []
        drawn = kept = 0
        while kept < count:
            if drawn >= 100_000 and not kept:
                raise self._nothing_to_ask()
            # Enough for the rest at the share kept so far.
            missing = (count - kept) * (drawn + 1) // (kept + 1) if drawn else count
            pairs = self._pairs(rng, bounds, min(missing, 100_000))
            drawn, kept = drawn + min(missing, 100_000), kept + len(pairs[0])
            found.append(pairs)
        left, right = (np.concatenate(columns)[:count] for columns in zip(*found, strict=True))
        try:
            return [self._columns(left, right)]
        except OverflowError:
            return [Listed([self.write(*pair) for pair in zip(left.tolist(), right.tolist(), strict=True)])]

    def _pairs(self, rng: "np.random.Generator", bounds: tuple[Range, Range], count: int) -> tuple[Integers, Integers]:
        """Draw pairs and leave away those that may not be asked."""
        if self.draw == "carries":
            left, right = self.carrying_batch(rng, len(str(bounds[0][1])), count)
        else:
            many = by_digits_batch if self.draw == "digits" else by_value_batch
            left, right = many(rng, bounds[0], count), many(rng, bounds[1], count)
            if self.draw == "endings":
                left, right = same_endings_batch(rng, left, right)
        if self.draw in ("carries", "endings"):
            inside = np.ones(count, dtype=np.bool_)
            for column, (low, high) in zip((left, right), bounds, strict=True):
                inside &= (low <= column) & (column <= high)
            left, right = left[inside], right[inside]
        if type(self).allows is not BinaryOperation.allows:
            allowed = self.allows_batch(left, right)
            left, right = left[allowed], right[allowed]
        return left, right

    def _columns(self, left: Integers, right: Integers) -> Columns:
        assert self.symbol is not None
        return Columns(np.stack([left, right], axis=1), (self.symbol,), *self.solve_batch(left, right))

    def _nothing_to_ask(self) -> SettingsError:
        name = type(self).__name__.lower()
        return SettingsError(f"none of 100,000 pairs drawn by {name} may be asked; see its bounds")

    def carrying_batch(self, rng: "np.random.Generator", digits: int, count: int) -> tuple[Integers, Integers]:
        """Draw two columns as `carrying_pair` draws each pair."""
        return carry_heavy_batch(rng, digits, count)

    def carrying_pair(self, rng: random.Random, digits: int) -> Range:
        """Draw a pair that carries (or borrows) a lot."""
        return carry_heavy(rng, digits)

    def write(self, left: int, right: int) -> Question:
        """Write a scaled pair as a question."""
        assert self.symbol is not None
        return (*write_number(left, self.places), self.symbol, *write_number(right, self.places))

    @cached_property
    def _longest(self) -> int:
        """Digits and point of the longest operand within the bounds: longer ones need not be turned into numbers."""
        return max(len(str(abs(bound))) for pair in self.bounds() for bound in pair) + 1

    def read(self, question: Question) -> tuple[int, int] | None:
        """Return the scaled operands if the question is two numbers around this symbol, written in this way."""
        numbers: list[int] = []
        rest = list(question)
        for _ in range(2):
            sign = -1 if rest and rest[0] == "-" else 1
            if sign < 0:
                rest.pop(0)
            if not rest or not is_number(rest[0]):
                return None
            text = rest.pop(0)
            if len(text) > self._longest or len(text.partition(".")[2]) != self.places:
                return None
            scaled = sign * int(text.replace(".", ""))
            if write_number(scaled, self.places)[-1] != text:
                return None
            numbers.append(scaled)
            if len(numbers) == 1 and (not rest or rest.pop(0) != self.symbol):
                return None
        return None if rest else (numbers[0], numbers[1])

    def contains(self, question: Question) -> bool:
        """Tell whether both operands stand within the bounds, written without leading zeros."""
        pair = self.read(question)
        if pair is None:
            return False
        inside = all(low <= value <= high for value, (low, high) in zip(pair, self.bounds(), strict=True))
        return inside and self.allows(*pair)

    def of_lengths(self, left: int, right: int) -> "BinaryOperation | None":
        """Return it on operands of so many digits before the point, uniform by value; none is negative.

        Each stays within its own bounds where these hold numbers of so many digits.
        """
        bounds = [_digits(count, own) for count, own in ((left, self.left), (right, self.right or self.left))]
        return replace(self, left=bounds[0], right=bounds[1], draw="value")

    def same_table(self, other: Operation) -> bool:
        """Tell whether both enumerate the same questions; the way to draw them has no part in it."""
        return type(other) is type(self) and replace(self, draw=other.draw) == other

    def table_size(self) -> int | None:
        """Return the number of pairs, those that may not be asked included."""
        (a, b), (c, d) = self.bounds()
        return (b - a + 1) * (d - c + 1)

    def table(self) -> Iterator[Question]:
        """Enumerate every pair that may be asked, the right operand fastest."""
        (a, b), (c, d) = self.bounds()
        for left in range(a, b + 1):
            for right in range(c, d + 1):
                if self.allows(left, right):
                    yield self.write(left, right)

    def table_batch(self, rows: int) -> Iterator[Group]:
        """Enumerate in columns, where 64 bits hold them."""
        (a, b), (c, d) = self.bounds()
        if self.places or max(map(abs, (a, b, c, d))) >= LIMIT or (b - a + 1) * (d - c + 1) >= LIMIT:
            yield from super().table_batch(rows)
            return
        width = d - c + 1
        for start in range(0, (b - a + 1) * width, rows):
            index = np.arange(start, min(start + rows, (b - a + 1) * width))
            left, right = a + index // width, c + index % width
            if type(self).allows is not BinaryOperation.allows:
                allowed = self.allows_batch(left, right)
                left, right = left[allowed], right[allowed]
            try:
                yield self._columns(left, right)
            except OverflowError:
                yield Listed([self.write(*pair) for pair in zip(left.tolist(), right.tolist(), strict=True)])


def _digits(count: int, own: Range) -> Range:
    """Return the bounds of the numbers of so many digits, zero with one, narrowed to `own` where these meet."""
    low, high = 10 ** (count - 1) if count > 1 else 0, 10**count - 1
    narrowed = max(low, own[0]), min(high, own[1])
    return narrowed if narrowed[0] <= narrowed[1] else (low, high)
