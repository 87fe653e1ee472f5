"""Relative coordinates: what attention adds for how far apart two tokens stand along each coordinate."""

import itertools
import math
from collections.abc import Sequence
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
    so that distances beyond those of training are none that it has not seen. With `sight` a head reads some axes
    only, and sees nothing but the token itself outside of a window along them: however long the row, it sees as few
    others as in training.

    Source: clipped distances are those of Shaw et al. 2018, arXiv:1803.02155, learned numbers added to scores
    those of T5 (Raffel et al. 2019, arXiv:1910.10683); coordinates in place of the index are ours.
    Shapes: tables (n_layers, n_heads, axes, 2 reach + 1), with the greatest reach of all axes.
    Units: distances in steps of the coordinate.
    Raises: SettingsError if rows have another number of coordinates than `axes`, or none of a name in `sight`.
    """

    @dataclass(frozen=True)
    class Settings:
        """`axes`: coordinates of a token: 3, or 6 in worked steps; `reach`: the farthest distance told apart.

        `reaches`: the same of single axes, where it is another. `sight`: for each head the axes that it reads, with
        the least and the greatest distance in sight (one of `reach` has no end); a shorter list is gone through again,
        and without one all heads read everything. Axes are index, place, number; in worked steps index, column, item,
        line, row, place.
        """

        axes: int = 3
        reach: int = 3
        reaches: dict[str, int] = field(default_factory=dict)
        sight: list[dict[str, tuple[int, int]]] = field(default_factory=list)

        def __post_init__(self) -> None:
            if self.axes not in AXES or min([self.reach, *self.reaches.values()]) < 1:
                raise SettingsError(f"axes must be 3 or 6, reach at least 1, got {self.axes} and {self.reach}")
            windows = [window for head in self.sight for window in head.items()]
            for where, name in [
                *(("reaches", name) for name in self.reaches),
                *(("sight", name) for name, _ in windows),
            ]:
                if name not in AXES[self.axes]:
                    raise SettingsError(f"{where}: no axis {name!r}; there are {', '.join(AXES[self.axes])}")
            for name, (least, greatest) in windows:
                reach = self.reaches.get(name, self.reach)
                if not -reach <= least <= greatest <= reach:
                    raise SettingsError(
                        f"sight.{name}: a window lies within {[-reach, reach]}, got {[least, greatest]}"
                    )
            if self.sight and (found := math.prod(2 * reach + 1 for reach in self.of_axes)) > COMBINATIONS:
                raise SettingsError(
                    f"reach: with sight at most {COMBINATIONS:,} combinations of distances are told apart, got "
                    f"{found:,}; lower reach, or reaches"
                )

        @property
        def of_axes(self) -> list[int]:
            """The reach of each axis."""
            return [self.reaches.get(name, self.reach) for name in AXES[self.axes]]

    itself: Tensor
    unread: Tensor
    out_of_sight: Tensor

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.axes, self.has_windows = settings.axes, bool(settings.sight)
        self.reaches, self.reach = settings.of_axes, max(settings.of_axes)
        self.table = nn.Parameter(torch.zeros(model.n_layers, model.n_heads, self.axes, 2 * self.reach + 1))
        self.together = _together(self.reaches)
        unread = torch.zeros(model.n_heads, self.axes, 1, dtype=torch.bool)
        out_of_sight = torch.zeros(model.n_heads, self.axes, 2 * self.reach + 1, dtype=torch.bool)
        distance = torch.arange(-self.reach, self.reach + 1)
        for head, windows in zip(range(model.n_heads), itertools.cycle(settings.sight)):
            unread[head] = True
            for name, (least, greatest) in windows.items():
                axis = AXES[self.axes].index(name)
                unread[head, axis] = False
                out_of_sight[head, axis] = (distance < least) | (distance > greatest)
        itself = torch.tensor([math.prod(2 * reach + 1 for reach in self.reaches) // 2])
        self.register_buffer("itself", itself, persistent=False)
        self.register_buffer("unread", unread, persistent=False)
        self.register_buffer("out_of_sight", out_of_sight, persistent=False)

    def bias(self, layer: int, query: Tensor, key: Tensor) -> Tensor:
        """Look every pair up."""
        if query.shape[-1] != self.axes:
            raise SettingsError(
                f"model.position.axes is {self.axes}, but the tokens have {query.shape[-1]} coordinates; set it to that"
            )
        read = self.table[layer].masked_fill(self.unread, 0)
        seen = read.masked_fill(self.out_of_sight, -torch.inf)
        total: Tensor | None = None
        for axes in self.together:
            table, index = _combined(seen[:, axes], query[..., axes], key[..., axes], self.reaches[axes])
            if self.has_windows:  # and one table; no distance at all is the token itself, which is always in sight
                table = table.index_fill(1, self.itself, 0).index_add(
                    1, self.itself, read[:, :, self.reach].sum(1, keepdim=True)
                )
            # Head by head: on a CPU many times as fast as rows of all heads, which would then be turned around.
            found = torch.stack([own.take(index) for own in table], 1)
            total = found if total is None else total + found
        assert total is not None
        return total


def _together(reaches: Sequence[int]) -> list[slice]:
    """Return which axes next to each other are looked up at once: as many as COMBINATIONS allow."""
    parts, start, size = [], 0, 1
    for axis, reach in enumerate(reaches):
        size *= 2 * reach + 1
        if size > COMBINATIONS and axis > start:
            parts.append(slice(start, axis))
            start, size = axis, 2 * reach + 1
    return [*parts, slice(start, len(reaches))]


def _combined(table: Tensor, query: Tensor, key: Tensor, reaches: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Return one table for several axes at once, and where in it each pair of places is found.

    Shapes: table (n_heads, axes, 2 reach + 1) with the greatest reach of all, which becomes (n_heads, product of
    2 reach + 1 of these axes); query (batch, queries, axes) and key (batch, keys, axes), which become (batch, queries,
    keys).
    """
    middle = table.shape[-1] // 2
    sums = index = None
    for axis, reach in enumerate(reaches):
        own = table[:, axis, middle - reach : middle + reach + 1]
        distance = (key[:, None, :, axis] - query[:, :, None, axis]).clamp_(-reach, reach).add_(reach)
        sums = own if sums is None else (sums[:, :, None] + own[:, None]).flatten(1)
        index = distance if index is None else distance + index * own.shape[-1]
    assert sums is not None
    assert index is not None
    return sums, index
