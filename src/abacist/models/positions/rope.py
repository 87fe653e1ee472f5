"""Rotary positions."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, PositionScheme
from abacist.models.settings import ModelSettings
from abacist.models.spread import Spread


class Rope(PositionScheme):
    """Rotate queries and keys by an angle proportional to position.

    The first half of a head's width is paired with the second half.

    Source: Su et al. 2021, arXiv:2104.09864.
    Shapes: x (batch, n_heads, seq, d_head), returned unchanged in shape.
    Units: position in tokens, angle in radians.
    Raises: SettingsError if d_head is odd, or for a spread below the context's tokens.
    """

    @dataclass(frozen=True)
    class Settings:
        """`base`: the slowest of the d_head / 2 rotations takes about 2 pi base tokens.

        `periods`: how many tokens each rotation takes instead, d_head / 2 of them. In rows of one shape a period can
        bring columns that belong together to the same angle. `spread`: among how many positions training draws those
        of a row.
        """

        base: float = 10_000.0
        periods: list[float] | None = None
        spread: int | None = None

        def __post_init__(self) -> None:
            if self.periods is not None and not (self.periods and min(self.periods) > 0):
                raise SettingsError(f"periods must be numbers above 0, got {self.periods}")

    cos: Tensor
    sin: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        if model.d_head % 2:
            raise SettingsError(f"rotary positions need an even d_head, got {model.d_head} (d_model / n_heads)")
        if settings.periods is None:
            speed = settings.base ** -(torch.arange(0, model.d_head, 2, dtype=torch.float32) / model.d_head)
        elif 2 * len(settings.periods) == model.d_head:
            speed = 2 * math.pi / torch.tensor(settings.periods)
        else:
            raise SettingsError(f"a d_head of {model.d_head} has {model.d_head // 2} periods, got {settings.periods}")
        self.placed = Spread(settings.spread, model)
        angle = torch.arange(self.placed.size, dtype=torch.float32)[:, None] * speed
        self.register_buffer("cos", angle.cos().repeat(1, 2), persistent=False)
        self.register_buffer("sin", angle.sin().repeat(1, 2), persistent=False)

    def rotate(self, x: Tensor, coordinates: Tensor) -> Tensor:
        """Turn each pair (x_i, x_{i + d_head/2}) by its angle."""
        index = self.placed(coordinates[..., INDEX])
        cos, sin = self.cos[index].unsqueeze(1), self.sin[index].unsqueeze(1)
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat((-second, first), dim=-1)
        return x * cos.to(x.dtype) + turned * sin.to(x.dtype)
