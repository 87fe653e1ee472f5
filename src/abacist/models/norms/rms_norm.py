"""Root-mean-square normalisation."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from abacist.models.kernels import rms_normalise


class RMSNorm(nn.Module):
    """Divide by the root of the mean square.

    Source: Zhang and Sennrich 2019, arXiv:1910.07467.
    """

    @dataclass(frozen=True)
    class Settings:
        """`epsilon` is added under the root; `scale` learns a factor for each channel too, as Llama does."""

        epsilon: float = 1e-6
        scale: bool = False  # the matrix that follows can learn it as well

    def __init__(self, settings: Settings, width: int):
        super().__init__()
        self.epsilon = settings.epsilon
        self.weight = nn.Parameter(torch.ones(width)) if settings.scale else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        normal = rms_normalise(x, self.epsilon)
        return normal if self.weight is None else normal * self.weight.to(normal.dtype)
