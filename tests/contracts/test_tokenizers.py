"""The contract of tokenizers: text goes to ids and back, here and in Hugging Face `tokenizers`."""

import functools
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer as HuggingFace

from abacist.core.catalogue import build, load, own_names, settings_class
from abacist.core.errors import DataError, SettingsError
from abacist.core.settings import check, dump
from abacist.text.batch import batch_of
from abacist.text.characters import characters
from abacist.text.codec import Codec
from abacist.text.format import FOLDER as FORMATS
from abacist.text.steps.alphabet import spaced_words
from abacist.text.tokenizer import END, FOLDER, PAD, START, UNKNOWN, Tokenizer, fingerprint, learnt

MORE: dict[str, list[dict[str, Any]]] = {
    "hints": [{"hints": 1}, {"characters": "0é漢", "hints": 360}],
    "character": [{"characters": "ab\n\té漢 \"\\'<>"}],
    "digit_group": [
        {"from_end": False},
        {"size": 1},
        {"size": 2, "from_end": False},
        {"size": 4, "characters": "a9\n0é5漢.3 1"},
        {"characters": "ab\n"},
        {"zeros": False},
        {"size": 1, "zeros": False},
        {"size": 2, "zeros": False, "characters": "a9\n0é5漢.3 1"},
    ],
    "bpe": [{"vocab_size": 259}],
    "word": [{"vocab_size": 9}, {"pattern": "[a-z]+|[^a-z]"}],
    "latex": [{"vocab_size": 60}],
    "file": [{"start": "<|endoftext|>"}],
}
LEARNING = ("bpe", "word", "latex", "file")
"""Those that a corpus, or a file, has to be there for."""

SAMPLE = (
    r"""\begin{theorem} Let $f(x) = 12x + 3.5$, for all $x \in \mathbb{R}$, é and 漢; then $f(1) - 15.5 = 0$ as 1*2/3.
\end{theorem} \begin{theorem*} The same for \{a, b\} and \alpha, \beta \in \mathbb{R} \\ and the rest. \end{theorem*}
"""
    * 3
)
SCRATCH = tempfile.TemporaryDirectory()
ARITHMETIC = "0123456789+-*/()=. "


@functools.cache
def foreign() -> str:
    """A tokenizer from elsewhere: byte pairs with one special token, which comes last."""
    form = json.loads(learnt({"name": "bpe", "vocab_size": 270}, [SAMPLE]).form)  # type: ignore[attr-defined]
    vocabulary = {token: index - 3 for token, index in form["model"]["vocab"].items() if index > 2}
    form["model"]["vocab"] = vocabulary
    form["added_tokens"] = [{**form["added_tokens"][0], "id": len(vocabulary), "content": "<|endoftext|>"}]
    path = Path(SCRATCH.name) / "foreign.json"
    path.write_text(json.dumps(form))
    return str(path)


def made(name: str, settings: dict[str, Any]) -> Tokenizer:
    if name == "file":
        settings = {"path": foreign(), **settings}
    return (
        learnt({"name": name, **settings}, [SAMPLE]) if name in LEARNING else build(FOLDER, {"name": name, **settings})
    )


def every_tokenizer(*without: str) -> Any:
    choices = [(name, each) for name in own_names(FOLDER) for each in ({}, *MORE.get(name, [])) if name not in without]
    return [pytest.param(made(name, each), id=f"{name} {each or ''}") for name, each in choices]


def texts(tokenizer: Tokenizer, data: st.DataObject) -> str:
    tokens = [token for token in tokenizer.vocabulary[3:] if token not in (UNKNOWN, "<|endoftext|>")]
    if tokenizer.unknown_id is not None:
        # What is no word of its own behind another one is not known.
        tokens = [token for token in tokens if not token[0].isalnum()]
    worded = "<" in tokens and not any(token.isspace() for token in tokens)
    joined = spaced_words if worded else "".join
    return data.draw(st.lists(st.sampled_from(tokens), max_size=40).map(joined))


def without_free_spaces(tokenizer: Tokenizer, text: str) -> str:
    return text if {" ", "Ġ"} & {*tokenizer.vocabulary} else text.replace(" ", "")


over_every_tokenizer = pytest.mark.parametrize("tokenizer", every_tokenizer())
over_every_tokenizer_of_ours = pytest.mark.parametrize("tokenizer", every_tokenizer("file"))
without_learning = pytest.mark.parametrize("name", [name for name in own_names(FOLDER) if name not in LEARNING])


@over_every_tokenizer
@given(data=st.data())
def test_text_comes_back(tokenizer: Tokenizer, data: st.DataObject):
    text = texts(tokenizer, data)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    special = {tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id}
    assert all(index not in special and 0 <= index < len(tokenizer.vocabulary) for index in ids)
    assert tokenizer.decode([tokenizer.start_id, *ids, tokenizer.end_id, tokenizer.pad_id]) == text


@over_every_tokenizer
@given(data=st.data())
def test_a_long_text_is_encoded_as_any_other(tokenizer: Tokenizer, data: st.DataObject):
    text = texts(tokenizer, data)
    assert tokenizer.encode_array(text).tolist() == tokenizer.encode(text)
    assert tokenizer.encode_array(text).dtype == np.int32


@over_every_tokenizer_of_ours
@given(data=st.data())
def test_a_batch_is_encoded_as_its_rows_are(tokenizer: Tokenizer, data: st.DataObject):
    rows = [texts(tokenizer, data) for _ in range(4)]
    table = characters(rows)
    gap = np.zeros((len(rows), 1), dtype=table.dtype)
    ids = tokenizer.encode_batch(np.hstack([gap, table[:, :1], gap, table[:, 1:]]))
    assert [row[row != 0].tolist() for row in ids] == [tokenizer.encode(row) for row in rows]


@over_every_tokenizer
def test_the_end_of_a_row_is_to_be_predicted(tokenizer: Tokenizer):
    codec = Codec(build(FORMATS, "written"), tokenizer)
    codec.check_rows()
    one = next(text for text in ("1", "0", "a", "\\") if text in tokenizer.vocabulary)
    batch = batch_of(codec.joined(characters([one, 3 * one]), characters([2 * one, one])), codec.classes)
    for ids, mask in zip(batch.ids, batch.loss_mask, strict=True):
        assert ids[0] == tokenizer.start_id
        assert ids[np.flatnonzero(mask)[-1]] == tokenizer.end_id
        assert not mask[0]


@without_learning
@pytest.mark.parametrize("unknown", ["x", "漢"])
def test_an_unknown_character_in_a_batch_is_named(name: str, unknown: str):
    with pytest.raises(DataError, match=f"{unknown!r} at place 2 of '1.2'"):
        build(FOLDER, name).encode_batch(characters(["12", f"1{unknown}2"]))


@over_every_tokenizer_of_ours
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
    assert fingerprint(loaded) == fingerprint(tokenizer)
    assert (loaded.pad_id, loaded.start_id, loaded.end_id) == (tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id)
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


@without_learning
def test_the_default_vocabulary_writes_arithmetic(name: str):
    tokenizer = build(FOLDER, name)
    known = "".join(character for character in ARITHMETIC if character in tokenizer.vocabulary)
    assert tokenizer.decode(tokenizer.encode(known)) == known
    assert set(ARITHMETIC) - set(known) <= set(". ")


@without_learning
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


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_settings_survive_dump_and_check(name: str):
    cls = settings_class(FOLDER, name)
    settings = cls(path="x") if name == "file" else cls()
    assert check(cls, dump(settings)) == settings


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_what_is_learnt_follows_from_the_texts_alone(name: str):
    settings = {"path": foreign()} if name == "file" else {}
    pieces = [SAMPLE[place : place + 100] for place in range(0, len(SAMPLE), 100)]
    part = {"name": name, **settings}
    assert learnt(part, iter(pieces)) == learnt(part, pieces)
    assert fingerprint(learnt(part, pieces)) == fingerprint(learnt(part, iter(pieces)))


@pytest.mark.parametrize("name", [name for name in LEARNING if name != "file"])
def test_one_that_learns_says_so_where_there_is_no_text(name: str):
    with pytest.raises(SettingsError, match=f"the tokenizer {name} learns its vocabulary from a corpus"):
        build(FOLDER, name)
