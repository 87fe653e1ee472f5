"""Gated feed-forward with SiLU."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings
from abacist.models.turning import Turn


class SwiGLU(nn.Module):
    """`down(silu(gate(x)) * up(x))`; gate and up are one matrix.

    Source: Shazeer 2020, arXiv:2002.05202.
    """

    @dataclass(frozen=True)
    class Settings:
        """`down`: a matrix of its own, the transpose of gate or of up, or that of up with its pairs turned."""

        down: Literal["own", "gate", "up", "turned"] = "own"

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.gate_up = nn.Linear(model.d_model, 2 * model.d_ff, bias=model.bias)
        self.way_down = settings.down
        self.down = nn.Linear(model.d_ff, model.d_model, bias=model.bias) if settings.down == "own" else None
        if self.down is None and model.bias:
            raise SettingsError("model.bias must be false where the way down has no matrix of its own")
        if settings.down == "turned" and model.d_ff % 2:
            raise SettingsError(f"model.d_ff must be even where the way down is turned, got {model.d_ff}")
        self.turn = Turn() if settings.down == "turned" else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.written(F.silu(gate) * up)

    def written(self, hidden: Tensor) -> Tensor:
        """Map hidden units (..., d_ff) back to (..., d_model)."""
        if self.down is not None:
            return self.down(hidden)
        own = self.gate_up.weight.chunk(2)[self.way_down != "gate"]
        return (hidden if self.turn is None else self.turn(hidden)) @ own
