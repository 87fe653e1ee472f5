"""Batches: padding and the loss mask."""

import numpy as np

from abacist.text.batch import collate, pad_lists
from abacist.text.codec import Row

CLASSES = np.array([0, 0, 0, *[1] * 10])


def test_padding_stands_on_the_right_and_never_counts():
    batch = collate([Row([1, 3, 4, 2], 2), Row([1, 3, 2], 2)], CLASSES, pad_id=0)
    assert batch.ids.tolist() == [[1, 3, 4, 2], [1, 3, 2, 0]]
    assert batch.loss_mask.tolist() == [[False, False, True, True], [False, False, True, False]]


def test_short_lists_are_filled_with_minus_one():
    assert pad_lists([[1, 2], [3], []]).tolist() == [[1, 2], [3, -1], [-1, -1]]
    assert pad_lists([]).shape == (0, 0)
