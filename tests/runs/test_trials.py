"""Trials: a run that is there is held against what is asked, and is never trained twice."""

import dataclasses
import json
from pathlib import Path

import pytest

from abacist.core.errors import RunError
from abacist.runs.folder import GRADES, write_json
from abacist.runs.run import Run
from abacist.runs.trials import check_same, is_finished, is_graded, prepare, result


def test_what_was_asked_is_kept_beside_what_came_of_it(tmp_path: Path, tiny_settings):
    asked = tiny_settings(training__dtype="auto", training__threads="auto")
    tried = dataclasses.replace(asked.training, dtype="float32", threads=1)
    run = prepare(tmp_path / "a", asked, tried)
    assert (run.settings.training.dtype, run.settings.training.threads) == ("float32", 1)
    check_same(tmp_path / "a", asked)
    assert not is_finished(tmp_path / "a")
    again = prepare(tmp_path / "a", asked, None)
    assert again.settings == run.settings


def test_what_differs_is_told_in_one_line(tmp_path: Path, tiny_settings):
    prepare(tmp_path / "a", tiny_settings(), None)
    with pytest.raises(RunError, match=r"training.steps=40, not 50.*--overwrite") as caught:
        check_same(tmp_path / "a", tiny_settings(training__steps=50))
    assert "\n" not in str(caught.value)
    with pytest.raises(RunError, match="more differ"):
        check_same(tmp_path / "a", tiny_settings(model__position="rope", model__n_heads=1, seed=4, training__steps=2))
    Run.create(tmp_path / "b", tiny_settings())
    with pytest.raises(RunError, match="was not made by a comparison"):
        check_same(tmp_path / "b", tiny_settings())


def test_a_part_of_one_s_own_that_changed_is_another_setting(tmp_path: Path, tiny_settings, own_operation: Path):
    asked = tiny_settings(task__mixture=[{"operation": {"name": str(own_operation), "left": [1, 30]}}])
    asked = dataclasses.replace(asked, text=tiny_settings(text__tokenizer__characters="0123456789gcd= ").text)
    prepare(tmp_path / "a", asked, None)
    check_same(tmp_path / "a", asked)
    own_operation.write_text(own_operation.read_text() + "# changed\n")
    with pytest.raises(RunError, match="own_parts"):
        check_same(tmp_path / "a", asked)


def test_grades_of_other_settings_do_not_count(tiny_run: Path, tmp_path: Path):
    run = Run.open(tiny_run)
    grades, _ = run.grade()
    values = json.loads(json.dumps([each.as_json() for each in grades]))
    kept = (tiny_run / GRADES).read_bytes() if (tiny_run / GRADES).is_file() else None
    try:
        write_json(tiny_run / GRADES, values)
        assert is_graded(run)
        found = result(run)
        assert (found.seed, found.steps) == (1, 200)
        assert [each.score.count for each in found.sets] == [30]
        assert found.sets[0].tokens == grades[0].tokens > 1
        for changed in ({"seed": 5}, {"name": "other"}, {"count": 29}):
            write_json(tiny_run / GRADES, [{**values[0], **changed}])
            assert not is_graded(run)
    finally:
        (tiny_run / GRADES).unlink()
        if kept is not None:
            (tiny_run / GRADES).write_bytes(kept)
    assert not is_graded(run)
