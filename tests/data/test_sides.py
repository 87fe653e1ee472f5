"""Sides of a corpus, and what stands on both."""

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import SettingsError
from abacist.data.overlap import Overlap, overlap, window_hashes
from abacist.data.sides import Sided, TextSplit
from abacist.text.corpus import Document

BOOKS = [Document(f"book {n}", f"This is the text of book {n}.\n" * (n + 1)) for n in range(200)]


def characters(documents: Iterable[Document]) -> int:
    return sum(len(document.text) for document in documents)


def joined(stretches: Iterable[Sided], side: str | None = None) -> str:
    return "".join(stretch.text for stretch in stretches if side in (None, stretch.side))


def in_parts(documents: list[Document], size: int) -> list[Document]:
    return [
        Document(each.name, each.text[at : at + size], at // size)
        for each in documents
        for at in range(0, len(each.text), size)
    ]


@pytest.mark.parametrize("by", ["document", "block", "last"])
@given(size=st.integers(1, 5000), block=st.integers(1, 3000))
def test_stretches_are_the_corpus_however_it_is_cut(by: Any, size: int, block: int):
    split, total = TextSplit(by, 0.2, block), characters(BOOKS[:40])
    whole = list(split.sided(BOOKS[:40], total))
    parts = list(split.sided(in_parts(BOOKS[:40], size), total))
    assert joined(whole) == joined(parts) == "".join(document.text for document in BOOKS[:40])
    assert joined(whole, "validation") == joined(parts, "validation")
    assert sum(stretch.begins for stretch in whole) == sum(stretch.begins for stretch in parts)


def test_a_document_is_on_one_side_whatever_else_there_is():
    split = TextSplit("document", 0.3)
    sides = {stretch.name: stretch.side for stretch in split.sided(BOOKS, characters(BOOKS))}
    alone = {stretch.name: stretch.side for book in BOOKS for stretch in split.sided([book], len(book.text))}
    assert sides == alone
    assert 40 < list(sides.values()).count("validation") < 80
    larger = {stretch.name: stretch.side for stretch in TextSplit("document", 0.5).sided(BOOKS, 0)}
    assert all(larger[name] == "validation" for name, side in sides.items() if side == "validation")


def test_blocks_of_one_document_are_on_both_sides():
    document = Document("long", "".join(f"{n:07}" for n in range(20_000)))
    stretches = list(TextSplit("block", 0.25, 700).sided([document], 0))
    assert all(len(stretch.text) % 700 == 0 for stretch in stretches)
    assert 0.15 < len(joined(stretches, "validation")) / len(document.text) < 0.35
    assert [stretch.side for stretch in stretches[::2]] == [stretches[0].side] * len(stretches[::2])
    assert all(stretch.begins for stretch in stretches)


def test_the_last_tenth_is_nanogpt_s():
    text = "".join(document.text for document in BOOKS)
    stretches = list(TextSplit("last", 0.1).sided(BOOKS, len(text)))
    assert joined(stretches, "train") == text[: int(len(text) * 0.9)]
    assert joined(stretches, "validation") == text[int(len(text) * 0.9) :]


def test_nothing_for_validation_is_everything_for_training():
    for by in ("document", "block", "last"):
        assert {s.side for s in TextSplit(by, 0).sided(BOOKS, characters(BOOKS))} == {"train"}  # type: ignore[arg-type]


@pytest.mark.parametrize("settings", [{"by": "line"}, {"validation": 1.0}, {"validation": -0.1}, {"block": 0}])
def test_wrong_settings_are_refused(settings: dict[str, Any]):
    with pytest.raises(SettingsError, match="must be"):
        TextSplit(**settings)


def windows(text: str, window: int) -> list[str]:
    return [text[at : at + window] for at in range(len(text) - window + 1)]


@given(text=st.text("ab漢😀", max_size=40), window=st.integers(1, 40))
def test_windows_have_one_hash_if_they_are_equal(text: str, window: int):
    if len(text) < window:
        return
    found = windows(text, window)
    hashes = window_hashes(text, window).tolist()
    assert len(hashes) == len(found)
    assert len(set(hashes)) == len(set(found))
    assert len({*zip(found, hashes, strict=True)}) == len(set(found))


def test_windows_of_any_text_have_the_same_hash():
    assert window_hashes("abcdefg" * 10, 50)[7] == window_hashes("x" + "abcdefg" * 10, 50)[8]


def stretches(train: list[str], validation: list[str]) -> list[Sided]:
    return [Sided("train", f"t{n}", text, True) for n, text in enumerate(train)] + [
        Sided("validation", f"v{n}", text, True) for n, text in enumerate(validation)
    ]


@given(
    train=st.lists(st.text("abc", max_size=30), max_size=4),
    validation=st.lists(st.text("abc", max_size=30), max_size=4),
)
def test_the_overlap_is_that_of_sets_of_windows(train: list[str], validation: list[str]):
    found = overlap(lambda: stretches(train, validation), 4)
    known = {window for text in train for window in windows(text, 4)}
    asked = [window for text in validation for window in windows(text, 4)]
    assert (found.windows, found.looked_for) == (len(asked), len(asked))
    assert found.found == sum(window in known for window in asked)


@given(cut=st.integers(1, 30))
def test_a_window_may_reach_over_parts_but_not_over_documents(cut: int):
    text = "the quick brown fox jumps over the lazy dog"
    parts = [Sided("train", "a", text[at : at + cut], at == 0) for at in range(0, len(text), cut)]
    whole = Sided("validation", "b", text, True)
    assert overlap(lambda: [*parts, whole], 20).share == 1
    apart = [Sided("train", "a", text[:21], True), Sided("train", "c", text[21:], True)]
    assert overlap(lambda: [*apart, whole], 20).found == 2 + (len(text) - 21 - 19)


def test_a_sample_is_even_and_says_so():
    text = "".join(f"{n:06} " for n in range(3000))
    half = text[: len(text) // 2]
    found = overlap(lambda: stretches([half], [text[at : at + 999] for at in range(0, len(text), 999)]), 20, most=500)
    assert 250 < found.looked_for <= 500
    assert abs(found.share - 0.5) < 0.03
    assert str(found).endswith(f"of {found.looked_for:,} (an even sample of {found.windows:,}).")
    assert overlap(lambda: stretches([half], ["short"]), 20).share == 0


def test_the_sentence():
    assert str(Overlap(50, 1000, 1000, 123)) == (
        "12.30% of the validation text's stretches of 50 characters stand in the training text, too: 123 of 1,000."
    )
    assert "nothing to compare" in str(Overlap(50, 0, 0, 0))
