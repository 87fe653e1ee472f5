"""Runs of text: made, trained, gone on with, measured, and begun from other weights."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core.errors import AbacistError, Interrupted, RunError, SettingsError
from abacist.core.settings import check, override
from abacist.data.pairs import counted_loss
from abacist.evaluation.losses import summed_loss
from abacist.models.checkpoint import load_tensors
from abacist.models.lora import Adapted
from abacist.models.pretrained import write
from abacist.runs import text_report
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.runs.start import Origin
from abacist.runs.texts import CORPUS, TextRun
from abacist.text.choice import Choice
from abacist.training.loop import STATE, WEIGHTS, Progress, read_metrics
from abacist.training.state import read_counters

BOOK = "".join(f"the {a} cat saw the {b} dog.\n" for a in ("old", "fat", "sly") for b in ("red", "big", "shy")) * 12

VALUES: dict[str, Any] = {
    "corpus": {"sources": [], "split": {"by": "last"}, "sample": {"tokens": 12}},
    "text": {"tokenizer": "character"},
    "model": {"d_model": 16, "n_layers": 1, "n_heads": 2, "d_ff": 32, "position": "rope", "context_length": 16},
    "training": {
        "steps": 20,
        "batch_size": 8,
        "dtype": "float32",
        "threads": 1,
        "learning_rate": 1e-2,
        "evaluate_every": 10,
        "evaluate_on": 10,
        "save_every": 10,
    },
}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text(BOOK)
    return path


def settings(*paths: Path, **changes: Any) -> RunSettings:
    # What is given beside weights to begin with has to be theirs.
    base = {**VALUES, "model": {}} if "start" in changes else VALUES
    values = override(base, [(path.replace("__", "."), value) for path, value in changes.items()])
    if paths:
        sources = [{"text": {"name": "files", "paths": [str(path)]}, "weight": 1 + n} for n, path in enumerate(paths)]
        values["corpus"]["sources"] = sources
    return check(RunSettings, values)


def made(tmp_path: Path, *paths: Path, name: str = "one", **changes: Any) -> TextRun:
    return TextRun.create(tmp_path / "runs" / name, settings(*paths, **changes))


def test_a_run_learns_and_its_folder_tells_of_it(tmp_path: Path, book: Path):
    run = made(tmp_path, book, training__steps=150, training__evaluate_every=50)
    told: list[str] = []
    seen: list[Progress] = []
    run.tell = told.append
    outcome = run.train(seen.append)
    assert outcome.best.accuracy is None
    assert seen[-1].held_out is not None
    (look,) = run.validated()
    guess = math.log(len(run.codec.tokenizer.vocabulary))
    assert look.loss.loss < 0.4 * guess
    assert look.whole
    assert look.loss.tokens == len(run.tokens[0].validation) - 1
    assert look.loss.perplexity == pytest.approx(math.exp(look.loss.loss))
    per_character = look.loss.tokens / run.tokens[0].validation.characters
    assert look.loss.bits_per_character == pytest.approx(look.loss.loss / math.log(2) * per_character)
    lines = [line for line in read_metrics(run.path) if "held_out_loss" in line]
    assert [line["step"] for line in lines] == [50, 100, 150]
    assert [line["sample"] for line in lines] == told
    assert "held_out_accuracy" not in lines[0]
    assert lines[0]["held_out_loss"] > lines[-1]["held_out_loss"]
    (fact,) = json.loads((run.path / CORPUS).read_text())
    assert (fact["name"], fact["characters"], fact["documents"]) == ("book.txt", len(BOOK), 1)
    samples = list(run.samples(2))
    page = text_report.write(run, [look], samples).read_text()
    for expected in (f"{look.loss.loss:.4f}", f"{look.loss.bits_per_character:.4f}", "pairs, counted", "<svg"):
        assert expected in page
    assert samples[0] != samples[1]


def test_the_loss_of_the_report_is_that_of_every_token_by_hand(tmp_path: Path, book: Path):
    run = made(tmp_path, book)
    run.train()
    (look,) = run.validated()
    side, context = run.tokens[0].validation, run.context
    ids = side.take(0, len(side))
    total = 0.0
    for start in range(0, len(ids) - 1, context):
        row = torch.from_numpy(ids[start : start + context + 1])[None]
        places = torch.zeros(1, row.shape[1] - 1, 3, dtype=torch.long)
        places[..., 0] = torch.arange(row.shape[1] - 1)
        with torch.no_grad():
            chances = run.kind.model(row[:, :-1], places).log_softmax(-1)
        total -= float(chances.gather(-1, row[:, 1:, None]).sum())
    assert look.loss.loss == pytest.approx(total / (len(ids) - 1), rel=1e-5)


@pytest.mark.parametrize("changes", [{}, {"corpus__rows": "documents", "model__dropout": 0.1}], ids=["blocks", "rows"])
def test_a_stopped_run_goes_on_exactly(tmp_path: Path, book: Path, changes: dict[str, Any]):
    other = tmp_path / "other.txt"
    other.write_text("a red dog\n" * 60)
    whole = made(tmp_path, book, other, training__steps=30, **changes)
    whole.train()
    stopped = made(tmp_path, book, other, name="two", training__steps=30, **changes)

    def stop(progress: Progress) -> None:
        if progress.step == 20:
            raise Interrupted("stop")

    with pytest.raises(Interrupted):
        stopped.train(stop)
    again = TextRun.open(stopped.path)
    counters = read_counters(again.path / STATE)
    assert counters is not None
    assert counters.step == 10
    again.train(resume=True)
    assert again.finished()
    one, two = (load_tensors(path / WEIGHTS) for path in (whole.path, again.path))
    assert all(torch.equal(one[name], two[name]) for name in one)
    looks = [[line["sample"] for line in read_metrics(run.path) if "sample" in line] for run in (whole, again)]
    assert looks[0] == looks[1]


def test_gradients_of_parts_are_those_of_the_whole(tmp_path: Path, book: Path):
    gradients = []
    for name, count in (("one", 1), ("three", 3)):
        trainer = made(tmp_path, book, name=name, training__accumulate=count).trainer(lambda _: None, resume=False)
        loss, tokens = trainer.gradients()
        named = {key: p.grad.clone() for key, p in trainer.kind.named_parameters() if p.grad is not None}
        gradients.append((loss, tokens, named))
    (loss, tokens, whole), (summed, same, parts) = gradients
    assert (summed, same) == (pytest.approx(loss), tokens)
    for key, gradient in whole.items():
        torch.testing.assert_close(parts[key], gradient, rtol=1e-4, atol=1e-6)


def test_sources_are_measured_each_and_together(tmp_path: Path, book: Path):
    other = tmp_path / "other.txt"
    other.write_text("1 + 1 = 2\n" * 60)
    run = made(tmp_path, book, other)
    run.train()
    first, second, mean = run.validated()
    assert (first.name, second.name, mean.name) == ("book.txt", "other.txt", "all")
    assert mean.loss.loss == pytest.approx((first.loss.loss + 2 * second.loss.loss) / 3)
    bits = first.loss.bits_per_character, second.loss.bits_per_character
    assert mean.loss.bits_per_character == pytest.approx((bits[0] + 2 * bits[1]) / 3)
    last = [line for line in read_metrics(run.path) if "by_source" in line][-1]
    assert set(last["by_source"]) == {"book.txt", "other.txt"}
    assert "other.txt" in text_report.write(run, [first, second, mean], []).read_text()


def test_a_trained_table_of_pairs_comes_to_what_counting_gives(tmp_path: Path, book: Path):
    changes = {"training__steps": 300, "training__learning_rate": 0.1, "training__evaluate_every": 300}
    run = made(tmp_path, book, kind="bigram", training__batch_size=32, **changes)
    run.train()
    run.trained()
    train = run.tokens[0].train
    least = counted_loss(train, train, len(run.codec.tokenizer.vocabulary), extra=0)
    batches = [run.batch(index) for index in range(1000, 1040)]
    total, count = summed_loss(run.kind, batches)
    assert least is not None
    assert least - 0.02 < total / count < least + 0.03


def test_tokens_on_disk_are_shared_and_a_changed_text_is_refused(tmp_path: Path, book: Path):
    run = made(tmp_path, book)
    folders = list((tmp_path / "runs" / ".tokens").iterdir())
    made(tmp_path, book, name="two", seed=2)
    assert list((tmp_path / "runs" / ".tokens").iterdir()) == folders
    book.write_text(BOOK.upper())
    with pytest.raises(RunError, match=r"book\.txt is not the text any more that .* began with"):
        TextRun.open(run.path).train()


def test_what_is_read_before_training_is_told(tmp_path: Path, book: Path):
    told: list[tuple[str, int, int | None]] = []
    tokenizer = {"name": "bpe", "vocab_size": 280}
    run = TextRun.create(
        tmp_path / "runs" / "one", settings(book, text__tokenizer=tokenizer), reading=lambda *each: told.append(each)
    )
    size = len(BOOK)
    assert told[0] == ("reading book.txt", size, None)
    assert [each for each in told if each[0].startswith("learning")][-1] == ("learning tokens (bpe)", size, size)
    # Encoded once, and read twice more to look for what stands on both sides.
    assert [each for each in told if each[0].startswith("encoding")][-1] == ("encoding book.txt", 3 * size, 3 * size)
    told.clear()
    run.train()
    assert told == [("reading book.txt", size, None)]


def test_a_run_that_is_replaced_has_no_say(tmp_path: Path, book: Path):
    made(tmp_path, book)
    book.write_text("0123456789\n" * 80)
    run = TextRun.create(tmp_path / "runs" / "one", settings(book), overwrite=True)
    assert run.codec.tokenizer.vocabulary[3:] == list("\n0123456789")
    run.train()


def test_writing_needs_no_text_any_more(tmp_path: Path, book: Path):
    run = made(tmp_path, book)
    run.train()
    book.unlink()
    again = TextRun.open(run.path)
    again.trained()
    text = again.sample(Choice(temperature=0.0), "the cat", 60)
    assert text.startswith("the cat")
    assert len(text) == len("the cat") + 60  # beyond the context of 16
    assert again.sample(Choice(), "the", 30, 1) != again.sample(Choice(), "the", 30, 2)
    assert again.sample(Choice(), "the", 30, 1) == again.sample(Choice(), "the", 30, 1)


def problem_values(tiny_values: dict[str, Any]) -> dict[str, Any]:
    return {**tiny_values, "corpus": VALUES["corpus"]}


def test_a_run_is_of_problems_or_of_text(tmp_path: Path, book: Path, tiny_values: dict[str, Any], tiny_settings):
    for wrong in (problem_values(tiny_values), {"training": {"steps": 1}}):
        with pytest.raises(SettingsError, match=r"give either a task, .* or a corpus"):
            check(RunSettings, wrong)
    with pytest.raises(SettingsError, match="questions belongs to runs of problems"):
        settings(book, questions=["1+1"])
    with pytest.raises(SettingsError, match="stop_at goes by a share of right answers"):
        settings(book, training__stop_at=0.9)
    with pytest.raises(SettingsError, match="give_up goes by a share of right answers"):
        settings(book, training__give_up={"after": 0.5, "below": 0.2})
    run, problems = made(tmp_path, book), Run.create(tmp_path / "runs" / "problems", tiny_settings())
    assert (type(Run.open(run.path)), type(problems)) == (TextRun, ProblemRun)
    with pytest.raises(RunError, match="is a run of text; this is for runs of problems"):
        ProblemRun.open(run.path)
    with pytest.raises(RunError, match="is a run of problems; this is for runs of text"):
        TextRun.open(problems.path)


@pytest.mark.parametrize(
    ("text", "changes", "message"),
    [
        ("short", {}, r"book\.txt is too short: it has 5 tokens, and training and validation need 17 each"),
        (BOOK, {"corpus__split": {"by": "document"}}, "a split by document leaves 0 tokens to"),
        (BOOK[:150], {}, "a split by last leaves 15 tokens .* a row needs 17; choose another corpus.split.validation$"),
        (BOOK, {"corpus__sample__prompt": "é"}, "the character 'é' at place 1"),
        (BOOK, {"corpus__length": 40}, "rows of 40 tokens do not fit model.context_length 16"),
        (BOOK, {"text__tokenizer": {"name": "character", "characters": "abc"}}, "is unknown to this model"),
        ("", {}, "is empty"),
    ],
)
def test_text_that_will_not_do_is_told_in_a_line(tmp_path: Path, book: Path, text: str, changes, message: str):
    book.write_text(text)
    with pytest.raises(AbacistError, match=message) as caught:
        made(tmp_path, book, **changes)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "runs" / "one").exists()


def test_a_byte_pair_run_tells_bits_a_character(tmp_path: Path, book: Path):
    run = made(tmp_path, book, text__tokenizer={"name": "bpe", "vocab_size": 280})
    run.train()
    (look,) = run.validated()
    assert look.loss.tokens_per_character is not None
    assert look.loss.tokens_per_character < 0.8
    assert type(TextRun.open(run.path).codec.tokenizer) is type(run.codec.tokenizer)
    assert run.sample(Choice(), "the", 20).startswith("the")


@pytest.mark.parametrize("tokenizer", ["bpe", "word", "latex"])
def test_a_tokenizer_learns_nothing_from_what_validates_but_its_characters(tmp_path: Path, tokenizer: str):
    path = tmp_path / "two.txt"
    path.write_text("a \\rose is a rose. " * 300 + "\\thorn is ñ. " * 50)
    run = made(tmp_path, path, text__tokenizer=tokenizer, corpus__split={"by": "last", "validation": 0.2})
    known = run.codec.tokenizer.vocabulary
    assert any("rose" in token for token in known)
    assert not any("thorn" in token for token in known)
    side = run.validations()[0].side
    assert tokenizer == "word" or side.unknown == 0


def test_what_is_measured_after_training_is_what_is_measured_later(tmp_path: Path, book: Path):
    run = made(tmp_path, book, training__dtype="bfloat16")
    run.train()
    assert run.validated() == TextRun.open(run.path).validated()


def test_a_run_begins_with_another_s_weights_and_alphabet(tmp_path: Path, book: Path):
    first = made(tmp_path, book, training__steps=60)
    first.train()
    more = tmp_path / "more.txt"
    more.write_text(BOOK.replace("cat", "c@t"))
    run = made(tmp_path, more, name="two", start={"weights": str(first.path)}, model__dropout=0.1)
    assert run.settings.model.d_model == 16
    assert run.settings.model.dropout == 0.1
    before, after = first.codec.tokenizer.vocabulary, run.codec.tokenizer.vocabulary
    assert after == [*before, "@"]
    run.trainer(lambda _: None, resume=False)
    theirs, ours = load_tensors(first.path / WEIGHTS), run.kind.model.state_dict()
    for name in theirs:
        assert torch.equal(ours[name][: len(theirs[name])], theirs[name]), name
    assert len(ours["embedding.weight"]) == len(before) + 1
    alike = made(tmp_path, book, name="three", start={"weights": str(first.path)})
    alike.trainer(lambda _: None, resume=False)
    begun, _ = summed_loss(alike.kind, [alike.batch(0)])
    first.trained()
    assert begun == pytest.approx(summed_loss(first.kind, [alike.batch(0)])[0], rel=1e-5)


def test_adapters_learn_alone_are_saved_and_merged(tmp_path: Path, book: Path):
    first = made(tmp_path, book)
    first.train()
    run = made(tmp_path, book, name="two", start={"weights": str(first.path), "lora": {"rank": 2}}, training__steps=40)
    run.train()
    theirs, tuned = load_tensors(first.path / WEIGHTS), load_tensors(run.path / WEIGHTS)
    assert all(torch.equal(tuned[name], theirs[name]) for name in theirs)
    assert any("lora_b" in name and tuned[name].any() for name in tuned)
    adapted, _ = summed_loss(run.kind, [run.batch(0)])
    again = TextRun.open(run.path)
    merged, _ = summed_loss(again.trained(), [again.batch(0)])
    assert not any(isinstance(module, Adapted) for module in again.kind.modules())
    assert merged == pytest.approx(adapted, rel=1e-4)
    third = made(tmp_path, book, name="three", start={"weights": str(run.path)})
    third.trainer(lambda _: None, resume=False)
    assert summed_loss(third.kind, [run.batch(0)])[0] == pytest.approx(adapted, rel=1e-4)


def test_a_run_begins_with_a_folder_as_transformers_has_it(tmp_path: Path, book: Path):
    shape = {"position": "learned", "norm": "layer_norm", "feed_forward": "gelu"}
    first = made(tmp_path, book, **{f"model__{name}": value for name, value in shape.items()})
    first.train()
    folder = tmp_path / "gpt2"
    write(first.trained().model, folder, "gpt2", first.kind.end_id)
    first.codec.tokenizer.save(folder / "tokenizer.json")
    assert not Origin(str(folder)).is_run
    run = made(tmp_path, book, name="two", start={"weights": str(folder)}, corpus__length=8)
    assert run.batch(0).ids.shape == (8, 9)
    run.trainer(lambda _: None, resume=False)
    run.kind.eval()
    batch = first.batch(0)
    assert np.array_equal(run.codec.tokenizer.encode_array("the cat"), first.codec.tokenizer.encode_array("the cat"))
    assert summed_loss(run.kind, [batch])[0] == pytest.approx(summed_loss(first.kind, [batch])[0], rel=1e-5)
    run.train()
    assert run.validated()[0].loss.loss < math.log(len(run.codec.tokenizer.vocabulary))


def test_problems_may_begin_with_weights_too(tmp_path: Path, tiny_run: Path, tiny_values: dict[str, Any]):
    values = override(tiny_values, [("start", {"weights": str(tiny_run)}), ("training.steps", 10)])
    run = ProblemRun.create(tmp_path / "tuned", check(RunSettings, values))
    run.trainer(lambda _: None, resume=False)
    theirs = load_tensors(tiny_run / WEIGHTS)
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in run.kind.model.state_dict().items())
    assert run.train().best.accuracy is not None


@pytest.mark.parametrize(("weights", "message"), [("nowhere", "is no folder"), ("empty", "holds no config.json")])
def test_weights_that_are_none_are_told(tmp_path: Path, book: Path, weights: str, message: str):
    (tmp_path / "empty").mkdir()
    with pytest.raises(RunError, match=message):
        made(tmp_path, book, start={"weights": str(tmp_path / weights)})
