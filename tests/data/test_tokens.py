"""Corpora as token files: what is written reads back, once; batches follow from seed and index."""

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.errors import DataError
from abacist.data.documents import PackedDocuments
from abacist.data.overlap import Overlap
from abacist.data.packing import arranged
from abacist.data.sides import TextSplit
from abacist.data.tokens import HEADER, TokenFolder, Tokens, blocks, encoded, open_tokens
from abacist.text.corpora.files import Files
from abacist.text.corpus import Corpus, Document, Fault, texts
from abacist.text.tokenizer import Tokenizer, learnt
from abacist.text.tokenizers.character import Character


@dataclass(frozen=True)
class Given(Corpus):
    """Documents that a test gives."""

    given: tuple[Document, ...]

    def documents(self, faults: list[Fault]) -> Iterator[Document]:
        yield from self.given


TEXTS = [f"document {n}: {'é, 漢. ' * (n % 7)}and no more\n" for n in range(60)]
BOOKS = Given(tuple(Document(f"d{n}", text) for n, text in enumerate(TEXTS)))


def made(corpus: Corpus = BOOKS, name: str = "character", **settings: Any) -> Tokenizer:
    return learnt({"name": name, **settings}, texts(corpus))


def read(tokens: Tokens, tokenizer: Tokenizer) -> list[str]:
    places = [*tokens.documents.tolist(), len(tokens)]
    return [tokenizer.decode(tokens.take(*pair).tolist()) for pair in pairwise(places)]


@pytest.mark.parametrize("tokenizer", [made(), made(name="bpe", vocab_size=300)], ids=["character", "bpe"])
def test_what_is_encoded_reads_back(tmp_path: Path, tokenizer: Tokenizer):
    folder = encoded(tmp_path, BOOKS, tokenizer, TextSplit(validation=0.3))
    both = read(folder.train, tokenizer) + read(folder.validation, tokenizer)
    assert sorted(both) == sorted(TEXTS)
    assert 5 < len(folder.validation.documents) < 35
    for tokens in (folder.train, folder.validation):
        text = "".join(read(tokens, tokenizer))
        assert (tokens.characters, tokens.utf8_bytes, tokens.unknown) == (len(text), len(text.encode()), 0)
        assert tokens.ids.dtype == np.uint16
    assert folder.header["vocab_size"] == len(tokenizer.vocabulary)


def test_parts_of_a_document_are_one(tmp_path: Path):
    parts = Given(tuple(Document("long", text, part) for part, text in enumerate(TEXTS)))
    folder = encoded(tmp_path, parts, made(), TextSplit(validation=0))
    assert read(folder.train, made()) == ["".join(TEXTS)]
    assert (len(folder.validation), read(folder.validation, made())) == (0, [])


def test_unknown_words_are_counted(tmp_path: Path):
    tokenizer = made(name="word", vocab_size=12)
    folder = encoded(tmp_path, BOOKS, tokenizer, TextSplit(validation=0))
    assert folder.train.unknown == "".join(read(folder.train, tokenizer)).count("<unk>") > 0


def test_tokens_of_which_a_file_is_gone_are_made_anew(tmp_path: Path):
    before = encoded(tmp_path, BOOKS, made(), TextSplit(validation=0.3))
    was = read(before.train, made())
    for gone in ("train.bin", "validation.documents.bin", HEADER):
        (before.path / gone).unlink()
        again = encoded(tmp_path, BOOKS, made(), TextSplit(validation=0.3))
        assert (again.path, read(again.train, made())) == (before.path, was)
        assert (again.path / gone).is_file()
    (before.path / "train.bin").write_bytes(b"12")
    assert read(encoded(tmp_path, BOOKS, made(), TextSplit(validation=0.3)).train, made()) == was
    assert [each.name for each in tmp_path.iterdir()] == [before.path.name]


def test_the_header_tells_how_much_that_validates_is_trained_on(tmp_path: Path):
    page = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    twice = Given((Document("a", page + "x" * 100 + page[:300]),))
    folder = encoded(tmp_path, twice, made(twice), TextSplit(by="last", validation=0.5))
    told = Overlap(**folder.header["overlap"])
    assert (told.window, told.windows, told.found) == (50, 351, 251)
    whole = Given((Document("a", page + page),))
    folder = encoded(tmp_path, whole, made(whole), TextSplit(by="last", validation=0.5))
    assert Overlap(**folder.header["overlap"]).share == 1.0


def test_slices_of_mapped_tokens_are_plain_arrays(tmp_path: Path):
    folder = encoded(tmp_path, BOOKS, made(), TextSplit(validation=0.3))
    assert type(folder.train.ids) is type(folder.train.ids[3:7]) is np.ndarray
    assert isinstance(folder.train.ids.base, np.memmap)


def test_a_large_vocabulary_takes_four_bytes(tmp_path: Path):
    characters = "".join(map(chr, range(0x20000, 0x20000 + 70_000)))
    corpus = Given((Document("a", characters[-3:]),))
    folder = encoded(tmp_path, corpus, Character(characters), TextSplit(validation=0))
    assert folder.train.ids.dtype == np.uint32
    assert folder.train.take(0, 3).tolist() == [70_000, 70_001, 70_002]


def test_nothing_is_encoded_twice(tmp_path: Path, monkeypatch):
    first = encoded(tmp_path, BOOKS, made(), TextSplit())
    with monkeypatch.context() as patch:
        patch.setattr(Character, "encode_array", None)
        assert encoded(tmp_path, BOOKS, made(), TextSplit()).path == first.path
    changed = Given((*BOOKS.given[:-1], Document("d59", TEXTS[59][:-1])))
    renamed = Given((*BOOKS.given[:-1], Document("e59", TEXTS[59])))
    others = [
        encoded(tmp_path, changed, made(), TextSplit()),
        encoded(tmp_path, renamed, made(), TextSplit()),
        encoded(tmp_path, BOOKS, made(name="bpe"), TextSplit()),
        encoded(tmp_path, BOOKS, made(), TextSplit(validation=0.2)),
        encoded(tmp_path, BOOKS, made(), TextSplit("last")),
    ]
    assert len({first.path, *(other.path for other in others)}) == 6
    assert len(list(tmp_path.iterdir())) == 6


def test_a_failure_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(DataError, match=r"^d1: the character 'é' at place 13"):
        encoded(
            tmp_path,
            BOOKS,
            Character("".join(sorted(set("document 0123456789: and no more\n")))),
            TextSplit(validation=0),
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["header", "short", "form", "gone"])
def test_a_folder_that_is_none_is_refused(tmp_path: Path, harm: str):
    path = encoded(tmp_path, BOOKS, made(), TextSplit()).path
    if harm == "header":
        (path / HEADER).write_text("{}")
    elif harm == "form":
        (path / HEADER).write_text(json.dumps({**json.loads((path / HEADER).read_text()), "form": 99}))
    elif harm == "short":
        (path / "train.bin").write_bytes((path / "train.bin").read_bytes()[:-1])
    else:
        (path / "validation.documents.bin").unlink()
    with pytest.raises(DataError, match="is no folder of tokens"):
        open_tokens(path)


def test_memory_stays_flat(tmp_path: Path):
    (tmp_path / "big.txt").write_text("A line of a large file, é.\n" * 1_200_000, encoding="utf-8")
    corpus, tokenizer = Files([str(tmp_path / "big.txt")]), Character("Aaefgilnor,é.\n ")
    tracemalloc.start()
    try:
        folder = encoded(tmp_path / "tokens", corpus, tokenizer, TextSplit("last"))
        blocks(folder.train, 1, 0, 8, 64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(folder.train) + len(folder.validation) == 27 * 1_200_000
    assert peak < 24 * 2**20


def tokens_of(*lengths: int) -> Tokens:
    """Documents of these lengths, every token of them different."""
    starts = np.cumsum([0, *lengths])
    return Tokens(np.arange(3, 3 + starts[-1], dtype=np.uint32), starts[:-1])


def test_blocks_follow_from_seed_and_index():
    tokens = tokens_of(1000)
    batch = blocks(tokens, 7, 3, 16, 10)
    assert batch.shape == (16, 11)
    assert batch.dtype == np.int64
    assert (np.diff(batch, axis=1) == 1).all()
    assert (blocks(tokens, 7, 3, 16, 10) == batch).all()
    assert not (blocks(tokens, 7, 4, 16, 10) == batch).all()
    assert not (blocks(tokens, 8, 3, 16, 10) == batch).all()


def test_blocks_begin_everywhere():
    tokens = tokens_of(20)
    starts = Counter(blocks(tokens, 1, index, 50, 10)[:, 0].tolist()[0] for index in range(400))
    assert sorted(starts) == list(range(3, 13))
    assert (blocks(tokens_of(11), 1, 0, 4, 10) == np.arange(3, 14)).all()
    with pytest.raises(DataError, match="10 tokens are too few for a block of 10"):
        blocks(tokens_of(10), 1, 0, 4, 10)


@given(lengths=st.lists(st.integers(0, 30), min_size=1, max_size=30), seq=st.integers(2, 20))
def test_a_pass_predicts_every_token_once(lengths: list[int], seq: int):
    tokens = tokens_of(*lengths)
    if not sum(lengths):
        with pytest.raises(DataError, match="cannot fill rows"):
            PackedDocuments(tokens, Character(), 1, seq)
        return
    packed = PackedDocuments(tokens, Character(), 1, seq)
    seen: Counter[int] = Counter()
    for number in range(len(packed)):
        ids, mask = packed.row(number)
        seen.update(ids[mask].tolist())
        # What is predicted follows what stands before it in its document.
        for place in np.flatnonzero(mask).tolist():
            before, here = int(ids[place - 1]), int(ids[place])
            assert (before, here) != (2, 1)
            assert here == 2 or here == before + 1 or (before == 1 and here - 3 in tokens.documents)
        assert not mask[ids == 0].any()
    assert seen.pop(2) == sum(length > 0 for length in lengths)
    assert seen == Counter(range(3, 3 + sum(lengths)))


def test_no_document_that_fits_is_cut():
    packed = PackedDocuments(tokens_of(*[5, 3, 18, 2, 9] * 20), Character(), 1, 20)
    for number in range(120):
        row, _ = packed.row(number)
        assert (row == 1).sum() == (row == 2).sum() > 0


def test_passes_differ_and_repeat():
    tokens = tokens_of(*range(5, 60))
    one, again, other = (PackedDocuments(tokens, Character(), seed, 64) for seed in (1, 1, 2))
    assert (one.row(70)[0] == again.row(70)[0]).all()
    rows = [tuple(one.row(number)[0].tolist()) for number in range(2 * len(one))]
    assert rows != [tuple(other.row(number)[0].tolist()) for number in range(2 * len(one))]
    first, second = rows[: len(one)], rows[len(one) : 2 * len(one)]
    assert sorted(first) == sorted(second)
    assert first != second


@given(lengths=st.lists(st.integers(1, 12), max_size=60), seq=st.integers(1, 10))
def test_what_is_arranged_fits(lengths: list[int], seq: int):
    rows = list(arranged(lengths, seq))
    assert sorted(index for row in rows for index in row) == [i for i, length in enumerate(lengths) if length <= seq]
    assert all(row and sum(lengths[index] for index in row) <= seq for row in rows)


def test_sides_by_name():
    folder = TokenFolder(Path(), tokens_of(3), tokens_of(2))
    assert (len(folder.side("train")), len(folder.side("validation"))) == (3, 2)
