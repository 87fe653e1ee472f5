"""Adam along the axes of all gradients together, for very small models."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from abacist.core.errors import SettingsError
from abacist.training.optimizer import NamedParameters, OptimizerChoice, few_parameters

MOST = 1000
"""Numbers that can be learned at most."""


@dataclass(frozen=True)
class Soap(OptimizerChoice):
    """Adam in the eigenbasis of the gradients' second moment, which is kept whole.

    Weights of a very small model pull on each other: what should change is a sum of many. Adam scales each weight by
    itself; here the axes along which gradients vary are found first, and each of these is scaled by itself. With all
    weights as one vector nothing is approximated, as the source has to for large matrices.

    Source: Vyas et al. 2024, arXiv:2409.11321.
    """

    beta1: float = 0.9
    beta2: float = 0.99
    """Of what is averaged of squares, of axes and along them."""
    every: int = 10
    """Steps between two searches for the axes."""
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise SettingsError(f"beta1 and beta2 must be at least 0 and below 1, got {self.beta1} and {self.beta2}")
        if self.every < 1 or self.epsilon <= 0:
            raise SettingsError("every must be at least 1, and epsilon above 0")

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one optimizer. Raises: SettingsError for a model that is too large."""
        return [Turned(few_parameters(parameters, MOST, "soap"), learning_rate, self)]


class Turned(Optimizer):
    """Adam's moments along axes that turn. All state lies with the first parameter, so that it is saved with it."""

    def __init__(self, parameters: Sequence[nn.Parameter], learning_rate: float, choice: Soap):
        super().__init__(parameters, {"lr": learning_rate})
        self.parameters, self.choice = list(parameters), choice

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Do a step by the gradients there are; a parameter without one counts as having none."""
        gradient = torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in self.parameters])
        known, choice = self._state(gradient), self.choice
        known["step"] += 1
        step = int(known["step"])
        known["mean"].lerp_(gradient, 1 - choice.beta1)
        known["squares"].lerp_(torch.outer(gradient, gradient), 1 - choice.beta2)
        if step % choice.every == 1 or choice.every == 1:
            self._turn(known, first=step == 1)
        axes = known["axes"]
        along = axes.T @ gradient
        known["along"].lerp_(along.square(), 1 - choice.beta2)
        mean = (axes.T @ known["mean"]) / (1 - choice.beta1**step)
        size = (known["along"] / (1 - choice.beta2**step)).sqrt() + choice.epsilon
        change = axes @ (mean / size) * -float(self.param_groups[0]["lr"])
        parts = change.split([parameter.numel() for parameter in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.add_(part.view_as(parameter))

    def _turn(self, known: dict[str, Tensor], first: bool) -> None:
        """Find the axes anew, and what is known along them from what was known along the old ones."""
        # In float64: the least of the second moments are a millionth of a millionth of the greatest.
        # By rows, as a saved state comes back: products in another order round otherwise.
        axes = torch.linalg.eigh(known["squares"].double())[1].to(known["squares"].dtype).contiguous()
        if not first:
            known["along"] = (axes.T @ known["axes"]).square() @ known["along"]
        known["axes"] = axes

    def _state(self, like: Tensor) -> dict[str, Tensor]:
        known: dict[str, Tensor] = self.state[self.parameters[0]]
        if not known:
            n = len(like)
            known |= {"step": torch.tensor(0.0), "mean": torch.zeros_like(like), "along": torch.zeros_like(like)}
            known |= {"squares": like.new_zeros(n, n), "axes": torch.eye(n, dtype=like.dtype, device=like.device)}
        return known
