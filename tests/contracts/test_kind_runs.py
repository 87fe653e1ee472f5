"""The contract of kinds, through the commands: each trains, is graded, is asked, and answers by itself."""

import json
import sys
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.apps.calc import calc
from abacist.core.catalogue import own_names
from abacist.core.settings import dump
from abacist.evaluation.grading import ask
from abacist.kind import FOLDER
from abacist.problems.operation import Operation
from abacist.runs import folder as folders
from abacist.runs.golden import record
from abacist.runs.problems import ProblemRun
from abacist.text.calls import CHARACTERS

KINDS = own_names(FOLDER)
DECODERS = ("decoder", "guided")
"""Kinds whose weights are those of a decoder, and answer as they do in one."""
CALLS = ["--set", f'text.tokenizer.characters="{CHARACTERS}"']
"""One of the kinds needs more signs than the others, which then have them too."""
FEW = ["--set", 'grading.sets=[{"title": "few", "count": 10}]', "--set", "model.d_model=16"]


@pytest.fixture
def abacist(capsys, monkeypatch, tmp_path):
    """Run a command; return exit status, output, errors."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["abacist", *arguments])
        status = calc(list(arguments[1:])) if arguments[0] == "calc" else cli.run()
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_by_every_command(abacist, monkeypatch, name: str):
    chosen = ["--set", f"kind={name}", "--set", "digits=2", "--steps", "4", *FEW, *CALLS]
    status, out, err = abacist("train", "demo", *chosen, "--name", "one")
    assert (status, err) == (0, "")
    assert "10 answers" in out
    status, out, err = abacist("grade", "runs/one", "--json", *FEW[:2])
    assert (status, err) == (0, "")
    assert json.loads(out)[0]["count"] == 10
    status, out, err = abacist("calc", "--run", "runs/one", "--json", "12+34")
    assert err == ""
    assert json.loads(out)["question"] == "12+34"
    status, _, err = abacist("export", "runs/one", "--out", "exported")
    if name not in DECODERS:
        assert (status, err) == (1, "abacist: runs/one is no decoder; other kinds cannot be written\n")
    run = ProblemRun.open(Path("runs/one"))
    assert run.settings.kind.name == name
    questions = [problem.question for problem in run.watched_problems()[:20]]
    answers = ask(run.trained(), run.codec, questions)

    def refuse(*_: object) -> None:
        raise AssertionError("the exact solver was asked for help")

    for operation in list(Operation.by_symbol.values()):
        monkeypatch.setattr(operation, "solve", staticmethod(refuse))
    assert ask(run.trained(), run.codec, questions) == answers


@pytest.mark.parametrize("name", [name for name in KINDS if name not in DECODERS])
def test_golden_files_are_of_decoders_alone(tiny_settings, tmp_path: Path, name: str):
    changes = {"kind": name, "text__tokenizer__characters": CHARACTERS}
    run = ProblemRun.create(tmp_path / "run", tiny_settings(**changes, training__steps=1))
    run.train()
    with pytest.raises(folders.RunError, match="is no decoder; golden files are of decoders alone"):
        record(run, ["1+2"])


def test_kinds_are_compared_by_one_command(abacist):
    arguments = ["--over", f"kind={','.join(KINDS)}", "--set", "digits=1", "--seeds", "1", "--steps", "2", *FEW, *CALLS]
    status, out, err = abacist("compare", "demo", *arguments, "--name", "kinds")
    assert (status, err) == (0, "")
    assert all(name in out for name in KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_text_is_learned_by_every_kind_and_written_by_those_that_write(abacist, tmp_path: Path, name: str):
    book = "A book of a few lines,\nsome of them longer than others are.\n" * 40
    (tmp_path / "book.txt").write_text(book + CHARACTERS)
    chosen = ["--set", f"kind={name}", "--set", "corpus=book.txt", "--set", "model.n_layers=1", "--steps", "3"]
    status, out, err = abacist("train", "character_gpt", *chosen, *FEW[2:], "--name", "text")
    assert (status, err) == (0, "")
    looks = json.loads((tmp_path / "runs" / "text" / folders.GRADES).read_text())
    assert looks[0]["tokens"] > 0
    status, out, err = abacist("sample", "runs/text", "--tokens", "5", "--prompt", "A")
    if name == "encoder":
        assert (status, out, err) == (1, "", "abacist: a model of kind encoder writes no text\n")
        assert looks[0]["bits_per_character"] is None
    else:
        assert (status, err) == (0, "")
        assert len(out) == len("A12345\n")
        assert looks[0]["bits_per_character"] > 0


@pytest.mark.parametrize("name", KINDS)
def test_what_the_settings_leave_open_is_settled_once(tiny_settings, tmp_path: Path, name: str):
    run = ProblemRun.create(tmp_path / "run", tiny_settings(kind=name, text__tokenizer__characters=CHARACTERS))
    again = ProblemRun.create(tmp_path / "again", run.settings)
    assert dump(again.settings) == dump(run.settings)
