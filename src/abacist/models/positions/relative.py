"""Relative coordinates: what attention adds for how far apart two tokens stand along each coordinate."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings


class Relative(PositionScheme):
    """Add to each score a learned number for the distance of its two tokens, along every coordinate.

    bias(q, k) = sum over axes of table[layer, head, axis, clip(k - q, -reach, reach)]. A head finds "the next
    place of the number before" by adding two tables. Everything farther than `reach` counts as equally far,
    so that distances beyond those of training are none that it has not seen.

    Source: clipped distances are those of Shaw et al. 2018, arXiv:1803.02155, learned numbers added to scores
    those of T5 (Raffel et al. 2019, arXiv:1910.10683); coordinates in place of the index are ours.
    Shapes: tables (n_layers, n_heads, axes, 2 reach + 1).
    Units: distances in steps of the coordinate.
    Raises: SettingsError if rows have another number of coordinates than `axes`.
    """

    @dataclass(frozen=True)
    class Settings:
        """`axes`: coordinates of a token: 3, or 6 in worked steps; `reach`: the farthest distance told apart."""

        axes: int = 3
        reach: int = 3

        def __post_init__(self) -> None:
            if self.axes < 1 or self.reach < 1:
                raise SettingsError(f"axes and reach must be at least 1, got {self.axes} and {self.reach}")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.axes, self.reach = settings.axes, settings.reach
        self.table = nn.Parameter(torch.zeros(model.n_layers, model.n_heads, self.axes, 2 * self.reach + 1))

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor:
        """Look every pair up."""
        if query.shape[-1] != self.axes:
            raise SettingsError(
                f"model.position.axes is {self.axes}, but the tokens have {query.shape[-1]} coordinates; set it to that"
            )
        distance = (key[:, None] - query[:, :, None]).clamp(-self.reach, self.reach) + self.reach
        total: Tensor | None = None
        for axis, table in enumerate(self.table[layer].unbind(1)):
            found = F.embedding(distance[..., axis], table.T)
            total = found if total is None else total + found
        assert total is not None
        return total.permute(0, 3, 1, 2)
