"""`abacist export`, and what `transformers` makes of it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer as HuggingFace
from tokenizers import decoders, models, pre_tokenizers, trainers
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from abacist.apps import cli
from abacist.apps.export import write_tokenizer
from abacist.core.catalogue import build
from abacist.core.settings import check, override
from abacist.problems.question import read_question
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.text.tokenizer import FOLDER, Tokenizer, learnt


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
    config, ids = theirs.config, run.codec.tokenizer
    assert (config.bos_token_id, config.eos_token_id, config.pad_token_id) == (ids.start_id, ids.end_id, ids.pad_id)
    prompts = [run.codec.prompt(read_question(text)) for text in ("1+2", "12-7", "9+19")]
    for prompt, answer in zip(prompts, run.trained().answer(prompts), strict=True):
        told = {"max_length": run.settings.model.context_length, "do_sample": False, "pad_token_id": 0}
        row = theirs.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), **told)
        assert row[0].tolist() == [*prompt, *answer.ids]
    assert abacist(monkeypatch, "export", run.path, "--out", tmp_path / "out") == 1
    assert "exists; choose another --out" in capsys.readouterr().err


TEXT = "Let $x \\in \\mathbb{R}$ be 12 of 345 .\n\nThen don't ask , for \\{é\\} is  there.\n"


def foreign(folder: Path) -> Tokenizer:
    """Byte pairs as others write them."""
    made = HuggingFace(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, show_progress=False)
    made.train_from_iterator([TEXT] * 9, trainer)
    made.add_special_tokens(["<|endoftext|>"])
    made.save(str(folder / "other.json"))
    return build(FOLDER, {"name": "file", "path": str(folder / "other.json")})


@pytest.mark.parametrize("family", ["gpt2", "llama"])
@pytest.mark.parametrize("name", ["character", "bpe", "word", "latex", "file"])
def test_the_library_s_tokenizer_is_ours(name: str, family: str, tmp_path: Path):
    tokenizer = foreign(tmp_path) if name == "file" else learnt(name, [TEXT] * 3)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": family}))
    write_tokenizer(tokenizer, tmp_path, 64)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer.encode(TEXT)
    assert theirs(TEXT)["input_ids"] == ids
    assert theirs.decode(ids) == tokenizer.decode(ids) == TEXT
    around = [tokenizer.start_id, *ids, tokenizer.end_id]
    assert theirs.decode(around, skip_special_tokens=True) == TEXT
    special = (theirs.pad_token_id, theirs.bos_token_id, theirs.eos_token_id)
    assert special == (tokenizer.pad_id, tokenizer.start_id, tokenizer.end_id)
    assert theirs.model_max_length == 64
    assert len(theirs) == len(tokenizer.vocabulary)


def test_what_hinders_is_said_in_one_line(tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    assert abacist(monkeypatch, "export", tiny_run, "--out", tmp_path / "out") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "model.position is places" in line
    assert "model.feed_forward is squared_relu" in line
    assert abacist(monkeypatch, "export", tiny_run, "--out", tmp_path / "out", "--family", "gpt") == 1
    assert "--family gpt: there are gpt2, llama" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
