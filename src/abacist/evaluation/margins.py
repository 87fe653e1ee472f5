"""From the residual stream after attention to the margins of logits, with bounds: feed-forward, norms and head."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.evaluation.affine import SILU, SQUARED_RELU, Affine, Curve, Floats, gamma, gelu, inverse_root
from abacist.models.feed_forwards.gelu import GELU
from abacist.models.feed_forwards.squared_relu import SquaredReLU
from abacist.models.feed_forwards.swiglu import SwiGLU
from abacist.models.norms.layer_norm import LayerNorm
from abacist.models.norms.rms_norm import RMSNorm
from abacist.models.transformer import Transformer
from abacist.text.coordinates import Integers


def matrix_of(part: Callable[[Tensor], Tensor], width: int) -> tuple[Floats, Floats]:
    """Return matrix (outputs, width) and bias (outputs,) of what is a linear map, as float32 has them.

    A part that makes its matrix of something else is called on unit vectors, for which products and sums are exact.
    Raises: SettingsError if it is no linear map.
    """
    with torch.no_grad():
        if isinstance(part, nn.Linear):
            none = torch.zeros(part.out_features)
            return part.weight.double().numpy(), (none if part.bias is None else part.bias).double().numpy()
        bias = part(torch.zeros(width))
        matrix, tried = (part(torch.eye(width)) - bias).T, torch.linspace(-2, 3, width)
        if not torch.allclose(part(tried), matrix @ tried + bias, rtol=1e-4, atol=1e-4):
            raise SettingsError("a part of the model is no linear map where a proof needs one")
    return matrix.double().numpy(), bias.double().numpy()


class Norm:
    """A norm as what it is: a linear map, divided by the root of a mean square, scaled and shifted."""

    def __init__(self, norm: nn.Module, width: int):
        """Raises: SettingsError for a norm of another kind."""
        if not isinstance(norm, RMSNorm | LayerNorm):
            raise SettingsError(f"model.norm: a proof knows rms_norm and layer_norm, not {type(norm).__name__}")
        self.curve: Curve = inverse_root(norm.epsilon)
        centred = isinstance(norm, LayerNorm)
        self.centring = np.eye(width) - 1 / width if centred else None
        weight, bias = norm.weight, getattr(norm, "bias", None)
        self.weight = np.ones(width) if weight is None else weight.detach().double().numpy()
        self.bias = np.zeros(width) if bias is None else bias.detach().double().numpy()

    def parts(self, x: Affine) -> tuple[Affine, Affine]:
        """Return what is divided, and one over what it is divided by, (rows, 1)."""
        if self.centring is not None:
            x = x.mapped(self.centring)
        nearest = np.maximum(np.abs(x.centre) - x.radius, 0)
        return x, x.mean_square().applied(self.curve, low=(nearest**2).mean(-1, keepdims=True))

    def mapped(self, x: Affine, matrix: Floats, bias: Floats) -> Affine:
        """Normalise, then map: the map comes first here, which keeps together what cancels in it."""
        divided, scale = self.parts(x)
        # Dividing, scaling and shifting round each term of the product three times more.
        made = divided.mapped(matrix * self.weight, matrix.shape[1] + 3).times(scale)
        lost = gamma(matrix.shape[1] + 3) * (np.abs(matrix) @ np.abs(self.bias) + np.abs(bias))
        return replace(made.moved(matrix @ self.bias + bias), error=made.error + lost)


class Margins:
    """By how much the logit of the right token exceeds each other one, at least."""

    def __init__(self, model: Transformer):
        """Raises: SettingsError for parts that have no bounds here."""
        model = copy.deepcopy(model).cpu().float().eval()
        width = model.settings.d_model
        block: Any = model.blocks[0]
        self.before, self.last = Norm(block.feed_forward_norm, width), Norm(model.norm, width)
        self.within, self.down = feed_forward(block.feed_forward, self.before, width)
        self.head, self.shift = matrix_of(model.head, width)
        # Two units that are turned into one another before they are mapped may cancel in what is the matrix here.
        down = np.abs(self.down[0])
        turned = getattr(block.feed_forward, "turn", None) is not None
        self.written = 2 * (down + np.roll(down, down.shape[1] // 2, 1)) if turned else down
        self.size = np.abs(self.shift) + np.abs(self.head) @ np.abs(self.last.bias)
        self.shift = self.shift + self.head @ self.last.bias
        self.head = self.head * self.last.weight

    def ahead(self, x: Affine, right: Integers) -> "Ahead":
        """Return bounds on margins, from the residual stream after attention and the right token of each row."""
        inner = self.within(x)
        down, bias = self.down
        _, scale = self.last.parts(x.plus(inner.mapped(down).moved(bias)))
        difference = self.head[right][:, None] - self.head
        if self.last.centring is not None:
            difference = difference @ self.last.centring
        # What is added to the stream is mapped to margins at once: hidden units that cancel do so here too.
        made = x.mapped(difference, 0).plus(inner.mapped(difference @ down, 0)).moved(difference @ bias)
        terms = x.magnitude + inner.magnitude @ self.written.T + np.abs(bias)
        if self.last.centring is not None:
            terms = terms + terms.mean(-1, keepdims=True)
        # Each logit is a sum of its own; the root's own error is common to all of them, and changes no order.
        operations = down.shape[0] + down.shape[1] + 10
        size = np.abs(self.head[right])[:, None] + np.abs(self.head)
        rounding = gamma(operations) * (size @ terms[..., None])[..., 0]
        shift = self.shift[right][:, None] - self.shift
        lost = gamma(operations) * (self.size[right][:, None] + self.size)
        return Ahead(replace(made, error=made.error + rounding), scale, shift, lost)


@dataclass(frozen=True)
class Ahead:
    """Margins within bounds: numbers that depend on deltas, times a positive scale, plus a shift.

    Shapes: made, shift and lost (rows, vocab_size), scale (rows, 1). The right token's own margin is 0.
    """

    made: Affine
    scale: Affine
    shift: Floats
    lost: Floats
    """What rounding may take from the shift."""

    @cached_property
    def swing(self) -> Floats:
        """How much deltas change the numbers at most."""
        return self.made.radius - self.made.error

    def least(self, swing: Floats) -> Floats:
        """Return the least margins, in logits, where deltas take away at most so much."""
        return self._scaled(self.made.centre - self.made.error - swing, np.minimum) + self.shift - self.lost

    def most(self) -> Floats:
        """Return the largest margins, in logits."""
        return self._scaled(self.made.centre + self.made.radius, np.maximum) + self.shift + self.lost

    def _scaled(self, numbers: Floats, choose: Callable[[Floats, Floats], Floats]) -> Floats:
        low, high = np.maximum(self.scale.centre - self.scale.radius, 0), self.scale.centre + self.scale.radius
        return choose(numbers * low, numbers * high)


def feed_forward(part: nn.Module, norm: Norm, width: int) -> tuple[Callable[[Affine], Affine], tuple[Floats, Floats]]:
    """Return the hidden units of a feed-forward part behind its norm, and the matrix and bias that read them.

    Raises: SettingsError for a part of another kind.
    """
    made: Any = part
    if isinstance(part, SwiGLU):
        matrix, bias = matrix_of(made.gate_up, width)
        half = len(bias) // 2

        def gated(x: Affine) -> Affine:
            both = norm.mapped(x, matrix, bias)
            return both.cut(slice(half)).applied(SILU).times(both.cut(slice(half, None)))

        return gated, matrix_of(made.written, half)
    if isinstance(part, SquaredReLU | GELU):
        up = matrix_of(made.up, width)
        curve = gelu if isinstance(part, GELU) else lambda x: x.applied(SQUARED_RELU)
        return lambda x: curve(norm.mapped(x, *up)), matrix_of(made.down, len(up[1]))
    name = type(part).__name__
    raise SettingsError(f"model.feed_forward: a proof knows swiglu, squared_relu and gelu, not {name}")
