"""Gated feed-forward with SiLU."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from abacist.models.settings import ModelSettings


class SwiGLU(nn.Module):
    """`down(silu(gate(x)) * up(x))`; gate and up are one matrix.

    Source: Shazeer 2020, arXiv:2002.05202.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.gate_up = nn.Linear(model.d_model, 2 * model.d_ff, bias=model.bias)
        self.down = nn.Linear(model.d_ff, model.d_model, bias=model.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)
