import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from abacist.core.errors import RunError, SettingsError
from abacist.core.settings import check
from abacist.evaluation.grading import ask
from abacist.models.checkpoint import load_tensors
from abacist.runs.folder import read_values
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.training import loop
from abacist.training.loop import METRICS, STATE, WEIGHTS, Evaluation, Progress, Trainer
from abacist.training.settings import TrainingSettings
from abacist.training.state import read_counters

Settings = Callable[..., RunSettings]


def trained(path: Path, settings: RunSettings, watch: Callable[[Progress], None] = lambda _: None) -> Run:
    run = Run.create(path, settings)
    run.train(watch=watch)
    return run


def weights(run: Run) -> bytes:
    return (run.path / WEIGHTS).read_bytes()


def ticking(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let every look at the clock find it this much later."""
    times = itertools.count()
    monkeypatch.setattr(loop, "time", SimpleNamespace(perf_counter=lambda: seconds * next(times)))


@pytest.mark.parametrize("changes", [{}, {"model__dropout": 0.2}, {"training__optimizer": "muon"}], ids=str)
def test_equal_settings_give_equal_weights(tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any]):
    torch.manual_seed(1)
    one = trained(tmp_path / "one", tiny_settings(**changes))
    torch.manual_seed(2)
    other = trained(tmp_path / "other", tiny_settings(**changes))
    assert weights(one) == weights(other)


def test_other_seeds_give_other_weights(tiny_settings: Settings, tmp_path: Path):
    found = {weights(trained(tmp_path / str(seed), tiny_settings(seed=seed))) for seed in (1, 2, 3)}
    assert len(found) == 3


def test_training_lowers_the_loss(tiny_run: Path):
    losses = [line["loss"] for line in map(json.loads, (tiny_run / METRICS).read_text().splitlines()) if "loss" in line]
    assert losses[-1] < 0.6 * losses[0]


@pytest.mark.parametrize("seconds", [0.05, 0.13, 0.31, 1.7])
def test_a_run_given_minutes_is_repeated_from_its_settings_alone(
    tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
):
    ticking(monkeypatch, seconds)
    settings = tiny_settings(training__steps=None, training__minutes=0.1)
    timed = trained(tmp_path / "timed", settings)
    monkeypatch.undo()
    saved = read_values(timed.path)
    assert saved["training"]["minutes"] is None
    assert saved["training"]["steps"] == timed.settings.training.steps > 0
    again = trained(tmp_path / "again", check(RunSettings, saved))
    assert weights(again) == weights(timed)
    states = [load_tensors(run.path / STATE) for run in (timed, again)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_minutes_are_kept_to(tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ticking(monkeypatch, 0.1)
    settings = tiny_settings(training__steps=None, training__minutes=0.5, training__evaluate_every=1000)
    run = trained(tmp_path / "run", settings)
    seconds = json.loads((run.path / METRICS).read_text().splitlines()[-1])["seconds"]
    assert 25 < seconds < 35


def test_minutes_may_be_those_of_the_processor(
    tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    ticking(monkeypatch, 7.0)
    times = itertools.count()
    monkeypatch.setattr(loop.time, "process_time", lambda: 0.1 * next(times), raising=False)
    settings = tiny_settings(
        training__steps=None, training__minutes=0.1, training__evaluate_every=1000, training__clock="processor"
    )
    run = trained(tmp_path / "run", settings)
    seconds = json.loads((run.path / METRICS).read_text().splitlines()[-1])["seconds"]
    assert 5 < seconds < 8


def test_minutes_need_a_schedule_that_can_wait(tiny_settings: Settings, tmp_path: Path):
    settings = tiny_settings(training__steps=None, training__minutes=1, training__schedule="cosine")
    with pytest.raises(SettingsError, match=r"training\.schedule: cosine must know its steps"):
        Run.create(tmp_path / "run", settings).train()


def test_a_constant_rate_takes_minutes_too(tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ticking(monkeypatch, 0.1)
    constant = {"name": "constant", "warmup": 3}
    settings = tiny_settings(training__steps=None, training__minutes=0.05, training__schedule=constant)
    timed = trained(tmp_path / "timed", settings)
    monkeypatch.undo()
    assert weights(trained(tmp_path / "again", timed.settings)) == weights(timed)


@pytest.mark.parametrize(
    "budget", [{"training__steps": 40}, {"training__steps": None, "training__minutes": 1}], ids=str
)
def test_training_stops_at_the_wished_accuracy_and_repeats_exactly(
    tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: dict[str, Any]
):
    ticking(monkeypatch, 0.1)
    scores = [0.1, 0.6, 0.9, 0.2]
    run = pretending(monkeypatch, scores, tmp_path / "run", tiny_settings(training__stop_at=0.55, **budget))
    steps = [json.loads(line)["step"] for line in (run.path / METRICS).read_text().splitlines()]
    assert max(steps) == 20
    assert run.finished()
    again = pretending(monkeypatch, scores, tmp_path / "again", run.settings)
    assert weights(again) == weights(run)


@pytest.mark.parametrize(
    ("scores", "ends"), [([0.3, 0.1, 0.9, 0.9], 20), ([0.1, 0.2, 0.1, 0.9], 30), ([0.0, 0.2, 0.2, 0.0], 40)], ids=str
)
def test_a_hopeless_training_is_given_up_after_its_share_of_the_steps(
    tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scores: list[float], ends: int
):
    settings = tiny_settings(training__give_up={"after": 0.5, "below": 0.2})
    run = pretending(monkeypatch, scores, tmp_path / "run", settings)
    counters = read_counters(run.path / STATE)
    assert counters is not None
    assert (counters.step, counters.finished, counters.given_up) == (ends, True, ends < 40)
    assert run.settings == settings


def pretending(monkeypatch: pytest.MonkeyPatch, scores: list[float], path: Path, settings: RunSettings) -> Run:
    """Train a run whose looks at 20 problems find these shares of them right."""
    run, left = Run.create(path, settings), iter(scores)

    def evaluate() -> list[Any]:
        share = next(left)
        return [SimpleNamespace(correct=index < 20 * share) for index in range(20)]

    with monkeypatch.context() as patch:
        patch.setattr("abacist.runs.problems.ask", lambda *arguments: evaluate())
        patch.setattr("abacist.runs.problems.mark", lambda problem, answer, codec: answer)
        run.train()
    return run


def test_the_best_weights_are_kept_not_the_last(tiny_settings: Settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings())
    evaluations = iter([Evaluation(0.2, 1.0), Evaluation(0.5, 1.0), Evaluation(0.5, 2.0), Evaluation(0.1, 0.5)])
    seen: list[dict[str, torch.Tensor]] = []

    def evaluate() -> Evaluation:
        seen.append({name: tensor.clone() for name, tensor in run.kind.model.state_dict().items()})
        return next(evaluations)

    trainer = Trainer(run.kind, run.stream.batch, run.settings.training, 1, run.path, evaluate)
    outcome = trainer.run()
    assert (outcome.best, outcome.best_step) == (Evaluation(0.5, 1.0), 20)
    kept = load_tensors(run.path / WEIGHTS)
    assert all(torch.equal(kept[name], seen[1][name]) for name in kept)
    assert any(not torch.equal(kept[name], seen[3][name]) for name in kept)


def test_trained_gives_the_saved_weights(tiny_run: Path):
    run = Run.open(tiny_run)
    kept = load_tensors(tiny_run / WEIGHTS)
    model = run.trained().model.state_dict()
    assert all(torch.equal(model[name], kept[name]) for name in kept)
    problems = run.watched_problems()
    assert len(ask(run.kind, run.codec, [problem.question for problem in problems])) == len(problems) == 20


def test_progress_tells_steps_share_and_time(tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ticking(monkeypatch, 0.1)
    seen: list[Progress] = []
    trained(tmp_path / "run", tiny_settings(), watch=seen.append)
    assert [progress.step for progress in seen] == [10, 20, 30, 40]
    assert [progress.share for progress in seen] == [0.25, 0.5, 0.75, 1.0]
    assert seen[-1].seconds_left == 0
    assert all(progress.tokens_per_second > 0 for progress in seen)
    assert seen[0].held_out is None
    assert seen[-1].held_out is not None


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_loss_that_is_no_number_names_what_helps(
    tiny_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dtype: str
):
    monkeypatch.setattr(loop.math, "isfinite", lambda _: False)
    with pytest.raises(RunError, match=r"step \d+; lower training\.learning_rate") as caught:
        trained(tmp_path / "run", tiny_settings(training__dtype=dtype))
    assert ("training.dtype=float32" in str(caught.value)) == (dtype != "float32")


def test_every_logged_line_names_its_step(tiny_run: Path):
    lines = [json.loads(line) for line in (tiny_run / METRICS).read_text().splitlines()]
    assert {frozenset(line) - {"seconds", "step"} for line in lines} == {
        frozenset({"loss", "gradient_norm", "tokens_per_second"}),
        frozenset({"held_out_accuracy", "held_out_loss"}),
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": None},
        {"steps": 5, "minutes": 1.0},
        {"steps": -1},
        {"learning_rate": 0},
        {"clip": -1},
        {"evaluate_every": 0},
        {"stop_at": 1.5},
        {"give_up": {"after": 1.0, "below": 0.2}},
        {"give_up": {"after": 0.5, "below": 0}},
        {"give_up": {"after": 0.5, "below": 0.2}, "steps": None, "minutes": 1.0},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(changes: dict[str, Any]):
    with pytest.raises(SettingsError):
        check(TrainingSettings, {"steps": 5, **changes})


def test_rows_that_do_not_fit_are_found_before_training(tiny_settings: Settings, tmp_path: Path):
    with pytest.raises(Exception, match=r"context_length: a row of .* does not fit 8; --set model\.context_length="):
        Run.create(tmp_path / "run", tiny_settings(model__context_length=8))
    assert not (tmp_path / "run").exists()
