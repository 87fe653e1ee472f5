"""Position coupling: what belongs together shares a position."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, PLACE, Offsets, PositionScheme
from abacist.models.settings import ModelSettings


class Coupled(PositionScheme):
    """Add a learned vector for a position that digits of one significance share, in operands and answer.

    Every token outside numbers (signs, `=`) has the position beside the least significant digit, and is
    shifted with the digits: from `=` the answer's first digit is one step away, wherever the row was
    shifted to. The row's first token has a position of its own, which is never shifted. In training each
    row starts at a random position that leaves room for it. A digit's place within its number must be its
    significance: digits reversed, as in `reversed`. Places beyond `places` share the last position.

    Source: Cho et al. 2024, arXiv:2405.20671, section 3. There operands stand in reading order and positions
    fall from `+` and `=` on through the answer; with operands reversed they rise, which is the same to
    learned vectors.
    """

    @dataclass(frozen=True)
    class Settings:
        """`max_offset`: the largest offset drawn in training; null for as far as `places` reaches."""

        places: int = 32
        max_offset: int | None = None

        def __post_init__(self) -> None:
            if self.places < 1:
                raise SettingsError(f"places must be at least 1, got {self.places}")
            if self.max_offset is not None and self.max_offset < 0:
                raise SettingsError(f"max_offset must be at least 0, got {self.max_offset}")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        # The first token's vector, that of tokens outside numbers in a row that is not shifted, and those of places.
        self.position = nn.Embedding(2 + settings.places, model.d_model)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look the shared position up; outside numbers a row's offset comes with a minus sign."""
        shared = (1 + coordinates[..., PLACE].abs()).clamp(max=self.position.num_embeddings - 1)
        return self.position(torch.where(coordinates[..., INDEX] == 0, 0, shared))

    @classmethod
    def last_place(cls, settings: Settings) -> int:
        """Return the last place with a vector of its own."""
        return settings.places

    @classmethod
    def offsets(cls, settings: Settings, model: ModelSettings) -> dict[int, Offsets]:
        """Shift places."""
        return {PLACE: Offsets.within(settings.max_offset, settings.places)}
