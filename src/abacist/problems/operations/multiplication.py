"""Multiplication of two numbers."""

from dataclasses import dataclass

import numpy as np

from abacist.problems.binary import BinaryOperation
from abacist.problems.columns import LIMIT, Integers
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

    def solve_batch(self, left: Integers, right: Integers) -> tuple[Integers, Integers | None]:
        """Return the products. Raises: OverflowError where 64 bits do not hold them."""
        largest = [int(np.abs(column).max(initial=0)) for column in (left, right)]
        if largest[0] * largest[1] >= LIMIT:
            return super().solve_batch(left, right)
        return left * right, None
