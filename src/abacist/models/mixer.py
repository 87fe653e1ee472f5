"""The seam for mixers: how the tokens of a row learn of one another."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from abacist.models.cache import Cache
from abacist.models.position import PositionScheme


class Mixer(nn.Module, ABC):
    """The part of a block in which tokens meet; all else treats each token alone.

    Made with its own `Settings` and the model's `ModelSettings`. What it knows of a row's earlier tokens it keeps in
    the cache, by `cache.extend` or in `cache.states`; with one and without it the results are the same.
    """

    @abstractmethod
    def forward(
        self,
        x: Tensor,
        coordinates: tuple[Tensor, Tensor],
        position: PositionScheme,
        cache: Cache | None = None,
        step: int = 0,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Mix the tokens of each row; what comes later in it never changes what comes before.

        Shapes: x (batch, seq, d_model), returned unchanged in shape. With a cache, x holds new tokens only:
        the whole prompt at first, then one token at a time. `coordinates` are those of x and those of all tokens
        so far. `step` counts the layers gone through. With `wanted` (batch, n), the indices of the tokens whose
        result is asked for, the result is (batch, n, d_model).
        """


def heads_of(x: Tensor, parts: int, heads: int) -> tuple[Tensor, ...]:
    """Cut (batch, seq, parts * heads * d_head) into `parts` of (batch, heads, seq, d_head)."""
    return x.unflatten(-1, (parts, heads, -1)).permute(2, 0, 3, 1, 4).unbind()


def picked(x: Tensor, wanted: Tensor | None) -> Tensor:
    """Return the wanted tokens of each row: (batch, seq, width) and (batch, n) give (batch, n, width)."""
    if wanted is None:
        return x
    rows = torch.arange(len(x), device=x.device)[:, None] * x.shape[1]
    return x.flatten(0, 1).index_select(0, (rows + wanted).flatten()).view(*wanted.shape, -1)
