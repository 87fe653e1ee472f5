"""The points of a sweep wait, are taken once, and wait again when nobody is left who works on them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from abacist.core.errors import RunError, SettingsError
from abacist.core.search_space import Listed, Range
from abacist.evaluation.grading import Score
from abacist.evaluation.sweeping import Point, SeedResult
from abacist.runs.study import JOURNAL, SAMPLERS, SweepStudy

GRID = (Listed("model.d_model", (4, 8)), Listed("position", ("rope", {"name": "places", "places": 8})))
POINTS = [(4, "rope"), (8, "rope"), (8, {"name": "places", "places": 8})]


def done(values: tuple, correct: int = 50, parameters: int = 100) -> Point:
    seeds = [SeedResult(1, Score(correct, 100), {}, 10, 1.0)]
    return Point({"values": str(values)}, parameters, seeds)


@pytest.fixture(params=["journal", "sqlite"])
def grid(request, tmp_path: Path) -> SweepStudy:
    url = None if request.param == "journal" else f"sqlite:///{tmp_path / 'study.db'}"
    study = SweepStudy(tmp_path / "sweep", GRID, url=url)
    study.agree({"seeds": 1})
    study.enqueue(POINTS)
    return study


def again(study: SweepStudy) -> SweepStudy:
    """Open the study as another process does."""
    return SweepStudy(study.folder, study.space, study.sampler, study.url)


def test_points_of_a_grid_are_taken_once_in_their_order(grid):
    grid.enqueue(POINTS)  # a second time changes nothing
    assert grid.left() == 3
    one, two = grid.take(), again(grid).take()
    assert [one.values, two.values] == POINTS[:2]
    grid.finish(one, done(one.values))
    assert grid.left() == 2
    assert again(grid).take().values == POINTS[2]
    assert grid.take() is None
    assert [point.choices for point in again(grid).points()] == [{"values": str(POINTS[0])}]
    assert (grid.folder / JOURNAL).is_file() == (grid.url is None)


def test_a_point_that_is_put_back_is_the_next(grid):
    taken = grid.take()
    grid.put_back(taken)
    assert again(grid).take().values == taken.values
    assert grid.left() == 3


def test_two_that_fill_the_same_grid_at_once_train_it_once(grid):
    chosen = {"model.d_model": "4", "position": '"rope"'}
    grid.study.enqueue_trial(chosen, user_attrs={"chosen": chosen})
    assert [grid.take().values for _ in range(3)] == POINTS
    assert grid.take() is None


DYING = """
import os, sys
from pathlib import Path
from abacist.core.search_space import Listed
from abacist.runs.study import SweepStudy
space = (Listed("model.d_model", (4, 8)), Listed("position", ("rope", {"name": "places", "places": 8})))
taken = SweepStudy(Path(sys.argv[1]), space, url=sys.argv[2] or None).take()
print(taken.values)
os._exit(9)
"""


def test_what_a_dead_process_had_taken_waits_again(grid):
    own = grid.take()
    arguments = [sys.executable, "-c", DYING, str(grid.folder), grid.url or ""]
    dead = subprocess.run(arguments, capture_output=True, text=True, check=False, env=os.environ)
    assert (dead.returncode, dead.stdout.strip()) == (9, str(POINTS[1])), dead.stderr
    opened = again(grid)
    opened.take_up()
    assert opened.take().values == POINTS[1]  # and not the one that this process is still at
    assert own.values == POINTS[0]


def test_what_another_machine_had_taken_waits_again_only_if_one_says_so(grid):
    taken = grid.take()
    taken.trial.set_user_attr("worker", ["elsewhere", os.getpid(), 0.0])
    grid.take_up()
    assert grid.take().values == POINTS[1]
    grid.take_up(all_of_them=True)
    assert grid.take().values == POINTS[0]


def test_a_study_for_something_else_is_left_alone_unless_it_may_be_replaced(grid):
    again(grid).agree({"seeds": 1})
    with pytest.raises(RunError, match="made with other seeds"):
        again(grid).agree({"seeds": 2})
    assert again(grid).left() == 3
    new = again(grid)
    new.agree({"seeds": 2}, overwrite=True)
    assert again(grid).left() == 0


RANGES = (
    Range("model.d_model", 4, 32, 4),
    Range("training.learning_rate", 1e-3, 3e-2, log=True),
    Range("dropout", 0.0, 0.5, 0.2),
    Listed("position", ("rope", "nope")),
)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_draws_within_the_ranges_and_the_same_again(sampler, tmp_path: Path):
    drawn = []
    for folder in ("one", "two"):
        values = []
        for _ in range(12):  # each opened anew: what is drawn follows from what is known
            study = SweepStudy(tmp_path / folder, RANGES, sampler, ceiling=3000)
            taken = study.take(12)
            values.append(taken.values)
            width = taken.values[0]
            # What is too large has no seeds.
            seeds = [] if width > 30 else [SeedResult(1, Score(3 * width, 100), {}, 10, 1.0)]
            study.finish(taken, Point({"values": str(taken.values)}, 100 * width, seeds))
        assert study.take(12) is None
        assert study.left(12) == 0
        drawn.append(values)
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 6
    for width, rate, dropout, position in drawn[0]:
        assert width in range(4, 33, 4)
        assert isinstance(width, int)
        assert 1e-3 <= rate <= 3e-2
        assert float(f"{rate:.4g}") == rate
        assert dropout in (0.0, 0.2, 0.4)
        assert position in ("rope", "nope")


def test_what_was_too_large_is_known_to_be_out_of_bounds(tmp_path: Path):
    study = SweepStudy(tmp_path / "sweep", (Range("x", 1, 9),), "tpe", ceiling=500)
    study.finish(study.take(), Point({"x": "9"}, 900, why_not="above 500 parameters"))
    study.finish(study.take(), done((1,), parameters=100))
    study.finish(study.take(), Point({"x": "2"}, None, why_not="cannot be built: no"))
    large, small, wrong = study.study.trials
    assert (large.values, large.constraints) == ([900.0, 0.0], {"parameters": 400})
    assert (small.values, small.constraints) == ([100.0, 0.5], {"parameters": -400})
    assert wrong.state.name == "FAIL"
    assert len(study.points()) == 3


def test_wrong_names_are_told_in_a_line(tmp_path: Path):
    with pytest.raises(SettingsError, match="--sampler best: there are grid, random, tpe"):
        SweepStudy(tmp_path, GRID, "best")
    for url in ("postgres", "nothing://x", "sqlite:////no/such/folder/at/all.db"):
        with pytest.raises(RunError, match=f"--storage {url}: ") as caught:
            SweepStudy(tmp_path, GRID, url=url).take()
        assert "\n" not in str(caught.value)
