"""FIRE: a learned function of distance, relative to how long the row is so far."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.position import INDEX, PositionScheme
from abacist.models.settings import ModelSettings
from abacist.models.spread import Spread


class Fire(PositionScheme):
    """Add f(psi(i - j) / psi(max(L, i))) to the score of query i and key j, with psi(x) = log(c x + 1).

    f is a network with one hidden layer, for all heads at once; the scale c > 0 and the threshold L are
    learned. What goes into f lies between 0 and 1 in rows of any length.

    Source: Li et al. 2023, arXiv:2310.04418, equations 5 and 6. The same function serves all layers.
    Units: distance in tokens, or in positions where they are spread.
    Raises: SettingsError for a spread below the context's tokens.
    """

    @dataclass(frozen=True)
    class Settings:
        """`hidden`: width of f's hidden layer; `scale` and `threshold`: c and L at the start.

        `spread`: among how many positions training draws those of a row.
        """

        hidden: int = 32
        scale: float = 0.1
        threshold: float = 64.0
        spread: int | None = None

        def __post_init__(self) -> None:
            if self.hidden < 1 or self.scale <= 0 or self.threshold <= 0:
                raise SettingsError("hidden must be at least 1, scale and threshold above 0")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.placed = Spread(settings.spread, model)
        self.hidden = nn.Parameter(torch.empty(2, 1, settings.hidden).uniform_(-1, 1))  # factors, then addends
        self.out = nn.Linear(settings.hidden, model.n_heads, bias=False)  # what all keys get changes no softmax
        self.start = settings.scale, settings.threshold
        self.growth = nn.Parameter(torch.zeros(2))  # of both since the start, in logarithms

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor:
        """Compute every pair; keys after a query, which attention masks, count as distance 0."""
        i, j = (self.placed(at[..., INDEX]).float() for at in (query[:, :, None], key[:, None]))
        scale, threshold = (now * start for now, start in zip(self.growth.exp(), self.start, strict=True))
        distance = torch.log1p(scale * (i - j).clamp(min=0)) / torch.log1p(scale * torch.maximum(i, threshold))
        added: Tensor = self.out(F.relu(distance.unsqueeze(-1) * self.hidden[0] + self.hidden[1]))
        return added.permute(0, 3, 1, 2)
