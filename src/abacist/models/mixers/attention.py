"""Self-attention: causal, or over the whole row."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from abacist.models.cache import Cache
from abacist.models.kernels import CHUNK, attend, attend_all
from abacist.models.linear import Linear
from abacist.models.mixer import Mixer, heads_of, picked
from abacist.models.position import INDEX, PositionScheme
from abacist.models.settings import ModelSettings


class Attention(Mixer):
    """Each token gathers from itself and the tokens before it, by several heads.

    head = softmax(q k^T / sqrt(d_head)) v, over the keys at or before the query. With fewer heads of keys and
    values (n_kv_heads), as many heads of queries in a row share one.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2; shared keys: Ainslie et al. 2023, arXiv:2305.13245.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set: heads and their width are the model's."""

    first = 0
    """The number that a position scheme gives the first layer of this stack, where a model has several."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.n_heads, self.kv_heads, self.n_layers = model.n_heads, model.kv_heads, model.n_layers
        self.dropout, self.d_query = model.dropout, model.d_query
        self.project(settings, model)

    def project(self, settings: Any, model: ModelSettings) -> None:
        """Make the projections: into queries, keys and values, and out of what heads gather."""
        self.qkv = Linear(model.d_model, model.d_query + 2 * model.d_kv, bias=model.bias)
        self.out: nn.Module | None = nn.Linear(model.d_query, model.d_model, bias=model.bias)

    def forward(
        self,
        x: Tensor,
        coordinates: tuple[Tensor, Tensor],
        position: PositionScheme,
        cache: Cache | None = None,
        step: int = 0,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Mix the tokens of each row."""
        places = picked(coordinates[0], wanted)
        query, key, value = self._projected(x, wanted)
        query, key = position.rotate(query, places), position.rotate(key, coordinates[0])
        if cache is not None:
            key, value = cache.extend(step, key, value)

        def bias(queries: slice, keys: int) -> Tensor | None:
            return position.bias(self.first + step % self.n_layers, places[:, queries], coordinates[1][:, :keys])

        dropout = self.dropout if self.training else 0.0
        mixed = attend(query, key, value, wanted, dropout, position.slopes(), bias)
        return self.written(mixed.transpose(1, 2).flatten(2))

    def over_all(
        self,
        x: Tensor,
        coordinates: Tensor,
        position: PositionScheme,
        there: Tensor | None,
        step: int = 0,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Mix the tokens of each row, later ones too; `there` (batch, seq) is false at padding."""
        places = picked(coordinates, wanted)
        query, key, value = self._projected(x, wanted)
        query, key = position.rotate(query, places), position.rotate(key, coordinates)
        layer, dropout = self.first + step % self.n_layers, self.dropout if self.training else 0.0
        mixed = gathered(query, key, value, (places, coordinates), position, layer, there, dropout)
        return self.written(mixed.transpose(1, 2).flatten(2))

    def written(self, mixed: Tensor) -> Tensor:
        """Map what all heads of a token gathered, (batch, seq, d_query), to what is added to it, (..., d_model)."""
        assert self.out is not None
        return self.out(mixed)

    def _projected(self, x: Tensor, wanted: Tensor | None) -> tuple[Tensor, ...]:
        """Return queries, of the wanted tokens alone, keys and values, each (batch, heads, tokens, d_head)."""
        if wanted is None and self.kv_heads == self.n_heads:
            return heads_of(self.qkv(x), 3, self.n_heads)
        (query,) = heads_of(self.qkv(picked(x, wanted), slice(self.d_query)), 1, self.n_heads)
        return query, *heads_of(self.qkv(x, slice(self.d_query, None)), 2, self.kv_heads)

    def weights(self, x: Tensor, coordinates: Tensor, position: PositionScheme, step: int = 0) -> Tensor:
        """Return how much each token gathers from each, (batch, n_heads, queries, keys), without dropout.

        Attention over values that are unit vectors, one a token, gives just these weights.
        """
        query, key, _ = self._projected(x, None)
        query, key = position.rotate(query, coordinates), position.rotate(key, coordinates)
        seq = x.shape[1]
        units = torch.eye(seq, dtype=key.dtype, device=key.device).expand(*key.shape[:2], seq, seq)

        def bias(queries: slice, keys: int) -> Tensor | None:
            return position.bias(self.first + step % self.n_layers, coordinates[:, queries], coordinates[:, :keys])

        return attend(query, key, units, None, 0.0, position.slopes(), bias)

    def pairs(self, x: Tensor, coordinates: Tensor, position: PositionScheme, step: int = 0) -> tuple[Tensor, Tensor]:
        """Return the scores of all pairs of tokens before the softmax, of later keys too, and what each key writes.

        What a token gathers is the sum over heads of what keys write, each by its share of the softmax. Where tokens
        stand is told by their coordinates alone: those of a row need not follow one another.
        Shapes: x (batch, seq, d_model); scores (batch, n_heads, queries, keys); written (batch, n_heads,
        keys, d_model).
        """
        query, key, value = self._projected(x, None)
        query, key = position.rotate(query, coordinates), position.rotate(key, coordinates)
        key, value = (part.repeat_interleave(self.n_heads // self.kv_heads, 1) for part in (key, value))
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[-1])
        added, slopes = position.bias(self.first + step % self.n_layers, coordinates, coordinates), position.slopes()
        if added is not None:
            scores = scores + added
        if slopes is not None:
            distance = coordinates[:, None, :, None, INDEX] - coordinates[:, None, None, :, INDEX]
            scores = scores - distance * slopes[:, None, None]
        alone = value[:, :, :, None] * torch.eye(self.n_heads, dtype=value.dtype, device=value.device)[:, None, :, None]
        # A bias on the way out is shared out among heads, whose shares of the softmax each sum to 1.
        nothing = self.written(value.new_zeros(1, 1, self.d_query))
        return scores, self.written(alone.flatten(3)) - nothing * (1 - 1 / self.n_heads)


def gathered(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    coordinates: tuple[Tensor, Tensor],
    position: PositionScheme,
    layer: int,
    there: Tensor | None,
    dropout: float,
) -> Tensor:
    """Attend to all keys that are there, with what the position scheme adds; `coordinates` of queries and keys.

    Slopes fall with distance to both sides. A few queries at a time: for long rows a bias of all pairs at once is the
    largest tensor.
    """
    slopes, pieces = position.slopes(), []
    hidden = None if there is None else ~there[:, None, None]
    for start in range(0, query.shape[2], CHUNK):
        part = slice(start, start + CHUNK)
        places = coordinates[0][:, part]
        added = biased = position.bias(layer, places, coordinates[1])
        if slopes is not None:
            distance = (places[:, None, :, None, INDEX] - coordinates[1][:, None, None, :, INDEX]).abs()
            fall = distance * -slopes[:, None, None]
            added = fall if added is None else added + fall
        if hidden is not None:
            nothing = torch.zeros(hidden.shape, device=query.device) if added is None else added
            added = nothing.masked_fill(hidden, float("-inf"))
        pieces.append(attend_all(query[:, :, part], key, value, added, dropout, blind=biased is not None))
    return pieces[0] if len(pieces) == 1 else torch.cat(pieces, 2)
