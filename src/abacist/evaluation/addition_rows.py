"""Rows of an addition at fixed width: where each digit stands, and which digits go together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import RunError, SettingsError
from abacist.text.codec import Codec
from abacist.text.coordinates import Integers, coordinates
from abacist.text.formats.padded import Padded

Marks = NDArray[np.bool_]
Floats = NDArray[np.float64]

LEFT, RIGHT, SUM = 0, 1, 2

# Every way to add a column: two digits and what is carried in; the digit written, and what is carried out.
_WAYS = np.array([(a, b, c, (a + b + c) % 10, (a + b + c) // 10) for a in range(10) for b in range(10) for c in (0, 1)])
_CUTS = ((LEFT, 0), (RIGHT, 1), (SUM, 3))
_TOLD = np.concatenate([np.eye(size)[_WAYS[:, part]] for part, size in ((0, 10), (1, 10), (3, 10), (2, 2), (4, 2))], 1)


@dataclass(frozen=True)
class AdditionRows:
    """How two numbers and their sum are written: `digits` columns, and one more in the sum.

    Shapes: template (seq,), a row of zeros; places (3, columns), where in it the digits of both numbers and of the
    sum stand, by power of ten, -1 for none; digit_ids (10,); coordinates (seq, axes).
    """

    digits: int
    template: Integers
    places: Integers
    digit_ids: Integers
    coordinates: Integers
    prompt_length: int
    end_id: int

    @classmethod
    def of(cls, codec: Codec, digits: int | None = None) -> "AdditionRows":
        """Find where digits stand, by writing numbers, for sums of two numbers of up to `digits` digits.

        Raises: SettingsError for a way of writing whose rows differ in more than their digits.
        """
        format = codec.format
        if not isinstance(format, Padded) or not format.reverse or "+" in format.plain_for:
            raise SettingsError('text.format: a proof needs rows of one shape: {"name":"padded","reverse":true}')
        width, total = format.width, format.answer_width
        if total not in (width, width + 1):
            raise SettingsError(
                f"text.format: a proof needs an answer_width of width or width + 1, got {total}, {width}"
            )
        if digits is not None and not 1 <= digits < total:
            raise RunError(f"--digits {digits}: this model adds numbers of 1 to {total - 1} digits")
        zero = _written(codec, 0, 0, 0)
        places = np.full((3, total), -1)
        for number, column in ((n, c) for n in (LEFT, RIGHT, SUM) for c in range(total if n == SUM else width)):
            asked = [0, 0, 0]
            asked[number] = 10**column
            moved = np.flatnonzero(_written(codec, *asked) != zero)
            if len(moved) != 1:
                raise SettingsError("text: a digit is not one token of the row; a proof needs digits one by one")
            places[number, column] = moved[0]
        ids = np.array([_written(codec, digit, 0, 0)[places[LEFT, 0]] for digit in range(10)])
        made = cls(
            digits or total - 1,
            zero,
            places,
            ids,
            coordinates(zero[None], codec.classes)[0],
            len(codec.prompt(("0", "+", "0"))),
            codec.tokenizer.end_id,
        )
        made._check(codec)
        return made

    def _check(self, codec: Codec) -> None:
        """See on numbers drawn at random whether rows are written as was found."""
        rng = np.random.default_rng(0)
        columns = rng.integers(0, 10, (64, *self.places.shape)) * (self.places >= 0)
        ids = np.array([_written(codec, *(_value(column) for column in row)) for row in columns])
        same = (coordinates(ids, codec.classes) == self.coordinates).all()
        if not same or (ids != self.filled(columns)).any():
            raise SettingsError("text: rows differ in more than their digits; a proof needs rows of one shape")

    def filled(self, columns: Integers) -> Integers:
        """Return the ids of rows with the digits of both numbers and of what is written, (rows, 3, columns)."""
        ids = np.repeat(self.template[None], len(columns), axis=0)
        there = self.places >= 0
        ids[:, self.places[there]] = self.digit_ids[columns[:, there]]
        return ids

    def rows(self, left: Integers, right: Integers) -> Integers:
        """Return the ids of two numbers' digits, (rows, columns), with their true sum."""
        return self.filled(np.stack([left, right, added(left, right)], axis=1))

    def all_sums(self) -> "Columns":
        """Return one row that leaves every digit open within `digits`."""
        columns = self.places.shape[1]
        digits, carries = np.ones((1, 3, columns, 10), dtype=np.bool_), np.ones((1, columns + 1, 2), dtype=np.bool_)
        digits[:, :SUM, self.digits :, 1:] = False
        carries[:, [0, -1], 1] = False
        return Columns(digits, carries).propagated()


def _written(codec: Codec, left: int, right: int, total: int) -> Integers:
    prompt = codec.prompt((str(left), "+", str(right)))
    completion = codec.tokenizer.encode(codec.format.completion(str(total), (str(left), "+", str(right))))
    return np.array([*prompt, *completion, codec.tokenizer.end_id])


def _value(digits: Sequence[int]) -> int:
    return sum(int(digit) * 10**column for column, digit in enumerate(digits))


def added(left: Integers, right: Integers) -> Integers:
    """Return the digits of sums, as the digits of both numbers stand: (rows, columns), lowest first."""
    total, carry = np.zeros_like(left), np.zeros_like(left[:, 0])
    for column in range(left.shape[1]):
        carry, total[:, column] = np.divmod(left[:, column] + right[:, column] + carry, 10)
    return total


@dataclass(frozen=True)
class Columns:
    """Sets of sums: which digits each column may have, and what may be carried into it.

    Shapes: digits (rows, 3, columns, 10), of both numbers and of the sum; carries (rows, columns + 1, 2).
    """

    digits: Marks
    carries: Marks

    def __len__(self) -> int:
        return len(self.digits)

    def take(self, rows: Marks | Integers | slice) -> "Columns":
        """Return some of the rows."""
        return Columns(self.digits[rows], self.carries[rows])

    @classmethod
    def join(cls, parts: Sequence["Columns"]) -> "Columns":
        """Put rows below each other."""
        return cls(np.concatenate([part.digits for part in parts]), np.concatenate([part.carries for part in parts]))

    def with_digit(self, number: int, column: int, digit: int) -> "Columns":
        """Return those of the sets, made smaller, that have sums with this digit there."""
        digits = self.digits.copy()
        digits[:, number, column] &= np.arange(10) == digit
        made = Columns(digits, self.carries).propagated()
        return made.take(made.possible())

    def propagated(self) -> "Columns":
        """Leave every digit and carry away that no sum of the set has: all of them where there is no sum at all.

        Columns hang together by carries alone, as a chain: once up and once down finds all that can be said.
        """
        digits, carries = self.digits.copy(), self.carries.copy()
        columns = digits.shape[2]
        for column in (*range(columns), *range(columns - 2, -1, -1)):
            ways = carries[:, column][:, _WAYS[:, 2]] & carries[:, column + 1][:, _WAYS[:, 4]]
            for number, part in _CUTS:
                ways &= digits[:, number, column][:, _WAYS[:, part]]
            told = ways.astype(np.float32) @ _TOLD.astype(np.float32) > 0
            digits[:, :, column] = told[:, :30].reshape(-1, 3, 10)
            carries[:, column], carries[:, column + 1] = told[:, 30:32], told[:, 32:]
        return Columns(digits, carries)

    def possible(self) -> Marks:
        """Tell which sets have a sum, once they are propagated."""
        return np.asarray(self.digits.any((1, 2, 3)))

    def drawn(self, rng: np.random.Generator) -> Integers:
        """Draw a sum of each set: the digits of both numbers, (rows, 2, columns)."""
        return self.best(rng.random(self.digits.shape))

    def best(self, scores: Floats) -> Integers:
        """Return the sum of each set whose digits have the largest scores together, (rows, 2, columns).

        Column by column, the best way to either carry (Viterbi 1967, IEEE Transactions on Information Theory 13).
        Shapes: scores (rows, 3, columns, 10). Sets must have sums, and be propagated.
        """
        columns = self.digits.shape[2]
        value = np.stack([np.zeros(len(self)), np.full(len(self), -np.inf)], axis=1)
        chosen = np.empty((columns, len(self), 2), dtype=np.int64)
        for column in range(columns):
            total = value[:, _WAYS[:, 2]]
            for number, part in _CUTS:
                own = np.where(self.digits[:, number, column], scores[:, number, column], -np.inf)
                total = total + own[:, _WAYS[:, part]]
            for carried in (0, 1):
                ways = np.where(_WAYS[:, 4] == carried, total, -np.inf)
                chosen[column, :, carried], value[:, carried] = ways.argmax(-1), ways.max(-1)
        result, out = np.empty((len(self), 2, columns), dtype=np.int64), np.zeros(len(self), dtype=np.int64)
        for column in range(columns - 1, -1, -1):
            way = chosen[column, np.arange(len(self)), out]
            result[:, :, column], out = _WAYS[way, :2], _WAYS[way, 2]
        return result
