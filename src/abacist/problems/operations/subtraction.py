"""Subtraction of two numbers."""

import random
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.problems.binary import BinaryOperation
from abacist.problems.columns import Integers
from abacist.problems.draws import POWERS, Range, carry_heavy, carry_heavy_batch
from abacist.problems.operation import Number


@dataclass(frozen=True)
class Subtraction(BinaryOperation):
    """`a - b`, the difference negative or not."""

    symbol = "-"
    precedence = 1
    can_carry = True

    negative: bool = True
    """Ask also where the difference is below zero."""

    @staticmethod
    def solve(*operands: Number) -> Number:
        """Return the difference."""
        left, right = operands
        return left - right

    def solve_batch(self, left: Integers, right: Integers) -> tuple[Integers, None]:
        """Return the differences."""
        return left - right, None

    def allows(self, left: int, right: int) -> bool:
        """Leave negative differences out where they are not wanted."""
        return self.negative or left >= right

    def allows_batch(self, left: Integers, right: Integers) -> NDArray[np.bool_]:
        """Tell it for each pair of two columns."""
        return (left >= right) | self.negative

    def of_lengths(self, left: int, right: int) -> BinaryOperation | None:
        """Return it on numbers of so many digits; none where every difference would be below zero, and may not be."""
        return super().of_lengths(left, right) if self.negative or left >= right else None

    def carrying_pair(self, rng: random.Random, digits: int) -> Range:
        """Draw a sum full of carries and ask for one of its terms: each carry becomes a borrow.

        In one of eight that term is a power of ten: of its digits below zero only the lowest says what they are.
        """
        left, right = carry_heavy(rng, digits)
        if rng.random() < 0.125:
            left = 10 ** (len(str(left)) - 1)
        pair = (left + right, right)
        return pair[::-1] if self.negative and rng.random() < 0.5 else pair

    def carrying_batch(self, rng: "np.random.Generator", digits: int, count: int) -> tuple[Integers, Integers]:
        """Draw two columns as `carrying_pair` draws each pair."""
        first, second = carry_heavy_batch(rng, digits, count)
        power = POWERS[np.maximum(np.searchsorted(POWERS, first, side="right") - 1, 0)]
        first = np.where(rng.random(count) < 0.125, power, first)
        total, turned = first + second, self.negative & (rng.random(count) < 0.5)
        return np.where(turned, second, total), np.where(turned, total, second)
