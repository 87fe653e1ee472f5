"""Which side a problem stands on: decided by the problem itself, never by a seed or a line number."""

import hashlib
from dataclasses import dataclass
from typing import Literal

from abacist.core.errors import SettingsError
from abacist.problems.draws import Range
from abacist.problems.expression import canonical
from abacist.problems.question import Question, is_number

Side = Literal["train", "held_out", "extrapolate"]


@dataclass(frozen=True)
class Split:
    """Sides of a task.

    train: what training may show. held_out: a share of the same problems, chosen by hash of the
    canonical form, so that `7+12` and `12+7` share a side. extrapolate: the held-out region.
    """

    held_out: float = 0.05
    """Share of problems kept out of training; 0 for tables too small to split, which are graded whole."""
    region: Range | None = None
    """Problems with any operand in this range (both ends included) are never trained on."""

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise SettingsError(f"held_out must be at least 0 and below 1, got {self.held_out}")

    def side(self, question: Question) -> Side:
        """Return the side of a question."""
        if self.region is not None and any(self._in_region(lexeme) for lexeme in question):
            return "extrapolate"
        if self.held_out == 0:
            return "train"
        digest = hashlib.blake2b(canonical(question).encode(), digest_size=8).digest()
        return "held_out" if int.from_bytes(digest, "big") < self.held_out * 2**64 else "train"

    def _in_region(self, lexeme: str) -> bool:
        if self.region is None or not is_number(lexeme):
            return False
        low, high = self.region
        return len(lexeme) <= 300 and low <= float(lexeme) <= high
