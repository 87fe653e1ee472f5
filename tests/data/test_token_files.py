"""Token files of others: read as they are, looked through once, held against their vocabulary."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abacist.core.errors import DataError
from abacist.data import token_files
from abacist.data.sides import TextSplit
from abacist.data.token_files import ids_there, looked_through, opened
from abacist.data.tokens import TokenFolder, blocks, encoded
from abacist.text.corpora.files import Files
from abacist.text.corpora.nanogpt import NanoGPT, read_characters
from abacist.text.tokenizer import learnt
from abacist.text.tokenizers.character import Character

TEXT = "to be, or not to be: é\n" * 50


def nanogpt(folder: Path, text: str) -> str:
    """Write what nanoGPT's data/shakespeare_char/prepare.py writes; its pickle would do harm."""
    folder.mkdir(exist_ok=True)
    known = sorted(set(text))
    ids = {character: index for index, character in enumerate(known)}
    border = int(len(text) * 0.9)
    for name, part in (("train", text[:border]), ("val", text[border:])):
        np.array([ids[c] for c in part], dtype=np.uint16).tofile(folder / f"{name}.bin")
    (folder / "meta.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    return "".join(known)


def read(folder: Path, characters: str, kept: str = "kept") -> TokenFolder:
    return opened(NanoGPT(str(folder)), Character(characters), 3, folder.parent / kept)


def test_ids_are_mapped_as_they_are(tmp_path: Path):
    characters = nanogpt(tmp_path / "bins", TEXT)
    found = read(tmp_path / "bins", characters)
    assert isinstance(found.train.ids.base, np.memmap)
    assert found.train.documents.tolist() == [0]
    assert Character(characters).decode(found.train.take(0, 23).tolist()) == TEXT[:23]
    border = int(len(TEXT) * 0.9)
    assert (found.train.characters, found.train.utf8_bytes) == (border, len(TEXT[:border].encode()))
    assert found.facts() == {
        "documents": 2,
        "characters": len(TEXT),
        "utf8_bytes": len(TEXT.encode()),
        "faults": 0,
    }
    assert blocks(found.train, 1, 0, 2, 5).min() >= 3


def test_the_same_text_gives_the_same_tokens_as_nanogpt_s(tmp_path: Path):
    (tmp_path / "input.txt").write_text(TEXT, encoding="utf-8")
    theirs = read(tmp_path / "bins", nanogpt(tmp_path / "bins", TEXT))
    corpus = Files([str(tmp_path / "input.txt")])
    ours = encoded(tmp_path / "tokens", corpus, learnt("character", [TEXT]), TextSplit("last"))
    for one, other in ((ours.train, theirs.train), (ours.validation, theirs.validation)):
        assert (one.take(0, len(one)) == other.take(0, len(other))).all()
        assert (one.characters, one.utf8_bytes) == (other.characters, other.utf8_bytes)


def test_files_are_looked_through_once(tmp_path: Path, monkeypatch):
    folder = tmp_path / "bins"
    characters = nanogpt(folder, TEXT)
    ticks: list[tuple[int, int]] = []
    first = looked_through(folder / "train.bin", tmp_path / "kept", lambda *told: ticks.append(told))
    count = int(len(TEXT) * 0.9)
    assert ticks == [(count, count)]
    assert first.counts.sum() == count
    before = read(folder, characters)
    with monkeypatch.context() as patch:
        patch.setattr(np, "bincount", None)
        assert looked_through(folder / "train.bin", tmp_path / "kept").digest == first.digest
        assert read(folder, characters).digest == before.digest
    nanogpt(folder, TEXT.replace("or", "ro"))
    for name in ("train.bin", "val.bin"):
        os.utime(folder / name, ns=(1, 1))
    assert read(folder, characters).digest != before.digest


@pytest.mark.parametrize("chunk", [3, 2**22])
def test_an_id_beyond_the_vocabulary_is_told_with_file_and_place(tmp_path: Path, monkeypatch, chunk: int):
    monkeypatch.setattr(token_files, "CHUNK", chunk)
    characters = nanogpt(tmp_path / "bins", "abcabd" * 10)
    assert ids_there(NanoGPT(str(tmp_path / "bins")), tmp_path / "kept") == 4
    with pytest.raises(DataError, match=r"train\.bin has the id 3 at place 5 \(byte 10\); the vocabulary ends at 2"):
        read(tmp_path / "bins", characters[:-1])


@pytest.mark.parametrize(("harm", "message"), [("gone", r"no file .*val\.bin"), ("odd", "3 bytes, an odd number")])
def test_files_that_are_none_are_told(tmp_path: Path, harm: str, message: str):
    characters = nanogpt(tmp_path / "bins", TEXT)
    (tmp_path / "bins" / "val.bin").unlink()
    if harm == "odd":
        (tmp_path / "bins" / "val.bin").write_bytes(b"abc")
    with pytest.raises(DataError, match=message) as caught:
        read(tmp_path / "bins", characters)
    assert "\n" not in str(caught.value)


META = {"vocab_size": 3, "itos": {"0": "a", "1": "b", "2": "é"}, "stoi": {"a": 0, "b": 1, "é": 2}}


@pytest.mark.parametrize(
    "values",
    [["a", "b", "é"], {"b": 1, "é": 2, "a": 0}, {"stoi": META["stoi"]}, {"itos": ["a", "b", "é"]}, META],
    ids=["list", "ids", "stoi", "itos", "meta"],
)
def test_characters_are_read_from_json(tmp_path: Path, values: Any):
    (tmp_path / "v.json").write_text(json.dumps(values))
    assert read_characters(tmp_path / "v.json") == "abé"


@pytest.mark.parametrize(
    "content",
    ["", "3", "[]x", '["ab"]', '["a", "a"]', '{"a": 1}', "[1]", "null", '{"itos": {"x": "a"}}', '{"itos": 3}'],
)
def test_other_json_is_refused(tmp_path: Path, content: str):
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(DataError, match="is no vocabulary of characters"):
        read_characters(tmp_path / "v.json")
