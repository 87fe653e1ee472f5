"""Warm up, then fall along a cosine."""

import math
from dataclasses import dataclass

from abacist.core.errors import SettingsError
from abacist.training.schedule import Schedule


@dataclass(frozen=True)
class Cosine(Schedule):
    """Rise over `warmup` steps, then fall to `floor` along half a cosine.

    Source: Loshchilov and Hutter 2016, arXiv:1608.03983.
    """

    warmup: int = 100
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.warmup < 0 or not 0 <= self.floor < 1:
            raise SettingsError("warmup must be at least 0, and floor at least 0 and below 1")

    @property
    def decision(self) -> None:
        """Every step after warm-up depends on the length."""
        return

    def factor(self, step: int, steps: int | None) -> float:
        """Return the factor for a step."""
        assert steps is not None, "a cosine needs the run's length"
        up = min(1.0, (step + 1) / (self.warmup + 1))
        progress = max(0.0, step - self.warmup) / max(1, steps - self.warmup)
        return up * (self.floor + (1 - self.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))

    def steps_from(self, decided_at: int) -> int:
        """Never asked: there is no moment of decision."""
        raise AssertionError("a cosine needs the run's length from the start")
