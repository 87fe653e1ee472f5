"""Training in rounds: labels are the model's own, a killed run goes on exactly, mistakes are said in a line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from abacist.core.errors import QuestionError, RunError, SettingsError
from abacist.data.files import read_problems
from abacist.models.checkpoint import load_tensors
from abacist.problems.operations.addition import Addition
from abacist.problems.problem import same_number
from abacist.problems.question import text_of
from abacist.runs.problems import train_together
from abacist.runs.rounds import pool_path, questions
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.training.loop import STATE, WEIGHTS, Progress, read_metrics

Settings = Callable[..., RunSettings]

ROUNDS = {"steps": 12, "ask": 30, "voters": 2, "agree": 1, "shorter": 9, "measure": 5}
STAGES = [
    {"operation": {"name": "addition", "left": [0, 19]}},
    {"operation": {"name": "addition", "left": [20, 99]}, "stage": 1},
    {"operation": {"name": "addition", "left": [100, 999]}, "stage": 2},
]
CHANGES: dict[str, Any] = {
    "task__mixture": STAGES,
    "data__rounds": ROUNDS,
    "training__optimizer": "muon",
    "training__steps": 30,
    "training__evaluate_every": 12,
    "training__save_every": 10,
}


@pytest.fixture
def made(tiny_settings: Settings, tmp_path: Path) -> Callable[..., Run]:
    """Make a run of thirty steps and two rounds of twelve."""

    def make(name: str = "run", **changes: Any) -> Run:
        return Run.create(tmp_path / name, tiny_settings(**{**CHANGES, **changes}))

    return make


@pytest.fixture
def solver_of_short_sums(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take away the truth of all sums that are not taught."""

    def solve(*operands: Any) -> Any:
        if max(operands) > 19:
            raise QuestionError("nobody knows")
        return sum(operands)

    def solve_batch(self: Addition, left: Any, right: Any) -> Any:
        solve(int(left.max()), int(right.max()))
        return left + right, None

    def take() -> None:
        monkeypatch.setattr(Addition, "solve", staticmethod(solve))
        monkeypatch.setattr(Addition, "solve_batch", solve_batch)

    return take


def pools(run: Run) -> list[bytes]:
    return [pool_path(run.path, number).read_bytes() for number in (1, 2)]


def logged(run: Run) -> list[dict[str, Any]]:
    return [{**line, "seconds": 0, "tokens_per_second": 0} for line in read_metrics(run.path)]


def same(one: Run, other: Run) -> None:
    assert pools(one) == pools(other)
    assert (one.path / WEIGHTS).read_bytes() == (other.path / WEIGHTS).read_bytes()
    for member in (".", "voters/2"):
        states = [load_tensors(run.path / member / STATE) for run in (one, other)]
        assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []


def stopping(steps: list[int]) -> Callable[[Progress], None]:
    """A watcher that kills a training at the first step of the list, then at the second, and so on."""

    def watch(progress: Progress) -> None:
        if steps and progress.step == steps[0]:
            steps.pop(0)
            raise KeyboardInterrupt  # no signal: nothing is saved on the way out

    return watch


def test_without_the_truth_of_what_is_asked_the_same_is_learned(made: Callable[..., Run], solver_of_short_sums: Any):
    known, unknown = made("known"), made("unknown", data__rounds={**ROUNDS, "measure": 0})
    known.train()
    solver_of_short_sums()
    with pytest.raises(QuestionError, match="nobody knows"):
        unknown.task.problem(("20", "+", "1")).answer()
    unknown.train()
    same(known, unknown)
    assert "for_the_report_only" not in str(logged(unknown))
    assert "for_the_report_only" in str(logged(known))


def test_wrong_answers_are_trained_on_as_they_are(made: Callable[..., Run]):
    run = made()
    run.train()
    lines = list(read_problems(pool_path(run.path, 1)))
    truths = [run.task.problem(line.question).answer() for line in lines]
    right = sum(same_number(line.answer, truth) for line, truth in zip(lines, truths, strict=True))
    assert right < len(lines), "thirty steps teach little"
    (line,) = [line for line in logged(run) if line.get("asked_for_round") == 1]
    assert line["for_the_report_only"] == {"right_of_kept": right}
    assert (line["asked"], line["kept"]) == (len(questions(run, 1, 30)), len(lines))
    asked = {text_of(question) for question in questions(run, 1, 30)}
    assert {text_of(line.question) for line in lines} <= asked
    rows = [run.codec.tokenizer.decode(row.tolist()) for row in run.stream.batch(50).ids]
    written = {
        run.codec.format.prompt(line.question) + run.codec.format.completion(line.answer, line.question)
        for number in (1, 2)
        for line in read_problems(pool_path(run.path, number))
    }
    assert len(rows) == 16
    assert set(rows[8:]) <= written
    assert not set(rows[:8]) & written
    assert all(run.task.side(read) == "train" for number in (1, 2) for read in questions(run, number, 30))


def test_only_the_first_stage_is_taught_and_watched(made: Callable[..., Run]):
    run = made()
    assert all(run.taught.covers(problem.question) for problem in run.watched_problems())
    assert all(run.taught.covers(problem.question) for index in range(8) for problem in run.stream.problems(index))
    assert run.may_have_been_seen(next(iter(questions(run, 2, 1)))), "the certificate counts what was asked"


def test_a_training_killed_here_and_there_goes_on_as_if_it_never_had(
    made: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    whole, killed = made("whole"), made("killed")
    outcome = whole.train()
    assert (outcome.step, outcome.steps) == (54, 54)
    assert whole.finished()
    steps = [20, 30, 40, 50]
    for number in range(4):
        with pytest.raises(KeyboardInterrupt):
            Run.open(killed.path).train(watch=stopping(steps), resume=True)
        assert len(steps) == 3 - number
        assert not Run.open(killed.path).finished()
    Run.open(killed.path).train(resume=True)
    same(whole, killed)
    assert logged(whole) == logged(killed)
    assert Run.open(killed.path).settings.training.steps == 30, "what the settings say is repeated"


def test_a_training_killed_while_it_labels_labels_again(made: Callable[..., Run], monkeypatch: pytest.MonkeyPatch):
    whole, killed = made("whole"), made("killed")
    whole.train()

    def stop(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("abacist.runs.rounds.write_pool", stop)
        with pytest.raises(KeyboardInterrupt):
            killed.train()
    Run.open(killed.path).train(resume=True)
    same(whole, killed)
    assert logged(whole) == logged(killed)


def test_labels_that_are_gone_are_not_made_again_by_models_that_learned_from_them(made: Callable[..., Run]):
    run = made()
    with pytest.raises(KeyboardInterrupt):
        run.train(watch=stopping([50]))
    pool_path(run.path, 1).unlink()
    with pytest.raises(RunError, match=r"01\.csv is gone, .* train anew"):
        Run.open(run.path).train(resume=True)


def test_a_round_that_keeps_nothing_is_said(made: Callable[..., Run], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("abacist.runs.rounds.agreed", lambda *arguments: [])
    with pytest.raises(RunError, match=r"round 1: of \d+ answers none was kept; train longer"):
        made().train()


def test_voters_are_trained_from_seeds_of_their_own_and_spared_the_last_round(made: Callable[..., Run]):
    run = made()
    run.train()
    assert max(line["step"] for line in read_metrics(run.path)) == 54
    assert max(line["step"] for line in read_metrics(run.path / "voters" / "2")) == 42
    states = [load_tensors(path / STATE) for path in (run.path, run.path / "voters" / "2")]
    assert not torch.equal(*(state["model.embedding.weight"] for state in states))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"task__mixture": STAGES[:1]}, r"what is to be asked has a later stage"),
        ({"data__pack": 24}, "leave file, pack, targets"),
        ({"data__targets": ["operands"]}, "leave file, pack, targets"),
        ({"data__curriculum": {"name": "staged"}}, r"set data\.curriculum=fixed"),
        ({"training__stop_at": 0.9}, r"set training\.stop_at=null"),
        ({"training__give_up": {"after": 0.5, "below": 0.2}}, r"set training\.give_up=null"),
        ({"data__rounds": {"share": 0.01}}, r"data\.rounds\.share: a batch needs rows of both kinds"),
        ({"model__context_length": 8}, r"a question of 9 tokens of round 2 leaves no room"),
    ],
)
def test_what_does_not_go_with_rounds_is_said_before_training(
    tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any], words: str
):
    with pytest.raises(SettingsError, match=words):
        Run.create(tmp_path / "run", tiny_settings(**{**CHANGES, **changes}))
    assert not (tmp_path / "run").exists()


def test_models_trained_at_once_have_no_rounds(made: Callable[..., Run]):
    with pytest.raises(SettingsError, match=r"data\.rounds must be null where models are trained at once"):
        train_together([made("one"), made("other", seed=2)])
