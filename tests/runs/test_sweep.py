"""A sweep trains each point once, ends what is hopeless, leaves what is too large, and goes on where it stopped."""

import dataclasses
import json
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from abacist.core.errors import Interrupted, RunError, SettingsError
from abacist.core.search_space import Listed, Range
from abacist.core.settings import check, override
from abacist.runs import sweep as sweeps
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.runs.sweep import Sweep, SweepSettings, baseline_point, seed_result
from abacist.training.loop import Trainer

WIDTHS = Listed("model.d_model", (16, 8, 4))


@pytest.fixture
def make(tiny_values, tmp_path: Path) -> Callable[..., Sweep]:
    """Make a sweep over widths of models that are trained for 20 steps."""

    def make(space: Sequence[Any] = (WIDTHS,), changes: dict[str, Any] | None = None, **settings: Any) -> Sweep:
        whole = override(tiny_values, [("training.steps", 20), ("model.d_ff", 8), *(changes or {}).items()])

        def build(values: Sequence[Any]) -> RunSettings:
            return check(RunSettings, override(whole, zip([each.path for each in space], values, strict=True)))

        headings = [each.path.rpartition(".")[2] for each in space]
        return Sweep(build, headings, space, tmp_path / "sweep", SweepSettings(**settings))

    return make


@pytest.fixture
def trained(monkeypatch) -> list[str]:
    """The names of the runs whose trainings begin, one after another."""
    names: list[str] = []
    begin = Trainer.begin
    monkeypatch.setattr(Trainer, "begin", lambda self: (names.append(self.folder.name), begin(self))[1])
    return names


def swept(sweep: Sweep):
    sweep.prepare()
    sweep.work()
    return sweep.result()


def names(widths: Sequence[int], seeds: Sequence[int]) -> list[str]:
    return [f"d_model-{width}_seed-{seed}" for width in widths for seed in seeds]


def test_a_grid_goes_from_small_to_large_and_no_training_is_done_twice(make, trained):
    result = swept(make(seeds=2, together=False))
    assert trained == names((4, 8, 16), (1, 2))
    assert [point.choices for point in result.points] == [{"d_model": width} for width in ("4", "8", "16")]
    assert result.left == 0
    for point in result.points:
        assert [each.seed for each in point.seeds] == [1, 2]
        assert {each.steps for each in point.seeds} == {20}
        assert {each.score.count for each in point.seeds} == {30}
        assert {score.count for each in point.seeds for score in each.by_operation.values()} != {30}
        assert [step for step, _ in point.seeds[0].looks] == [10, 20]
        run = Run.open(Path(point.seeds[0].run))
        assert run.parameters() == point.parameters
        assert (run.settings.training.threads, run.settings.training.dtype) == (1, "float32")
    again = swept(make(seeds=2, together=False))
    assert len(trained) == 6
    assert again.as_json() == result.as_json()

    # Another seed is another sweep; if that may take its place, the runs that are the same stay.
    with pytest.raises(RunError, match="made with other --seeds"):
        make(seeds=3, together=False).prepare()
    swept(dataclasses.replace(make(seeds=3, together=False), overwrite=True))
    assert trained[6:] == names((4, 8, 16), (3,))
    trained[6:] = []

    # Without its study, the runs are still there.
    (make().folder / "study.journal").unlink()
    assert swept(make(seeds=2, together=False)).points == result.points
    assert len(trained) == 6


def test_an_interrupted_point_goes_on_and_ends_as_if_it_never_had_stopped(make, trained, tmp_path: Path):
    whole = swept(dataclasses.replace(make(seeds=2, together=False), folder=tmp_path / "whole"))
    trained.clear()

    def stop(label: str, progress) -> None:
        if label == "d_model 8 · seed 2" and progress.step == 10:
            signal.raise_signal(signal.SIGINT)

    stopped = make(seeds=2, together=False)
    stopped.prepare()
    with pytest.raises(Interrupted, match="stopped after step"):
        stopped.work(stop)
    assert trained == names((4,), (1, 2)) + names((8,), (1, 2))
    assert (len(stopped.result().points), stopped.result().left) == (1, 2)
    went_on = swept(make(seeds=2, together=False))
    assert trained[4:] == [*names((8,), (2,)), *names((16,), (1, 2))]
    for one, other in zip(went_on.points, whole.points, strict=True):
        assert [each.score for each in one.seeds] == [each.score for each in other.seeds]
        assert [each.looks for each in one.seeds] == [each.looks for each in other.seeds]


def test_models_above_the_ceiling_are_left_untrained(make, trained):
    sizes = {point.choices["d_model"]: point.parameters for point in swept(make(together=False)).points}
    trained.clear()
    sweep = dataclasses.replace(make(ceiling=sizes["8"]), folder=make().folder / "low")
    result = swept(sweep)
    assert trained == names((4, 8), (1,))
    large = result.points[-1]
    assert (large.seeds, large.why_not) == ([], f"above {sizes['8']:,} parameters")
    assert large.parameters == sizes["16"]


@pytest.mark.parametrize("together", [True, False])
def test_a_hopeless_training_is_ended_and_said_to_be(make, together):
    changes = {"training.give_up": {"after": 0.5, "below": 1.0}}
    result = swept(make([Listed("model.d_model", (4,))], changes, seeds=2, together=together))
    (point,) = result.points
    assert [(each.given_up, each.steps, each.score.count) for each in point.seeds] == [(True, 10, 30)] * 2
    assert result.notes(point) == ["2 given up"]


def test_seeds_are_left_when_too_many_have_failed(make, trained):
    result = swept(make([Listed("model.d_model", (4,))], seeds=4, need=3, pass_at=1.0, together=False))
    assert trained == names((4,), (1, 2))
    assert result.notes(result.points[0]) == ["2 not tried: too many had failed"]
    assert result.passes(result.points[0]) is False


def test_it_can_stop_at_the_first_point_that_passes(make, trained, monkeypatch):
    real = sweeps.seed_result

    def pretend(run: ProblemRun):
        found = real(run)
        right = found.score.count if run.settings.model.d_model == 8 else 0
        return dataclasses.replace(found, score=dataclasses.replace(found.score, correct=right))

    monkeypatch.setattr(sweeps, "seed_result", pretend)
    result = swept(make(seeds=2, until_passed=True, together=False))
    assert trained == names((4, 8), (1, 2))
    assert result.smallest_passing().choices == {"d_model": "8"}
    assert result.left == 1


def test_seeds_of_tiny_models_are_trained_at_once_and_go_on_together(make, trained):
    space = [Listed("model.d_model", (4,))]
    alone = swept(dataclasses.replace(make(space, seeds=3, together=False), folder=make().folder / "alone"))
    trained.clear()

    def stop(label: str, progress) -> None:
        if progress is not None and progress.step == 10:
            assert label == "d_model 4 · 3 seeds"
            signal.raise_signal(signal.SIGINT)

    stopped = make(space, seeds=3)
    stopped.prepare()
    with pytest.raises(Interrupted):
        stopped.work(stop)
    assert trained == names((4,), (1, 2, 3))
    (point,) = swept(make(space, seeds=3)).points
    assert len(trained) == 6
    assert {each.steps for each in point.seeds} == {20}
    for one, other in zip(point.seeds, alone.points[0].seeds, strict=True):
        assert one.looks[-1][1] == pytest.approx(other.looks[-1][1], abs=0.11)  # rounding may turn an answer or two


def test_what_cannot_be_trained_at_once_is_trained_in_turn_or_fails_if_one_insists(make, trained):
    space, changes = [Listed("model.d_model", (4,))], {"model.dropout": 0.1}
    (point,) = swept(make(space, changes, seeds=2)).points
    assert (len(point.seeds), point.faults) == (2, {})
    insisting = dataclasses.replace(make(space, changes, seeds=2, together=True), folder=make().folder / "insisting")
    (point,) = swept(insisting).points
    assert point.seeds == []
    assert "model.dropout must be 0" in point.faults[1]


def test_a_training_that_fails_is_noted_and_the_sweep_goes_on(make, monkeypatch):
    train = Run.train

    def sometimes(run, *arguments, **options):
        if run.settings.model.d_model == 8:
            raise RuntimeError("out of memory\nsomewhere") if run.settings.seed == 1 else RunError("no number")
        return train(run, *arguments, **options)

    monkeypatch.setattr(Run, "train", sometimes)
    result = swept(make(seeds=2, together=False))
    eight = result.points[1]
    assert (eight.seeds, eight.faults) == ([], {1: "out of memory; somewhere", 2: "no number"})
    assert [len(point.seeds) for point in result.points] == [2, 0, 2]


def test_what_cannot_be_built_says_why_and_comes_last(make):
    result = swept(make([Listed("model.d_model", (5, 4))]))
    assert [point.choices["d_model"] for point in result.points] == ["4", "5"]
    assert result.points[1].why_not.startswith("cannot be built: ")
    assert result.points[1].parameters is None


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_a_sampler_draws_as_many_points_as_it_is_told(make, sampler):
    space = [Range("model.d_model", 4, 16, 2), Range("training.learning_rate", 1e-3, 1e-1, log=True)]
    changes = {"training.steps": 2, "model.n_heads": 1}
    result = swept(make(space, changes, sampler=sampler, trials=4, ceiling=10_000))
    assert len(result.points) == 4
    assert result.left == 0
    assert swept(make(space, changes, sampler=sampler, trials=4, ceiling=10_000)).points == result.points
    more = swept(make(space, changes, sampler=sampler, trials=5, ceiling=10_000))
    assert more.points[:4] == result.points
    assert len(more.points) == 5


def test_every_figure_is_in_the_study_itself(make, tmp_path: Path):
    """A machine that has none of the run folders can write the whole report."""
    url = f"sqlite:///{tmp_path / 'study.db'}"
    first = dataclasses.replace(make(together=False), storage=url)
    result = swept(first)
    (tmp_path / "sweep").rename(tmp_path / "gone")
    other = dataclasses.replace(first)
    other.prepare()
    other.work()
    assert other.result().as_json() == result.as_json()
    assert not (tmp_path / "sweep").exists()


def test_a_baseline_is_a_graded_run_on_the_same_problems(make, tmp_path: Path):
    result = swept(make([Listed("model.d_model", (4,))]))
    path = Path(result.points[0].seeds[0].run)
    baseline = baseline_point(path, "held out")
    assert baseline.seeds == [seed_result(Run.open(path))]
    assert baseline.parameters == result.points[0].parameters
    with pytest.raises(RunError, match="is not graded on 'far', but on held out"):
        baseline_point(path, "far")
    (path / "grades.json").unlink()
    with pytest.raises(RunError, match=f"is not graded; abacist grade {path}"):
        baseline_point(path, "held out")


def test_a_run_that_another_made_is_an_error_that_is_told(make):
    sweep = make([Listed("model.d_model", (4,))])
    folder = sweep.folder / "d_model-4_seed-1"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")
    (point,) = swept(sweep).points
    assert "was not made by a comparison" in point.faults[1]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pass_at": 0}, "--pass 0: should be a share"),
        ({"pass_at": 99}, "--pass 99: should be a share"),
        ({"seeds": 2, "need": 3}, "--need 3: of 2 seeds"),
        ({"trials": 3}, "--trials: a grid goes over every point once"),
        ({"sampler": "tpe"}, "--trials N"),
        ({"sampler": "tpe", "trials": 3, "until_passed": True}, "only a grid goes from small to large"),
        ({"on": "nothing"}, "--on nothing: the grade sets are held out"),
        ({"sampler": "best", "trials": 2}, "--sampler best: there are grid, random"),
    ],
    ids=json.dumps,
)
def test_wrong_settings_are_told_before_any_work(make, settings, words):
    with pytest.raises(SettingsError, match=words) as caught:
        make(**settings).prepare()
    assert "\n" not in str(caught.value)
    assert not make().folder.exists()


def test_a_range_without_steps_is_no_grid(make):
    with pytest.raises(SettingsError, match="a grid needs single values"):
        make([Range("training.learning_rate", 1e-3, 1e-1, log=True)])
