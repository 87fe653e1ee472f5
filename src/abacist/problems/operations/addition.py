"""Addition of two numbers."""

from dataclasses import dataclass

from abacist.problems.binary import BinaryOperation
from abacist.problems.columns import Integers
from abacist.problems.operation import Number


@dataclass(frozen=True)
class Addition(BinaryOperation):
    """`a + b`."""

    symbol = "+"
    precedence = 1
    commutative = True
    can_carry = True

    @staticmethod
    def solve(*operands: Number) -> Number:
        """Return the sum."""
        left, right = operands
        return left + right

    def solve_batch(self, left: Integers, right: Integers) -> tuple[Integers, None]:
        """Return the sums."""
        return left + right, None
