"""Runs of text: what is told before and after a training, and what stands in the way of one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from abacist.apps.train_text import train_on_text
from abacist.core.errors import Interrupted, RunError, SettingsError
from abacist.core.settings import check, override
from abacist.evaluation.losses import summed_loss
from abacist.models.checkpoint import load_tensors
from abacist.runs import texts
from abacist.runs.folder import GRADES
from abacist.runs.settings import RunSettings
from abacist.runs.texts import CORPUS, TextRun
from abacist.text.choice import Choice
from abacist.training.loop import WEIGHTS, Progress, read_metrics

BOOK = "".join(f"the {a} cat saw the {b} dog.\n" for a in ("old", "fat", "sly") for b in ("red", "big", "shy")) * 12
MODEL = {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32, "position": "rope", "context_length": 16}
TRAINING = {"steps": 20, "batch_size": 8, "dtype": "float32", "threads": 1, "learning_rate": 1e-2}
LOOKS = {"evaluate_every": 10, "evaluate_on": 10, "save_every": 10}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    return path


def settings(book: Path, **changes: Any) -> RunSettings:
    source = {"text": {"name": "files", "paths": [str(book)]}}
    values = {
        "corpus": {"sources": [source], "split": {"by": "last"}, "sample": {"tokens": 12}},
        # What is given beside weights to begin with has to be theirs.
        "model": {} if "start" in changes else MODEL,
        "training": {**TRAINING, **LOOKS},
    }
    return check(RunSettings, override(values, [(path.replace("__", "."), value) for path, value in changes.items()]))


def made(tmp_path: Path, book: Path, name: str = "one", **changes: Any) -> TextRun:
    return TextRun.create(tmp_path / "runs" / name, settings(book, **changes))


def test_what_a_vocabulary_loses_leaves_no_bits_a_character(tmp_path: Path, book: Path, capsys):
    book.write_text(BOOK + "a few rare words end it all, and nothing else is like them\n" * 8)
    run = made(tmp_path, book, text__tokenizer={"name": "word", "vocab_size": 14})
    train_on_text(run, report=True, resume=False)
    shown = " ".join(capsys.readouterr().out.split())
    (look,) = json.loads((run.path / GRADES).read_text())
    side = run.tokens[0].validation
    assert look["unknown"] == side.unknown / len(side) > 0
    assert look["bits_per_character"] is look["tokens_per_character"] is None
    share = f"{look['unknown']:.2%}"
    assert f"{share} of the tokens to validate are unknown" in shown
    assert shown.count(share) == 2  # before training, and in the table behind it
    assert f"{share} of the tokens are unknown to the vocabulary" in (run.path / "report.html").read_text()
    assert all(line["bits_per_character"] is None for line in read_metrics(run.path) if "sample" in line)


def test_validation_text_that_is_trained_on_is_told(tmp_path: Path, book: Path, capsys):
    run = made(tmp_path, book)
    train_on_text(run, report=True, resume=False)
    (fact,) = json.loads((run.path / CORPUS).read_text())
    assert fact["overlap"]["found"] > 0.9 * fact["overlap"]["looked_for"]  # the book says the same over and over
    said = "of the validation text's stretches of 50 characters stand in the training text"
    assert said in " ".join(capsys.readouterr().out.split())
    assert said in (run.path / "report.html").read_text().replace("&#39;", "'")


def test_adapters_leave_new_tokens_to_learn(tmp_path: Path, book: Path):
    first = made(tmp_path, book, training__steps=60)
    first.train()
    book.write_text(BOOK.replace("cat", "c@t"))
    start = {"weights": str(first.path), "lora": {"rank": 2}}
    whole, run = (made(tmp_path, book, name=name, start=start, training__steps=30) for name in ("two", "three"))
    assert whole.settings.start is not None
    assert whole.settings.start.lora is not None
    assert whole.settings.start.lora.whole == ("embedding", "head")
    whole.trainer(lambda _: None, resume=False)
    begun = {name: tensor.clone() for name, tensor in whole.kind.model.state_dict().items()}
    whole.train()
    tuned, new = load_tensors(whole.path / WEIGHTS), whole.codec.tokenizer.encode("@")
    for name in ("embedding.weight", "head.weight"):
        assert (tuned[name][new] - begun[name][new]).abs().max() > 0.01
    frozen = [name for name in begun if name.startswith("blocks") and "lora" not in name]
    assert frozen
    assert all(torch.equal(tuned[name], begun[name]) for name in frozen)
    adapted, _ = summed_loss(whole.kind, [whole.batch(0)])
    again = TextRun.open(whole.path)
    assert summed_loss(again.trained(), [again.batch(0)])[0] == pytest.approx(adapted, rel=1e-4)

    def stop(progress: Progress) -> None:
        if progress.step == 20:
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        run.train(stop)
    shutil.rmtree(first.path)  # what it began with is not needed any more
    run = TextRun.open(run.path)
    run.train(resume=True)
    assert all(torch.equal(tensor, tuned[name]) for name, tensor in load_tensors(run.path / WEIGHTS).items())


def test_what_weights_cannot_grant_is_told_in_a_line_each(tmp_path: Path, book: Path):
    first = made(tmp_path, book)
    first.train()
    wishes = {"model__d_model": 128, "model__context_length": 32, "kind": "bigram", "text__tokenizer": "bpe"}
    with pytest.raises(SettingsError) as caught:
        made(tmp_path, book, name="two", start={"weights": str(first.path)}, **wishes)
    lines = str(caught.value).splitlines()
    assert lines[0] == "model.d_model: 128 is not to be had, the weights to begin with have 16; leave it away"
    assert lines[1].startswith("model.context_length: 32 is not to be had, the weights to begin with have 16; leave")
    assert lines[1].endswith("(corpus.length makes rows shorter)")
    assert [line.partition(":")[0] for line in lines[2:]] == ["kind", "text.tokenizer"]
    # Settings of such a run, which hold the shape of the weights, make it again.
    run = made(tmp_path, book, name="two", start={"weights": str(first.path)})
    assert TextRun.create(tmp_path / "runs" / "three", run.settings).settings == run.settings


def test_mistakes_are_told_before_there_is_a_folder(tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch):
    first = made(tmp_path, book)
    first.train()
    whole = (first.path / WEIGHTS).read_bytes()
    (first.path / WEIGHTS).write_bytes(whole[:-100])
    with pytest.raises(RunError, match="cannot be read"):
        made(tmp_path, book, name="two", start={"weights": str(first.path)})
    assert not (tmp_path / "runs" / "two").exists()
    monkeypatch.setattr(texts, "survey", lambda _: pytest.fail("text was read before"))
    with pytest.raises(RunError, match="one exists; choose another --name"):
        made(tmp_path, book)


def test_a_model_that_cannot_be_is_told_before_text_is_encoded(tmp_path: Path, book: Path, monkeypatch):
    monkeypatch.setattr(texts, "encoded", lambda *_: pytest.fail("text was encoded before"))
    with pytest.raises(SettingsError, match="rotary positions need an even d_head"):
        made(tmp_path, book, model__d_model=6)


def test_a_run_does_not_replace_what_it_begins_with(tmp_path: Path, book: Path):
    first = made(tmp_path, book)
    first.train()
    with pytest.raises(RunError, match="one holds the weights to begin with"):
        TextRun.create(first.path, settings(book, start={"weights": str(first.path)}), overwrite=True)
    assert (first.path / WEIGHTS).is_file()


def test_what_is_left_of_a_replacement_hinders_none(tmp_path: Path, book: Path, monkeypatch: pytest.MonkeyPatch):
    made(tmp_path, book)
    made(tmp_path, book, name="one.new")
    with monkeypatch.context() as patch:
        patch.setattr(TextRun, "facts", lambda _: {}["gone"])
        with pytest.raises(KeyError):
            TextRun.create(tmp_path / "runs" / "one", settings(book), overwrite=True)
    assert sorted(each.name for each in (tmp_path / "runs").iterdir()) == [".tokens", "one", "one.new"]
    TextRun.create(tmp_path / "runs" / "one", settings(book, seed=5), overwrite=True)
    assert TextRun.open(tmp_path / "runs" / "one").settings.seed == 5
    assert TextRun.open(tmp_path / "runs" / "one.new").settings.seed == 1


@pytest.mark.parametrize(("rows", "ended"), [("blocks", False), ("documents", True)])
def test_tokens_that_no_block_has_taught_are_never_written(tmp_path: Path, book: Path, rows: str, ended: bool):
    run = made(tmp_path, book, corpus__rows=rows, corpus__length=8, corpus__split={"by": "block", "block": 200})
    with torch.no_grad():
        run.kind.model.head.weight.zero_()  # every token is as likely
    for number in range(5):
        text = run.written(Choice(), "", 100, number)
        written = "".join(text)
        assert text.ended == ended
        assert len(written) == 100 or ended
        assert not {0, 1, 2} & {*text.ids} or ended
