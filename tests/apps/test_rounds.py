"""`abacist train self_improvement` as its user meets it."""

import sys
from pathlib import Path

import pytest

from abacist.apps import cli

TINY = {
    "digits": 1,
    "target": 2,
    "rounds": 1,
    "model.d_model": 16,
    "model.n_layers": 1,
    "training.steps": 100,
    "training.batch_size": 32,
    "training.dtype": "float32",
    "training.threads": 1,
    "data.rounds.steps": 10,
    "data.rounds.voters": 2,
    "data.rounds.agree": 1,
    "data.rounds.ask": 50,
    "data.rounds.measure": 20,
    "grading.sets": '[{"title": "few", "count": 10}]',
}


@pytest.fixture
def train(tmp_path: Path, capsys, monkeypatch):
    """Train with a few settings changed, those of None left away; return what was printed."""

    def run(**changes: object) -> str:
        settings = TINY | {path.replace("__", "."): value for path, value in changes.items()}
        words = [word for path, value in settings.items() if value is not None for word in ("--set", f"{path}={value}")]
        monkeypatch.setattr(sys, "argv", ["abacist", "train", "self_improvement", "--runs", str(tmp_path), *words])
        assert cli.run() == 0
        return capsys.readouterr().out

    return run


def test_rounds_are_announced_told_in_a_table_and_in_the_report(train, tmp_path: Path, capsys, monkeypatch):
    out = train()
    assert "then 1 round of 10 steps on its own answers; models that vote: 2" in out
    lines = [line.split() for line in out.splitlines()]
    heading = lines.index(["round", "0", "1"])
    assert [line[0] for line in lines[heading + 1 :][:3]] == ["asked", "kept,", "right"]
    assert "* held against the truth for this table alone" in out
    assert "2 digits right, % *" in out
    page = (tmp_path / "self_improvement" / "report.html").read_text()
    assert "What the model taught itself" in page
    assert 'id="accuracy-by-round' in page
    monkeypatch.setattr(sys, "argv", ["abacist", "train", "--resume", str(tmp_path / "self_improvement")])
    assert cli.run() == 1
    assert "is finished" in capsys.readouterr().err


def test_what_is_not_measured_is_not_told(train):
    out = train(data__rounds__measure=0)
    assert "asked" in out
    assert "digits right" not in out


def test_without_rounds_the_recipe_is_a_training_like_any_other(train, tmp_path: Path):
    away = {path.replace(".", "__"): None for path in TINY if path.startswith("data.rounds.")}
    assert "own answers" not in train(**away, rounds=0)
    assert not (tmp_path / "self_improvement" / "rounds").exists()
