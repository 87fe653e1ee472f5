"""The shipped runtime: the same answers as with torch, by the model alone, with little imported."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from abacist.core.errors import RunError
from abacist.core.settings import check, override
from abacist.evaluation.grading import ask
from abacist.problems.operation import Operation, operator
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.runtime.calculator import Calculator
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.coordinates import coordinates
from abacist.text.generated import Generated

QUESTIONS = [
    *(f"{left}{sign}{right}" for left in (0, 3, 9, 17) for sign in "+-" for right in (0, 5, 19)),
    "12-34",
    "3*4",
    "7/2",
    "-5+3",
    "1+2+3",
]


@pytest.fixture(scope="module", params=["reversed", "compact", "written", "padded", "reversed_answer", "hinted"])
def run(request: pytest.FixtureRequest, tiny_values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training in each of several formats, one of them with positions drawn among many."""
    changes = [("text.format", request.param), ("training.steps", 150), ("training.batch_size", 32)]
    if request.param == "hinted":
        changes += [("text.tokenizer", "hints"), ("model.position", {"name": "rope", "spread": 100})]
    changes += [("model.d_model", 32), ("model.context_length", 32), ("training.evaluate_every", 50)]
    made = Run.create(tmp_path_factory.mktemp("formats") / "run", check(RunSettings, override(tiny_values, changes)))
    made.train()
    return made


def every_answer(run: Run) -> list[Generated]:
    """Answers by every way there is to ask a model."""
    questions = [read_question(text) for text in QUESTIONS]
    prompts = [run.codec.prompt(question) for question in questions]
    kind = run.trained()
    calculator = Calculator(NumpyDecoder(run.path))
    return [
        *ask(kind, run.codec, questions),
        *kind.answer(prompts),
        *(kind.answer([prompt])[0] for prompt in prompts),
        *(calculator.decoder.answer(prompt) for prompt in prompts),
    ]


def test_the_model_answers_not_the_code(run: Run, monkeypatch: pytest.MonkeyPatch):
    before = every_answer(run)
    assert len({tuple(answer.ids) for answer in before}) > 1, "a model that always says the same proves nothing"

    def refuse(*arguments: object) -> None:
        raise AssertionError("the exact solver was asked for help")

    for symbol in "+-*/":
        assert operator(symbol) is not None
    for known in set(Operation.by_symbol.values()):
        monkeypatch.setattr(known, "solve", staticmethod(refuse))
    for place in ("expression", "problem", "operations.nested"):
        monkeypatch.setattr(f"abacist.problems.{place}.evaluate", refuse)
    monkeypatch.setattr(Rounding, "text", refuse)
    with pytest.raises(AssertionError, match="asked for help"):
        run.task.problem(read_question("1+2")).answer()
    assert every_answer(run) == before


def test_a_wrong_truth_changes_the_verdict_and_not_the_answer(run: Run, monkeypatch: pytest.MonkeyPatch):
    calculator = Calculator(NumpyDecoder(run.path))
    before = [calculator.reply(text) for text in QUESTIONS[:24]]
    for symbol in "+-":
        monkeypatch.setattr(operator(symbol), "solve", staticmethod(lambda *operands: 12345))
    after = [calculator.reply(text) for text in QUESTIONS[:24]]
    assert [(r.answer, r.tokens) for r in after] == [(r.answer, r.tokens) for r in before]
    assert {reply.truth for reply in after} == {"12345"}


def test_numpy_and_torch_give_the_same_answers(run: Run):
    count = len(QUESTIONS)
    answers = every_answer(run)
    for torch_s, numpy_s in zip(answers[:count], answers[-count:], strict=True):
        assert torch_s.ids == numpy_s.ids
        np.testing.assert_allclose(torch_s.probabilities, numpy_s.probabilities, atol=1e-4)


@torch.inference_mode()
def test_numpy_and_torch_give_the_same_logits(tiny_run: Path):
    run, runtime = Run.open(tiny_run), NumpyDecoder(tiny_run)
    for text in ("12+7=64", "0-0=", "(((((9.5"):
        ids = [1, *run.codec.tokenizer.encode(text)]
        places = torch.from_numpy(coordinates(np.array([ids]), run.codec.classes))
        model = run.trained().model.eval()
        expected = model(torch.tensor([ids]), places)[0].numpy()
        np.testing.assert_allclose(runtime.logits(ids), expected, atol=1e-4)


CHILD = """
import sys
from pathlib import Path
from abacist.runtime.calculator import Calculator
from abacist.runtime.decoder import NumpyDecoder

reply = Calculator(NumpyDecoder(Path(sys.argv[1]))).reply("12+7")
assert reply.tokens and reply.truth == "19", reply
heavy = "torch pydantic rich scipy matplotlib accelerate pyarrow jinja2 transformers".split()
found = [name for name in heavy if name in sys.modules]
assert not found, f"the runtime imported {found}"
"""


def test_it_answers_without_importing_anything_heavy(tiny_run: Path):
    done = subprocess.run([sys.executable, "-c", CHILD, str(tiny_run)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_run_may_be_moved(tiny_run: Path, tmp_path: Path):
    before = NumpyDecoder(tiny_run).answer([1, 3, 4])
    shutil.copytree(tiny_run, tmp_path / "elsewhere")
    assert NumpyDecoder(tmp_path / "elsewhere").answer([1, 3, 4]) == before


def test_a_prompt_that_fills_the_context_gets_no_answer(tiny_run: Path):
    runtime = NumpyDecoder(tiny_run)
    assert runtime.answer([3] * runtime.context_length) == Generated([], [])
    assert len(runtime.answer([3] * (runtime.context_length - 1)).ids) == 1


def test_a_run_with_an_own_operation_runs_from_its_own_copy(
    tiny_values: dict[str, Any], own_operation: Path, tmp_path: Path
):
    own = {"name": str(own_operation), "left": [1, 20]}
    values = override(tiny_values, [("task.mixture", [{"operation": own}]), ("training.steps", 10)])
    values = override(values, [("text.tokenizer", {"name": "character", "characters": "0123456789=gcd "})])
    run = Run.create(tmp_path / "run", check(RunSettings, values))
    run.train()
    own_operation.unlink()
    shutil.move(tmp_path / "run", tmp_path / "moved")
    reply = Calculator(NumpyDecoder(tmp_path / "moved")).reply("12 gcd 18")
    assert reply.truth == "6"
    assert reply.trained in ("shown", "held_out")
    assert reply.tokens
    Run.open(tmp_path / "moved").grade()


@pytest.mark.parametrize(
    ("file", "content", "complaint"),
    [
        ("settings.json", None, "is no run: it holds no settings.json"),
        ("settings.json", b"{", "settings.json cannot be read"),
        ("settings.json", b"\xff", "settings.json cannot be read"),
        ("settings.json", b"{}", "settings.json cannot be read"),
        ("settings.json", b"[]", "settings.json cannot be read"),
        ("model.safetensors", None, "has no weights yet; train it first"),
        ("model.safetensors", b"nothing of use", "model.safetensors cannot be read"),
    ],
)
def test_a_broken_run_is_said(tiny_run: Path, tmp_path: Path, file: str, content: bytes | None, complaint: str):
    copy = tmp_path / "run"
    shutil.copytree(tiny_run, copy)
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_bytes(content)
    with pytest.raises(RunError, match=complaint):
        NumpyDecoder(copy)


@pytest.fixture(scope="module")
def calculator(tiny_run: Path) -> Calculator:
    return Calculator(NumpyDecoder(tiny_run))


@hypothesis_settings(max_examples=60)
@given(text=st.text(max_size=30) | st.text(alphabet="0123456789+-*/(). =", max_size=20))
def test_a_real_model_s_calculator_never_raises(calculator: Calculator, text: str):
    reply = calculator.reply(text)
    assert (reply.answer is None) == (reply.error is not None)


def test_settings_in_hand_are_those_of_the_run(tiny_settings: Callable[..., RunSettings], tiny_run: Path):
    runtime, settings = NumpyDecoder(tiny_run), tiny_settings()
    assert runtime.task.settings == settings.task
    assert runtime.context_length == settings.model.context_length
