"""Many texts at once: tables of character codes, one text a row.

A 0 is no character, wherever it stands in its row: pieces of unequal length are set side by side
without moving any character, and all gaps are closed in the end at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abacist.problems.columns import Integers

Characters = NDArray[np.uint32]
"""Codes of characters. Shape: (rows, width)."""

ZERO, POINT, MINUS, SPACE = map(ord, "0.- ")


def characters(texts: Sequence[str]) -> Characters:
    """Return texts as a table, their ends filled up."""
    array = np.array(texts, dtype=np.str_)
    return array.view(np.uint32).reshape(len(texts), array.dtype.itemsize // 4)


def texts_of(table: Characters) -> list[str]:
    """Return the rows of a table as texts, without gaps."""
    closed = without_gaps(table)
    if not closed.shape[1]:
        return [""] * len(closed)
    return closed.view(f"<U{closed.shape[1]}")[:, 0].tolist()


def without_gaps(table: NDArray[Any]) -> NDArray[Any]:
    """Close the gaps (zeros) in each row, up to the longest one."""
    kept = table != 0
    lengths = kept.sum(axis=1)
    closed = np.zeros((len(table), int(lengths.max(initial=0))), dtype=table.dtype)
    closed[np.arange(closed.shape[1]) < lengths[:, None]] = table[kept]
    return closed


def stacked(tables: Sequence[Characters]) -> Characters:
    """Put tables below each other, filled up to the widest."""
    if len(tables) == 1:
        return tables[0]
    table = np.zeros((sum(map(len, tables)), max(each.shape[1] for each in tables)), dtype=np.uint32)
    start = 0
    for each in tables:
        table[start : start + len(each), : each.shape[1]] = each
        start += len(each)
    return table


def beside(*pieces: Characters | str) -> Characters:
    """Set tables side by side; a text stands in every row."""
    rows = max(len(piece) for piece in pieces if not isinstance(piece, str))
    widths = [len(piece) if isinstance(piece, str) else piece.shape[1] for piece in pieces]
    table = np.empty((rows, sum(widths)), dtype=np.uint32)
    start = 0
    for piece, width in zip(pieces, widths, strict=True):
        table[:, start : start + width] = [ord(c) for c in piece] if isinstance(piece, str) else piece
        start += width
    return table


@dataclass(frozen=True)
class Numerals:
    """A column of written numbers. The tables: sign, digits before the point, the point and digits after it."""

    sign: Characters
    whole: Characters
    decimals: Characters

    @classmethod
    def of(cls, scaled: Integers, places: int = 0, pad: bool = False) -> "Numerals":
        """Write `scaled / 10**places`, with all decimals or without zeros at their end."""
        size, width = np.abs(scaled), len(str(int(np.abs(scaled).max(initial=0))))
        if int(size.max(initial=0)) < 2**32:
            size = size.astype(np.uint32)  # divides faster
        width = max(width, places + 1)
        digits = np.empty((width, len(scaled)), dtype=np.uint32)
        for place in range(width):
            rest = size // 10
            digits[width - 1 - place] = size - 10 * rest + ZERO
            if place > places:
                digits[width - 1 - place][size == 0] = 0
            size = rest
        decimals = digits[width - places - 1 :].copy()
        decimals[0] = POINT
        if not pad:
            ends = np.ones(len(scaled), dtype=np.bool_)
            for row in decimals[:0:-1]:
                ends &= row == ZERO
                row[ends] = 0
            decimals[0][ends] = 0
        sign = np.where(scaled < 0, MINUS, 0).astype(np.uint32)
        return cls(sign[:, None], digits[: width - places].T, decimals.T[:, : places and None])

    def plain(self) -> Characters:
        """Write the numbers as they are."""
        return beside(self.sign, self.whole, self.decimals)

    def turned(self) -> Characters:
        """Write the digits reversed; a sign stays in front: `-12.5` becomes `-5.21`."""
        return beside(self.sign, self.decimals[:, ::-1], self.whole[:, ::-1])

    def padded(self, width: int) -> "Numerals":
        """Fill the whole parts up with zeros to a width."""
        missing = max(0, width - self.whole.shape[1])
        whole = np.pad(self.whole, ((0, 0), (missing, 0)))
        last = whole[:, -width:]
        last[last == 0] = ZERO
        return Numerals(self.sign, whole, self.decimals)


def chain(numbers: Sequence[Numerals], symbols: Sequence[str], turned: bool = False) -> Characters:
    """Write a question as `text_of` does: with spaces around words."""
    return linked([number.turned() if turned else number.plain() for number in numbers], symbols)


def linked(written: Sequence[Characters], symbols: Sequence[str]) -> Characters:
    """Set symbols between written numbers, with spaces around words."""
    pieces: list[Characters | str] = [written[0]]
    for index, symbol in enumerate(symbols, 1):
        if symbol.isalnum():
            pieces += [f" {symbol} ", written[index]]
        else:
            pieces += [symbol, written[index]]
    return beside(*pieces)
