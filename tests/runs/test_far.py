"""Answers beyond the trained sizes, kept in the run's folder."""

import shutil
from pathlib import Path

import pytest

from abacist.core.errors import RunError
from abacist.evaluation.far import Plan
from abacist.runs import far
from abacist.runs.folder import FAR_KEPT
from abacist.runs.run import Run

PLAN = Plan(lengths=(1, 2), count=3)


def test_a_plan_is_asked_once(tiny_run: Path, tmp_path: Path, monkeypatch):
    run = Run.open(Path(shutil.copytree(tiny_run, tmp_path / "tiny")))
    asked = far.reach_once(run, PLAN)
    (file,) = (run.path / FAR_KEPT).iterdir()
    other = far.reach_once(run, Plan(lengths=(1,), count=3))
    monkeypatch.setattr(far, "reach_far", None)
    assert far.reach_once(run, PLAN) == asked
    assert far.reach_once(run, Plan(lengths=(1,), count=3)) == other
    with pytest.raises(TypeError):
        far.reach_once(run, Plan(lengths=(1, 2), count=4))
    with pytest.raises(TypeError):
        far.reach_once(far.widened(run, 64), PLAN)
    file.write_text('{"lengths": {}}')
    with pytest.raises(RunError, match="cannot be read"):
        far.reach_once(run, PLAN)
    monkeypatch.undo()
    # Answers of other weights are none of the run's.
    run.trainer(lambda _: None, resume=False)
    assert not (run.path / FAR_KEPT).exists()
