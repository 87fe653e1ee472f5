"""Rows of text: from one corpus or several, for training and for validation."""

from itertools import pairwise

import numpy as np
import pytest

from abacist.core.errors import DataError, SettingsError
from abacist.data.pairs import counted_loss, pair_counts
from abacist.data.texts import CYCLE, TextStream, Validation
from abacist.data.tokens import Tokens, blocks
from abacist.text.coordinates import token_classes
from abacist.text.tokenizers.character import Character

TOKENIZER = Character("abcdefgh12")
CLASSES = token_classes(TOKENIZER.vocabulary)


def tokens(text: str, documents: tuple[int, ...] = (0,)) -> Tokens:
    ids = np.array(TOKENIZER.encode(text), dtype=np.uint16)
    return Tokens(ids, np.array(documents), characters=len(text), utf8_bytes=len(text))


def stream(*sides: Tokens, shares=(1.0,), seed=1, size=4, context=5, rows="blocks") -> TextStream:
    return TextStream(sides, shares, TOKENIZER, CLASSES, seed, size, context, rows)


def test_one_corpus_gives_the_blocks_of_nanogpt():
    side = tokens("abcdefgh" * 20)
    batch = stream(side).batch(3)
    assert np.array_equal(batch.ids, blocks(side, 1, 3, 4, 5))
    assert batch.ids.shape == (4, 6)
    assert not batch.loss_mask[:, 0].any()
    assert batch.loss_mask[:, 1:].all()


def test_batches_follow_from_seed_and_index_alone():
    sides = tokens("abcd" * 30), tokens("efgh" * 30)
    one, other = (stream(*sides, shares=(0.5, 0.5)) for _ in range(2))
    later = one.batch(7)
    assert np.array_equal(later.ids, other.batch(7).ids)
    assert not np.array_equal(later.ids, one.batch(8).ids)
    assert not np.array_equal(later.ids, stream(*sides, shares=(0.5, 0.5), seed=2).batch(7).ids)


def test_sources_have_exactly_their_shares():
    sides = tokens("abcd" * 30), tokens("efgh" * 30), tokens("1212" * 30)
    mixed = stream(*sides, shares=(0.7, 0.2, 0.1), size=50)
    of = np.concatenate([mixed.sources(index)[0] for index in range(2 * CYCLE // 50)])
    assert np.bincount(of).tolist() == [1400, 400, 200]
    assert len(set(of[:20].tolist())) > 1  # mixed row by row, not one after another
    firsts = np.concatenate([mixed.batch(index).ids[:, 0] for index in range(2 * CYCLE // 50)])
    letters = np.array(TOKENIZER.vocabulary)[firsts]
    assert [sum(each in part for each in letters) for part in ("abcd", "efgh", "12")] == [1400, 400, 200]


def test_rows_of_a_source_are_counted_so_that_every_document_has_its_turn():
    side = tokens("aabbccdd", documents=(0, 2, 4, 6))
    mixed = stream(side, tokens("efgh" * 9), shares=(0.4, 0.6), size=10, context=3, rows="documents")
    seen = [mixed.sources(index) for index in range(10)]
    numbers = [int(n) for of, before in seen for place, n in zip(of, before, strict=True) if place == 0]
    assert numbers == list(range(len(numbers)))
    rows = [row for index in range(10) for row in mixed.batch(index).ids.tolist()]
    texts = [
        TOKENIZER.decode(row)
        for row, place in zip(rows, np.concatenate([s[0] for s in seen]), strict=True)
        if not place
    ]
    assert all(sorted(texts[start : start + 4]) == ["aa", "bb", "cc", "dd"] for start in range(0, 40, 4))


def test_too_little_text_and_too_small_a_share_are_told():
    with pytest.raises(DataError, match="5 tokens are too few for a block of 5"):
        stream(tokens("abcde"))
    with pytest.raises(SettingsError, match=r"corpus\.sources\.1\.weight: less than one row in 1,000"):
        stream(tokens("abcd" * 9), tokens("efgh" * 9), shares=(0.9999, 0.0001))


@pytest.mark.parametrize("length", [6, 10, 11, 12, 16])
def test_validation_predicts_each_token_but_the_first_once(length: int):
    text = ("abcdefgh12" * 2)[:length]
    validation = Validation(tokens(text), TOKENIZER, CLASSES, 5)
    predicted = [TOKENIZER.vocabulary[i] for b in validation.batches() for i in b.ids[b.loss_mask]]
    assert "".join(predicted) == text[1:]
    assert validation.whole
    assert validation.predicted == length - 1
    assert validation.tokens_per_character == (length - 1) / length


def test_a_sample_of_validation_is_even_and_the_same_for_all():
    side = tokens("abcdefgh" * 100)
    few = Validation(side, TOKENIZER, CLASSES, 5, most=7)
    assert not few.whole
    assert len(few.rows) == 7
    gaps = {second - first for first, second in pairwise(few.rows.tolist())}
    assert max(gaps) - min(gaps) <= 1
    assert few.rows[0] == 0
    assert sum(int(batch.loss_mask.sum()) for batch in few.batches()) <= 35


def test_validation_of_documents_predicts_their_ends_too():
    validation = Validation(tokens("aabbbbbbbbcc", documents=(0, 2, 10)), TOKENIZER, CLASSES, 5, rows="documents")
    assert sum(int(batch.loss_mask.sum()) for batch in validation.batches()) == 12 + 3 == validation.predicted


def test_pairs_are_counted_across_chunks(monkeypatch):
    side = tokens("abcabcabca")
    whole = pair_counts(side, len(TOKENIZER.vocabulary))
    monkeypatch.setattr("abacist.data.pairs.CHUNK", 4)
    assert np.array_equal(pair_counts(side, len(TOKENIZER.vocabulary)), whole)
    assert whole.sum() == 9
    assert whole[TOKENIZER.encode("a")[0], TOKENIZER.encode("b")[0]] == 3


def test_the_counted_loss_is_the_entropy_of_what_follows():
    size = len(TOKENIZER.vocabulary)
    side = tokens("abacabacabac" + "a")  # after a: b or c, as often; else always a
    assert counted_loss(side, side, size, extra=0) == pytest.approx(np.log(2) / 2)
    smoothed = counted_loss(side, tokens("ad"), size)
    assert smoothed == pytest.approx(-np.log(0.1 / (6 + 0.1 * size)))
    assert counted_loss(side, tokens("ad"), size, extra=0) == np.inf
    assert counted_loss(side, side, 10**6) is None
