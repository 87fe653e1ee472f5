"""Short examples one behind the other in long rows, so that nothing is padded."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.text.rows import Rows


@dataclass(frozen=True)
class Packed:
    """Rows full of examples. Shapes: ids and loss_mask (rows, seq), the latter true at what is to be predicted."""

    ids: NDArray[np.int64]
    loss_mask: NDArray[np.bool_]


AHEAD = 16
"""Examples looked at for one that fits what is left of a row."""


def arranged(lengths: Sequence[int], seq: int) -> Iterator[list[int]]:
    """Yield, row by row, which of these lengths share a row of `seq`, about in their order; longer ones are left away.

    A row ends where none of the next ones fits.
    """
    left = iter([index for index, length in enumerate(lengths) if length <= seq])
    waiting = list(itertools.islice(left, AHEAD))
    while waiting:
        row: list[int] = []
        room = seq
        while (place := next((i for i, index in enumerate(waiting) if lengths[index] <= room), None)) is not None:
            index = waiting.pop(place)
            row.append(index)
            room -= lengths[index]
            waiting += itertools.islice(left, 1)
        yield row


def pack(examples: Rows, seq: int, rows: int) -> Packed | None:
    """Fill `rows` rows of `seq` tokens with examples about in their order; None if there are too few of them.

    A row ends with padding where none of the next examples fits. Examples longer than a row are left away.
    """
    ids = np.zeros((rows, seq), dtype=np.int64)
    loss_mask = np.zeros((rows, seq), dtype=np.bool_)
    lengths, prompts = examples.lengths.tolist(), examples.prompt_lengths.tolist()
    # One row more than wanted: the last one that there is has room for what would come next.
    filled = list(itertools.islice(arranged(lengths, seq), rows + 1))
    if len(filled) <= rows:
        return None
    for row, indices in enumerate(filled[:rows]):
        start = 0
        for index in indices:
            end = start + lengths[index]
            ids[row, start:end] = examples.ids[index, : lengths[index]]
            loss_mask[row, start + prompts[index] : end] = True
            start = end
    return Packed(ids, loss_mask)
