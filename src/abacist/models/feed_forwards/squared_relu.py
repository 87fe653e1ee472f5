"""Feed-forward with squared ReLU."""

from dataclasses import dataclass

from torch import Tensor, nn

from abacist.models.kernels import squared_relu
from abacist.models.settings import ModelSettings


class SquaredReLU(nn.Module):
    """`down(relu(up(x)) ** 2)`.

    Source: So et al. 2021, arXiv:2109.08668 (Primer).
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.up = nn.Linear(model.d_model, model.d_ff, bias=model.bias)
        self.down = nn.Linear(model.d_ff, model.d_model, bias=model.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        return self.down(squared_relu(self.up(x)))
