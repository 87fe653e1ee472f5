"""Division of two numbers."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import QuestionError
from abacist.problems.binary import BinaryOperation
from abacist.problems.columns import Integers
from abacist.problems.operation import Number


@dataclass(frozen=True)
class Division(BinaryOperation):
    """`a / b`, never by zero."""

    symbol = "/"
    precedence = 2

    exact: bool = False
    """Ask only where the quotient is a whole number."""

    @staticmethod
    def solve(*operands: Number) -> Number:
        """Return the quotient. Raises: QuestionError when dividing by zero."""
        left, right = operands
        if right == 0:
            raise QuestionError("division by zero has no answer")
        return Fraction(left) / right

    def allows(self, left: int, right: int) -> bool:
        """Leave division by zero out, and inexact quotients where they are not wanted."""
        return right != 0 and (not self.exact or left % right == 0)

    def of_lengths(self, left: int, right: int) -> BinaryOperation | None:
        """Return it on numbers of so many digits; none for whole quotients: chance finds few long ones."""
        return None if self.exact else super().of_lengths(left, right)

    def solve_batch(self, left: Integers, right: Integers) -> tuple[Integers, Integers]:
        """Return the quotients, not reduced."""
        return np.where(right < 0, -left, left), np.abs(right)

    def allows_batch(self, left: Integers, right: Integers) -> NDArray[np.bool_]:
        """Tell it for each pair of two columns."""
        allowed = right != 0
        if self.exact:
            allowed &= left % np.where(allowed, right, 1) == 0
        return allowed
