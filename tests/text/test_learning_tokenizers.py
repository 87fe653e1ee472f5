"""Tokenizers that learn from text: what they take, what they lose, and what each file of another's means."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel

from abacist.core.catalogue import build
from abacist.core.errors import DataError, SettingsError
from abacist.text.tokenizer import END, FOLDER, PAD, START, UNKNOWN, Tokenizer, learnt
from abacist.text.tokenizers.bpe import Bpe, cut
from abacist.text.tokenizers.file import BESIDE, File
from abacist.text.tokenizers.hints import Hints
from abacist.text.tokenizers.latex import Latex
from abacist.text.tokenizers.word import Word

SONG = "the cat sat on the mat, the dog sat on the log.\nIt is 12 o'clock; 12 is noon.\n" * 5


def made(name: str, text: str = SONG, **settings: Any) -> Tokenizer:
    return learnt({"name": name, **settings}, [text])


def pieces(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.vocabulary[index] for index in tokenizer.encode(text)]


def test_characters_are_those_of_the_corpus():
    assert made("character", "hello, Wörld\n").vocabulary == [PAD, START, END, *"\n ,Wdehlorö"]
    assert made("character", "hello", characters="xyz").vocabulary[3:] == ["x", "y", "z"]
    assert made("character", "").vocabulary == build(FOLDER, "character").vocabulary
    with pytest.raises(DataError, match="'é' at place 3 of 'caé'"):
        made("character", "abc").encode_array("caé")


def test_a_character_s_ids_follow_those_of_nanogpt(data_folder: Path):
    text = (data_folder / "shakespeare" / "input.txt").read_text(encoding="utf-8")
    tokenizer = made("character", text)
    # As nanoGPT's data/shakespeare_char/prepare.py makes them.
    ids = {character: index for index, character in enumerate(sorted(set(text)))}
    assert len(ids) == 65
    assert tokenizer.encode_array(text[:1000]).tolist() == [ids[character] + 3 for character in text[:1000]]


def test_those_of_problems_learn_nothing():
    assert made("hints") == Hints()
    assert made("digit_group") == build(FOLDER, "digit_group")
    assert made("signs") == build(FOLDER, "signs")


def test_a_nul_in_the_vocabulary_is_a_character():
    tokenizer = build(FOLDER, {"name": "character", "characters": "a\0"})
    assert tokenizer.encode_array("a\0").tolist() == tokenizer.encode("a\0") == [3, 4]


def test_the_most_frequent_words_are_known():
    tokenizer = made("word", vocab_size=10)
    assert tokenizer.vocabulary[:4] == [PAD, START, END, UNKNOWN]
    assert (
        tokenizer.vocabulary[4:] == [" the", "\n", " is", " on", " sat", " 12"][:6] or len(tokenizer.vocabulary) == 10
    )
    assert " the" in tokenizer.vocabulary
    assert tokenizer.decode(tokenizer.encode(" the unicorn sat")) == " the<unk> sat"
    assert tokenizer.encode(" the unicorn sat").count(tokenizer.unknown_id) == 1


@given(text=st.text("the catso.\n12é", max_size=60))
def test_a_word_tokenizer_loses_what_it_does_not_know_and_nothing_else(text: str):
    tokenizer = made("word")
    ids = tokenizer.encode(text)
    decoded = tokenizer.decode(ids)
    assert decoded == text or tokenizer.unknown_id in ids
    if tokenizer.unknown_id in ids:
        assert UNKNOWN in decoded


def test_special_words_in_a_text_are_unknown_words():
    tokenizer = made("word", "<unk> <end> <pad>", pattern=r"<[a-z]+>| ")
    assert tokenizer.vocabulary[4:] == [" "]
    assert tokenizer.encode("<end> ") == [3, 4]


@given(text=st.text(max_size=80))
def test_byte_pairs_give_every_text_back(text: str):
    tokenizer = made("bpe", vocab_size=300)
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("text", ["<end>", "<pad> <start>", "a<end>b", "", "\r\n\t \0", "é漢😀", "e\u0301"])
def test_byte_pairs_hold_special_tokens_for_text(text: str):
    tokenizer = made("bpe")
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert min(tokenizer.encode(text), default=3) > 2


def test_byte_pairs_learn_what_is_frequent():
    assert " the".replace(" ", "Ġ") in made("bpe").vocabulary
    assert len(made("bpe", vocab_size=265).vocabulary) == 265
    assert len(made("bpe", SONG).encode(SONG)) < len(SONG) / 2


@pytest.mark.parametrize(
    "long", ["ab" * 50_000, "é漢" * 50_000, "12" * 50_000, "=-" * 50_000, "_" * 9999, " \n" * 50_000]
)
def test_words_longer_than_any_are_cut_for_learning_and_encoding(long: str):
    text = f"to be {long}\nor not {'x' * 1000} to be\n"
    assert "".join(cut(text)) == text
    words = [word for piece in cut(text) for word, _ in ByteLevel(add_prefix_space=False).pre_tokenize_str(piece)]
    assert max(map(len, words)) <= 3 * 1000 + 1  # bytes, and the blank before
    tokenizer = Bpe.learn([text], vocab_size=300)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode(text) == tokenizer.encode_array(text).tolist()
    assert cut("x" * 1000) == ["x" * 1000]


@given(st.lists(st.sampled_from(["a", "\n", " ", "\n\n", "bc", ".", "\t", "\r\n"]), max_size=60).map("".join))
def test_a_cut_between_lines_changes_no_id(text: str):
    tokenizer = made("bpe", vocab_size=280)
    assert isinstance(tokenizer, Bpe)
    uncut = tokenizer._library.encode(text).ids
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("abacist.text.tokenizers.bpe.CUT", 2)
        assert "".join(cut(text)) == text
        assert tokenizer.encode(text) == tokenizer.encode_array(text).tolist() == uncut


TEX = (
    r"\begin{theorem} \alpha + \beta = \mathbb{R} \, \{x\} \end{theorem} \rare "
    + r"\alpha \beta \begin{theorem} \end{theorem} \, " * 2
)


def test_commands_are_whole():
    tokenizer = made("latex", TEX)
    assert pieces(tokenizer, r"\begin{theorem}\alpha x\,") == [r"\begin{theorem}", r"\alpha", " ", "x", r"\,"]
    assert pieces(tokenizer, r"\rare\alphax") == list(r"\rare\alphax".replace("", " ").split())
    assert r"\rare" not in tokenizer.vocabulary


def test_an_environment_that_is_no_token_is_its_command_and_characters():
    tokenizer = made("latex", TEX + r"\begin \begin")
    assert pieces(tokenizer, r"\begin{xat}") == [r"\begin", *"{xat}"]
    assert pieces(made("latex", TEX), r"\begin{xat}") == [*r"\begin{xat}"]


def test_the_vocabulary_of_latex_has_a_bound():
    characters = len(set(TEX))
    assert len(made("latex", TEX, vocab_size=characters + 5).vocabulary) == characters + 5
    assert made("latex", TEX, vocab_size=characters + 3).vocabulary[3:] == sorted(set(TEX))
    with pytest.raises(SettingsError, match=f"vocab_size must be at least {characters + 3}"):
        made("latex", TEX, vocab_size=characters + 2)
    with pytest.raises(DataError, match="'é' at place 7 of"):
        made("latex", TEX).encode(r"\alphaé")


def test_real_latex_comes_back(data_folder: Path):
    text = (data_folder / "stacks" / "stacks-introduction.tex").read_text(encoding="utf-8")
    tokenizer = made("latex", text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) < len(text)
    assert r"\begin{enumerate}" in tokenizer.vocabulary


@pytest.mark.parametrize(
    ("name", "settings", "words"),
    [
        ("bpe", {"vocab_size": 258}, "at least 259"),
        ("word", {"vocab_size": 4}, "at least 5"),
        ("word", {"pattern": "["}, "no regular expression"),
        ("latex", {"vocab_size": 3}, "at least 4"),
    ],
)
def test_wrong_settings_are_refused(name: str, settings: dict[str, Any], words: str):
    with pytest.raises(SettingsError, match=words):
        made(name, **settings)


def test_the_file_of_another_tokenizer_is_refused(tmp_path: Path):
    path = tmp_path / "tokenizer.json"
    for name, others in (
        ("character", (Word, Bpe)),
        ("bpe", (Word, Latex)),
        ("word", (Bpe, Latex)),
        ("signs", (Latex,)),
    ):
        made(name).save(path)
        for other in others:
            with pytest.raises(DataError, match=r"tokenizer\.json is not a tokenizer of"):
                other.load(path)


def foreign(path: Path, *specials: str, **beside: Any) -> Path:
    """Write a tokenizer of byte pairs with these special tokens behind its own."""
    form = json.loads(made("bpe", vocab_size=270).form)  # type: ignore[attr-defined]
    vocabulary = {token: index - 3 for token, index in form["model"]["vocab"].items() if index > 2}
    form["model"]["vocab"] = vocabulary
    template = form["added_tokens"][0]
    form["added_tokens"] = [{**template, "id": len(vocabulary) + n, "content": s} for n, s in enumerate(specials)]
    path.mkdir(exist_ok=True)
    (path / "tokenizer.json").write_text(json.dumps(form))
    if beside:
        (path / BESIDE).write_text(json.dumps(beside))
    return path


def roles(tokenizer: File) -> list[str]:
    return [tokenizer.vocabulary[index] for index in (tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id)]


def test_special_tokens_of_a_file_are_found(tmp_path: Path):
    def of(*specials: str, settings: dict[str, str] = {}, **beside: Any) -> list[str]:  # noqa: B006, never changed
        for file in tmp_path.glob("*/*"):
            file.unlink()
        return roles(made("file", path=str(foreign(tmp_path / "f", *specials, **beside)), **settings))  # type: ignore[arg-type]

    assert of("<|endoftext|>") == ["<|endoftext|>"] * 3
    assert of("<s>", "</s>", "[PAD]") == ["[PAD]", "<s>", "</s>"]
    assert of("<s>", "</s>", "<x>", eos_token="<x>") == ["<x>", "<s>", "<x>"]
    assert of("<s>", "</s>", "<x>", eos_token={"content": "<x>"}, pad_token=None) == ["<x>", "<s>", "<x>"]
    assert of("<s>", "</s>", "<x>", eos_token="<x>", settings={"end": "</s>", "pad": "<x>"}) == ["<x>", "<s>", "</s>"]
    with pytest.raises(DataError, match="end token that is known; say which it is: end=TOKEN"):
        of("<x>")
    with pytest.raises(DataError, match="has no token '<y>' for end"):
        of("<x>", settings={"end": "<y>"})


def test_a_file_s_special_tokens_are_kept_with_it(tmp_path: Path):
    tokenizer = made("file", path=str(foreign(tmp_path / "f", "<x>", "<s>")), end="<x>")
    assert isinstance(tokenizer, File)
    tokenizer.save(tmp_path / "tokenizer.json")
    loaded = File.load(tmp_path / "tokenizer.json")
    assert roles(loaded) == roles(tokenizer) == ["<x>", "<s>", "<x>"]
    assert loaded.decode([loaded.start_id, *loaded.encode("a<x>b"), loaded.end_id]) == "a<x>b"


def test_rows_of_problems_cannot_hold_the_token_of_id_0(tmp_path: Path):
    from abacist.text.characters import characters

    tokenizer = made("file", path=str(foreign(tmp_path / "f", "</s>")))
    none = tokenizer.vocabulary[0]
    rows = tokenizer.encode_batch(characters(["1+2", "36/3"]))
    assert [[index for index in row if index] for row in rows.tolist()] == [
        tokenizer.encode("1+2"),
        tokenizer.encode("36/3"),
    ]
    with pytest.raises(DataError, match=re.escape(f"{none!r} has the id 0")):
        tokenizer.encode_batch(characters(["1+2", f"1{none}2"]))


def test_a_file_needs_a_path():
    with pytest.raises(SettingsError, match=r"name a tokenizer\.json, or begin with weights"):
        made("file")
