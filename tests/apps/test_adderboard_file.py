"""`abacist export --to adderboard`: a file that stands alone, and answers as the run does."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abacist.apps import cli
from abacist.core.settings import check, override
from abacist.evaluation.addition_rows import AdditionRows
from abacist.evaluation.proof import logits_of
from abacist.kinds.decoder import Decoder
from abacist.models.transformer import count_parameters
from abacist.problems.question import read_question
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings

TINY = {
    "d_model": 3,
    "n_heads": 1,
    "head_width": 4,
    "d_ff": 2,
    "tied": True,
    "embedding": {"name": "circular", "others": "as_zero", "radius": 2.0, "sharpness": 3.0},
    "position": {"name": "rope", "periods": [4.0, 20.0]},
    "mixer": "tied_attention",
    "feed_forward": {"name": "swiglu", "down": "turned"},
}
SHAPES: dict[str, dict[str, Any]] = {
    "plain": {},
    "two layers": {"n_layers": 2, "tied": True, "position": {"name": "places", "index": True}, "norm": "layer_norm"},
    "shared norms": {"shared_norms": True, "norm": {"name": "rms_norm", "scale": True}, "position": "nope"},
    "biases": {"bias": True, "feed_forward": "gelu", "position": "learned", "n_kv_heads": 1},
    "rope": {"position": {"name": "rope", "base": 30.0}, "feed_forward": "swiglu"},
    "tiny": TINY,
    "arc": {**TINY, "tied": False, "embedding": "circular", "feed_forward": {"name": "swiglu", "down": "up"}},
    "tied arc": {**TINY, "embedding": "circular", "feed_forward": {"name": "swiglu", "down": "gate"}},
    "own": {
        "mixer": {"name": "tied_attention", "keys": "own", "values": "own", "out": "values", "rank": 3, "gain": "each"},
        "feed_forward": {"name": "swiglu", "down": "turned"},
    },
    "gains none": {
        "mixer": {"name": "tied_attention", "keys": "queries", "values": "keys", "out": "own", "gain": "none"}
    },
}

ASK = """
import json, sys
sys.modules["abacist"] = None
import importlib.util
spec = importlib.util.spec_from_file_location("adder", sys.argv[1])
adder = importlib.util.module_from_spec(spec)
spec.loader.exec_module(adder)
import torch
model, told = adder.build_model()
asked = json.loads(sys.argv[2])
answers = []
for a, b in asked["pairs"]:
    ids = [adder.START, *map(adder.VOCABULARY.index, adder.question(a, b))]
    answers.append(adder.generate(model, ids))
with torch.no_grad():
    logits = model(torch.tensor(asked["rows"])).tolist()
print(json.dumps({"told": told, "answers": answers, "logits": logits, "count": adder.count(model),
                  "weights": {key: parameter.tolist() for key, parameter in model.named_parameters()}}))
"""


def run_of(values: dict[str, Any], shape: dict[str, Any], folder: Path) -> ProblemRun:
    changes = [
        ("task.mixture", [{"operation": {"name": "addition", "left": [0, 99]}}]),
        ("text.format", {"name": "padded", "width": 2, "answer_width": 3, "reverse": True}),
        ("text.tokenizer", {"name": "character", "characters": "0123456789+="}),
        ("training.steps", 3),
        *((f"model.{key}", value) for key, value in shape.items()),
    ]
    if "mixer" in shape and shape.get("embedding", {}) == TINY["embedding"]:
        changes.append(("kind", {"name": "decoder", "answer_tokens": 3}))
    made = ProblemRun.create(folder, check(RunSettings, override(values, changes)))
    made.train()
    return made


def asked_alone(file: Path, pairs: list[tuple[int, int]], rows: Any) -> dict[str, Any]:
    """Import the file where there is no abacist, and let it answer."""
    asked = json.dumps({"pairs": pairs, "rows": rows.tolist()})
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(file), asked],
        capture_output=True,
        text=True,
        check=False,
        env={},
        cwd=file.parent,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def abacist(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["abacist", *map(str, arguments)])
    return cli.run()


@pytest.mark.parametrize("name", SHAPES)
def test_the_file_answers_as_the_run_does(
    name: str, tiny_values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    run = run_of(tiny_values, SHAPES[name], tmp_path / "run")
    file = tmp_path / "adder.py"
    assert abacist(monkeypatch, "export", run.path, "--to", "adderboard", "--out", file, "--author", "Ada") == 0
    kind = run.trained()
    assert isinstance(kind, Decoder)
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, 100, (8, 2))
    rows = AdditionRows.of(run.codec)
    digits = pairs[:, :, None] // 10 ** np.arange(3) % 10
    ids = rows.rows(digits[:, 0], digits[:, 1])[:, :-1]
    alone = asked_alone(file, pairs.tolist(), ids)
    assert alone["told"]["author"] == "Ada"
    assert alone["told"]["params"] == alone["count"] == count_parameters(kind.model)
    prompts = [run.codec.prompt(read_question(f"{a}+{b}")) for a, b in pairs]
    ends = [run.codec.tokenizer.end_id]
    answers = [each.ids[:-1] if each.ids[-1:] == ends else each.ids for each in kind.answer(prompts)]
    assert alone["answers"] == answers
    ours = logits_of(kind, rows, digits)
    theirs = np.array(alone["logits"])[:, rows.prompt_length - 1 :]
    np.testing.assert_allclose(theirs, ours, atol=1e-5, rtol=1e-5)
    own = {key: parameter.tolist() for key, parameter in kind.model.named_parameters()}
    assert alone["weights"] == own  # to the bit
    assert abacist(monkeypatch, "export", run.path, "--to", "adderboard", "--out", file) == 1
    assert "exists; choose another --out" in capsys.readouterr().err


def test_what_hinders_is_said(tiny_run: Path, tiny_values: dict[str, Any], tmp_path: Path, monkeypatch, capsys):
    run = run_of(tiny_values, {"position": "fire", "feed_forward": "nmu"}, tmp_path / "run")
    assert abacist(monkeypatch, "export", run.path, "--to", "adderboard", "--out", tmp_path / "a.py") == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert "model.position is fire; this form has learned, nope, places, rope" in lines[0]
    assert "model.feed_forward is nmu; this form has gelu, squared_relu, swiglu" in lines[1]
    assert not (tmp_path / "a.py").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "onnx"], "--to onnx: there are transformers, adderboard"),
        (["--to", "adderboard", "--family", "gpt2"], "--family does not go with --to adderboard"),
        (["--author", "Ada"], "--author does not go with --to transformers"),
        (["--to", "adderboard"], "ends in .py"),
    ],
)
def test_wrong_options_are_one_line(options: list[str], said: str, tiny_run: Path, tmp_path: Path, monkeypatch, capsys):
    assert abacist(monkeypatch, "export", tiny_run, "--out", tmp_path / "a", *options) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
