"""`abacist shrink` and what `abacist size` says of its runs."""

import json
import sys
from pathlib import Path

import pytest

from abacist.apps import cli
from abacist.runs.folder import GRADES, REPORT, read_json
from abacist.training.loop import WEIGHTS


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["abacist", *map(str, arguments)])
    return cli.run()


def shrink(monkeypatch: pytest.MonkeyPatch, source: Path, folder: Path, *arguments: str) -> int:
    return run(monkeypatch, "shrink", source, "--runs", folder, *arguments)


def test_each_number_of_bits_makes_a_run_and_one_table_has_all(tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert shrink(monkeypatch, tiny_run, tmp_path, "--bits", "8,3", "--prune", "0.3") == 0
    out = capsys.readouterr().out
    lines = [line for line in out.splitlines() if " held out " in line]
    folders = [tiny_run, tmp_path / "tiny-8bits-pruned0.3", tmp_path / "tiny-3bits-pruned0.3"]
    assert [line.split()[0] for line in lines] == [folder.name for folder in folders]
    for line, folder in zip(lines, folders, strict=True):
        assert f" {(folder / WEIGHTS).stat().st_size:,} " in line
    assert all((folder / REPORT).is_file() for folder in folders[1:])
    sizes = [(tmp_path / f"tiny-{bits}bits-pruned0.3" / WEIGHTS).stat().st_size for bits in (8, 3)]
    assert sizes[1] < sizes[0] < (tiny_run / WEIGHTS).stat().st_size / 2


def test_json_has_the_run_as_it_was_first_and_the_grades_are_those_written_down(
    tiny_run: Path, tmp_path: Path, monkeypatch, capsys
):
    before = sorted(path.name for path in tiny_run.iterdir())
    assert shrink(monkeypatch, tiny_run, tmp_path, "--bits", "4", "--name", "small", "--json") == 0
    whole, small = json.loads(capsys.readouterr().out)
    assert whole["done"] is None
    assert small["done"] == {"bits": 4, "group": 64, "prune": 0.0}
    assert small["grades"] == read_json(tmp_path / "small" / GRADES)
    assert [grade["count"] for grade in whole["grades"]] == [grade["count"] for grade in small["grades"]]
    assert small["size"]["numbers"] == whole["size"]["numbers"]
    assert sorted(path.name for path in tiny_run.iterdir()) == before


def test_a_shrunk_run_is_asked_graded_and_sized_as_any_other(tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert shrink(monkeypatch, tiny_run, tmp_path, "--bits", "5", "--name", "small") == 0
    small = tmp_path / "small"
    assert run(monkeypatch, "grade", small, "--json") == 0
    assert run(monkeypatch, "far", small, "--lengths", "1,2", "--count", "2", "--json") == 0
    capsys.readouterr()
    assert run(monkeypatch, "size", small, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["weights"] == read_json(small / "shrunk.json")["size"]
    assert told["weights"]["numbers"] == told["parameters"]
    assert run(monkeypatch, "size", small) == 0
    assert f"{(small / WEIGHTS).stat().st_size:,} bytes on disk" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ((), 1, "nothing would become smaller"),
        (("--bits", "8,9"), 1, "bits must be from 2 to 8, got 9"),
        (("--bits", "8", "--prune", "1.5"), 1, "prune must be at least 0 and below 1"),
        (("--bits", "8", "--group", "0"), 1, "group must be at least 1"),
        (("--bits", "eight"), 2, "should be whole numbers with commas between"),
        (("--prune", "much"), 2, "should be shares with commas between"),
        (("--bits", "8", "--name", "a/b"), 1, "should be a plain folder name"),
    ],
)
def test_wrong_input_is_one_clear_line(arguments, status, told, tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert shrink(monkeypatch, tiny_run, tmp_path, *arguments) == status
    assert told in capsys.readouterr().err.strip().splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_no_run_and_a_taken_name_are_one_clear_line(tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert shrink(monkeypatch, tmp_path, tmp_path, "--bits", "8") == 1
    assert capsys.readouterr().err.strip().endswith("is no run: it holds no settings.json")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "mine").write_text("")
    assert shrink(monkeypatch, tiny_run, tmp_path, "--bits", "8", "--name", "small") == 1
    assert "small exists; choose another --name" in capsys.readouterr().err


def test_training_on_is_refused_in_one_line(tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert shrink(monkeypatch, tiny_run, tmp_path, "--bits", "8", "--name", "small") == 0
    capsys.readouterr()
    assert run(monkeypatch, "train", "--resume", tmp_path / "small") == 1
    assert capsys.readouterr().err.strip().count("\n") == 0
