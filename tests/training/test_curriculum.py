"""Trainings whose mixture follows what is known: exact, resumed too, and written down."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.core.seeds import key_to_integer
from abacist.models.checkpoint import load_tensors
from abacist.problems.expression import canonical
from abacist.problems.problem import Problem
from abacist.runs.problems import train_together
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.text.codec import Codec
from abacist.text.generated import Generated
from abacist.training.loop import STATE, WEIGHTS, Progress, read_metrics
from abacist.training.state import read_counters

Settings = Callable[..., RunSettings]

CURRICULA: dict[str, dict[str, Any]] = {
    "by_accuracy": {"data__curriculum": {"name": "by_accuracy", "floor": 0.01, "strength": 3}},
    "staged": {"data__curriculum": {"name": "staged", "patience": 2}, "task__mixture__1__stage": 1},
    "packed": {"data__curriculum": {"name": "staged", "patience": 1}, "task__mixture__1__stage": 1, "data__pack": 24},
}
# Looks in the middle of blocks and between saves.
TRAINING = {"training__evaluate_every": 7, "training__save_every": 16, "training__evaluate_each": 30}

over_every_kind = pytest.mark.parametrize("changes", CURRICULA.values(), ids=CURRICULA)


@pytest.fixture(autouse=True)
def lottery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Call some of the answers of a look right, whatever they say: forty steps teach nothing, yet shares shall move."""

    def drawn(problem: Problem, generated: Generated, codec: Codec) -> SimpleNamespace:
        return SimpleNamespace(correct=key_to_integer(str(problem), *generated.ids) % 3 == 0)

    monkeypatch.setattr("abacist.runs.problems.mark", drawn)


def stopping(step: int) -> Callable[[Progress], None]:
    def watch(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return watch


def looks(run: Run) -> list[dict[str, Any]]:
    return [line | {"seconds": None} for line in read_metrics(run.path) if "shares" in line]


def same(one: Run, other: Run) -> None:
    assert (one.path / WEIGHTS).read_bytes() == (other.path / WEIGHTS).read_bytes()
    states = [load_tensors(run.path / STATE) for run in (one, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert looks(one) == looks(other)


@over_every_kind
def test_a_training_killed_between_saves_goes_on_as_if_it_never_had(
    tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any]
):
    settings = tiny_settings(**{**TRAINING, **changes})
    whole, killed = (Run.create(tmp_path / name, settings) for name in ("whole", "killed"))
    whole.train()
    assert len({tuple(line["shares"]) for line in looks(whole)}) > 1, "the shares must have moved"
    for step, saved in ((20, 16), (40, 32)):
        with pytest.raises(KeyboardInterrupt):  # no signal: nothing is saved on the way out
            Run.open(killed.path).train(watch=stopping(step), resume=True)
        counters = read_counters(killed.path / STATE)
        assert counters is not None
        assert (counters.step, len(counters.looks)) == (saved, saved // 7)
    Run.open(killed.path).train(resume=True)
    same(whole, killed)


@over_every_kind
def test_a_training_is_repeated_from_its_settings(tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any]):
    settings = tiny_settings(**{**TRAINING, **changes})
    one = Run.create(tmp_path / "one", settings)
    one.train()
    other = Run.create(tmp_path / "other", one.settings)
    other.train()
    same(one, other)


@over_every_kind
def test_shares_are_in_force_from_the_step_after_their_look(
    tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any]
):
    run = Run.create(tmp_path / "run", tiny_settings(**{**TRAINING, **changes}))
    shown: list[tuple[float, ...] | None] = []
    batch = run.batch
    run.batch = lambda index, shares=None: (shown.append(shares), batch(index, shares))[1]  # type: ignore[method-assign]
    run.train()
    taken: list[list[float]] = []
    for line in looks(run):
        expected = run.shares_after(taken)
        assert set(shown[7 * len(taken) : line["step"]]) == {expected}
        assert line["shares"] == list(expected)
        assert len(line["held_out_by_entry"]) == 2
        taken.append(line["held_out_by_entry"])
    counters = read_counters(run.path / STATE)
    assert counters is not None
    assert counters.looks == taken
    assert len(taken) == 6


def test_a_fixed_mixture_takes_no_further_looks(tiny_settings: Settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings())
    run.train()
    assert run.watched_by_entry() == []
    assert looks(run) == []
    counters = read_counters(run.path / STATE)
    assert counters is not None
    assert counters.looks == []


def test_each_entry_is_watched_by_problems_of_its_own_and_these_are_not_graded(tiny_settings: Settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings(**TRAINING, **CURRICULA["by_accuracy"]))
    run.train()
    watched = run.watched_by_entry()
    assert [{problem.operation for problem in problems} for problems in watched] == [{"addition"}, {"subtraction"}]
    assert all(10 < len(problems) <= 30 for problems in watched)
    assert {run.task.side(problem.question) for problems in watched for problem in problems} == {"held_out"}
    forms = {canonical(problem.question) for problems in (*watched, run.watched_problems()) for problem in problems}
    graded = {canonical(mark.problem.question) for grade in run.grade()[0] for mark in grade.marked}
    assert graded
    assert not graded & forms


def test_an_entry_without_problems_to_look_at_is_named_before_training(tiny_settings: Settings, tmp_path: Path):
    one_by_one = {"name": "addition", "left": [0, 1], "right": [0, 0], "draw": "value"}
    with pytest.raises(SettingsError, match=r"task\.mixture\.0 holds no problem at all"):
        Run.create(
            tmp_path / "run",
            tiny_settings(data__curriculum="by_accuracy", task__mixture__0__operation=one_by_one),
        )
    assert not (tmp_path / "run").exists()


def test_stages_are_asked_for_before_training(tiny_settings: Settings, tmp_path: Path):
    with pytest.raises(SettingsError, match="staged needs entries of several stages"):
        Run.create(tmp_path / "run", tiny_settings(data__curriculum="staged"))


def test_problems_of_a_file_have_no_curriculum(tiny_settings: Settings, tmp_path: Path):
    (tmp_path / "lines.txt").write_text("1 + 2 = 3\n7 + 8 = 15\n3 + 11 = 14\n9 - 4 = 5\n")
    settings = tiny_settings(data__curriculum="by_accuracy", data__file=str(tmp_path / "lines.txt"))
    with pytest.raises(SettingsError, match=r"data\.curriculum: problems from a file come as the file has them"):
        Run.create(tmp_path / "run", settings)


def test_models_trained_at_once_have_no_curriculum_that_goes_by_answers(tiny_settings: Settings, tmp_path: Path):
    settings = tiny_settings(data__curriculum="by_accuracy")
    runs = [Run.create(tmp_path / name, settings) for name in ("one", "other")]
    with pytest.raises(
        SettingsError, match=r"data\.curriculum: by_accuracy goes by answers, and must not where models are"
    ):
        train_together(runs)
