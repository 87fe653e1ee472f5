"""`abacist compare` as its user meets it: tiny models, all of them trained, graded and shown."""

import json
import math
import os
import signal
import sys
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.apps.short_names import PATHS, in_full
from abacist.core.errors import RunError
from abacist.runs.run import Run
from abacist.training.loop import Trainer

TINY = {
    "digits": 2,
    "model.d_model": 16,
    "model.n_layers": 1,
    "training.batch_size": 16,
    "training.evaluate_on": 10,
    "training.evaluate_every": 100,
    "training.dtype": '"float32"',
    "questions": "[]",
    "grading.sets": '[{"title": "held out", "count": 20}, {"title": "any", "side": "any", "count": 10}]',
}
LITTLE = [word for path, value in TINY.items() for word in ("--set", f"{path}={value}")]


@pytest.fixture
def abacist(capsys, monkeypatch):
    """Run a command; return exit status, output, errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["abacist", *arguments])
        status = cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture
def compare(abacist, tmp_path):
    """Compare tiny models in a folder of the test's own."""

    def run(*arguments: str) -> tuple[int, str, str]:
        return abacist("compare", "demo", *LITTLE, "--runs", str(tmp_path), *arguments)

    return run


def read(folder: Path) -> list[dict]:
    return json.loads((folder / "compare.json").read_text())["rows"]


def test_help_has_the_short_names(abacist):
    status, out, _ = abacist("compare", "--help")
    assert status == 0
    assert all(name in out and path in out for name, path in PATHS.items())


def test_a_dial_goes_before_a_short_name():
    assert in_full("format", "plain", {}) == ("text.format", "compact")
    assert in_full("position.base", 500, {}) == ("model.position.base", 500)
    assert in_full("format", 3, {"format": 1}) == ("format", 3)
    assert in_full("model.position", "plain", {}) == ("model.position", "plain")


def test_every_combination_is_trained_graded_and_shown_once(compare, tmp_path):
    over = ["--over", "format=plain,reversed,steps", "--over", "position=rope", "--seeds", "2"]
    status, out, err = compare(*over, "--steps", "3")
    assert (status, err) == (0, "")
    folder = tmp_path / "compare-demo"
    names = [f"format-{name}_position-rope_seed-{seed}" for name in ("plain", "reversed") for seed in (1, 2)]
    assert sorted(path.name for path in folder.iterdir() if path.is_dir()) == sorted(names)
    assert all((folder / name / "report.html").is_file() for name in names)
    plain, turned, steps = read(folder)
    assert plain["choices"] == {"format": "plain", "position": "rope"}
    assert [trial["seed"] for trial in turned["trials"]] == [1, 2]
    assert {trial["steps"] for row in (plain, turned) for trial in row["trials"]} == {3}
    assert plain["answers"] == 2 * (20 + 10)
    assert plain["accuracy"].keys() == {"held out", "any"}
    assert plain["parameters"] > 1000
    assert plain["tokens_per_answer"] >= 1
    assert "unknown to this model" in steps["cannot"]
    assert steps["trials"] == []
    page = (folder / "compare.md").read_text()
    assert "| steps | rope | cannot: " in page
    assert "none of the 20 can have been seen" in page
    assert (folder / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert "3 of 4  plain · rope · seed 2" in out
    assert "steps · rope: cannot: " in out

    # The same again: nothing is trained, and what is missing of the grades is made up for.
    weights = [(folder / name / "model.safetensors") for name in names]
    before = [file.stat().st_mtime_ns for file in weights]
    (folder / names[0] / "grades.json").unlink()
    assert compare(*over, "--steps", "3")[0] == 0
    assert [file.stat().st_mtime_ns for file in weights] == before
    assert read(folder)[:2] == [plain, turned]

    # Other settings: one line, and nothing is touched.
    status, _, err = compare(*over, "--steps", "4")
    assert status == 1
    assert err.count("\n") == 1
    assert "training.steps=3, not 4" in err
    assert "--name" in err
    assert [file.stat().st_mtime_ns for file in weights] == before

    # More of the same goes on from there; what differs is made anew if that is allowed.
    status, out, _ = compare("--over", "format=plain", "--over", "position=rope", "--steps", "4", "--overwrite")
    assert status == 0
    assert [trial["steps"] for row in read(folder) for trial in row["trials"]] == [4]
    assert weights[0].stat().st_mtime_ns != before[0]
    assert weights[1].stat().st_mtime_ns == before[1]


def test_what_was_stopped_goes_on(compare, tmp_path, monkeypatch):
    resumed = []
    resume = Trainer.resume
    monkeypatch.setattr(Trainer, "resume", lambda trainer: (resumed.append(trainer), resume(trainer)))
    over = ["--over", "model.d_ff=8,16", "--steps", "12", "--name", "sizes"]
    progress = Trainer._progress

    def stop_in_the_second(trainer, loss, rate):
        if trainer.folder.name == "d_ff-16_seed-1":
            os.kill(os.getpid(), signal.SIGINT)
        return progress(trainer, loss, rate)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_progress", stop_in_the_second)
        status, _, err = compare(*over)
    assert status == 130
    assert "everything is saved. Go on with the same command: abacist compare demo " in err
    assert err.count("\n") == 1
    one, two = read(tmp_path / "sizes")
    assert len(one["trials"]) == 1
    assert two["trials"] == []
    assert not resumed
    status, out, err = compare(*over)
    assert (status, err) == (0, "")
    assert "1 of 2 runs are there already" in out
    assert len(resumed) == 1
    assert [trial["steps"] for row in read(tmp_path / "sizes") for trial in row["trials"]] == [12, 12]


def test_a_training_that_fails_is_shown_failing(compare, tmp_path, monkeypatch):
    train = Run.train

    def sometimes(run, *arguments, **options):
        if run.settings.seed == 2:
            raise RunError("the loss is not a number any more")
        return train(run, *arguments, **options)

    monkeypatch.setattr(Run, "train", sometimes)
    status, out, err = compare("--over", "position=nope", "--seeds", "2", "--steps", "2")
    assert (status, err) == (0, "")
    assert "nope with seed 2: failed: the loss is not a number any more" in out
    (row,) = read(tmp_path / "compare-demo")
    assert row["faults"] == {"2": "the loss is not a number any more"}
    assert len(row["trials"]) == 1
    assert "1 of 2" in (tmp_path / "compare-demo" / "compare.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--over", "formt=plain"], "did you mean format?"),
        (["--over", "format=plain,reversd"], "did you mean reversed?"),
        (["--over", "model.depth=1,2"], "model.depth: unknown setting"),
        (["--over", "position=rope", "--set", "model.positoin=nope"], "did you mean model.position?"),
        (["--over", "position=rope", "--set", "position.bases=3"], "bases"),
        (["--over", "position=rope", "--set", "position=nope"], "model.position: given twice"),
        (["--over", "position=rope", "--over", "model.position=nope"], "model.position: given twice"),
        (["--over", "seed=1,2"], "--seeds N"),
        (["--over", "position"], "write path=value,value"),
        (["--over", "model.n_heads=3,5"], "multiple of n_heads"),
        (["--over", "format=steps"], "unknown to this model"),
        (["--over", "position=rope", "--steps", "0"], "training.steps is 0"),
    ],
)
def test_a_mistake_is_told_before_any_work(compare, tmp_path, arguments, words):
    status, out, err = compare(*arguments)
    assert (status, out) == (1, "")
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_folder_that_no_comparison_made_is_left_alone(compare, tmp_path):
    foreign = tmp_path / "compare-demo" / "position-rope_seed-1"
    foreign.mkdir(parents=True)
    (foreign / "notes.txt").write_text("mine")
    status, _, err = compare("--over", "position=rope", "--steps", "2")
    assert status == 1
    assert "was not made by a comparison" in err
    status, _, _ = compare("--over", "position=rope", "--steps", "2", "--overwrite")
    assert (foreign / "notes.txt").read_text() == "mine"


def test_choices_that_belong_together_are_one_value(compare, tmp_path):
    together = '{"format":"reversed"},{"format":"compact","tokenizer":{"name":"character","characters":"0123456789+="}}'
    assert compare("--over", f"text={together}", "--steps", "1")[0] == 0
    one, other = read(tmp_path / "compare-demo")
    assert one["choices"] == {"text": "format=reversed"}
    assert other["choices"] == {"text": "format=compact tokenizer=character characters=0123456789+="}
    assert other["parameters"] < one["parameters"]


READING = {
    "context": 16,
    "model.n_layers": 1,
    "training.batch_size": 4,
    "training.evaluate_on": 4,
    "training.evaluate_every": 100,
    "training.dtype": '"float32"',
    "training.threads": 1,
    "corpus.sample.tokens": 2,
}


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("".join(f"the {a} cat saw the {b} dog.\n" for a in ("old", "sly") for b in ("red", "shy")) * 30)
    return path


@pytest.fixture
def compare_text(abacist, book, tmp_path):
    """Compare tiny models of a small book."""
    changes = [word for path, value in READING.items() for word in ("--set", f"{path}={value}")]

    def run(*arguments: str) -> tuple[int, str, str]:
        where = ("--set", f"corpus={book}", "--runs", str(tmp_path / "runs"))
        return abacist("compare", "character_gpt", *where, *changes, *arguments)

    return run


def test_tokenizers_are_compared_by_what_a_model_needs_for_a_character(compare_text, tmp_path, book):
    words = '{"name":"word","vocab_size":8}'
    over = ["--over", f'tokenizer=character,{words},{{"name":"bpe","vocab_size":10}}', "--over", "model.d_model=8,16"]
    status, out, err = compare_text(*over, "--steps", "2")
    assert (status, err) == (0, "")
    folder = tmp_path / "runs" / "compare-character_gpt"
    rows = read(folder)
    assert [row["choices"]["d_model"] for row in rows] == ["8", "16"] * 3
    assert rows[0]["choices"]["tokenizer"] == "character"
    for row in rows[:4]:
        (trial,) = row["trials"]
        (look,) = trial["losses"]
        per_character = look["tokens"] / (len(book.read_text()) - int(0.9 * len(book.read_text())))
        if "word" in row["choices"]["tokenizer"]:
            assert row["bits_per_character"] is None  # text was lost
        else:
            assert row["bits_per_character"]["median"] == pytest.approx(look["loss"] / math.log(2) * per_character)
        assert (Path(trial["run"]) / "report.html").is_file()
        assert trial["steps"] == 2
    assert rows[0]["characters_per_token"] == 1.0 < 3 < rows[2]["characters_per_token"]
    assert rows[0]["parameters"] < rows[1]["parameters"]
    assert (rows[2]["vocabulary"], rows[4]["trials"]) == (8, [])
    assert "vocab_size must be at least" in rows[4]["cannot"]
    page = (folder / "compare.md").read_text()
    for expected in ("bits a character", "book.txt: ", "stand for text that its vocabulary lacks"):
        assert expected in page
        assert expected in out
    assert (folder / "compare.png").read_bytes().startswith(b"\x89PNG")

    # The same again: nothing is trained, and what is missing of the losses is made up for.
    runs = [Path(row["trials"][0]["run"]) for row in rows[:4]]
    before = [(path / "model.safetensors").stat().st_mtime_ns for path in runs]
    (runs[0] / "grades.json").unlink()
    assert compare_text(*over, "--steps", "2")[0] == 0
    assert [(path / "model.safetensors").stat().st_mtime_ns for path in runs] == before
    assert read(folder) == rows


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--over", "tokenizer=charcter"], "did you mean character?"),
        (["--over", "tokenizer=character", "--set", "corpus=nowhere"], "nowhere"),
        (["--over", "tokenizer=character", "--set", "corpus.sample.prompt=漢"], "'漢' at place 1"),
        (["--over", "seed=1,2"], "--seeds N"),
    ],
)
def test_a_mistake_about_text_is_one_line(compare_text, tmp_path, arguments, words):
    status, out, err = compare_text(*arguments)
    assert (status, out) == (1, "")
    assert words in err
    assert err.count("\n") == 1
    assert not list((tmp_path / "runs").glob("*/*seed*"))


def test_text_and_problems_have_nothing_to_compare(abacist, book, tmp_path):
    text = {"sources": [{"text": {"name": "files", "paths": [str(book)]}}]}
    task = {"mixture": [{"operation": {"name": "addition", "left": [0, 9]}}]}
    own = tmp_path / "both.py"
    own.write_text(f"def both():\n    return {{'task': {task!r}, 'training': {{'steps': 1}}}}\n")
    over = ["--over", f"task=null,{json.dumps(task)}", "--over", f"corpus=null,{json.dumps(text)}"]
    status, _, err = abacist("compare", str(own), *over, "--runs", str(tmp_path))
    assert status == 1
    assert "compare runs of problems or runs of text" in err
