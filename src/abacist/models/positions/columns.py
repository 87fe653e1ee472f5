"""Rotary positions on ruled paper: columns, numbers, lines, rows and places."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings

ROW, PLACE = 4, 5


class Columns(PositionScheme):
    """Rotate queries and keys along each coordinate of worked steps, in pairs of its own.

    A head finds "the digit of this place in the next number of the line above" by distances alone, so that
    what is learned in one place holds in all, in rows longer than any that was trained on too. Rows and
    places also get a learned vector, for what depends on where they stand: where decimals end. The pairs
    of a head that are left over are not rotated.

    Source: rotary positions are those of Su et al. 2021, arXiv:2104.09864; coordinates in place of the
    index are ours, see `text/steps/ruling.py`.
    Shapes: x (batch, n_heads, seq, d_head), returned unchanged in shape; coordinates (batch, seq, 6).
    Units: radians a step; places in powers of ten.
    Raises: SettingsError if the pairs do not fit d_head.
    """

    @dataclass(frozen=True)
    class Settings:
        """Speeds of each coordinate's rotated pairs; rows and places below `lowest` and above `highest` are one."""

        index: list[float] = field(default_factory=lambda: [1.5, 0.2])
        column: list[float] = field(default_factory=lambda: [1.8, 0.8, 0.25])
        item: list[float] = field(default_factory=lambda: [1.2, 0.3])
        line: list[float] = field(default_factory=lambda: [1.2, 0.25])
        row: list[float] = field(default_factory=lambda: [1.8, 0.8, 0.25])
        place: list[float] = field(default_factory=lambda: [1.8, 0.8, 0.25])
        lowest: int = -14
        highest: int = 26

    speeds: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        axes = [settings.index, settings.column, settings.item, settings.line, settings.row, settings.place]
        pairs = sum(map(len, axes))
        if model.d_head % 2 or 2 * pairs > model.d_head:
            raise SettingsError(f"{pairs} rotated pairs need a d_head of at least {2 * pairs}, got {model.d_head}")
        speeds, start = torch.zeros(len(axes), model.d_head // 2), 0
        for axis, own in enumerate(axes):
            speeds[axis, start : start + len(own)] = torch.tensor(own)
            start += len(own)
        self.register_buffer("speeds", speeds, persistent=False)
        self.lowest, self.highest = settings.lowest, settings.highest
        self.row = nn.Embedding(settings.highest - settings.lowest + 1, model.d_model)
        self.place = nn.Embedding(settings.highest - settings.lowest + 1, model.d_model)

    def embed(self, coordinates: Tensor) -> Tensor:
        """Look row and place up."""
        at = coordinates[..., ROW:].clamp(self.lowest, self.highest) - self.lowest
        added: Tensor = self.row(at[..., 0]) + self.place(at[..., 1])
        return added

    def rotate(self, x: Tensor, coordinates: Tensor) -> Tensor:
        """Turn each pair (x_i, x_{i + d_head/2}) by the angle of its coordinate."""
        angle = coordinates.float() @ self.speeds
        cos, sin = (part.to(x.dtype).repeat(1, 1, 2).unsqueeze(1) for part in (angle.cos(), angle.sin()))
        first, second = x.chunk(2, dim=-1)
        return x * cos + torch.cat((-second, first), dim=-1) * sin
