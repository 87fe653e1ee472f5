"""Masked rows: where the masks are, what the loss falls on, and that nothing tells how long an answer is."""

import numpy as np
import pytest

from abacist.core.errors import SettingsError
from abacist.text.batch import Batch, collate, joined, longest_completion, separated
from abacist.text.codec import Row
from abacist.text.coordinates import DIGIT, OTHER, coordinates
from abacist.text.masking import LENGTHS, TOKENS, answers_masked, rows_masked, with_mask
from abacist.text.steps import ruling

PLAIN = np.array([OTHER, OTHER, OTHER, *[DIGIT] * 10, OTHER])
CLASSES = with_mask(PLAIN, is_digit=True)
MASK = len(PLAIN)
ROWS = [Row([1, 4, 13, 5, 6, 7, 2], 3), Row([1, 4, 4, 13, 5, 2], 4), Row([1, 13, 2], 2)]


def batch() -> Batch:
    return collate(ROWS, PLAIN, pad_id=0)


def masked(width: int | None, shares: bool = False, seed: int | None = None) -> Batch:
    rng = None if seed is None else np.random.default_rng(seed)
    return answers_masked(batch(), CLASSES, width, 12, shares, rng)


def test_answers_become_masks_of_one_width_whatever_their_length():
    made = masked(5)
    assert made.ids.tolist() == [
        [1, 4, 13, *[MASK] * 5, 0],
        [1, 4, 4, 13, *[MASK] * 5],
        [1, 13, *[MASK] * 5, 0, 0],
    ]
    assert made.targets[LENGTHS].tolist() == [[8], [9], [7]]
    assert made.targets[TOKENS][made.loss_mask].tolist() == [5, 6, 7, 2, 5, 2, 2]
    assert (made.coordinates == coordinates(made.ids, CLASSES)).all()


def test_without_a_width_masks_lead_to_the_end_of_the_context():
    made = masked(None)
    assert made.ids.shape == (3, 12)
    assert made.targets[LENGTHS].tolist() == [[12]] * 3
    assert ((made.ids == MASK).sum(axis=1) == [9, 8, 10]).all()


def test_masked_digits_count_places_as_the_answer_s_digits_do():
    made = masked(5)
    assert made.coordinates[0, 3:8, 1:].tolist() == [[place, 2] for place in range(1, 6)]
    other = answers_masked(batch(), with_mask(PLAIN, is_digit=False), 5, 12, False, None)
    assert (other.coordinates[0, 3:8, 1] == 0).all()


def test_worked_steps_have_a_class_of_their_own_for_it():
    classes = ruling.token_classes(["<pad>", "<start>", "<end>", "7", "²"])
    assert with_mask(classes, is_digit=True)[-1] == ruling.DIGIT
    assert with_mask(classes, is_digit=False)[-1] == ruling.OTHER


def test_shares_show_some_of_an_answer_and_hide_what_is_behind_its_end():
    seen = set()
    for seed in range(200):
        made = masked(5, shares=True, seed=seed)
        assert (made.targets[TOKENS][:, :7] == batch().ids).all()
        of_first = made.ids[0, 3:8]
        assert of_first[4] == MASK
        assert ((of_first[:4] == MASK) == made.loss_mask[0, 3:7]).all()
        assert ((of_first[:4] == MASK) | (of_first[:4] == [5, 6, 7, 2])).all()
        seen.add(tuple(made.loss_mask[0, 3:7].tolist()))
    assert len(seen) == 15, "every set of at least one token is drawn"
    assert masked(5, shares=True).loss_mask.sum() == batch().loss_mask.sum(), "in evaluation all of it is masked"


def test_an_answer_without_room_is_one_clear_line():
    with pytest.raises(SettingsError, match=r"an answer of 4 tokens, its end included, does not fit 3 masked places"):
        masked(3)


def test_whole_rows_are_masked_as_bert_does():
    rng = np.random.default_rng(1)
    ids = rng.integers(3, 13, size=(200, 40))
    counts = np.ones(ids.shape, dtype=np.bool_)
    counts[:, 0] = False
    counts[:, 31:] = False
    rows = Batch(ids, coordinates(ids, PLAIN), counts)
    made = rows_masked(rows, CLASSES, 36, 0.2, rng)
    assert made.ids.shape == (200, 36)
    assert (made.loss_mask.sum(axis=1) == 6).all()
    assert not made.loss_mask[:, 0].any()
    assert not made.loss_mask[:, 31:].any()
    chosen, before = made.ids[made.loss_mask], ids[:, :36][made.loss_mask]
    assert (made.ids[~made.loss_mask] == ids[:, :36][~made.loss_mask]).all()
    assert 0.76 < (chosen == MASK).mean() < 0.84
    # One in fourteen of the tokens put in another's place is the one that was there.
    assert 0.07 < (chosen == before).mean() < 0.14
    assert chosen.max() == MASK


def test_prompts_that_share_a_row_get_rows_of_their_own():
    ids = np.array([[token for row in ROWS for token in row.ids] + [0], [*ROWS[2].ids] * 4 + [0] * 5])
    counts = np.zeros(ids.shape, dtype=np.bool_)
    counts[0, [3, 4, 5, 6, 11, 12, 15]] = True
    counts[1, [2, 5, 8, 11]] = True
    apart = separated(Batch(ids, coordinates(ids, PLAIN), counts), PLAIN)
    plain = collate([*ROWS, *[ROWS[2]] * 4], PLAIN, pad_id=0)
    assert (apart.ids == plain.ids).all()
    assert (apart.loss_mask == plain.loss_mask).all()
    assert separated(plain, PLAIN) is plain
    assert [longest_completion(each) for each in (apart, Batch(ids, ids, counts))] == [4, 4]


def test_joined_batches_keep_the_targets_of_each():
    one, other = masked(5), masked(None)
    both = joined([one, other])
    assert both.ids.shape == (6, 12)
    assert both.targets[LENGTHS].ravel().tolist() == [8, 9, 7, 12, 12, 12]
    assert (both.targets[TOKENS][:3, :9] == one.targets[TOKENS]).all()
    assert (both.targets[TOKENS][:3, 9:] == -1).all()
