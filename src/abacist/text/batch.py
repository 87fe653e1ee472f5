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


def separated(batch: Batch, classes: Integers) -> Batch:
    """Return a batch with a row of its own for each prompt with its completion, where several share a row."""
    counts = batch.loss_mask
    begins, ends = counts.copy(), counts.copy()
    begins[:, 1:] &= ~counts[:, :-1]
    ends[:, :-1] &= ~counts[:, 1:]
    rows, completions = begins.nonzero()
    if len(rows) == len(counts):
        return batch
    stops = ends.nonzero()[1] + 1
    starts = np.where(np.diff(rows, prepend=-1) == 0, np.roll(stops, 1), 0)
    places = np.arange((stops - starts).max())
    there = places < (stops - starts)[:, None]
    ids = batch.ids[rows[:, None], np.where(there, starts[:, None] + places, 0)] * there
    return Batch(ids, coordinates(ids, classes), there & (places >= (completions - starts)[:, None]))


def longest_completion(batch: Batch) -> int:
    """Return the tokens of the longest completion, its end included."""
    longest, run = 0, np.zeros(len(batch.loss_mask), dtype=np.int64)
    for column in batch.loss_mask.T:
        run = (run + 1) * column
        longest = max(longest, int(run.max()))
    return longest


def joined(batches: Sequence[Batch]) -> Batch:
    """Put batches one under the other, padded to the longest row of all, and so with the targets that all have."""

    def stacked(arrays: Sequence[NDArray[Any]], empty: int = 0) -> NDArray[Any]:
        seq = max(a.shape[1] for a in arrays)
        padded = (
            np.pad(a, [(0, 0), (0, seq - a.shape[1]), *[(0, 0)] * (a.ndim - 2)], constant_values=empty) for a in arrays
        )
        return np.concatenate(list(padded))

    return Batch(
        stacked([batch.ids for batch in batches]),
        stacked([batch.coordinates for batch in batches]),
        stacked([batch.loss_mask for batch in batches]),
        {name: stacked([batch.targets[name] for batch in batches], -1) for name in batches[0].targets},
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
