"""Multiplication of two numbers."""

from dataclasses import dataclass

from abacist.problems.binary import BinaryOperation
from abacist.problems.operation import Number


@dataclass(frozen=True)
class Multiplication(BinaryOperation):
    """`a * b`."""

    symbol = "*"
    precedence = 2
    commutative = True

    @staticmethod
    def solve(*operands: Number) -> Number:
        """Return the product."""
        left, right = operands
        return left * right
