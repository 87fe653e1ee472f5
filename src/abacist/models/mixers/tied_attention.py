"""Self-attention whose projections are made of one another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.kernels import rms_normalise
from abacist.models.mixer import heads_of, picked
from abacist.models.mixers.attention import Attention
from abacist.models.settings import ModelSettings
from abacist.models.turning import Turn

EPSILON = 1e-6
"""Added to the mean square of a query or a key before its root."""


class Product(nn.Module):
    """One matrix, or one that is a product of two narrow ones: `widths` are those of the inputs, between, and out.

    Shapes: x (..., inputs) gives (..., outputs), and transposed the other way round.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.factors = nn.ParameterList(torch.empty(later, earlier) for earlier, later in pairwise(widths))

    def forward(self, x: Tensor) -> Tensor:
        """Multiply by the whole."""
        for factor in self.factors:
            x = x @ factor.T
        return x

    def transposed(self, x: Tensor) -> Tensor:
        """Multiply by the transpose of the whole."""
        for factor in reversed(list(self.factors)):
            x = x @ factor
        return x


class TiedAttention(Attention):
    """Attention in which keys, values and the way out may be those of the queries, or of one another.

    With `keys` turned, each head's pairs of a key are those of the query turned by one learned angle, which under
    rotary positions is a constant distance: what the head looks for. With `out` queries, what heads gather goes out
    by the transpose of the matrix of queries. `gain` divides queries and keys by their root mean square and
    multiplies them by learned numbers. `rank` makes every matrix of its own a product of two.

    Source: one matrix for queries and keys: Kitaev et al. 2020, arXiv:2001.04451; norms of queries and keys: Henry
    et al. 2020, arXiv:2010.04245; low rank: Hu et al. 2021, arXiv:2106.09685, here from the start of training.
    Shapes: as in attention.
    Raises: SettingsError for a width of heads that cannot be turned, or fewer heads of keys than of queries.
    """

    @dataclass(frozen=True)
    class Settings:
        """Which matrices are its own, and which are another's."""

        keys: Literal["own", "queries", "turned"] = "turned"
        values: Literal["own", "queries", "keys"] = "queries"
        out: Literal["own", "queries", "values"] = "queries"
        gain: Literal["none", "one", "each"] = "one"
        """How many numbers queries and keys are multiplied by after their norm: none leaves the norm away too, each
        has one for every dimension of a head."""
        first_gain: float = 1.5
        """Where the gains begin."""
        rank: int | None = None

        def __post_init__(self) -> None:
            if self.rank is not None and self.rank < 1:
                raise SettingsError(f"rank must be at least 1, got {self.rank}")

    def project(self, settings: Settings, model: ModelSettings) -> None:
        """Make the matrices that are its own."""
        if model.kv_heads != model.n_heads:
            raise SettingsError("model.n_kv_heads must be null where model.mixer is tied_attention")
        if settings.keys == "turned" and model.d_head % 2:
            raise SettingsError(f"keys that are turned queries need an even width of heads, got {model.d_head}")
        if model.bias:
            raise SettingsError("model.bias must be false where model.mixer is tied_attention")
        self.keys, self.values, self.way_out = settings.keys, settings.values, settings.out
        if settings.out == "values" and settings.values != "own":
            raise SettingsError(f"out: values have no matrix of their own, they are {settings.values}")

        def matrix(inputs: int, outputs: int) -> Product:
            return Product([inputs, *([] if settings.rank is None else [settings.rank]), outputs])

        self.query = matrix(model.d_model, model.d_query)
        self.key = matrix(model.d_model, model.d_query) if settings.keys == "own" else None
        self.value = matrix(model.d_model, model.d_query) if settings.values == "own" else None
        self.out = matrix(model.d_query, model.d_model) if settings.out == "own" else None
        self.turn = Turn() if settings.keys == "turned" else None
        width = {"none": 0, "one": 1, "each": model.d_head}[settings.gain]
        self.gain = nn.Parameter(torch.full((width,), settings.first_gain)) if width else None

    def written(self, mixed: Tensor) -> Tensor:
        """Map what all heads gathered out, by the matrix of its own or the transpose of another."""
        if self.out is not None:
            return super().written(mixed)
        used = self.query if self.way_out == "queries" or self.value is None else self.value
        return used.transposed(mixed)

    def _projected(self, x: Tensor, wanted: Tensor | None) -> tuple[Tensor, ...]:
        """Return queries, of the wanted tokens alone, keys and values."""
        (query,) = heads_of(self.query(x), 1, self.n_heads)
        key = query if self.key is None else heads_of(self.key(x), 1, self.n_heads)[0]
        if self.turn is not None:
            key = self.turn(key)
        value = query if self.values == "queries" else key
        if self.value is not None:
            (value,) = heads_of(self.value(x), 1, self.n_heads)
        if wanted is not None:
            query = picked(query.transpose(1, 2).flatten(2), wanted).unflatten(2, (self.n_heads, -1)).transpose(1, 2)
        if self.gain is not None:
            query, key = (rms_normalise(part, EPSILON) * self.gain for part in (query, key))
        return query, key, value
