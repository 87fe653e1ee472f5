"""Shares that change with time, whatever is known."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

from abacist.core.errors import SettingsError
from abacist.data.curriculum import Curriculum, Look
from abacist.problems.task import Weighted


@dataclass(frozen=True)
class Scheduled(Curriculum):
    """Go from factors to factors in straight lines, look by look: what fades, fades; what is longer, comes later.

    Time is counted in looks at what is held out (`training.evaluate_every` steps each). So models of other seeds see
    the same shares, and can be trained at once.
    """

    judges: ClassVar[bool] = False

    at: list[int] = field(default_factory=lambda: [0, 20])
    """Looks taken at each turn, rising."""
    factors_at: list[list[float]] = field(default_factory=list)
    """The factor of each entry of the mixture at each of these; before the first and after the last they stay.
    Empty brings in one stage of the mixture after the other, evenly from the first turn to the last."""

    def __post_init__(self) -> None:
        if not self.at or self.at[0] < 0 or any(later <= earlier for earlier, later in pairwise(self.at)):
            raise SettingsError(f"at must be numbers of looks that rise, got {self.at}")
        if self.factors_at and len(self.factors_at) != len(self.at):
            raise SettingsError(f"factors_at must be one list for each of the {len(self.at)} turns in at")

    def factors(self, mixture: Sequence[Weighted], looks: Sequence[Look]) -> list[float]:
        """Return the factors after so many looks."""
        if not self.factors_at:
            stages = sorted({item.stage for item in mixture})
            due = [self.at[0] + place * (self.at[-1] - self.at[0]) / len(stages) for place in range(len(stages))]
            return [float(item.stage == stages[0] or len(looks) >= due[stages.index(item.stage)]) for item in mixture]
        if any(len(each) != len(mixture) for each in self.factors_at):
            raise SettingsError(f"data.curriculum: factors_at needs lists of {len(mixture)} factors, one an entry")
        turn = bisect_right(self.at, len(looks))
        if turn in (0, len(self.at)):
            return list(self.factors_at[0 if turn == 0 else -1])
        before, after = self.at[turn - 1], self.at[turn]
        share = (len(looks) - before) / (after - before)
        return [a + share * (b - a) for a, b in zip(self.factors_at[turn - 1], self.factors_at[turn], strict=True)]
