"""A hint of its place before every digit, numbers from their last digit: `α7β2+α6β8=α3β1γ1` reads 27+86=113."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import SettingsError
from abacist.problems.question import Question, is_number, text_of
from abacist.text.characters import Characters, Numerals, beside, linked
from abacist.text.format import Format, is_answer, turned
from abacist.text.hints import HINTS

_BARE = str.maketrans("", "", HINTS)
_SIGNS = frozenset("-.0123456789")
_CODES = np.array([*map(ord, HINTS), 0], dtype=np.uint32)


@dataclass(frozen=True)
class Hinted(Format):
    """No spaces, digits reversed as in `reversed`; digits of one significance have the same hint, in all numbers.

    Hints follow each other as they stand in `text/hints.py`, one to a place. What is asked begins with the
    first of them. In training all hints of a row are moved on by one random number of steps, so that the
    hints of places beyond those of training are learned too (`data/offsets.py`). A place that no hint is
    left for is written without one. Give the tokenizer that knows them: `text.tokenizer=hints`.

    Source: index hints of Zhou et al. 2023, arXiv:2310.16028; with digits reversed, Zhou et al. 2024,
    arXiv:2402.09371.
    """

    max_offset: int | None = None
    """Steps that training moves hints on at most; null for as far as the tokenizer's hints reach."""
    decimals: int = 0
    """Places behind the point that have hints, before that of the units."""

    hints = HINTS

    def __post_init__(self) -> None:
        if self.max_offset is not None and self.max_offset < 0:
            raise SettingsError(f"max_offset must be at least 0, got {self.max_offset}")
        if not 0 <= self.decimals < len(HINTS):
            raise SettingsError(f"decimals must be 0 to {len(HINTS) - 1}, got {self.decimals}")

    def prompt(self, question: Question) -> str:
        """Write `α7β2+α6β8=` for 27+86."""
        return f"{text_of(tuple(self._write(lexeme) if is_number(lexeme) else lexeme for lexeme in question))}="

    def completion(self, answer: str, question: Question = ()) -> str:
        """Write the answer's digits reversed, each behind its hint."""
        return self._write(answer)

    def render_batch(
        self, numbers: Sequence[Numerals], symbols: Sequence[str], answers: Numerals
    ) -> tuple[Characters, Characters]:
        """Write many at once."""
        return beside(linked([*map(self._table, numbers)], symbols), "="), self._table(answers)

    def parse(self, completion: str, question: Question = ()) -> str | None:
        """Leave the hints away and turn the digits back; hints of other places make an answer malformed."""
        answer = turned(completion.translate(_BARE))
        return answer if is_answer(answer) and self._write(answer) == completion else None

    def answer_signs(self, tokens: Sequence[str]) -> list[tuple[str, int]]:
        """Leave hints away, and turn the digits back."""
        signs = [(token, place) for place, token in enumerate(tokens) if token in _SIGNS]
        first = int(signs[:1] != [] and signs[0][0] == "-")
        return signs[:first] + signs[first:][::-1]

    def most_moved(self) -> int | None:
        """Return what the settings say."""
        return self.max_offset

    def _write(self, number: str) -> str:
        sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
        whole, point, decimals = digits.partition(".")
        behind = [self._hint(-place) + digit for place, digit in enumerate(decimals, 1)]
        return "".join([sign, *behind[::-1], point, *map(str.__add__, map(self._hint, range(len(whole))), whole[::-1])])

    def _hint(self, place: int) -> str:
        """Return the hint of a power of ten, or nothing where there is none."""
        return HINTS[self.decimals + place] if 0 <= self.decimals + place < len(HINTS) else ""

    def _table(self, number: Numerals) -> Characters:
        """Write many numbers as `_write` does one."""
        behind = self._interleaved(number.decimals[:, :0:-1], -np.arange(1, number.decimals.shape[1])[::-1])
        whole = self._interleaved(number.whole[:, ::-1], np.arange(number.whole.shape[1]))
        return beside(number.sign, behind, number.decimals[:, :1], whole)

    def _interleaved(self, digits: Characters, places: NDArray[np.int64]) -> Characters:
        """Set the hints of places before digits. Shapes: digits (rows, width), places (width,)."""
        at = places + self.decimals
        hints = _CODES[np.where((at >= 0) & (at < len(HINTS)), at, len(HINTS))]
        return np.stack([hints * (digits != 0), digits], axis=-1).reshape(len(digits), 2 * len(places))
