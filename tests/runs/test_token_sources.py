"""Runs that learn from token files as nanoGPT's prepare.py writes them."""

import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abacist.core.errors import AbacistError, RunError
from abacist.core.settings import check, override
from abacist.recipe import settings_of
from abacist.runs import text_report
from abacist.runs.settings import RunSettings
from abacist.runs.texts import CORPUS, TextRun
from abacist.text.tokenizer import learnt

TEXT = "".join(f"the {a} cat saw the {b} dog.\n" for a in ("old", "fat", "sly") for b in ("red", "big", "shy")) * 12
SMALL: dict[str, Any] = {
    "model.d_model": 16,
    "model.n_layers": 1,
    "training.steps": 4,
    "training.evaluate_every": 2,
    "training.evaluate_on": 4,
    "training.dtype": "float32",
    "training.threads": 1,
    "corpus.sample.tokens": 8,
}


def write(folder: Path, ids: list[int]) -> Path:
    folder.mkdir(exist_ok=True)
    border = int(len(ids) * 0.9)
    for name, part in (("train.bin", ids[:border]), ("val.bin", ids[border:])):
        np.array(part, dtype=np.uint16).tofile(folder / name)
    return folder


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """What data/shakespeare_char/prepare.py leaves."""
    known = sorted(set(TEXT))
    stoi = {character: index for index, character in enumerate(known)}
    folder = write(tmp_path / "prepared", [stoi[character] for character in TEXT])
    meta = {"vocab_size": len(known), "itos": {i: c for c, i in stoi.items()}, "stoi": stoi}
    (folder / "meta.pkl").write_bytes(pickle.dumps(meta))
    return folder


def told(folder: Path, what: str = "meta.json", values: Any = None) -> Path:
    (folder / what).write_text(json.dumps(sorted(set(TEXT)) if values is None else values))
    return folder


def made(tmp_path: Path, corpus: Path, name: str = "one", recipe: str = "character_gpt", **changes: Any) -> TextRun:
    values = {**SMALL, "corpus": str(corpus), **{key.replace("__", "."): value for key, value in changes.items()}}
    return TextRun.create(tmp_path / "runs" / name, settings_of(recipe, list(values.items())))


def test_it_learns_what_the_text_itself_would_teach(tmp_path: Path, prepared: Path):
    run = made(tmp_path, told(prepared))
    (tmp_path / "book.txt").write_text(TEXT)
    other = made(tmp_path, tmp_path / "book.txt", "two")
    assert (run.batch(3).ids == other.batch(3).ids).all()
    for each in (run, other):
        each.train()
    (one,), (two,) = run.validated(), other.validated()
    assert one.loss == two.loss
    assert one.loss.bits_per_character is not None
    assert isinstance(run.tokens[0].train.ids.base, np.memmap)
    assert run.settings.text.tokenizer.name == "character"
    (fact,) = json.loads((run.path / CORPUS).read_text())
    assert (fact["name"], fact["characters"]) == ("prepared", len(TEXT))
    assert "by its files" in text_report.write(run, [one], list(run.samples(1))).read_text()
    assert {path.suffix for path in (tmp_path / "runs" / ".tokens").iterdir() if path.is_file()} == {".json"}


def test_a_pickle_is_not_read_and_the_message_says_what_to_do(tmp_path: Path, prepared: Path):
    with pytest.raises(AbacistError, match="is a pickle, which can run any code and is not read") as caught:
        made(tmp_path, prepared)
    assert "\n" not in str(caught.value)
    code = re.search(r'python -c "(.*)"\)', str(caught.value))
    assert code is not None
    subprocess.run([sys.executable, "-c", code[1]], cwd=prepared, check=True)
    assert made(tmp_path, prepared).codec.tokenizer.vocabulary[3:] == sorted(set(TEXT))


def test_a_file_elsewhere_may_say_the_characters(tmp_path: Path, prepared: Path):
    told(tmp_path, "vocabulary.json")
    source = {"name": "nanogpt", "path": str(prepared), "vocabulary": str(tmp_path / "vocabulary.json")}
    run = made(tmp_path, prepared, corpus__sources__0__text=source)
    assert run.codec.tokenizer.vocabulary[3:] == sorted(set(TEXT))


def test_ids_of_which_nothing_is_said_are_numbers(tmp_path: Path):
    folder = write(tmp_path / "ids", [7, 3, 900, 7] * 200)
    run = made(tmp_path, folder)
    run.train()
    (look,) = run.validated()
    assert look.loss.bits_per_character is None
    (fact,) = json.loads((run.path / CORPUS).read_text())
    assert fact["characters"] is None
    assert "unknown" in text_report.write(run, [look], ["x"]).read_text()
    again = TextRun.open(run.path)
    assert again.codec.tokenizer.encode(" 7 3 900") == [11, 7, 904]
    assert again.codec.tokenizer.decode([11, 7, 904]) == " 7 3 900"
    assert again.tokens[0].train.take(0, 3).tolist() == [11, 7, 904]
    assert (
        made(tmp_path, folder, "two", text__tokenizer=again.settings.text.tokenizer).settings.text == run.settings.text
    )


def foreign(folder: Path) -> list[int]:
    """Write a tokenizer of byte pairs as others have it, its ids counting from 0; return those of the text."""
    ours = learnt({"name": "bpe", "vocab_size": 280}, [TEXT])
    form = json.loads(ours.form)  # type: ignore[attr-defined]
    vocabulary = {token: index - 3 for token, index in form["model"]["vocab"].items() if index > 2}
    form["model"]["vocab"] = vocabulary
    form["added_tokens"] = [{**form["added_tokens"][0], "id": len(vocabulary), "content": "<|endoftext|>"}]
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(form))
    return [index - 3 for index in ours.encode(TEXT)]


@pytest.mark.parametrize("where", ["beside", "named"])
def test_ids_may_be_those_of_a_tokenizer_from_elsewhere(tmp_path: Path, where: str):
    folder = tmp_path / "ids"
    at = folder if where == "beside" else tmp_path / "other"
    write(folder, foreign(at))
    changes: dict[str, Any] = {} if where == "beside" else {"text__tokenizer": {"name": "file", "path": str(at)}}
    run = made(tmp_path, folder, **changes)
    ids = run.tokens[0].train.take(0, 20).tolist()
    assert TEXT.startswith(run.codec.tokenizer.decode(ids))
    run.train()
    assert run.validated()[0].loss.bits_per_character is None
    # Who begins with its weights needs nothing that says what the ids are.
    (folder / "tokenizer.json").unlink(missing_ok=True)
    tuned = made(tmp_path, folder, "tuned", "finetune", weights=str(run.path))
    assert tuned.tokens[0].train.take(0, 20).tolist() == ids
    assert run.sample(run.corpus.sample, "the", 3).startswith("the")


def test_a_changed_file_is_other_text(tmp_path: Path, prepared: Path):
    run = made(tmp_path, told(prepared))
    write(prepared, [0, 1, 2, 3] * 300)
    with pytest.raises(RunError, match="prepared is not the text any more"):
        TextRun.open(run.path).train()


@pytest.mark.parametrize(
    ("characters", "changes", "message"),
    [
        (None, {"text__tokenizer": "bpe"}, "has tokens and no text, so bpe has nothing to cut"),
        (["a", "b"], {}, r"train\.bin has the id \d+ at place \d+"),
        (3, {}, "is no vocabulary of characters"),
        (None, {"model__context_length": 400}, "prepared has 314 tokens to validate with, and a row needs 401"),
    ],
)
def test_what_will_not_do_is_told_in_a_line(tmp_path: Path, prepared: Path, characters: Any, changes, message: str):
    told(prepared, values=characters)
    with pytest.raises(AbacistError, match=message) as caught:
        made(tmp_path, prepared, **changes)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs" / "one").exists()


def test_sources_must_mean_the_same_tokens(tmp_path: Path, prepared: Path):
    other = write(tmp_path / "other", [0, 1] * 100)
    told(prepared)
    told(other, values=["x", "y"])
    (tmp_path / "book.txt").write_text(TEXT)
    values = override(
        {
            "corpus": {"sources": []},
            "model": {"d_model": 16, "n_heads": 2, "context_length": 16},
            "training": {"steps": 1},
        },
        [("training.dtype", "float32"), ("training.threads", 1), ("corpus.split.by", "last")],
    )

    def mixed(second: dict[str, Any]) -> TextRun:
        first = {"name": "nanogpt", "path": str(prepared)}
        values["corpus"]["sources"] = [{"text": first}, {"text": second}]
        return TextRun.create(tmp_path / "runs" / "mixed", check(RunSettings, values))

    with pytest.raises(AbacistError, match=r"other: its ids stand for other tokens than those of the other sources"):
        mixed({"name": "nanogpt", "path": str(other)})
    run = mixed({"name": "files", "paths": [str(tmp_path / "book.txt")]})
    one, two = run.tokens
    assert one.train.take(0, 100).tolist() == two.train.take(0, 100).tolist()
    run.train()
    assert [look.name for look in run.validated()] == ["prepared", "book.txt", "all"]
