"""Batches: padding, the loss mask, and cutting into shorter and longer rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from abacist.text.batch import Batch, collate, pad_lists, tightened
from abacist.text.codec import Row

CLASSES = np.array([0, 0, 0, *[1] * 10])
ROW = st.builds(
    lambda prompt, answer: Row([1, *prompt, *answer, 2], 1 + len(prompt)),
    st.lists(st.integers(3, 12), max_size=9),
    st.lists(st.integers(3, 12), max_size=9),
)


def rows_of(batches: list[Batch]) -> list[tuple[list[int], int]]:
    """Each row's ids without padding, and how many of them count for the loss."""
    found = []
    for batch in batches:
        for ids, mask in zip(batch.ids, batch.loss_mask, strict=True):
            found.append((ids[ids != 0].tolist(), int(mask.sum())))
    return sorted(found)


def test_padding_stands_on_the_right_and_never_counts():
    batch = collate([Row([1, 3, 4, 2], 2), Row([1, 3, 2], 2)], CLASSES, pad_id=0)
    assert batch.ids.tolist() == [[1, 3, 4, 2], [1, 3, 2, 0]]
    assert batch.loss_mask.tolist() == [[False, False, True, True], [False, False, True, False]]


def test_short_lists_are_filled_with_minus_one():
    assert pad_lists([[1, 2], [3], []]).tolist() == [[1, 2], [3, -1], [-1, -1]]
    assert pad_lists([]).shape == (0, 0)


@given(st.lists(ROW, min_size=1, max_size=30))
def test_cutting_keeps_every_row_and_saves_what_it_promises(rows):
    whole = collate(rows, CLASSES, pad_id=0, targets={"length": pad_lists([[len(row.ids)] for row in rows])})
    parts = tightened(whole)
    assert 1 <= len(parts) <= 2
    assert rows_of(parts) == rows_of([whole])
    for part in parts:
        assert part.ids.shape == part.loss_mask.shape == part.coordinates.shape[:2]
        assert (part.targets["length"][:, 0] == (part.ids != 0).sum(axis=1)).all()
    if len(parts) == 2:
        assert sum(part.ids.size for part in parts) <= 0.85 * whole.ids.size


def test_rows_of_one_length_stay_together():
    whole = collate([Row([1, 3, 4, 2], 2)] * 5, CLASSES, pad_id=0)
    assert tightened(whole) == [whole]


def test_one_long_row_among_short_ones_is_cut_off():
    whole = collate([Row([1, 3, 2], 2)] * 9 + [Row([1, *[3] * 28, 2], 2)], CLASSES, pad_id=0)
    assert [part.ids.shape for part in tightened(whole)] == [(9, 3), (1, 30)]
