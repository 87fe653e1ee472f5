"""The contract of tokenizers: text goes to ids and back, here and in Hugging Face `tokenizers`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFace

from abacist.core.catalogue import build, load, own_names
from abacist.core.errors import DataError, SettingsError
from abacist.text.characters import characters
from abacist.text.steps.alphabet import spaced_words
from abacist.text.tokenizer import END, FOLDER, PAD, START, Tokenizer

MORE: dict[str, list[dict[str, Any]]] = {
    "hints": [{"hints": 1}, {"characters": "0é漢", "hints": 360}],
    "character": [{"characters": "ab\n\té漢 \"\\'<>"}],
    "digit_group": [
        {"from_end": False},
        {"size": 1},
        {"size": 2, "from_end": False},
        {"size": 4, "characters": "a9\n0é5漢.3 1"},
        {"characters": "ab\n"},
    ],
}
ARITHMETIC = "0123456789+-*/()=. "


def every_tokenizer() -> list[Any]:
    choices = [(name, settings) for name in own_names(FOLDER) for settings in ({}, *MORE.get(name, []))]
    return [pytest.param(build(FOLDER, {"name": n, **settings}), id=f"{n} {settings or ''}") for n, settings in choices]


def texts(tokenizer: Tokenizer, data: st.DataObject) -> str:
    joined = spaced_words if any(len(token) > 1 and token.isalpha() for token in tokenizer.vocabulary) else "".join
    return data.draw(st.lists(st.sampled_from(tokenizer.vocabulary[3:]), max_size=40).map(joined))


def without_free_spaces(tokenizer: Tokenizer, text: str) -> str:
    return text if " " in tokenizer.vocabulary else text.replace(" ", "")


over_every_tokenizer = pytest.mark.parametrize("tokenizer", every_tokenizer())


@over_every_tokenizer
@given(data=st.data())
def test_text_comes_back(tokenizer: Tokenizer, data: st.DataObject):
    text = texts(tokenizer, data)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(tokenizer.end_id < index < len(tokenizer.vocabulary) for index in ids)
    assert tokenizer.decode([tokenizer.start_id, *ids, tokenizer.end_id, tokenizer.pad_id]) == text


@over_every_tokenizer
@given(data=st.data())
def test_a_batch_is_encoded_as_its_rows_are(tokenizer: Tokenizer, data: st.DataObject):
    rows = [texts(tokenizer, data) for _ in range(4)]
    table = characters(rows)
    gap = np.zeros((len(rows), 1), dtype=table.dtype)
    ids = tokenizer.encode_batch(np.hstack([gap, table[:, :1], gap, table[:, 1:]]))
    assert [row[row != 0].tolist() for row in ids] == [tokenizer.encode(row) for row in rows]


@pytest.mark.parametrize("name", own_names(FOLDER))
@pytest.mark.parametrize("unknown", ["x", "漢"])
def test_an_unknown_character_in_a_batch_is_named(name: str, unknown: str):
    with pytest.raises(DataError, match=f"{unknown!r} at place 2 of '1.2'"):
        build(FOLDER, name).encode_batch(characters(["12", f"1{unknown}2"]))


@over_every_tokenizer
def test_the_special_tokens_come_first_and_no_token_twice(tokenizer: Tokenizer):
    assert tokenizer.vocabulary[:3] == [PAD, START, END]
    assert (tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id) == (0, 1, 2)
    assert len(set(tokenizer.vocabulary)) == len(tokenizer.vocabulary)


@over_every_tokenizer
def test_what_is_saved_is_loaded_equal(tokenizer: Tokenizer, tmp_path: Path):
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = type(tokenizer).load(tmp_path / "tokenizer.json")
    assert loaded == tokenizer
    assert loaded.vocabulary == tokenizer.vocabulary
    loaded.save(tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "tokenizer.json").read_bytes()


@over_every_tokenizer
@given(data=st.data())
def test_hugging_face_gives_the_same_ids_and_text(
    tokenizer: Tokenizer, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.getbasetemp() / f"{id(tokenizer)}.json"
    if not path.exists():
        tokenizer.save(path)
    other = HuggingFace.from_file(str(path))
    text = texts(tokenizer, data)
    ids = tokenizer.encode(text)
    assert other.encode(text).ids == ids
    for row in (ids, [tokenizer.start_id, *ids, tokenizer.end_id]):
        # Where spaces are no tokens only the tokenizer itself knows between which they stand.
        assert without_free_spaces(tokenizer, other.decode(row)) == without_free_spaces(tokenizer, text)
    assert [other.id_to_token(index) for index in range(other.get_vocab_size())] == tokenizer.vocabulary


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_the_default_vocabulary_writes_arithmetic(name: str):
    tokenizer = build(FOLDER, name)
    known = "".join(character for character in ARITHMETIC if character in tokenizer.vocabulary)
    assert tokenizer.decode(tokenizer.encode(known)) == known
    assert set(ARITHMETIC) - set(known) <= set(". ")


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_an_unknown_character_is_named_with_its_place(name: str):
    with pytest.raises(DataError, match=r"'x' at place 4 of '12\+x3'"):
        build(FOLDER, name).encode("12+x3")


@pytest.mark.parametrize("name", own_names(FOLDER))
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b'{"model": 3}', b'{"model": {"vocab": 3}}', None])
def test_a_file_that_is_none_is_refused(name: str, content: bytes | None, tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"tokenizer\.json is not a"):
        load(FOLDER, name).load(path)


@pytest.mark.parametrize("characters", ["", "0123401"])
def test_characters_differ_from_each_other(characters: str):
    with pytest.raises(SettingsError, match="characters must"):
        build(FOLDER, {"name": "character", "characters": characters})


def test_the_saved_form_is_readable_json(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    build(FOLDER, {"name": "character", "characters": "é漢"}).save(path)
    assert "漢" in path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["model"]["vocab"] == {PAD: 0, START: 1, END: 2, "é": 3, "漢": 4}
