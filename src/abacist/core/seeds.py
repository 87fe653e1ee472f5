"""Random streams named by keys, so that neighbouring seeds share nothing.

A stream is a function of (seed, keys...) alone: batch 7 of split "train" is the same
whether or not batches 0 to 6 were drawn. Resuming a run therefore needs no saved generator.
"""

import hashlib
import random

import numpy as np


def key_to_integer(*keys: int | str) -> int:
    """Return a 64-bit integer that depends on every key and on their order."""
    text = "\x1f".join(str(key) for key in keys)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def stream(*keys: int | str) -> random.Random:
    """Return the random stream of these keys, e.g. `stream(seed, "train", batch_index)`."""
    return random.Random(key_to_integer(*keys))


def generator(*keys: int | str) -> np.random.Generator:
    """Return the stream of these keys as numpy draws from it: whole columns at once."""
    return np.random.default_rng(key_to_integer(*keys))
