"""The seam for position schemes: how a token's place reaches the model."""

from torch import Tensor, nn


class PositionScheme(nn.Module):
    """Places enter in two ways, and a scheme may use either: added to embeddings, or turned into queries and keys.

    Coordinates are integers of shape (batch, seq, 3): index in the row, digit place, number index
    (see `text/coordinates.py`). Made with its own `Settings` and the model's `ModelSettings`.
    """

    def embed(self, coordinates: Tensor) -> Tensor | None:
        """Return what is added to token embeddings, (batch, seq, d_model), or None for nothing."""
        return None

    def rotate(self, x: Tensor, coordinates: Tensor) -> Tensor:
        """Return queries or keys (batch, n_heads, seq, d_head) with their places turned in."""
        return x
