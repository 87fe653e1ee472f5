"""Rows of token ids, side by side: starts, prompts, completions, ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from abacist.text.characters import without_gaps


@dataclass(frozen=True)
class Rows:
    """Examples as ids, padded with 0 on the right.

    Shapes: ids (rows, seq); prompt_lengths and lengths (rows,).
    Units: tokens; a prompt's length counts the start token, a row's the end token too.
    """

    ids: NDArray[np.int32]
    prompt_lengths: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    @classmethod
    def of(cls, prompts: NDArray[np.int32], completions: NDArray[np.int32], start_id: int, end_id: int) -> "Rows":
        """Join the ids of prompts and completions, each row's with zeros anywhere, and close the gaps.

        Raises: ValueError for a start or an end of id 0, which would be closed like a gap.
        """
        if 0 in (start_id, end_id):
            raise ValueError(f"0 is no token in rows; start and end are {start_id} and {end_id}")
        first, last = np.full((2, len(prompts), 1), [[[start_id]], [[end_id]]], dtype=np.int32)
        ids = np.hstack([first, prompts, completions, last])
        return cls(without_gaps(ids), 1 + (prompts != 0).sum(axis=1), (ids != 0).sum(axis=1))

    @classmethod
    def join(cls, parts: Sequence["Rows"]) -> "Rows":
        """Put rows below each other."""
        ids = np.zeros((sum(map(len, parts)), max(part.ids.shape[1] for part in parts)), dtype=np.int32)
        start = 0
        for part in parts:
            ids[start : start + len(part), : part.ids.shape[1]] = part.ids
            start += len(part)
        columns = zip(*((part.prompt_lengths, part.lengths) for part in parts), strict=True)
        return cls(ids, *map(np.concatenate, columns))

    def take(self, rows: NDArray[np.int64] | slice) -> "Rows":
        """Return some of the rows, as wide as the longest of them."""
        lengths = self.lengths[rows]
        return Rows(self.ids[rows, : int(lengths.max(initial=0))], self.prompt_lengths[rows], lengths)
