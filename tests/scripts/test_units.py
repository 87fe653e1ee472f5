"""`scripts/units.py`, which writes the part of docs/lab.md on exact units: everything once, at toy scale."""

from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "lab.md"


@pytest.fixture(scope="module")
def units(loaded):
    """The script as a module."""
    with loaded("units") as module:
        yield module


def test_the_smoke_fills_its_parts_of_a_copy_of_the_page(units, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("ABACIST_DATA", raising=False)  # the authors' files are not everywhere
    before = PAGE.read_bytes()
    assert units.main(["--smoke", "--runs", str(tmp_path)]) == 0, capsys.readouterr().err
    assert PAGE.read_bytes() == before
    text = (tmp_path / "lab.md").read_text()
    for name, rows in {"taught": 6, "answers": 5, "lessons": 6}.items():
        part = text.partition(f"<!-- begin {name} -->\n")[2].partition(f"<!-- end {name} -->")[0]
        assert part.count("\n| ") == rows
        assert "parameters, 2 steps" in part

    # What is there is neither trained nor asked again.
    capsys.readouterr()
    assert units.main(["--smoke", "--runs", str(tmp_path)]) == 0
    assert "training" not in capsys.readouterr().out


def test_a_stage_that_there_is_not_is_named(units, capsys):
    assert units.main(["--only", "nothing"]) == 1
    assert "there are taught, answers, lessons" in capsys.readouterr().err
