"""Neural arithmetic logic units: cells that add, or multiply by way of logarithms, as a gate says."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings


class NALU(nn.Module):
    """`down(cells(up(x)))`: d_ff values in groups of `inputs`, and as many cells over each group as it has values.

    A cell adds, a = W z with W = tanh(W^) * sigmoid(M^) in -1..1 (the accumulator, NAC), and multiplies with the same
    W, m = exp(W log(|z| + epsilon)); what it returns is g a + (1 - g) m with g = sigmoid(G z). A product has no sign,
    a quotient by nearly nothing is nearly 1 / epsilon. `largest` bounds m, whose gradient is none beyond.

    Cells compute in float32 under any precision. `up` and `down` are what a feed-forward part needs around cells;
    groups keep their weights few beside those: 3 * inputs * d_ff.

    Source: Trask et al. 2018, arXiv:1808.00508, the equations of NAC and NALU, which leave epsilon and the drawing of
    weights open. These are drawn as Glorot and Bengio 2010 do. Madsen and Johansen 2020 take an epsilon of 1e-7; but
    inside a network nothing keeps z away from zero, where gradients grow with 1 / epsilon, until the few tokens that
    pass it are all that a batch teaches.
    Shapes: x (..., d_model), returned unchanged in shape; W^, M^ and G (d_ff / inputs, inputs, inputs).
    Raises: SettingsError if d_ff is no multiple of inputs.
    """

    @dataclass(frozen=True)
    class Settings:
        """`inputs`: values that a cell sees; `epsilon` is added to them before their logarithm."""

        inputs: int = 2
        epsilon: float = 0.1
        largest: float = 1e4

        def __post_init__(self) -> None:
            if self.inputs < 1:
                raise SettingsError(f"inputs must be at least 1, got {self.inputs}")
            if self.epsilon <= 0 or self.largest <= 0:
                raise SettingsError("epsilon and largest must be above 0")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.inputs, self.epsilon, self.reach = settings.inputs, settings.epsilon, math.log(settings.largest)
        groups, rest = divmod(model.d_ff, self.inputs)
        if rest:
            raise SettingsError(f"model.d_ff {model.d_ff} must be a multiple of nalu's inputs, {self.inputs}")
        self.up = nn.Linear(model.d_model, model.d_ff, bias=model.bias)
        # Three axes: optimizers for matrices leave them alone, and so does the drawing of other weights.
        bound = math.sqrt(3 / self.inputs)
        shape = (groups, self.inputs, self.inputs)
        self.weight, self.mask, self.gate = (nn.Parameter(torch.empty(shape).uniform_(-bound, bound)) for _ in range(3))
        self.down = nn.Linear(model.d_ff, model.d_model, bias=model.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        return self.down(self.cells(self.up(x)))

    def cells(self, values: Tensor) -> Tensor:
        """Return what cells make of the values of their groups, (..., d_ff) from (..., d_ff)."""
        with torch.autocast(values.device.type, enabled=False):
            # Groups first, so that all of them are one stack of matrix products.
            z = values.float().reshape(-1, len(self.weight), self.inputs).transpose(0, 1)
            weight = self.weight.tanh() * self.mask.sigmoid()
            product = ((z.abs() + self.epsilon).log() @ weight).clamp(max=self.reach).exp()
            made = torch.lerp(product, z @ weight, (z @ self.gate).sigmoid())
            return made.transpose(0, 1).reshape(values.shape).to(values.dtype)
