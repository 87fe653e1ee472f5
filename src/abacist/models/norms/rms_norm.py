"""Root-mean-square normalisation."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    """Divide by the root of the mean square, then scale each channel.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    @dataclass(frozen=True)
    class Settings:
        """`epsilon` is added under the root."""

        epsilon: float = 1e-6

    def __init__(self, settings: Settings, width: int):
        super().__init__()
        self.epsilon = settings.epsilon
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return F.rms_norm(x, self.weight.shape, self.weight.to(x.dtype), self.epsilon)
