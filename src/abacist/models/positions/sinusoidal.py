"""Fixed sines and cosines of the position."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, PositionScheme
from abacist.models.settings import ModelSettings
from abacist.models.spread import Spread


class Sinusoidal(PositionScheme):
    """Add sines (even places of the vector) and cosines (odd places) of falling frequency.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
    Raises: SettingsError if d_model is odd, or for a spread below the context's tokens.
    """

    @dataclass(frozen=True)
    class Settings:
        """`base` sets the slowest frequency; `scale` the size beside the token embeddings.

        `spread`: among how many positions training draws those of a row.
        """

        base: float = 10_000.0
        scale: float = 0.02 * math.sqrt(2)
        spread: int | None = None

    table: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        if model.d_model % 2:
            raise SettingsError(f"sinusoidal positions need an even d_model, got {model.d_model}")
        speed = settings.base ** -(torch.arange(0, model.d_model, 2, dtype=torch.float32) / model.d_model)
        self.placed = Spread(settings.spread, model)
        angle = torch.arange(self.placed.size, dtype=torch.float32)[:, None] * speed
        table = torch.stack((angle.sin(), angle.cos()), dim=-1).flatten(1) * settings.scale
        self.register_buffer("table", table, persistent=False)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look the index up in the table."""
        return self.table[self.placed(coordinates[..., INDEX])]
