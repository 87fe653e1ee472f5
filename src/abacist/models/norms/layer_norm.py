"""Layer normalisation."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class LayerNorm(nn.Module):
    """Subtract the mean, divide by the standard deviation, then scale and shift each channel.

    Source: Ba et al. 2016, arXiv:1607.06450.
    """

    @dataclass(frozen=True)
    class Settings:
        """`epsilon` is added to the variance."""

        epsilon: float = 1e-5

    def __init__(self, settings: Settings, width: int):
        super().__init__()
        self.epsilon = settings.epsilon
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return F.layer_norm(x, self.weight.shape, self.weight.to(x.dtype), self.bias.to(x.dtype), self.epsilon)
