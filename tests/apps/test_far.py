"""`abacist far` as its user meets it."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from abacist.apps import cli


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
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A copy of the tiny run, to write into."""
    return Path(shutil.copytree(tiny_run, tmp_path / "tiny"))


def test_tables_pictures_and_the_report_come_from_one_command(abacist, run):
    assert abacist("grade", str(run))[0] == 0
    before = (run / "report.html").read_text()
    assert "How far it reaches" not in before
    status, out, err = abacist("far", str(run), "--lengths", "1,2,4", "--count", "5", "--seed", "7")
    assert (status, err) == (0, "")
    assert "seed 7; none can have been seen" in out
    assert "999…9 + 1" in out
    assert "[" in out.splitlines()[2]  # sizes that training can have shown stand in brackets
    values = json.loads((run / "far.json").read_text())
    assert values["lengths"]["seed"] == 7
    assert all(each["count"] == each["correct"] + len(each["failures"]) for each in values["lengths"]["cells"])
    assert (run / "far-lengths.png").read_bytes().startswith(b"\x89PNG")
    assert (run / "far-errors.png").is_file()
    page = (run / "report.html").read_text()
    assert "How far it reaches" in page
    assert "Every mistake" in page
    # The next grade keeps the part: the weights are the same.
    assert abacist("grade", str(run))[0] == 0
    assert "seed 7" in (run / "report.html").read_text()


def test_json_is_printed_and_nothing_written(abacist, run):
    files = sorted(run.iterdir())
    status, out, _ = abacist("far", str(run), "--lengths", "2,3", "--count", "2", "--json")
    assert status == 0
    assert {tuple(cell["at"]) for cell in json.loads(out)["lengths"]["cells"]} == {(2, 2), (2, 3), (3, 2), (3, 3)}
    assert sorted(run.iterdir()) == files


def test_positions_that_tell_no_more_places_apart_are_noted(abacist, run):
    room = ["--set", "model.context_length=64"]
    status, out, _ = abacist("far", str(run), "--lengths", "17", "--count", "1", *room)
    assert status == 0
    assert "(places) tell 16 digit places apart" in out
    assert "note" not in abacist("far", str(run), "--lengths", "16", "--count", "1", *room)[1]


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        ([], 1, "how far? name sizes, for instance --lengths 5,10,20"),
        (["--lengths", "0"], 1, "--lengths: 0 is not from 1"),
        (["--operands", "3"], 1, "none of this run's operations (addition, subtraction) takes as many operands"),
        (["--depths", "3"], 1, "none of this run's operations (addition, subtraction) nests parentheses"),
        (["--lengths", "2,20"], 1, "--set model.context_length=128"),
        (["--lengths", "2", "--set", "model.d_model=3"], 1, "model.d_model: only model.context_length can be changed"),
        (["--lengths", "2", "--set", "model.context_length=no"], 1, "model.context_length"),
        (["--lengths", "five"], 2, "whole numbers with commas between, such as 5,10,20, got 'five'"),
    ],
)
def test_a_mistake_gets_one_clear_line(abacist, tiny_run, arguments, status, word):
    found, out, err = abacist("far", str(tiny_run), *arguments)
    assert (found, out) == (status, "")
    assert word in err.splitlines()[-1]
    assert "Traceback" not in err
    assert status == 2 or len(err.splitlines()) == 1


def test_a_folder_that_is_no_run_is_said(abacist, tmp_path):
    assert abacist("far", str(tmp_path), "--lengths", "2") == (
        1,
        "",
        f"abacist: {tmp_path} is no run: it holds no settings.json\n",
    )


def test_a_broken_far_json_is_said(abacist, run):
    (run / "far.json").write_text('{"operands": {}}')
    status, _, err = abacist("far", str(run), "--lengths", "2", "--count", "1")
    assert status == 1
    assert "far.json cannot be read" in err
