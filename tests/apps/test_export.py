"""`abacist export`, and what `transformers` makes of it."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from abacist.apps import cli
from abacist.core.settings import check, override
from abacist.problems.question import read_question
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def run(request: pytest.FixtureRequest, tiny_values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A short training of a model that is of a family."""
    parts = {"gpt2": ("learned", "layer_norm", "gelu"), "llama": ("rope", "rms_norm", "swiglu")}[request.param]
    changes = list(zip(("model.position", "model.norm", "model.feed_forward"), parts, strict=True))
    made = Run.create(
        tmp_path_factory.mktemp("runs") / request.param, check(RunSettings, override(tiny_values, changes))
    )
    made.train()
    return made


def abacist(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["abacist", *map(str, arguments)])
    return cli.run()


def test_transformers_answers_as_the_run_does(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    assert abacist(monkeypatch, "export", run.path, "--out", tmp_path / "out") == 0
    assert f"a model of the family {run.path.name}" in capsys.readouterr().out
    theirs = AutoModelForCausalLM.from_pretrained(tmp_path / "out").eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "out" / "tokenizer.json"))
    assert tokenizer.get_vocab() == {token: i for i, token in enumerate(run.codec.tokenizer.vocabulary)}
    prompts = [run.codec.prompt(read_question(text)) for text in ("1+2", "12-7", "9+19")]
    for prompt, answer in zip(prompts, run.trained().answer(prompts), strict=True):
        told = {"max_length": run.settings.model.context_length, "do_sample": False, "pad_token_id": 0}
        row = theirs.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), **told)
        assert row[0].tolist() == [*prompt, *answer.ids]
    assert abacist(monkeypatch, "export", run.path, "--out", tmp_path / "out") == 1
    assert "exists; choose another --out" in capsys.readouterr().err


def test_what_hinders_is_said_in_one_line(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    assert abacist(monkeypatch, "export", tiny_run, "--out", tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "model.position is places" in line
    assert "model.feed_forward is squared_relu" in line
    assert abacist(monkeypatch, "export", tiny_run, "--out", tmp_path / "out", "--family", "gpt") == 1
    assert "--family gpt: there are gpt2, llama" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
