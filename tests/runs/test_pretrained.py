"""Runs of problems that begin with a model of others, whose tokens are cut and numbered in its own way."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPT2Config, GPT2LMHeadModel

from abacist.core.errors import SettingsError
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.recipe import settings_of
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings
from abacist.text.batch import collate
from abacist.training.loop import WEIGHTS

LINES = ["27 / 86 = 0.31", "12 + 34 = 46", "5 - 80 = -75", "9 * 11 = 99"]


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 with random weights and byte pairs; its end has the highest id, and its id 0 is a character."""
    folder = tmp_path_factory.mktemp("gpt2")
    form = Tokenizer(models.BPE())
    form.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    form.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=280, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    form.train_from_iterator(LINES * 50, trainer)
    form.add_special_tokens(["<|endoftext|>"])
    form.save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    size = form.get_vocab_size()
    shape = {"n_positions": 64, "n_embd": 16, "n_layer": 1, "n_head": 2}
    GPT2LMHeadModel(GPT2Config(vocab_size=size, bos_token_id=size - 1, eos_token_id=size - 1, **shape)).save_pretrained(
        folder
    )
    return folder


def settings(folder: Path, **changes: object) -> RunSettings:
    small = {
        **{"training.steps": 4, "training.batch_size": 8, "training.evaluate_on": 8, "training.threads": 1},
        **{f"grading.sets.{place}.count": 4 for place in range(4)},
        **{name.replace("__", "."): value for name, value in changes.items()},
    }
    return settings_of("distilgpt2_math", [("weights", str(folder)), *small.items()])


def test_rows_are_lines_that_end_where_the_next_begins(tmp_path: Path, gpt2: Path):
    run = ProblemRun.create(tmp_path / "run", settings(gpt2))
    tokenizer, codec = run.codec.tokenizer, run.codec
    assert tokenizer.vocabulary[0] == "!"
    assert tokenizer.start_id == tokenizer.end_id == tokenizer.encode("\n")[0] > 2
    problem = run.task.problem(read_question("27/86"))
    row = codec.row(problem)
    assert tokenizer.decode(row.ids) == "27 / 86 = 0.31"
    assert codec.answer(row.ids[row.prompt_length :]) == "0.31"
    assert codec.answer(row.ids[row.prompt_length : -1]) is None
    assert codec.answer([tokenizer.end_id, *row.ids[row.prompt_length :]]) is None
    # Rows are made at once, and as they are one by one.
    batch = run.batch(0)
    for ids, mask in zip(batch.ids, batch.loss_mask, strict=True):
        line = tokenizer.decode(ids[ids != 0].tolist())
        problem = run.task.problem(read_question(line.partition(" =")[0]))
        alone = collate([codec.row(problem)], codec.classes, 0)
        length = alone.ids.shape[1]
        assert ids[:length].tolist() == alone.ids[0].tolist()
        assert mask[:length].tolist() == alone.loss_mask[0].tolist()
        assert not mask[length:].any()
        assert line == f"{line.partition(' =')[0]} = {problem.answer()}"


def test_examples_may_stand_before_every_question(tmp_path: Path, gpt2: Path):
    before = "1 + 1 = 2\n"
    run = ProblemRun.create(tmp_path / "run", settings(gpt2, text__format={"name": "written", "before": before}))
    problem: Problem = run.task.problem(read_question("3*4"))
    row = run.codec.row(problem)
    assert run.codec.tokenizer.decode(row.ids[: row.prompt_length]) == "1 + 1 = 23 * 4 = "  # an end is no text
    assert (row.ids[: row.prompt_length]).count(run.codec.tokenizer.end_id) == 2


def test_it_learns_and_is_opened_again(tmp_path: Path, gpt2: Path):
    run = ProblemRun.create(tmp_path / "run", settings(gpt2))
    assert run.train().step == 4
    grades, _ = ProblemRun.open(run.path).grade()
    assert [grade.score.count for grade in grades] == [4, 4, 4, 4]


def test_tokens_of_a_run_may_get_other_roles(tmp_path: Path, gpt2: Path):
    first = ProblemRun.create(tmp_path / "first", settings(gpt2))
    first.train()
    special = {f"text__tokenizer__{role}": "<|endoftext|>" for role in ("start", "end")}
    run = ProblemRun.create(tmp_path / "run", settings(first.path, **special))
    assert run.codec.tokenizer.vocabulary == first.codec.tokenizer.vocabulary
    assert run.codec.tokenizer.vocabulary[run.codec.tokenizer.end_id] == "<|endoftext|>"
    assert ProblemRun.open(run.path).codec.tokenizer.end_id == run.codec.tokenizer.end_id


def test_an_end_of_id_0_is_refused(tmp_path: Path, gpt2: Path):
    folder = shutil.copytree(gpt2, tmp_path / "first")
    form = json.loads((folder / "tokenizer.json").read_text())
    size = len(form["model"]["vocab"]) + 1
    form["model"]["vocab"] = {"<|endoftext|>": 0, **{t: 1 + index for t, index in form["model"]["vocab"].items()}}
    form["added_tokens"][0]["id"] = 0
    (folder / "tokenizer.json").write_text(json.dumps(form))
    changed = {"text__tokenizer__start": None, "text__tokenizer__end": None}
    with pytest.raises(SettingsError, match=r"'<\|endoftext\|>', its start and end, has the id 0.*end=Ċ") as caught:
        ProblemRun.create(tmp_path / "run", settings(folder, **changed))
    assert "\n" not in str(caught.value)
    run = ProblemRun.create(tmp_path / "run", settings(folder))
    batch = run.batch(0)
    assert run.codec.tokenizer.end_id > 0
    assert len(run.codec.tokenizer.vocabulary) == size
    assert all(
        ids[mask][-1] == run.codec.tokenizer.end_id for ids, mask in zip(batch.ids, batch.loss_mask, strict=True)
    )


def test_no_steps_leave_the_weights_as_they_came(tmp_path: Path, gpt2: Path):
    run = ProblemRun.create(tmp_path / "run", settings(gpt2, training__steps=0))
    outcome = run.train()
    assert (outcome.step, outcome.best_step) == (0, 0)
    assert run.finished()
    assert (run.path / WEIGHTS).is_file()
    theirs = GPT2LMHeadModel.from_pretrained(gpt2).state_dict()["transformer.wte.weight"]
    assert any(
        tensor.shape == theirs.shape and torch.equal(tensor, theirs)
        for tensor in run.trained().model.state_dict().values()
    )


def test_a_shorter_context_takes_as_many_positions(tmp_path: Path, gpt2: Path):
    run = ProblemRun.create(tmp_path / "run", settings(gpt2, training__steps=0))
    assert run.settings.model.context_length == 48
    run.train()
    mine, theirs = run.trained().model.state_dict(), GPT2LMHeadModel.from_pretrained(gpt2).state_dict()
    assert torch.equal(mine["position.index.weight"], theirs["transformer.wpe.weight"][:48])
    longer = settings(gpt2, model__context_length=65)
    with pytest.raises(SettingsError, match=r"model\.context_length: 65 is not to be had"):
        ProblemRun.create(tmp_path / "longer", longer)


@pytest.mark.parametrize("high", [9, 89])
def test_each_set_is_graded_once(high: int):
    titles = [each.title for each in settings_of("distilgpt2_math", [("high", high)]).grading.sets]
    assert len(titles) == len(set(titles)) == (2 if high == 9 else 4)


def test_no_steps_need_weights():
    with pytest.raises(SettingsError, match=r"training\.steps is 0, and start\.weights names nothing"):
        settings_of("demo", [("training.steps", 0)])
