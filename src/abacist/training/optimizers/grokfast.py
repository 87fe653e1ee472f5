"""AdamW on gradients whose slow part is amplified."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.optim import Optimizer

from abacist.core.errors import SettingsError
from abacist.training.optimizer import NamedParameters
from abacist.training.optimizers.adamw import AdamW


@dataclass(frozen=True)
class Grokfast(AdamW):
    """AdamW on g + strength m, where m is the moving average of the gradients g with the factor `memory`.

    What generalises moves slowly, what is memorised quickly: so a plateau before sudden understanding is shorter.

    Source: Lee et al. 2024, arXiv:2405.20233, the form with a moving average.
    """

    weight_decay: float = 0.0
    memory: float = 0.98
    """Share of the average before that stays at each step."""
    strength: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.memory < 1:
            raise SettingsError(f"memory must be at least 0 and below 1, got {self.memory}")
        if not 0 <= self.strength < float("inf"):
            raise SettingsError(f"strength must be at least 0, got {self.strength}")

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one optimizer with the groups of AdamW."""
        (adamw,) = super().make(parameters, learning_rate)
        return [_Filtered(adamw.param_groups, self.memory, self.strength)]


class _Filtered(torch.optim.AdamW):
    """Keeps each parameter's slow gradient beside what AdamW keeps, so that it is saved with it."""

    def __init__(self, groups: Any, memory: float, strength: float):
        super().__init__(groups)
        self.memory, self.strength = memory, strength

    def step(self, closure: Callable[[], float] | None = None) -> Any:
        """Do AdamW's step with filtered gradients; they are left filtered."""
        slow = {}
        for parameter in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            before = self.state[parameter].pop("slow", None)
            new = parameter.grad.clone() if before is None else before.lerp(parameter.grad, 1 - self.memory)
            parameter.grad.add_(new, alpha=self.strength)
            slow[parameter] = new
        result = super().step(closure)
        for parameter, new in slow.items():
            self.state[parameter]["slow"] = new
        return result
