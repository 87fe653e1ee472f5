"""How a model is trained."""

from dataclasses import dataclass
from typing import Annotated, Literal

from abacist.core.catalogue import Part, PartOf
from abacist.core.errors import SettingsError

OPTIMIZERS = "training.optimizers"
SCHEDULES = "training.schedules"

Dtype = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True)
class GiveUp:
    """When a training is hopeless."""

    after: float
    """Share of the steps that it may always have."""
    below: float
    """Share of right answers on the held-out problems below which it then ends, at this or any later look."""

    def __post_init__(self) -> None:
        if not 0 <= self.after < 1:
            raise SettingsError(f"after must be from 0 to below 1, got {self.after}")
        if not 0 < self.below <= 1:
            raise SettingsError(f"below must be above 0 and at most 1, got {self.below}")


@dataclass(frozen=True)
class TrainingSettings:
    """Budget, batch, optimizer and schedule."""

    steps: int | None = None
    """Steps to train; exactly one of steps and minutes is given. A run that was given minutes has its
    steps written here when they are decided, so that it can be repeated exactly. 0 leaves the weights one begins
    with as they came, to be graded."""
    minutes: float | None = None
    clock: Literal["wall", "processor"] = "wall"
    """What time is: that on the wall, or that which processor threads spend on this process, so that models which are
    to be trained equally long may share a machine with others."""
    batch_size: int = 256
    """Rows a step."""
    accumulate: int = 1
    """Parts in which the rows of a step go through the model one after another, so that memory holds one of them;
    the gradients are summed."""
    learning_rate: float = 4e-3
    optimizer: Annotated[Part, PartOf(OPTIMIZERS)] = Part("adamw")
    schedule: Annotated[Part, PartOf(SCHEDULES)] = Part("trapezoid")
    clip: float = 1.0
    """Largest norm of the whole gradient."""
    dtype: Dtype = "auto"
    """Precision of matrix products in training; auto is settled by trying, and written out."""
    threads: int | Literal["auto"] = "auto"
    """Processor threads; auto is settled by trying, and written out: a small model may be faster on one."""
    evaluate_every: int = 250
    """Steps between two looks at what is held out."""
    evaluate_on: int = 500
    """Held-out problems, or rows of validation text, per look."""
    evaluate_each: int = 100
    """Further held-out problems per look of each entry of the mixture, where a curriculum goes by them."""
    save_every: int = 500
    """Steps between two saves for resuming."""
    stop_at: float | None = None
    """Stop as soon as this share of the held-out problems is answered exactly."""
    give_up: GiveUp | None = None
    """Stop a training that is hopeless."""

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise SettingsError("give either steps or minutes (set the other to null)")
        if self.give_up is not None and self.steps is None:
            # Of minutes nobody knows beforehand how many steps they are, and a run is to be repeated exactly.
            raise SettingsError("give_up goes by a share of the steps; give steps instead of minutes")
        if self.steps is not None and self.steps < 0:
            raise SettingsError(f"steps must be at least 0, got {self.steps}")
        for name in ("minutes", "batch_size", "learning_rate", "clip"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise SettingsError(f"{name} must be above 0, got {value}")
        if self.threads != "auto" and self.threads < 1:
            raise SettingsError(f"threads must be at least 1, got {self.threads}")
        for name in ("evaluate_every", "evaluate_on", "evaluate_each", "save_every"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")
        if not 1 <= self.accumulate <= self.batch_size:
            raise SettingsError(f"accumulate must be from 1 to batch_size {self.batch_size}, got {self.accumulate}")
        if self.stop_at is not None and not 0 < self.stop_at <= 1:
            raise SettingsError(f"stop_at must be above 0 and at most 1, got {self.stop_at}")
