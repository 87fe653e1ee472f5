"""What a run is graded on."""

from dataclasses import dataclass, field

from abacist.core.errors import SettingsError
from abacist.problems.task import SideChoice, Weighted


@dataclass(frozen=True)
class GradeSet:
    """One set of problems, drawn without repetition."""

    title: str
    side: SideChoice = "held_out"
    count: int = 1000
    mixture: list[Weighted] | None = None
    """Operations to draw from; those of the task unless given."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise SettingsError(f"count must be at least 1, got {self.count}")


@dataclass(frozen=True)
class GradeSettings:
    """All sets, and the seed their problems are drawn with."""

    seed: int = 2026
    sets: list[GradeSet] = field(default_factory=lambda: [GradeSet("held out")])
