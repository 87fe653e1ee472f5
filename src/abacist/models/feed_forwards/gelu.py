"""Feed-forward with GELU."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from abacist.models.settings import ModelSettings


class GELU(nn.Module):
    """`down(gelu(up(x)))` with the tanh form of GELU and biases, as in GPT-2.

    Source: Hendrycks and Gimpel 2016, arXiv:1606.08415.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.up = nn.Linear(model.d_model, model.d_ff)
        self.down = nn.Linear(model.d_ff, model.d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        return self.down(F.gelu(self.up(x), approximate="tanh"))
