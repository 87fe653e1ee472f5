"""Learned embeddings of digit place and number index."""

from dataclasses import dataclass

from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, NUMBER, PLACE, Offsets, PositionScheme
from abacist.models.settings import ModelSettings


class Places(PositionScheme):
    """Add a learned vector for the digit's place within its number, and one for which number it is.

    With digits reversed the place is the power of ten, so equal places of operands and answer share
    a vector: columns line up without counting. Larger places and numbers than `places` and
    `numbers` share the last vector.

    Source: the place embedding is that of Abacus, McLeish et al. 2024, arXiv:2405.17399.
    """

    @dataclass(frozen=True)
    class Settings:
        """How many places and numbers are told apart; `index` adds a vector for the index in the row too.

        `place_offset` and `number_offset` are the largest offsets drawn in training; null for as far as the
        vectors reach.
        """

        places: int = 16
        numbers: int = 8
        index: bool = False
        place_offset: int | None = 0
        number_offset: int | None = 0

        def __post_init__(self) -> None:
            if self.places < 1 or self.numbers < 1:
                raise SettingsError(f"places and numbers must be at least 1, got {self.places} and {self.numbers}")
            if min(self.place_offset or 0, self.number_offset or 0) < 0:
                raise SettingsError(
                    f"offsets must be at least 0, got place_offset {self.place_offset} "
                    f"and number_offset {self.number_offset}"
                )

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.place = nn.Embedding(settings.places + 1, model.d_model)
        self.number = nn.Embedding(settings.numbers + 1, model.d_model)
        self.index = nn.Embedding(model.context_length, model.d_model) if settings.index else None

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look place and number up."""
        place = coordinates[..., PLACE].clamp(0, self.place.num_embeddings - 1)
        number = coordinates[..., NUMBER].clamp(0, self.number.num_embeddings - 1)
        added: Tensor = self.place(place) + self.number(number)
        return added if self.index is None else added + self.index(coordinates[..., INDEX])

    @classmethod
    def last_place(cls, settings: Settings) -> int:
        """Return the last place with a vector of its own."""
        return settings.places

    @classmethod
    def offsets(cls, settings: Settings, model: ModelSettings) -> dict[int, Offsets]:
        """Shift places and numbers."""
        return {
            PLACE: Offsets.within(settings.place_offset, settings.places),
            NUMBER: Offsets.within(settings.number_offset, settings.numbers),
        }
