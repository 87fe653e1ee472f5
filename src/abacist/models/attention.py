"""Causal self-attention."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.models.cache import Cache
from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings

SHORT = 64
"""Up to this many tokens plain matrix products are faster on a CPU than the fused kernel."""


class Attention(nn.Module):
    """Each token gathers from itself and the tokens before it, by several heads.

    head = softmax(q k^T / sqrt(d_head)) v, over the keys at or before the query.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.
    Shapes: x (batch, seq, d_model), returned unchanged in shape. With a cache, x holds new tokens only:
    the whole prompt at first, then one token at a time.
    """

    def __init__(self, settings: ModelSettings):
        super().__init__()
        self.n_heads = settings.n_heads
        self.dropout = settings.dropout
        self.qkv = nn.Linear(settings.d_model, 3 * settings.d_model, bias=False)
        self.out = nn.Linear(settings.d_model, settings.d_model, bias=False)

    def forward(
        self, x: Tensor, coordinates: Tensor, position: PositionScheme, cache: Cache | None = None, layer: int = 0
    ) -> Tensor:
        """Mix the tokens of each row."""
        batch, seq, width = x.shape
        # (batch, seq, 3 * d_model) -> three of (batch, n_heads, seq, d_head)
        query, key, value = self.qkv(x).view(batch, seq, 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        query, key = position.rotate(query, coordinates), position.rotate(key, coordinates)
        if cache is not None:
            key, value = cache.extend(layer, key, value)
        dropout = self.dropout if self.training else 0.0
        short = key.shape[2] <= SHORT and x.device.type == "cpu"
        mixed = (mix if short else mix_fused)(query, key, value, dropout)
        return self.out(mixed.transpose(1, 2).reshape(batch, seq, width))


def mix(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    """Attend, step by step as in the paper.

    Shapes: query (batch, n_heads, new, d_head); key and value (batch, n_heads, all, d_head), the new
    tokens last; result like query.
    """
    scores = query @ (key * key.shape[-1] ** -0.5).transpose(-2, -1)
    new, seen = scores.shape[-2:]
    if new > 1:
        future = torch.ones(new, seen, dtype=torch.bool, device=scores.device).triu(seen - new + 1)
        scores = scores.masked_fill(future, float("-inf"))
    weights = F.dropout(scores.softmax(dim=-1), dropout)
    return weights @ value


def mix_fused(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    """Attend as `mix` does, by PyTorch's fused kernel, which never holds all scores at once."""
    # A single new token may see all that is cached, itself included: no mask is needed.
    return F.scaled_dot_product_attention(query, key, value, is_causal=query.shape[2] > 1, dropout_p=dropout)
