"""The seam for position schemes: how a token's place reaches the model."""

from typing import Any, NamedTuple

from torch import Tensor, nn

from abacist.models.settings import ModelSettings

INDEX, PLACE, NUMBER = 0, 1, 2
"""Axes of coordinates, as `text/coordinates.py` has them: index in the row, digit place, number index."""


class Offsets(NamedTuple):
    """How far training shifts the rows of a batch along one axis: by 0 to `most`, no coordinate beyond `top`."""

    most: int
    top: int

    @classmethod
    def within(cls, most: int | None, top: int) -> "Offsets":
        """Make them; without `most` a row may go as far as `top`."""
        return cls(top if most is None else most, top)


class PositionScheme(nn.Module):
    """Places enter in four ways, and a scheme may use any: added to embeddings, turned into queries and keys,
    as a fall of attention's scores with distance, or as whatever else a pair of places adds to its score.

    Coordinates are integers of shape (batch, seq, axes): index in the row, digit place, number index, and
    what else `text/coordinates.py` tells. Made with its own `Settings` and the model's `ModelSettings`.
    """

    def embed(self, coordinates: Tensor) -> Tensor | None:
        """Return what is added to token embeddings, (batch, seq, d_model), or None for nothing."""
        return None

    def rotate(self, x: Tensor, coordinates: Tensor) -> Tensor:
        """Return queries or keys (batch, n_heads, seq, d_head) with their places turned in."""
        return x

    def slopes(self) -> Tensor | None:
        """Return by how much each head's scores fall with every token from query back to key, (n_heads,)."""
        return None

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor | None:
        """Return what a layer adds to the scores of queries and keys, (batch, n_heads, queries, keys).

        Shapes: query (batch, queries, axes) and key (batch, keys, axes), their coordinates. Layers that are
        gone through several times have the same number each time.
        """
        return None

    @classmethod
    def last_place(cls, settings: Any) -> int | None:
        """Return the digit place beyond which all places look alike; None where there is none."""
        return None

    @classmethod
    def offsets(cls, settings: Any, model: ModelSettings) -> dict[int, Offsets]:
        """Return the axes along which training shifts each row by a random offset (see `data/offsets.py`).

        A shifted token that stands nowhere on an axis (0 on any but INDEX) brings minus the offset.
        """
        return {}

    @classmethod
    def spread(cls, settings: Any, model: ModelSettings) -> int | None:
        """Return among how many positions training draws those of a row (see `models/spread.py`); None for none."""
        return getattr(settings, "spread", None)
