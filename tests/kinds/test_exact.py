"""A decoder with an exact unit: what it is taught, who hears it, and that the unit does the work."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from abacist.core import arithmetic
from abacist.core.errors import SettingsError
from abacist.evaluation.grading import ask, mark
from abacist.kinds.exact import CLOSED, Exact
from abacist.models import reduction
from abacist.models.exact_unit import gate_closed
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.recipe import settings_of
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings


def run_of(path: Path, *changes: tuple[str, object]) -> ProblemRun:
    plain = [("training.dtype", "float32"), ("training.threads", 1), ("training.batch_size", 32)]
    made = ProblemRun.create(path, settings_of("exact_unit_from_answers", [*plain, *changes]))
    assert isinstance(made, ProblemRun)
    return made


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> ProblemRun:
    """A model that was told answers alone, on one sign between numbers of at most two digits."""
    changes = [("depth", 0), ("training.steps", 250), ("kind.lesson.samples", 2), ("kind.closed", 0.25)]
    run = run_of(tmp_path_factory.mktemp("exact") / "run", *changes, ("training.batch_size", 64))
    run.train()
    return run


def answers(run: ProblemRun, *texts: str) -> list[str | None]:
    problems = [run.task.problem(read_question(text)) for text in texts]
    generated = ask(run.trained(), run.codec, [problem.question for problem in problems])
    return [mark(problem, each, run.codec).answer for problem, each in zip(problems, generated, strict=True)]


ASKED = ("123456789+987654321", "99999*99999", "12345-678901", "98765/43", "7+8")
TRUE = ["1111111110", "9999800001", "-666556", "2296.86", "15"]


def test_answers_alone_teach_it_to_calculate_with_numbers_that_it_never_saw(learned: ProblemRun):
    assert answers(learned, *ASKED) == TRUE


def test_without_the_unit_it_knows_next_to_nothing(learned: ProblemRun):
    with gate_closed(learned.trained().model):
        found = answers(learned, *ASKED)
    assert sum(given == truth for given, truth in zip(found, TRUE, strict=True)) <= 1


def test_it_is_the_unit_that_calculates(learned: ProblemRun, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reduction, "applied", lambda sign, *numbers: arithmetic.applied("+", *numbers))
    assert answers(learned, "99999*99999", "7+8") == ["199998", "15"]


def test_truth_is_worked_out_elsewhere(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the unit's arithmetic was asked for the truth")

    for name in ("applied", "written", "number_of"):
        monkeypatch.setattr(arithmetic, name, refuse)
    settings = settings_of("exact_unit_from_answers", [])
    assert settings.task is not None
    assert Problem(read_question("(3+4)*12-1/8"), settings.task.rounding, "typed").answer() == "83.88"


def test_what_is_read_alone_and_in_company_is_the_same(learned: ProblemRun):
    kind = learned.trained()
    prompts = [learned.codec.prompt(read_question(text)) for text in (*ASKED, "1+2", "2*3+4*5-6")]
    together = kind.answer(prompts)
    assert [each.ids for each in together] == [kind.answer([prompt])[0].ids for prompt in prompts]


def test_what_is_read_and_worked_out_inside_is_shown(learned: ProblemRun):
    prompt = learned.codec.prompt(read_question("98765/43"))
    *lines, heard = learned.trained().inside(prompt)
    assert lines == ["read      98765/43", "          98765/43 = 98765/43"]
    assert heard.startswith("heard     9")


def test_a_lesson_that_needs_more_than_answers_says_what_to_set(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"--set 'data.targets=\[\"readings\",\"parents\"\]'"):
        run_of(tmp_path / "run", ("kind.lesson", "supervised"))


@pytest.mark.parametrize("changes", [{"closed": 1.0}, {"weight": 0.0}, {"after": -1}, {"places": 101}, {"width": 0}])
def test_settings_that_make_no_sense_are_refused(changes: dict[str, float]):
    with pytest.raises(SettingsError):
        Exact.Settings(**changes)  # type: ignore[arg-type]


def test_which_rows_hear_the_unit_is_drawn_with_the_batch(tmp_path: Path):
    run = run_of(tmp_path / "run", ("kind.closed", 0.5), ("depth", 0))
    one, again, other = (run.batch(index) for index in (0, 0, 1))
    assert np.array_equal(one.targets[CLOSED], again.targets[CLOSED])
    assert not np.array_equal(one.targets[CLOSED], other.targets[CLOSED])
    assert 0 < one.targets[CLOSED].mean() < 1
    kind, bare = run.kind, replace(one, targets={})
    kind.eval()
    with torch.no_grad():
        closed = replace(one, targets={CLOSED: np.ones((len(one.ids), 1), dtype=np.int64)})
        with gate_closed(kind.model):
            expected = kind.loss(bare)
        torch.testing.assert_close(kind.loss(closed), expected)


def test_it_resumes_exactly(tiny_settings: Callable[..., RunSettings], tmp_path: Path):
    changes = {"kind": {"name": "exact", "order": "reversed", "closed": 0.5}, "training__steps": 12}
    whole = ProblemRun.create(tmp_path / "whole", tiny_settings(**changes))
    whole.train()
    torch.manual_seed(1234)  # what another process would find
    halves = ProblemRun.create(tmp_path / "halves", tiny_settings(**changes, training__save_every=5))
    trainer = halves.trainer(lambda _: None, resume=False)
    trainer.begin()
    for _ in range(7):
        trainer.advance(*trainer.gradients())
    trainer.save()
    ProblemRun.open(halves.path).train(resume=True)
    one, two = whole.trained().state_dict(), ProblemRun.open(halves.path).trained().state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one)
