"""Rows of unequal length, side by side: what a model is trained on in one step."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abacist.text.codec import Row
from abacist.text.coordinates import Integers, coordinates
from abacist.text.rows import Rows


@dataclass(frozen=True)
class Batch:
    """Rows padded on the right to the longest of them.

    Shapes: ids (rows, seq); coordinates (rows, seq, 3); loss_mask (rows, seq), true at the tokens
    the model has to predict; each further target (rows, its own length), -1 where a row has less.
    """

    ids: Integers
    coordinates: Integers
    loss_mask: NDArray[np.bool_]
    targets: Mapping[str, Integers] = field(default_factory=dict)


def collate(rows: Sequence[Row], classes: Integers, pad_id: int) -> Batch:
    """Pad rows to a batch; the loss falls on each row's completion and its end token only."""
    length = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), length), pad_id, dtype=np.int64)
    loss_mask = np.zeros((len(rows), length), dtype=np.bool_)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        loss_mask[index, row.prompt_length : len(row.ids)] = True
    return Batch(ids, coordinates(ids, classes), loss_mask)


def batch_of(rows: Rows, classes: Integers) -> Batch:
    """Make a batch of rows; the loss falls on each row's completion and its end token only."""
    places = np.arange(rows.ids.shape[1])
    loss_mask = (places >= rows.prompt_lengths[:, None]) & (places < rows.lengths[:, None])
    ids = rows.ids.astype(np.int64)
    return Batch(ids, coordinates(ids, classes), loss_mask)


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches one under the other, padded to the longest row of all; further targets are left away."""
    seq = max(batch.ids.shape[1] for batch in batches)

    def stacked(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([np.pad(a, [(0, 0), (0, seq - a.shape[1]), *[(0, 0)] * (a.ndim - 2)]) for a in arrays])

    return Batch(
        stacked([batch.ids for batch in batches]),
        stacked([batch.coordinates for batch in batches]),
        stacked([batch.loss_mask for batch in batches]),
    )


def parts(batch: Batch, count: int) -> list[Batch]:
    """Cut a batch into so many of about as many rows each."""
    if count == 1:
        return [batch]
    borders = [len(batch.ids) * place // count for place in range(count + 1)]
    return [
        Batch(
            batch.ids[start:end],
            batch.coordinates[start:end],
            batch.loss_mask[start:end],
            {name: target[start:end] for name, target in batch.targets.items()},
        )
        for start, end in itertools.pairwise(borders)
    ]


def pad_lists(lists: Sequence[Sequence[int]]) -> Integers:
    """Stack lists of integers, filled up with -1 on the right."""
    table = np.full((len(lists), max(map(len, lists), default=0)), -1, dtype=np.int64)
    for index, values in enumerate(lists):
        table[index, : len(values)] = values
    return table
