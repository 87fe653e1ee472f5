"""Relative coordinates: what attention adds for how far apart two tokens stand along each coordinate."""

import itertools
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings

AXES = {3: ("index", "place", "number"), 6: ("index", "column", "item", "line", "row", "place")}
"""Names of coordinates, by how many a token has; see `text/coordinates.py` and `text/steps/ruling.py`."""

COMBINATIONS = 2**17
"""Most numbers of a head's table for several axes at once, which is looked up once for all of them."""


class Relative(PositionScheme):
    """Add to each score a learned number for the distance of its two tokens, along every coordinate.

    bias(q, k) = sum over axes of table[layer, head, axis, clip(k - q, -reach, reach)]. A head finds "the next
    place of the number before" by adding two tables. Everything farther than `reach` counts as equally far,
    so that distances beyond those of training are none that it has not seen. Along the axes named in `near`
    a head does not see at all what is `reach` or more away: however long the row, a token sees as few others as
    in training.

    Source: clipped distances are those of Shaw et al. 2018, arXiv:1803.02155, learned numbers added to scores
    those of T5 (Raffel et al. 2019, arXiv:1910.10683); coordinates in place of the index are ours.
    Shapes: tables (n_layers, n_heads, axes, 2 reach + 1).
    Units: distances in steps of the coordinate.
    Raises: SettingsError if rows have another number of coordinates than `axes`, or none of a name in `near`.
    """

    @dataclass(frozen=True)
    class Settings:
        """`axes`: coordinates of a token: 3, or 6 in worked steps; `reach`: the farthest distance told apart.

        `near`: for each head along which of them the far is out of sight, of index, place, number, in worked steps
        of index, column, item, line, row, place; a shorter list is gone through again.
        """

        axes: int = 3
        reach: int = 3
        near: list[list[str]] = field(default_factory=list)

        def __post_init__(self) -> None:
            if self.axes not in AXES or self.reach < 1:
                raise SettingsError(f"axes must be 3 or 6, reach at least 1, got {self.axes} and {self.reach}")
            if unknown := [name for head in self.near for name in head if name not in AXES[self.axes]]:
                raise SettingsError(f"near: no axis {unknown[0]!r}; there are {', '.join(AXES[self.axes])}")

    out_of_sight: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.axes, self.reach = settings.axes, settings.reach
        self.table = nn.Parameter(torch.zeros(model.n_layers, model.n_heads, self.axes, 2 * self.reach + 1))
        width = 1
        while (2 * self.reach + 1) ** (width + 1) <= COMBINATIONS and width < self.axes:
            width += 1
        self.together = [slice(start, start + width) for start in range(0, self.axes, width)]
        hidden = torch.zeros(model.n_heads, self.axes, 2 * self.reach + 1, dtype=torch.bool)
        for head, names in zip(range(model.n_heads), itertools.cycle(settings.near)):
            for name in names:
                hidden[head, AXES[self.axes].index(name), [0, -1]] = True
        self.register_buffer("out_of_sight", hidden, persistent=False)

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor:
        """Look every pair up."""
        if query.shape[-1] != self.axes:
            raise SettingsError(
                f"model.position.axes is {self.axes}, but the tokens have {query.shape[-1]} coordinates; set it to that"
            )
        seen = self.table[layer].masked_fill(self.out_of_sight, -torch.inf)
        total: Tensor | None = None
        for axes in self.together:
            table, index = _combined(seen[:, axes], query[..., axes], key[..., axes], self.reach)
            # Head by head: on a CPU many times as fast as rows of all heads, which would then be turned around.
            found = torch.stack([own.take(index) for own in table], 1)
            total = found if total is None else total + found
        assert total is not None
        return total


def _combined(table: Tensor, query: Tensor, key: Tensor, reach: int) -> tuple[Tensor, Tensor]:
    """Return one table for several axes at once, and where in it each pair of places is found.

    Shapes: table (n_heads, axes, 2 reach + 1), which becomes (n_heads, (2 reach + 1) ** axes); query (batch, queries,
    axes) and key (batch, keys, axes), which become (batch, queries, keys).
    """
    sums = table[:, 0]
    index = torch.zeros((), dtype=torch.long, device=key.device)
    for axis in range(table.shape[1]):
        distance = (key[:, None, :, axis] - query[:, :, None, axis]).clamp_(-reach, reach).add_(reach)
        if axis:
            sums = (sums[:, :, None] + table[:, axis, None]).flatten(1)
        index = distance + index * table.shape[-1]
    return sums, index
