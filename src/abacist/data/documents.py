"""Whole documents of a corpus in rows, several one behind the other, each with its start and end."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import DataError
from abacist.core.seeds import generator
from abacist.data.packing import arranged
from abacist.data.tokens import Tokens
from abacist.text.tokenizer import Tokenizer


class PackedDocuments:
    """Endless rows in which no document begins or ends unmarked.

    A row holds documents that fit it together, each between start and end. One that is longer than a row is cut to
    rows of its own: it has its start in the first and its end in the last, which others may share. Which documents
    share a row is drawn once from the seed; each pass over the rows is in a fresh order, so that a row is a function
    of the seed and its number.
    """

    def __init__(self, tokens: Tokens, tokenizer: Tokenizer, seed: int, seq: int):
        """`seq`: tokens of a row, at least 2, the one that is only predicted among them. Raises: DataError."""
        if not len(tokens) or seq < 2:
            raise DataError(f"{len(tokens):,} tokens cannot fill rows of {seq}")
        self.tokens, self.tokenizer, self.seed, self.seq = tokens, tokenizer, seed, seq
        ends = np.append(tokens.documents[1:], len(tokens))
        begins, ends = (each[ends > tokens.documents] for each in (tokens.documents, ends))
        # Places count a document's start and end. What is cut goes on with the place that ended the row before,
        # from which the next one is predicted.
        places = ends - begins + 2
        counts = np.maximum(1, -(-(places - 1) // (seq - 1)))
        of, before = np.repeat(np.arange(len(places)), counts), np.repeat(counts.cumsum() - counts, counts)
        first = (np.arange(len(of)) - before) * (seq - 1)
        after = np.minimum(first + seq, places[of])
        self._pieces = np.stack([begins[of], ends[of], first, after], axis=1)
        whole = after - first == seq
        rest = generator(seed, "documents").permutation(np.flatnonzero(~whole))
        shared = list(arranged((after - first)[rest].tolist(), seq))
        # Pieces row by row, and where each row begins among them.
        indices = [rest[index] for row in shared for index in row]
        self._indices = np.concatenate([np.flatnonzero(whole), np.array(indices, dtype=np.int64)])
        sizes = np.concatenate(
            [np.ones(int(whole.sum()), dtype=np.int64), np.array([*map(len, shared)], dtype=np.int64)]
        )
        self._starts = np.append(0, sizes.cumsum())
        self._order = lru_cache(maxsize=2)(self._order_of_pass)

    def __len__(self) -> int:
        """Rows of a pass."""
        return len(self._starts) - 1

    def _order_of_pass(self, number: int) -> NDArray[np.int64]:
        return generator(self.seed, "documents", "pass", number).permutation(len(self))

    def row(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Make one row, counted over all passes: its ids, and which of them are to be predicted. Shapes: (seq,)."""
        ids = np.full(self.seq, self.tokenizer.pad_id, dtype=np.int64)
        loss_mask = np.zeros(self.seq, dtype=np.bool_)
        start = 0
        chosen = self._order(number // len(self))[number % len(self)]
        for piece in self._indices[self._starts[chosen] : self._starts[chosen + 1]]:
            part = self._ids(*self._pieces[piece].tolist())
            ids[start : start + len(part)] = part
            loss_mask[start : start + len(part)] = True
            loss_mask[start] = False  # what stands before it is another document, or nothing
            start += len(part)
        return ids, loss_mask

    def _ids(self, begin: int, end: int, first: int, after: int) -> NDArray[np.int64]:
        """Return the ids of the places of a document from `first` on."""
        inside = self.tokens.take(begin + max(0, first - 1), min(end, begin + after - 1))
        starts = [self.tokenizer.start_id] if first == 0 else []
        finishes = [self.tokenizer.end_id] if after == end - begin + 2 else []
        return np.concatenate([np.array(starts, dtype=np.int64), inside, np.array(finishes, dtype=np.int64)])
