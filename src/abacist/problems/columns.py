"""Questions side by side, for work on many at once: in columns of numbers, or one by one where they do not fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.problems.question import Question, write_number

Integers = NDArray[np.int64]

LIMIT = 2**62
"""Numbers in columns stay below: sums and differences of two of them fit 64 bits."""


@dataclass(frozen=True)
class Columns:
    """Questions of one shape, whole numbers with the same symbols between them, and their exact values.

    Shapes: numbers (rows, n); symbols n - 1; numerator and denominator (rows,), the denominator above
    zero, None where all values are whole.
    """

    numbers: Integers
    symbols: tuple[str, ...]
    numerator: Integers
    denominator: Integers | None = None

    def __len__(self) -> int:
        return len(self.numbers)

    def take(self, rows: NDArray[np.bool_] | Integers) -> "Columns":
        """Return some of the rows, chosen by a mask or by their indices."""
        below = None if self.denominator is None else self.denominator[rows]
        return Columns(self.numbers[rows], self.symbols, self.numerator[rows], below)

    def questions(self) -> list[Question]:
        """Return the rows as lexemes."""
        symbols = [(symbol,) for symbol in (*self.symbols, "")]
        rows = []
        for numbers in self.numbers.tolist():
            parts = [part for pair in zip(map(write_number, numbers), symbols, strict=True) for part in pair]
            rows.append(tuple(lexeme for part in parts[:-1] for lexeme in part))
        return rows


@dataclass(frozen=True)
class Listed:
    """Questions of any shape, one by one."""

    rows: list[Question]

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, rows: NDArray[np.bool_] | Integers) -> "Listed":
        """Return some of the rows, chosen by a mask or by their indices."""
        return Listed([self.rows[index] for index in np.arange(len(self.rows))[rows]])

    def questions(self) -> list[Question]:
        """Return the rows as lexemes."""
        return self.rows


Group = Columns | Listed


def exact(values: list[int]) -> Integers:
    """Return a column of integers. Raises: OverflowError if one of them does not fit 64 bits."""
    return np.array(values, dtype=np.int64)
