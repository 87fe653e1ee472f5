"""Attention with linear biases: what is far counts less."""

from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.models.position import INDEX, PositionScheme
from abacist.models.settings import ModelSettings
from abacist.models.spread import Spread


class Alibi(PositionScheme):
    """Let the score of query i and key j fall by m |i - j|, with a slope m for each head.

    The slopes are 2^(-8 h / H) for heads h = 1..H: each sees further than the one before. Nothing is
    learned, and a row may be longer than any in training.

    Source: Press et al. 2021, arXiv:2108.12409, section 3; for a number of heads that is no power of two
    their code mixes the slopes of two powers, here the formula holds for any number.
    Units: distance in tokens, or in positions where they are spread.
    Raises: SettingsError for a spread below the context's tokens.
    """

    @dataclass(frozen=True)
    class Settings:
        """`spread`: among how many positions training draws those of a row."""

        spread: int | None = None

    slope: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.placed = Spread(settings.spread, model)
        heads = torch.arange(1, model.n_heads + 1, dtype=torch.float32)
        self.register_buffer("slope", 2 ** (-8 * heads / model.n_heads), persistent=False)

    def slopes(self) -> Tensor | None:
        """Return the slopes, (n_heads,), where distance is that of tokens."""
        return None if self.placed.drawn else self.slope

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor | None:
        """Return how scores fall where distance is that of spread positions."""
        if not self.placed.drawn:
            return None
        i, j = self.placed(query[:, None, :, None, INDEX]), self.placed(key[:, None, None, :, INDEX])
        return -self.slope[:, None, None] * (i - j).abs()
