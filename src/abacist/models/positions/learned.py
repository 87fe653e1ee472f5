"""A learned embedding for each position."""

from dataclasses import dataclass

from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, Offsets, PositionScheme
from abacist.models.settings import ModelSettings
from abacist.models.spread import Spread


class Learned(PositionScheme):
    """Add a learned vector for the index in the row.

    Source: Radford et al. 2018 (GPT). Raises: SettingsError for a spread below the context's tokens.
    """

    @dataclass(frozen=True)
    class Settings:
        """`max_offset`: the largest offset drawn in training within the context; null for as far as it reaches.

        `spread`: among how many positions, each with its vector, training draws those of a row instead.
        """

        max_offset: int | None = 0
        spread: int | None = None

        def __post_init__(self) -> None:
            if self.max_offset is not None and self.max_offset < 0:
                raise SettingsError(f"max_offset must be at least 0, got {self.max_offset}")
            if self.max_offset != 0 and self.spread is not None:
                raise SettingsError("max_offset and spread exclude each other; leave one of them away")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.placed = Spread(settings.spread, model)
        self.index = nn.Embedding(self.placed.size, model.d_model)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look the index up."""
        return self.index(self.placed(coordinates[..., INDEX]))

    @classmethod
    def offsets(cls, settings: Settings, model: ModelSettings) -> dict[int, Offsets]:
        """Shift the index."""
        return {INDEX: Offsets.within(settings.max_offset, model.context_length - 1)}
