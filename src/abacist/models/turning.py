"""A plane turned by a learned angle: one weight in the place of a matrix."""

import torch
from torch import Tensor, nn


class Turn(nn.Module):
    """Turn each pair (x_i, x_{i + width/2}) of the last dimension by one learned angle.

    Units: radians. Shapes: x (..., width), width even, returned unchanged in shape.
    """

    def __init__(self) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.randn(1))

    def forward(self, x: Tensor) -> Tensor:
        """Turn."""
        first, second = x.chunk(2, dim=-1)
        cos, sin = self.angle.cos(), self.angle.sin()
        return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
