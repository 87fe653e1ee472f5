"""The contract of embeddings: whatever tokens are, vectors go in and logits come out, alike wherever they are asked."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call, vmap

from abacist.core.catalogue import build, load, own_names, settings_class
from abacist.core.errors import RunError, SettingsError
from abacist.core.settings import check, dump
from abacist.kind import FOLDER as KINDS
from abacist.kinds.decoder import Decoder
from abacist.models.cache import Cache
from abacist.models.checkpoint import load_weights, save_tensors
from abacist.models.pretrained import write
from abacist.models.settings import EMBEDDINGS, ModelSettings
from abacist.models.transformer import Transformer, count_parameters, new_transformer
from abacist.problems.task import Task, TaskSettings
from abacist.runs import folder as folders
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.batch import Batch, collate
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates
from abacist.training.loop import WEIGHTS

SHAPE = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "context_length": 16}
DIGITS = {"format": "compact", "tokenizer": "character"}
NUMBERS = {"format": "compact", "tokenizer": {"name": "digit_group", "size": 2, "zeros": False}}
CODECS = [Codec.build(check(TextSettings, text)) for text in (DIGITS, NUMBERS)]
MORE: dict[str, list[dict[str, Any]]] = {"xval": [{"reach": 1.0}]}
UNTIED = {"xval"}
"""Those that refuse to be tied."""
TEXT = "12+34=46-7"


def choices() -> list[Any]:
    made = []
    for name in own_names(EMBEDDINGS):
        for settings in ({}, *MORE.get(name, [])):
            made.append({"embedding": {"name": name, **settings}})
        if name not in UNTIED:
            made.append({"embedding": {"name": name}, "tied": True})
    return made


over_every_embedding = pytest.mark.parametrize("choice", choices(), ids=str)
over_every_codec = pytest.mark.parametrize("codec", CODECS, ids=("digits", "numbers"))


def settings_of(choice: dict[str, Any]) -> ModelSettings:
    return check(ModelSettings, {**SHAPE, **choice})


def model_of(choice: dict[str, Any], codec: Codec, seed: int = 1) -> Transformer:
    """A model whose every weight matters."""
    model = new_transformer(settings_of(choice), codec.classes, seed, codec.numbers).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.5 if parameter.dim() == 1 else 0.0, 0.3, generator=generator)
    return model


def row(codec: Codec, text: str = TEXT) -> tuple[Tensor, Tensor]:
    ids = np.array([codec.tokenizer.encode(text)])
    return torch.from_numpy(ids), torch.from_numpy(coordinates(ids, codec.classes))


def batch(codec: Codec) -> Batch:
    task = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "addition", "left": [0, 49]}}]}))
    rng = np.random.default_rng(1)
    rows = [codec.row(problem) for problem in task.distinct(rng, "any", 24)]
    return collate(rows, codec.classes, codec.tokenizer.pad_id)


@over_every_embedding
@over_every_codec
@torch.inference_mode()
def test_every_token_has_a_vector_and_a_logit(choice: dict[str, Any], codec: Codec):
    model = model_of(choice, codec)
    ids = torch.arange(len(codec.classes))
    vectors = model.embedding(ids)
    assert vectors.shape == (len(codec.classes), SHAPE["d_model"])
    assert len(vectors.unique(dim=0)) == len(vectors)
    torch.testing.assert_close(model.embedding(ids.view(1, -1))[0], vectors)
    hidden = torch.randn(2, 3, SHAPE["d_model"], generator=torch.Generator().manual_seed(1))
    logits = model.head(hidden)
    assert logits.shape == (2, 3, len(codec.classes))
    assert logits.isfinite().all()
    torch.testing.assert_close(model.head(hidden[1, 2]), logits[1, 2])
    # A logit is a token's own: no two are one for all hidden states, and each hangs on the state.
    assert len(logits.flatten(0, 1).T.unique(dim=0)) == len(codec.classes)
    assert (logits.flatten(0, 1).std(dim=0) > 0).all()


@over_every_embedding
@over_every_codec
@torch.inference_mode()
def test_cached_logits_are_those_of_the_whole_row(choice: dict[str, Any], codec: Codec):
    model, (ids, places) = model_of(choice, codec), row(codec)
    whole, cache = model(ids, places), Cache(model.settings, 1, ids.shape[1], model.embedding.weight)
    pieces = [model(ids[:, :2], places[:, :2], cache)]
    pieces += [model(ids[:, i : i + 1], places[:, i : i + 1], cache) for i in range(2, ids.shape[1])]
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=1e-4, rtol=1e-4)


@over_every_embedding
@over_every_codec
@torch.inference_mode()
def test_saved_weights_give_the_same_logits_bit_for_bit(choice: dict[str, Any], codec: Codec, tmp_path: Path):
    model = model_of(choice, codec)
    save_tensors(model.state_dict(), tmp_path / WEIGHTS)
    other = new_transformer(settings_of(choice), codec.classes, 2, codec.numbers).eval()
    assert not torch.equal(other(*row(codec)), model(*row(codec)))
    load_weights(other, tmp_path / WEIGHTS)
    assert torch.equal(other(*row(codec)), model(*row(codec)))
    assert {"embedding.weight", "token_classes"} <= other.state_dict().keys()
    assert (other.head.weight is other.embedding.weight) == other.settings.tied


@over_every_embedding
@over_every_codec
def test_parameters_are_counted_without_a_weight_and_every_one_learns(choice: dict[str, Any], codec: Codec):
    made = Decoder.new(Decoder.Settings(), settings_of(choice), codec.classes, codec.tokenizer.end_id, 1, codec.numbers)
    with torch.device("meta"):
        planned = new_transformer(settings_of(choice), codec.classes, 1, codec.numbers)
    assert count_parameters(planned) == count_parameters(made.model)
    made.loss(batch(codec)).backward()
    assert [name for name, p in made.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


@over_every_embedding
@over_every_codec
def test_a_few_steps_learn_a_batch_in_bfloat16(choice: dict[str, Any], codec: Codec):
    settings = settings_of({**choice, "d_model": 32})
    made = Decoder.new(Decoder.Settings(), settings, codec.classes, codec.tokenizer.end_id, 1, codec.numbers)
    rows, losses = batch(codec), []
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    for _ in range(30):
        with torch.autocast("cpu", torch.bfloat16):
            loss = made.loss(rows) / int(rows.loss_mask.sum())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.7 * losses[0]
    # The first guess is near that of a uniform one.
    assert abs(losses[0] - np.log(len(codec.classes))) < 0.5


@over_every_embedding
@pytest.mark.parametrize("kind", own_names(KINDS))
def test_it_composes_with_every_kind(choice: dict[str, Any], kind: str):
    cls, codec = load(KINDS, kind), CODECS[1]
    made = cls.new(cls.Settings(), settings_of(choice), codec.classes, codec.tokenizer.end_id, 1, codec.numbers)
    assert made.loss(batch(codec)).isfinite()
    prompts = [[codec.tokenizer.start_id, *codec.tokenizer.encode(text)] for text in ("1+2=", "12+34=")]
    assert [answer.ids for answer in made.answer(prompts)] == [made.answer([prompt])[0].ids for prompt in prompts]


@over_every_embedding
def test_models_trained_at_once_have_the_losses_of_each_alone(choice: dict[str, Any]):
    codec, rows = CODECS[1], batch(CODECS[1])
    kinds = [
        Decoder.new(Decoder.Settings(), settings_of(choice), codec.classes, codec.tokenizer.end_id, seed, codec.numbers)
        for seed in (1, 2)
    ]
    stacked = {
        name: torch.stack([kind.get_parameter(name) for kind in kinds]) for name, _ in kinds[0].named_parameters()
    }
    inputs = kinds[0].inputs(rows)
    together = vmap(lambda weights: functional_call(kinds[0], weights, (), inputs))(stacked)
    torch.testing.assert_close(together, torch.stack([kind.loss(rows) for kind in kinds]))


@over_every_embedding
def test_a_run_trains_and_is_opened_again(choice: dict[str, Any], tmp_path: Path):
    values = {
        "task": {"mixture": [{"operation": {"name": "addition", "left": [0, 49]}}], "split": {"held_out": 0.2}},
        "text": NUMBERS,
        "model": {**SHAPE, **choice},
        "training": {"steps": 2, "batch_size": 8, "evaluate_on": 10, "dtype": "float32", "threads": 1},
    }
    run = ProblemRun.create(tmp_path / "run", check(RunSettings, values))
    run.train()
    prompts = [run.codec.prompt(problem.question) for problem in run.watched_problems()]
    answers = [answer.ids for answer in run.trained().answer(prompts)]
    assert [answer.ids for answer in ProblemRun.open(tmp_path / "run").trained().answer(prompts)] == answers
    assert run.parameters() == count_parameters(run.kind.model)


@over_every_embedding
def test_who_does_not_know_an_embedding_says_so(choice: dict[str, Any], tmp_path: Path):
    name, codec = choice["embedding"]["name"], CODECS[1]
    model = model_of(choice, codec)
    values = {"task": {"mixture": [{"operation": "addition"}]}, "training": {"steps": 1}, "text": NUMBERS}
    folders.create(tmp_path / "run", check(RunSettings, {**values, "model": dump(model.settings)}))
    codec.tokenizer.save(tmp_path / "run" / folders.TOKENIZER)
    save_tensors(model.state_dict(), tmp_path / "run" / WEIGHTS)
    if name == "table":
        NumpyDecoder(tmp_path / "run")
        return
    with pytest.raises(RunError, match=f"'{name}' runs with torch only; on numpy there are table"):
        NumpyDecoder(tmp_path / "run")
    with pytest.raises(SettingsError, match=f"model.embedding is {name} and would have to be table"):
        write(model, tmp_path / "written")


@pytest.mark.parametrize("name", sorted(UNTIED))
def test_one_that_cannot_be_tied_says_so(name: str):
    with pytest.raises(SettingsError, match=r"model\.tied: .* set it to false"):
        model_of({"embedding": {"name": name}, "tied": True}, CODECS[0])


@pytest.mark.parametrize("name", [name for name in own_names(EMBEDDINGS) if load(EMBEDDINGS, name).knows_numbers])
def test_one_that_knows_numbers_has_to_have_some(name: str):
    settings = settings_of({"embedding": {"name": name}})
    with pytest.raises(SettingsError, match=r"model\.embedding: no token of this vocabulary is a number"):
        new_transformer(settings, [0] * 5, 1, [-1] * 5)
    with pytest.raises(SettingsError, match=r"model\.embedding: .* is not told"):
        new_transformer(settings, [0] * 5, 1)


@pytest.mark.parametrize("name", own_names(EMBEDDINGS))
def test_default_settings_survive_dump_and_check(name: str):
    cls = settings_class(EMBEDDINGS, name)
    assert check(cls, dump(cls())) == cls()


def test_a_reach_that_is_none_is_refused():
    with pytest.raises(SettingsError, match="reach must be above 0"):
        build(EMBEDDINGS, {"name": "xval", "reach": 0.0}, ModelSettings(), 3, [0, 1, 2])
