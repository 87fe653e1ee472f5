"""AdamW."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn
from torch.optim import Optimizer

from abacist.core.errors import SettingsError
from abacist.training.optimizer import NamedParameters, OptimizerChoice, is_hidden_matrix


@dataclass(frozen=True)
class AdamW(OptimizerChoice):
    """Adam with weight decay on matrices, none on norms and biases.

    Source: Loshchilov and Hutter 2017, arXiv:1711.05101.
    """

    weight_decay: float = 0.1
    decay: Literal["matrices", "hidden"] = "matrices"
    """Which weights decay: all matrices, or those inside blocks alone (no embeddings, no head)."""
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise SettingsError(f"beta1 and beta2 must be at least 0 and below 1, got {self.beta1} and {self.beta2}")
        if self.weight_decay < 0 or self.epsilon <= 0:
            raise SettingsError("weight_decay must be at least 0, and epsilon above 0")

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one optimizer with two groups."""
        decayed: list[nn.Parameter] = []
        kept: list[nn.Parameter] = []
        for name, parameter in parameters:
            decays = is_hidden_matrix(name, parameter) if self.decay == "hidden" else parameter.dim() >= 2
            (decayed if decays else kept).append(parameter)
        groups = [{"params": decayed, "weight_decay": self.weight_decay}, {"params": kept, "weight_decay": 0.0}]
        betas = (self.beta1, self.beta2)
        return [torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=self.epsilon, fused=True)]
