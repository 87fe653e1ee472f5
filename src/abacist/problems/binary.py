"""Operations on two operands: everything they share but their meaning."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from abacist.core.errors import SettingsError
from abacist.problems.draws import Range, by_digits, by_value, carry_heavy
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
    draw: Literal["value", "digits", "carries"] = "digits"
    """Uniform by value, uniform by number of digits, or carry-heavy (addition and subtraction)."""

    def __post_init__(self) -> None:
        for name, (low, high) in (("left", self.left), ("right", self.right or self.left)):
            if low > high:
                raise SettingsError(f"{name} should be [lowest, highest], got [{low}, {high}]")
        if not 0 <= self.places <= 20:
            raise SettingsError(f"places must be from 0 to 20, got {self.places}")
        if self.draw == "carries" and not self.can_carry:
            raise SettingsError(f"draw 'carries' is for addition and subtraction, not {type(self).__name__.lower()}")

    can_carry = False

    def allows(self, left: int, right: int) -> bool:
        """Tell whether a drawn pair (scaled by 10**places) may be asked."""
        return True

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
                one = by_value if self.draw == "value" else by_digits
                left, right = one(rng, left_bounds), one(rng, right_bounds)
                inside = True
            if inside and self.allows(left, right):
                return self.write(left, right)
        raise SettingsError(
            f"none of 100,000 pairs drawn by {type(self).__name__.lower()} may be asked; see its bounds"
        )

    def carrying_pair(self, rng: random.Random, digits: int) -> Range:
        """Draw a pair that carries (or borrows) a lot."""
        return carry_heavy(rng, digits)

    def write(self, left: int, right: int) -> Question:
        """Write a scaled pair as a question."""
        assert self.symbol is not None
        return (*write_number(left, self.places), self.symbol, *write_number(right, self.places))

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
            if len(text) > 1000 or len(text.partition(".")[2]) != self.places:
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
