"""AdamW."""

from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from abacist.training.optimizer import NamedParameters, OptimizerChoice


@dataclass(frozen=True)
class AdamW(OptimizerChoice):
    """Adam with weight decay on matrices, none on norms and biases.

    Source: Loshchilov and Hutter 2017, arXiv:1711.05101.
    """

    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-8

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return one optimizer with two groups."""
        named = list(parameters)
        groups = [
            {"params": [p for _, p in named if p.dim() >= 2], "weight_decay": self.weight_decay},
            {"params": [p for _, p in named if p.dim() < 2], "weight_decay": 0.0},
        ]
        betas = (self.beta1, self.beta2)
        return [torch.optim.AdamW(groups, lr=learning_rate, betas=betas, eps=self.epsilon, fused=True)]
