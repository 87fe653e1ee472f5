"""`scripts/lab.py`, which writes docs/lab.md: a few models once at toy scale, and all of them as settings."""

import re
from pathlib import Path

import pytest

from abacist.runs.matching import WITHIN, count
from abacist.runs.problems import ProblemRun

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("lab*"))


@pytest.fixture(scope="module")
def lab(loaded):
    """The script as a module."""
    with loaded("lab") as module:
        yield module


def test_the_smoke_fills_every_part_of_a_copy_of_the_page(lab, tmp_path, capsys):
    before = [path.read_bytes() for path in DOCS if path.is_file()]
    assert lab.main(["--smoke", "--runs", str(tmp_path)]) == 0, capsys.readouterr().err
    assert [path.read_bytes() for path in DOCS if path.is_file()] == before
    text = (tmp_path / "lab.md").read_text()
    assert "failed" not in text
    for name in lab.STAGES:
        part = text.partition(f"<!-- begin {name} -->\n")[2].partition(f"<!-- end {name} -->")[0]
        assert part.count("\n| decoder |") == {"kinds": 2, "experts": 0, "sums": 1}[name]
        pictures = re.findall(r"\]\((.*?)\)", part)
        assert len(pictures) == {"kinds": 1, "experts": 2, "sums": 0}[name]
        assert all((tmp_path / each).stat().st_size < 60_000 for each in pictures)
    assert f"\n| {lab.TAUGHT}, gate closed |" in text

    # What is there is not made again.
    weights = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.safetensors")}
    assert lab.main(["--smoke", "--runs", str(tmp_path), "--only", "kinds,experts"]) == 0
    assert {path: path.stat().st_mtime_ns for path in weights} == weights


def test_experts_are_looked_at_when_they_are_trained(lab, tmp_path, capsys):
    assert lab.main(["--smoke", "--runs", str(tmp_path), "--only", "experts"]) == 1
    assert "run --only kinds before" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["kinds", "sums"])
def test_models_of_a_stage_have_as_many_parameters_and_can_be_trained(lab, tmp_path, name):
    stage = lab.STAGES[name]
    made = lab.settings(stage)
    first = count(next(iter(made.values())))
    assert list(made) == [model.name for model in stage.models]
    for settings in made.values():
        assert abs(count(settings) - first) <= WITHIN * first
        assert settings.training.minutes == stage.changes["training.minutes"]
        ProblemRun(tmp_path, settings).check()
