"""Text runs on the command line: train, go on, grade, sample, fine-tune; and what is wrong in a line."""

import json
import os
import sys
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.text.latex.checking import checked

BOOK = "".join(f"Let $x_{n}$ be the {a} map.\n\n" for a in ("old", "flat", "good") for n in range(9)) * 12
TINY = [
    "model.d_model=16",
    "model.n_layers=1",
    "model.n_heads=2",
    "training.evaluate_every=10",
    "training.dtype=float32",
]
TINY += ["training.threads=1", "training.evaluate_on=20", "corpus.sample.tokens=20"]


def abacist(*arguments: object, capsys=None) -> int:
    """Run a command as from a terminal; return its status."""
    before, sys.argv = sys.argv, ["abacist", *map(str, arguments)]
    try:
        return cli.run()
    finally:
        sys.argv = before


def settings(*more: str) -> list[str]:
    return [word for each in (*TINY, *more) for word in ("--set", each)]


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """A folder with a book and a run that has read it."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "book.txt").write_text(BOOK)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert abacist("train", "character_gpt", "--steps", 40, *settings("corpus=book.txt")) == 0
    return folder


@pytest.fixture(autouse=True)
def _at_the_desk(desk: Path, monkeypatch):
    monkeypatch.chdir(desk)


def test_training_shows_samples_and_ends_with_the_loss(desk: Path, capsys):
    assert abacist("train", "bigram", "--steps", 20, "--name", "pairs", *settings("corpus=book.txt")) == 0
    out = capsys.readouterr().out
    assert out.count("  | ") == 2
    assert "book.txt: " in out
    assert "nats a token" in out
    assert (desk / "runs" / "pairs" / "report.html").is_file()
    assert abacist("train", "--resume", "runs/pairs") == 1
    assert "is finished" in capsys.readouterr().err


def test_grading_again_gives_the_same_loss(desk: Path, capsys):
    before = json.loads((desk / "runs" / "character_gpt" / "grades.json").read_text())
    assert abacist("grade", "runs/character_gpt", "--json") == 0
    assert json.loads(capsys.readouterr().out) == before
    assert before[0]["bits_per_character"] > 0


def test_texts_follow_from_the_seed_and_come_piece_by_piece(desk: Path, capsys, monkeypatch):
    ask = ("sample", "runs/character_gpt", "--prompt", "Let ", "--tokens", 90, "--num", 2)
    written = []
    for seed in (1, 1, 2):
        assert abacist(*ask, "--seed", seed) == 0
        written.append(capsys.readouterr().out)
    assert written[0] == written[1] != written[2]
    one, two = written[0].split("\n---\n")
    assert one.startswith("Let ")
    assert len(one.rstrip("\n")) <= 94 < 2 * 94
    assert one != two
    flushed: list[str] = []
    monkeypatch.setattr("builtins.print", lambda *words, **_: flushed.append("".join(map(str, words))))
    assert abacist("sample", "runs/character_gpt", "--tokens", 30, "--temperature", 0) == 0
    assert len([each for each in flushed if len(each) == 1]) >= 29


def test_a_reader_that_has_enough_ends_it_quietly(desk: Path, capfd, monkeypatch):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert abacist("sample", "runs/character_gpt", "--tokens", 30) == 141
    assert capfd.readouterr().err == ""


def test_latex_is_checked(desk: Path, capsys):
    assert abacist("sample", "runs/character_gpt", "--tokens", 400, "--latex-check", "--temperature", 0.3) == 0
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1] == str(checked(shown.out.removesuffix("\n")))


def test_fine_tuning_begins_where_the_other_run_ended(desk: Path, capsys):
    dials = ["--set", "weights=runs/character_gpt", "--set", "corpus=book.txt", "--set", "rank=2"]
    assert abacist("train", "finetune", "--steps", 10, *dials, *settings()) == 0
    out = capsys.readouterr().out
    assert "it begins with the weights of" in out
    assert "192 of 10,400 parameters" in out  # adapters learn, of all
    before, after = (
        json.loads((desk / "runs" / name / "grades.json").read_text())[0]["loss"]
        for name in ("character_gpt", "finetune")
    )
    assert after < before + 0.02


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sample", "runs/none"), "runs/none is no run"),
        (("sample", "runs/character_gpt", "--prompt", "é"), "the character 'é' at place 1"),
        (("sample", "runs/character_gpt", "--top-p", "2"), "top_p must be above 0 and at most 1, got 2.0"),
        (("sample", "runs/character_gpt", "--tokens", "0"), "--tokens must be at least 1, got 0"),
        (("sample", "runs/character_gpt", "--seed", "-1"), "--seed must be at least 0, got -1"),
        (("train", "character_gpt"), "there is no text to learn from; name a file"),
        (("train", "character_gpt", "--set", "corpus=gone.txt"), "no file or folder gone.txt to take text from"),
        (("train", "finetune", "--set", "corpus=book.txt"), "start.weights: name what to begin with"),
        (("train", "finetune", "--set", "weights=gone", "--set", "corpus=book.txt"), "gone is no folder"),
        (("calc", "--run", "runs/character_gpt", "1+1"), "is a run of text, which abacist sample lets write"),
        (("far", "runs/character_gpt", "--lengths", "1"), "is a run of text; this is for runs of problems"),
        (
            ("data", "character_gpt", "--rows", "3", "--out", "x.txt"),
            "character_gpt learns from text, and what is asked for here needs problems",
        ),
        (("compare", "character_gpt", "--over", "model.d_model=8,16"), "there is no text to learn from; name a file"),
        (("train", "bigram", "--over", "seed=1,2"), "--over: models of text are trained one by one"),
    ],
)
def test_what_is_wrong_is_told_in_a_line(arguments, message: str, capsys):
    if arguments[0] == "calc":
        from abacist.apps.calc import calc

        assert calc(list(arguments[1:])) == 1
    else:
        assert abacist(*arguments) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
