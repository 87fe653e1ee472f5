"""Rows with masked tokens: what a bidirectional model is trained on.

The mask is one more token behind the vocabulary's last; tokenizers do not know it. It has a class like any token,
so that the coordinates of masked places come from the same rule as all others.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.text.batch import Batch, separated
from abacist.text.coordinates import DIGIT, OTHER, Integers, coordinates
from abacist.text.steps import ruling

TOKENS, LENGTHS = "tokens", "lengths"
"""Further targets of a masked batch: what stands at each place, (rows, seq), and each row's tokens, (rows, 1)."""

MASKED, REPLACED = 0.8, 0.1
"""Of the tokens chosen in whole rows, the shares that become the mask, and another token; the rest stays."""


def with_mask(classes: Integers, is_digit: bool) -> Integers:
    """Return the table of classes with that of the mask at its end: a digit, or something else."""
    ruled = ruling.is_ruled(classes)
    mask = (ruling.DIGIT if ruled else DIGIT) if is_digit else (ruling.OTHER if ruled else OTHER)
    return np.append(classes, mask)


def draws(batch: Batch, rng: np.random.Generator | None) -> Callable[[], NDArray[np.float64]]:
    """Return what draws a number in 0..1 for each token, (rows, seq).

    Without a generator a row's own tokens decide, so that what is measured is the same each time, and in any company.
    """
    if rng is not None:
        return lambda: rng.random(batch.ids.shape)
    kept = lengths(batch)
    own = [generator("row", *row[:length].tolist()) for row, length in zip(batch.ids, kept, strict=True)]
    return lambda: np.stack([each.random(batch.ids.shape[1]) for each in own])


def lengths(batch: Batch) -> Integers:
    """Return how many tokens each row has: those up to the last that counts."""
    seq = batch.loss_mask.shape[1]
    ends: Integers = seq - batch.loss_mask[:, ::-1].argmax(axis=1)
    return ends


def answers_masked(
    batch: Batch, classes: Integers, width: int | None, room: int, shares: bool, rng: np.random.Generator | None
) -> Batch:
    """Put `width` masks in the place of each answer, or, without a width, as many as lead to `room` tokens.

    So nothing tells how long an answer is. The loss falls on the answer and its end; what is behind it is masked and
    never asked for. With `shares` and a generator a random number of an answer's tokens are masked, 1 to all, and
    the others are shown.

    Source of the shares: Ghazvininejad et al. 2019, arXiv:1904.09324, section 3.1.
    Raises: SettingsError for an answer that is longer.
    """
    batch = separated(batch, classes)
    start, end = batch.loss_mask.argmax(axis=1), lengths(batch)
    stop = np.minimum(start + width, room) if width is not None else np.full(len(start), room)
    if (end > stop).any():
        row = int((end - stop).argmax())
        raise SettingsError(
            f"kind.width: an answer of {end[row] - start[row]} tokens, its end included, does not fit "
            f"{stop[row] - start[row]} masked places behind a prompt of {start[row]} tokens; make kind.width or "
            "model.context_length larger"
        )
    seq = int(stop.max())
    places = np.arange(seq)
    more = [(0, 0), (0, max(0, seq - batch.ids.shape[1]))]
    tokens, counts = np.pad(batch.ids, more)[:, :seq], np.pad(batch.loss_mask, more)[:, :seq]
    if shares and rng is not None:
        wanted = rng.integers(1, end - start + 1)
        order = np.where(counts, rng.random(counts.shape), 2.0).argsort(axis=1).argsort(axis=1)
        counts &= order < wanted[:, None]
    behind = (places >= end[:, None]) & (places < stop[:, None])
    ids = np.where(counts | behind, len(classes) - 1, tokens)
    targets = {**batch.targets, TOKENS: tokens, LENGTHS: stop[:, None]}
    return Batch(ids, coordinates(ids, classes), counts, targets)


def rows_masked(batch: Batch, classes: Integers, room: int, share: float, rng: np.random.Generator | None) -> Batch:
    """Choose a share of each row's tokens, one at least, never its first; the loss falls on these.

    Rows are cut to `room` tokens: a row of text has one more than a decoder reads. Of the chosen tokens 80 % are
    masked, 10 % become another token, and 10 % stay as they are.
    Source: Devlin et al. 2018, arXiv:1810.04805, section 3.1.
    """
    batch = dataclasses.replace(batch, ids=batch.ids[:, :room], loss_mask=batch.loss_mask[:, :room])
    draw, places, end = draws(batch, rng), np.arange(batch.ids.shape[1]), lengths(batch)
    possible = (places > 0) & (places < end[:, None])
    order = np.where(possible, draw(), 2.0).argsort(axis=1).argsort(axis=1)
    counts = order < np.maximum(1, np.rint(share * possible.sum(axis=1)))[:, None]
    fate, other = draw(), (draw() * (len(classes) - 1)).astype(np.int64)
    shown = np.where(fate < MASKED, len(classes) - 1, np.where(fate < MASKED + REPLACED, other, batch.ids))
    ids = np.where(counts, shown, batch.ids)
    targets = {**batch.targets, TOKENS: batch.ids, LENGTHS: end[:, None]}
    return dataclasses.replace(batch, ids=ids, coordinates=coordinates(ids, classes), loss_mask=counts, targets=targets)
