"""Warm up, stay, cool down."""

from dataclasses import dataclass

from abacist.core.errors import SettingsError
from abacist.training.schedule import Schedule


@dataclass(frozen=True)
class Trapezoid(Schedule):
    """Rise over `warmup` steps, hold, then fall linearly to zero over the last `decay` of the run.

    Until the fall begins nothing depends on the run's length, so a run can be given minutes.
    Source: Haegele et al. 2024, arXiv:2405.18392.
    """

    warmup: int = 50
    decay: float = 0.5

    def __post_init__(self) -> None:
        if self.warmup < 0 or not 0 < self.decay <= 0.9:
            raise SettingsError("warmup must be at least 0, and decay above 0 and at most 0.9")

    @property
    def decision(self) -> float:
        """The fall's beginning."""
        return 1 - self.decay

    def factor(self, step: int, steps: int | None) -> float:
        """Return the factor for a step."""
        up = min(1.0, (step + 1) / (self.warmup + 1))
        if steps is None:
            return up
        fall = max(1, round(steps * self.decay))
        return min(up, (steps - step) / fall)

    def steps_from(self, decided_at: int) -> int:
        """Return the length that makes the fall begin at `decided_at`."""
        return max(1, round(decided_at / (1 - self.decay)))
