"""Abacus embeddings: a learned vector for the digit's place, shifted at random in training."""

from dataclasses import dataclass

from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import PLACE, Offsets, PositionScheme
from abacist.models.settings import ModelSettings


class Abacus(PositionScheme):
    """Add a learned vector for the digit's place within its number; tokens outside numbers get none.

    In training the places of all numbers of a row are shifted by one random offset, so that the vectors
    of places beyond those of training learn too, and longer numbers can be read. Places are powers of ten
    where digits are reversed. Places beyond `places` share the last vector.

    Source: McLeish et al. 2024, arXiv:2405.17399, section 3: the first digit's place is drawn from 1..k in
    training, for every batch there and for every row here, and is 1 otherwise.
    """

    @dataclass(frozen=True)
    class Settings:
        """`max_offset`: the largest offset, k - 1; null for as far as `places` reaches."""

        places: int = 32
        max_offset: int | None = None

        def __post_init__(self) -> None:
            if self.places < 1:
                raise SettingsError(f"places must be at least 1, got {self.places}")
            if self.max_offset is not None and self.max_offset < 0:
                raise SettingsError(f"max_offset must be at least 0, got {self.max_offset}")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.place = nn.Embedding(settings.places, model.d_model)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look the place up."""
        place = coordinates[..., PLACE]
        vectors: Tensor = self.place(place.clamp(1, self.place.num_embeddings) - 1)
        return vectors * (place > 0).unsqueeze(-1)

    @classmethod
    def last_place(cls, settings: Settings) -> int:
        """Return the last place with a vector of its own."""
        return settings.places

    @classmethod
    def offsets(cls, settings: Settings, model: ModelSettings) -> dict[int, Offsets]:
        """Shift places."""
        return {PLACE: Offsets.within(settings.max_offset, settings.places)}
