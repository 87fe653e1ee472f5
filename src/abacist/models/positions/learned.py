"""A learned embedding for each position."""

from dataclasses import dataclass

from torch import Tensor, nn

from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings


class Learned(PositionScheme):
    """Add a learned vector for the index in the row.

    Source: Radford et al. 2018 (GPT).
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.index = nn.Embedding(model.context_length, model.d_model)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look the index up."""
        return self.index(coordinates[..., 0])
