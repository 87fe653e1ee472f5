"""The cache: what attention and other mixers have already computed of a row, kept for the next token."""

from collections.abc import Hashable

import torch
from torch import Tensor

from abacist.models.settings import ModelSettings


class Cache:
    """Keys and values of every layer, and where their tokens stand, in memory that doubles when it is full.

    Beside them `states` of one size, whatever the length, for what else is to be known of a row.

    Shapes: keys and values (depth, rows, n_kv_heads, length, d_head), filled from the left; coordinates
    (rows, length so far, axes).
    """

    def __init__(self, model: ModelSettings, rows: int, length: int, like: Tensor):
        # Of no length yet: what never attends needs none.
        shape = (model.depth, rows, model.kv_heads, 0, model.d_head)
        self.keys = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.values = torch.empty(shape, dtype=like.dtype, device=like.device)
        self.length = length
        self.coordinates: Tensor | None = None
        self.states: dict[Hashable, Tensor] = {}
        """What else is known of each row, whatever its length: tensors whose first dimension is the rows."""
        self.filled = 0

    def arrive(self, coordinates: Tensor) -> Tensor:
        """Note where the new tokens stand; return it of all tokens so far."""
        known = self.coordinates
        self.coordinates = coordinates if known is None else torch.cat((known, coordinates), dim=1)
        return self.coordinates

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Store the new tokens' keys and values of a layer; return all of that layer so far."""
        end = self.filled + keys.shape[2]
        if end > self.keys.shape[3]:
            self._resize(slice(None), 2 * end if self.keys.shape[3] else max(self.length, end))
        self.keys[layer, :, :, self.filled : end] = keys
        self.values[layer, :, :, self.filled : end] = values
        return self.keys[layer, :, :, :end], self.values[layer, :, :, :end]

    def keep(self, rows: Tensor) -> None:
        """Drop all rows but those of the given indices."""
        self._resize(rows, self.keys.shape[3])
        if self.coordinates is not None:
            self.coordinates = self.coordinates[rows]
        self.states = {name: state[rows] for name, state in self.states.items()}

    def _resize(self, rows: Tensor | slice, length: int) -> None:
        for name in ("keys", "values"):
            filled = getattr(self, name)[:, rows, :, : self.filled]
            kept = filled.new_empty((*filled.shape[:3], length, filled.shape[4]))
            kept[:, :, :, : self.filled] = filled
            setattr(self, name, kept)

    def advance(self, tokens: int) -> None:
        """Count the new tokens as stored, after the last layer."""
        self.filled += tokens
