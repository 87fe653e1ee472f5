"""Warm up, then stay."""

from dataclasses import dataclass

from abacist.core.errors import SettingsError
from abacist.training.schedule import Schedule


@dataclass(frozen=True)
class Constant(Schedule):
    """Rise over `warmup` steps, then hold."""

    warmup: int = 100

    def __post_init__(self) -> None:
        if self.warmup < 0:
            raise SettingsError("warmup must be at least 0")

    @property
    def decision(self) -> float:
        """The length never matters."""
        return 1.0

    def factor(self, step: int, steps: int | None) -> float:
        """Return the factor for a step."""
        return min(1.0, (step + 1) / (self.warmup + 1))

    def steps_from(self, decided_at: int) -> int:
        """Return the same step."""
        return decided_at
