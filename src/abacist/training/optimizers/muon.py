"""Muon for the matrices inside blocks, AdamW for everything else."""

from dataclasses import dataclass

import torch
from torch.optim import Optimizer

from abacist.training.optimizer import NamedParameters, OptimizerChoice, is_hidden_matrix
from abacist.training.optimizers.adamw import AdamW


@dataclass(frozen=True)
class Muon(OptimizerChoice):
    """Momentum made orthogonal by a Newton-Schulz iteration.

    `learning_rate` of the training settings is that of the matrices; the rest has `rest_rate`.
    Source: Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".
    """

    momentum: float = 0.95
    weight_decay: float = 0.01
    rest_rate: float = 3e-3

    def make(self, parameters: NamedParameters, learning_rate: float) -> list[Optimizer]:
        """Return Muon over the hidden matrices and AdamW over the rest."""
        named = list(parameters)
        hidden = [p for name, p in named if is_hidden_matrix(name, p)]
        rest = [(name, p) for name, p in named if not is_hidden_matrix(name, p)]
        muon = torch.optim.Muon(hidden, lr=learning_rate, momentum=self.momentum, weight_decay=self.weight_decay)
        return [muon, *AdamW(weight_decay=self.weight_decay).make(rest, self.rest_rate)]
