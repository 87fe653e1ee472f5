"""Subtraction of two numbers."""

import random
from dataclasses import dataclass

from abacist.problems.binary import BinaryOperation
from abacist.problems.draws import Range, carry_heavy
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

    def allows(self, left: int, right: int) -> bool:
        """Leave negative differences out where they are not wanted."""
        return self.negative or left >= right

    def carrying_pair(self, rng: random.Random, digits: int) -> Range:
        """Draw a sum full of carries and ask for one of its terms: each carry becomes a borrow."""
        left, right = carry_heavy(rng, digits)
        pair = (left + right, right)
        return pair[::-1] if self.negative and rng.random() < 0.5 else pair
