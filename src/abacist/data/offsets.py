"""What training draws for its rows alone: offsets, positions far apart, hints moved on.

Positions and hints beyond those of training are learned in this way too; what is read or answered is never changed.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from abacist.text.batch import Batch
from abacist.text.coordinates import INDEX, Integers


def shifted(batch: Batch, offsets: Mapping[int, tuple[int, int]], rng: np.random.Generator) -> Batch:
    """Shift the coordinates of each row by an offset of its own, drawn anew for each axis.

    `offsets` has the largest offset and the largest coordinate for each axis that is shifted; an offset
    that would take a row beyond the latter is not drawn. A token that stands nowhere on an axis (outside
    numbers, or before the first: 0 on any axis but INDEX) gets minus the offset.
    """
    drawn = {axis: (most, top) for axis, (most, top) in sorted(offsets.items()) if most > 0}
    if not drawn:
        return batch
    coordinates = batch.coordinates.copy()
    for axis, (most, top) in drawn.items():
        values = coordinates[..., axis]
        room = np.clip(top - values.max(axis=1), 0, most)
        offset = rng.integers(0, room + 1)[:, None]
        values += offset if axis == INDEX else np.where(values > 0, offset, -offset)
    return dataclasses.replace(batch, coordinates=coordinates)


def spread(batch: Batch, size: int, longest: int, rng: np.random.Generator) -> Batch:
    """Put the tokens of each row at rising positions, drawn among `size`; the index becomes -1 - position.

    Each row is drawn as the beginning of one whose tokens, from the batch's number up to `longest`, are drawn
    first: near and far neighbours both occur, as they do where rows are answered whose length nobody knows
    beforehand. All positions of that row are sorted draws, each moved on by the draws before it: none comes
    twice, and sets of neighbours are a little rarer than others, the less so the larger `size`.

    Source: Ruoss et al. 2023, arXiv:2305.16843, section 3.1; rows end there where the positions do.
    Shapes: the batch has (rows, seq) tokens, seq <= longest <= size.
    """
    rows, seq = batch.ids.shape
    tokens = rng.integers(seq, longest + 1, size=(rows, 1))
    # Sorted uniform draws are sums of exponential ones; those after the row's last token come as one gamma draw.
    gaps = rng.standard_exponential((rows, seq))
    after = rng.standard_gamma(tokens + 1.0 - seq)
    reached = gaps.cumsum(axis=1)
    shares = reached / (reached[:, -1:] + after)
    positions = (shares * (size - tokens + 1)).astype(np.int64)
    coordinates = batch.coordinates.copy()
    coordinates[..., INDEX] = -1 - np.minimum(positions, size - tokens) - np.arange(seq)
    return dataclasses.replace(batch, coordinates=coordinates)


def moved(batch: Batch, hints: Integers, most: int | None, rng: np.random.Generator) -> Batch:
    """Move all hints of a row on by one random number of steps, 0 to `most`, and never beyond the last hint.

    `hints` are their ids in order; without `most` they move as far as they reach. Where several problems share
    a row, they are moved together.
    """
    if most == 0 or not len(hints):
        return batch
    steps = np.full(max(int(hints.max(initial=0)), int(batch.ids.max(initial=0))) + 1, -1)
    steps[hints] = np.arange(len(hints))
    at = steps[batch.ids]
    room = np.clip(len(hints) - 1 - at.max(axis=1), 0, most)
    offset = rng.integers(0, room + 1)[:, None]
    return dataclasses.replace(batch, ids=np.where(at >= 0, hints[at + np.where(at >= 0, offset, 0)], batch.ids))
