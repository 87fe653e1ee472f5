"""Neural addition and multiplication units: sums and products of chosen inputs, weights kept in bounds."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function

from abacist.core.errors import SettingsError
from abacist.models.settings import ModelSettings


class NMU(nn.Module):
    """`down(cells(up(x)))`: d_ff values in groups of `inputs`, over each half as many cells that add as it has values,
    and half as many that multiply.

    Addition (NAU): sum_i W_i z_i with W in -1..1. Multiplication (NMU): prod_i (W_i z_i + 1 - W_i) with W in 0..1, so
    that an input with weight 0 is left out. Training adds `sparsity` times the sum of both cells' mean of
    min(|W|, 1 - |W|) to the loss a token, which draws weights to whole numbers.

    Weights never leave their bounds for what is computed; a gradient that would take them further out is none. That
    is the paper's clamping after every step, without a hand in the optimizer. The paper lets the sparsity begin late
    and grow, so that it does not decide before the data has: parts know no step, it is constant here.

    Cells compute in float32 under any precision, a product factor by factor, and so a few inputs are all it has.
    `up` and `down` are what a feed-forward part needs around cells; weights of cells are inputs * d_ff.

    Source: Madsen and Johansen 2020, arXiv:2001.05016, section 2; weights are drawn as there, evenly with Glorot's
    variance, at most -1/2..1/2, and 1/4..3/4.
    Shapes: x (..., d_model), returned unchanged in shape; weights of either (d_ff / inputs, inputs, inputs / 2).
    Raises: SettingsError if inputs is odd, or d_ff no multiple of it.
    """

    @dataclass(frozen=True)
    class Settings:
        """`inputs`: values that a cell sees, an even number; `sparsity` is told above."""

        inputs: int = 2
        sparsity: float = 0.01

        def __post_init__(self) -> None:
            if self.inputs < 2 or self.inputs % 2:
                raise SettingsError(f"inputs must be even and at least 2, got {self.inputs}")
            if self.sparsity < 0:
                raise SettingsError(f"sparsity must be at least 0, got {self.sparsity}")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.inputs, self.sparsity = settings.inputs, settings.sparsity
        groups, rest = divmod(model.d_ff, self.inputs)
        if rest:
            raise SettingsError(f"model.d_ff {model.d_ff} must be a multiple of nmu's inputs, {self.inputs}")
        self.up = nn.Linear(model.d_model, model.d_ff, bias=model.bias)
        # Three axes: optimizers for matrices leave them alone, and so does the drawing of other weights.
        shape = (groups, self.inputs, self.inputs // 2)
        bound = min(0.5, math.sqrt(6 / (self.inputs + self.inputs // 2)))
        self.add = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.multiply = nn.Parameter(torch.empty(shape).uniform_(0.25, 0.75))
        self.down = nn.Linear(model.d_ff, model.d_model, bias=model.bias)
        self.auxiliary: list[Tensor] = []
        """What training is to add to the loss of a token, for each time gone through since it was last taken."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., d_model) to the same shape."""
        add, multiply = bounded(self.add, -1, 1), bounded(self.multiply, 0, 1)
        if self.sparsity and self.training and torch.is_grad_enabled():
            self.auxiliary.append(self.sparsity * (unsettled(add) + unsettled(multiply)))
        return self.down(self.cells(self.up(x), add, multiply))

    def cells(self, values: Tensor, add: Tensor, multiply: Tensor) -> Tensor:
        """Return sums, then products, of the values of each group, (..., d_ff) from (..., d_ff)."""
        with torch.autocast(values.device.type, enabled=False):
            z = values.float().unflatten(-1, (len(add), self.inputs, 1))
            total = z[..., 0, :] * add[:, 0]
            product = torch.addcmul(1 - multiply[:, 0], z[..., 0, :], multiply[:, 0])
            for i in range(1, self.inputs):
                total = torch.addcmul(total, z[..., i, :], add[:, i])
                product = product * torch.addcmul(1 - multiply[:, i], z[..., i, :], multiply[:, i])
            return torch.cat((total, product), -1).flatten(-2).to(values.dtype)


def unsettled(weight: Tensor) -> Tensor:
    """Return the mean distance of weights in -1..1 from the nearest whole number."""
    return torch.minimum(weight.abs(), 1 - weight.abs()).mean()


def bounded(weight: Tensor, low: float, high: float) -> Tensor:
    """Clamp weights; their gradient is let through unless it would take one that is out of bounds further out."""
    result: Tensor = _Bounded.apply(weight, low, high)
    return result


class _Bounded(Function):
    """y = min(max(w, low), high), and dw = dy but for what a step down the gradient would take further out."""

    generate_vmap_rule = True  # for ensembles

    @staticmethod
    def forward(weight: Tensor, low: float, high: float) -> Tensor:
        return weight.clamp(low, high)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], _output: Tensor) -> None:
        ctx.save_for_backward(inputs[0])
        ctx.bounds = inputs[1:]

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        (weight,) = ctx.saved_tensors
        low, high = ctx.bounds
        outward = ((weight <= low) & (slope > 0)) | ((weight >= high) & (slope < 0))
        return slope.masked_fill(outward, 0), None, None
