"""How well a text is predicted by counting alone: which token follows which, and how often."""

import math

import numpy as np

from abacist.data.tokens import Tokens

MOST = 2048
"""Different tokens beyond which no table of pairs is made: it has their square of cells."""

CHUNK = 2**20
"""Tokens counted at once."""


def pair_counts(side: Tokens, vocab_size: int) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Count how often each token follows each. Shape: (vocab_size, vocab_size), the first token first."""
    counts = np.zeros(vocab_size * vocab_size, dtype=np.int64)
    for start in range(0, len(side) - 1, CHUNK):
        ids = side.take(start, start + CHUNK + 1)
        counts += np.bincount(ids[:-1] * vocab_size + ids[1:], minlength=len(counts))
    return counts.reshape(vocab_size, vocab_size)


def counted_loss(train: Tokens, validation: Tokens, vocab_size: int, extra: float = 0.1) -> float | None:
    """Return the loss on a text of the table of pairs counted in another, in nats a token.

    Every pair counts as if it had been seen `extra` times more (additive smoothing), so that what never occurred
    is possible. With 0 and both texts the same it is the least that any table of pairs can reach on that text.
    None where the vocabulary is too large, or there is no pair.
    """
    if vocab_size > MOST or len(train) < 2 or len(validation) < 2:
        return None
    counts = pair_counts(train, vocab_size) + extra
    asked = pair_counts(validation, vocab_size)
    first, second = np.nonzero(asked)
    chances = counts[first, second] / counts.sum(axis=1)[first]
    if not chances.all():
        return math.inf
    return float(-(asked[first, second] * np.log(chances)).sum() / asked.sum())
