"""The contract of kinds: each learns from a batch and answers prompts, alone or together the same."""

import math
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core.catalogue import load, own_names
from abacist.core.errors import SettingsError
from abacist.core.seeds import stream
from abacist.core.settings import check
from abacist.kind import FOLDER, IGNORED, Kind
from abacist.kinds.decoder import Decoder
from abacist.models.checkpoint import load_weights, save_tensors
from abacist.models.settings import ModelSettings
from abacist.problems.question import read_question
from abacist.problems.task import Task, TaskSettings
from abacist.text.batch import Batch, collate
from abacist.text.calls import CHARACTERS as CALLS
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates

MODEL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 32, "context_length": 16}
CODEC = Codec.build(check(TextSettings, {"format": "compact", "tokenizer": {"name": "character", "characters": CALLS}}))
TASK = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "addition", "left": [0, 99]}}]}))
PROMPTS = [CODEC.prompt(read_question(text)) for text in ("1+2", "12+34", "5+5", "99+1", "12+34", "7+80")]

over_every_kind = pytest.mark.parametrize("name", own_names(FOLDER))

PARTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "recurrence": {"mixer": "recurrence"},
    "cells": {"feed_forward": "nmu"},
    "learned router": {"feed_forward": {"name": "experts", "balance": 0.1}},
    "router by operator": {"feed_forward": {"name": "experts", "router": "operator"}},
}
"""What kinds are made of."""
WHOLE_ROWS = ("encoder", "encoder_decoder")
"""Kinds that see tokens behind each one too, which attention alone can show them."""
over_kinds_and_parts = pytest.mark.parametrize(
    ("name", "parts"),
    [
        pytest.param(name, parts, id=f"{name}, {title}")
        for name in own_names(FOLDER)
        for title, parts in PARTS.items()
        if not ("mixer" in parts and name in WHOLE_ROWS)
    ],
)


def new(name: str, seed: int = 1, **model: Any) -> Kind:
    cls = load(FOLDER, name)
    settings = check(ModelSettings, MODEL | model)
    made = cls.new(cls.Settings(), settings, CODEC.classes, CODEC.tokenizer.end_id, seed)
    return made.read_vocabulary(CODEC.tokenizer.vocabulary)


def batch(size: int = 12) -> Batch:
    rows = [CODEC.row(TASK.sample(stream(1, index), "any")) for index in range(size)]
    return collate(rows, CODEC.classes, CODEC.tokenizer.pad_id)


@over_every_kind
def test_weights_follow_from_the_seed(name: str):
    one, same, other = (new(name, seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


@over_every_kind
def test_new_weights_leave_torch_s_own_stream_alone(name: str):
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    new(name)
    assert torch.equal(torch.rand(1), before)


@over_every_kind
def test_an_untrained_kind_guesses_evenly(name: str):
    made, rows = new(name).eval(), batch()  # what a kind is taught besides is no guess
    per_token = float(made.loss(rows).detach()) / int(rows.loss_mask.sum())
    assert abs(per_token - math.log(len(CODEC.tokenizer.vocabulary))) < 0.3


@over_kinds_and_parts
def test_the_loss_is_a_sum_over_the_rows(name: str, parts: dict[str, Any]):
    made = new(name, **parts).eval()
    rows = [CODEC.row(TASK.sample(stream(1, index), "any")) for index in range(6)]
    each = [made.loss(collate([row], CODEC.classes, CODEC.tokenizer.pad_id)) for row in rows]
    whole = made.loss(collate(rows, CODEC.classes, CODEC.tokenizer.pad_id))
    torch.testing.assert_close(whole, torch.stack(each).sum(), rtol=1e-5, atol=1e-5)


@over_every_kind
def test_in_bfloat16_the_loss_stays_near_that_of_float32(name: str):
    made, rows = new(name, d_model=32), batch()
    with torch.autocast("cpu", torch.bfloat16):
        loss = made.loss(rows)
    loss.backward()
    torch.testing.assert_close(loss, made.loss(rows), rtol=0.02, atol=0.0)


@over_every_kind
def test_the_loss_reaches_every_parameter(name: str):
    made = new(name)
    made.loss(batch()).backward()
    assert [key for key, p in made.named_parameters() if p.grad is None] == []


@over_kinds_and_parts
def test_a_few_steps_learn_a_batch(name: str, parts: dict[str, Any]):
    made, rows = new(name, **parts), batch()
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    losses = []
    for _ in range(80):
        loss = made.loss(rows) / int(rows.loss_mask.sum())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    # A table of pairs cannot tell problems apart.
    assert losses[-1] < {"bigram": 0.85}.get(name, 0.3) * losses[0]


@over_every_kind
def test_the_loss_falls_on_the_answers_and_their_ends(name: str):
    """The loss of rows is known once the answers' tokens are: no other token of a row is a target."""
    made, rows = new(name).eval(), batch(5)
    before = made.loss(rows)
    counted: list[torch.Tensor] = []
    hook = torch.nn.functional.cross_entropy

    def count(logits: torch.Tensor, targets: torch.Tensor, **options: Any) -> torch.Tensor:
        counted.append(targets[targets != IGNORED])
        return hook(logits, targets, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "cross_entropy", count)
        torch.testing.assert_close(made.loss(rows), before)
    assert torch.cat(counted).tolist() == rows.ids[rows.loss_mask].tolist()


@over_every_kind
def test_rows_that_share_one_are_learned_like_rows_of_their_own(name: str):
    if name == "bigram":
        pytest.skip("a table of pairs knows no rows")
    made = new(name, context_length=64, position="nope").eval()
    rows = [CODEC.row(TASK.sample(stream(1, index), "any")) for index in range(4)]
    ids = np.array([[token for row in rows for token in row.ids] + [0, 0]])
    counts = np.array([[place >= row.prompt_length for row in rows for place in range(len(row.ids))] + [False] * 2])
    packed = Batch(ids, coordinates(ids, CODEC.classes), counts)
    alone = made.prepare(collate(rows, CODEC.classes, CODEC.tokenizer.pad_id))
    if len(made.prepare(packed).ids) == 1:
        pytest.skip("problems that share a row see each other, in this kind")
    assert made.prepare(packed).loss_mask.sum() == alone.loss_mask.sum()
    torch.testing.assert_close(made.loss(packed), made.loss(alone))


@over_every_kind
def test_what_is_prepared_follows_from_the_generator_or_from_the_rows_alone(name: str):
    made = new(name)
    text = np.random.default_rng(1).integers(1, len(CODEC.classes), size=(6, MODEL["context_length"] + 1))
    counts = np.ones(text.shape, dtype=np.bool_)
    counts[:, 0] = False
    of_text = Batch(text, coordinates(text, CODEC.classes), counts)
    for rows in (batch(6), of_text):
        one, same = (made.prepare(rows, np.random.default_rng(3)) for _ in range(2))
        assert (one.ids == same.ids).all()
        assert (one.loss_mask == same.loss_mask).all()
        whole = made.prepare(rows)
        for index in range(6):
            part = Batch(rows.ids[[index]], rows.coordinates[[index]], rows.loss_mask[[index]])
            alone = made.prepare(part)
            seq = alone.ids.shape[1]
            assert (alone.ids[0] == whole.ids[index, :seq]).all()
            assert (alone.loss_mask[0] == whole.loss_mask[index, :seq]).all()
        assert int(whole.loss_mask.sum()) > 0
        assert float(made.loss(whole).detach()) > 0


@over_every_kind
def test_saved_weights_give_the_same_answers(name: str, tmp_path: Path):
    made, other = new(name, 1, d_model=32), new(name, 2, d_model=32)
    before = made.answer(PROMPTS)
    assert [each.probabilities for each in other.answer(PROMPTS)] != [each.probabilities for each in before]
    save_tensors(made.model.state_dict(), tmp_path / "model.safetensors")
    load_weights(other.model, tmp_path / "model.safetensors")
    assert other.answer(PROMPTS) == before


@over_kinds_and_parts
def test_answers_are_the_same_alone_and_together_in_any_order(name: str, parts: dict[str, Any]):
    made = new(name, d_model=32, **parts)
    together = made.answer(PROMPTS)
    assert len(together) == len(PROMPTS)
    assert [made.answer([prompt])[0].ids for prompt in PROMPTS] == [answer.ids for answer in together]
    assert [answer.ids for answer in made.answer(PROMPTS[::-1])] == [answer.ids for answer in together][::-1]
    assert together[1].ids == together[4].ids
    for prompt, answer in zip(PROMPTS, together, strict=True):
        (alone,) = made.answer([prompt])
        np.testing.assert_allclose(alone.probabilities, answer.probabilities, rtol=1e-4)


@pytest.mark.parametrize("name", WHOLE_ROWS)
@pytest.mark.parametrize("more", [{}, {"attention_every": 2}])
def test_a_kind_that_sees_whole_rows_refuses_what_reads_from_left_to_right(name: str, more: dict[str, Any]):
    line = f"model.mixer: recurrence reads from left to right; a model of kind {name} needs attention"
    with pytest.raises(SettingsError) as refused:
        new(name, mixer="recurrence", **more)
    assert str(refused.value) == line
    new(name, mixer="recurrence", attention_every=1)  # every layer attends all the same


@over_every_kind
def test_what_parts_ask_of_training_is_in_its_loss_and_in_no_other(name: str):
    made, free = (new(name, feed_forward={"name": "experts", "balance": b, "z": 0.0}) for b in (1.0, 0.0))
    rows = batch()
    assert torch.equal(made.eval().loss(rows), free.eval().loss(rows))
    with_it, without = (float(each.train().loss(rows).detach()) for each in (made, free))
    # A part asks for 1 nat a counted token at least, in each of two layers. A table of pairs has no parts.
    assert with_it - without == 0 if name == "bigram" else with_it - without >= 2 * int(rows.loss_mask.sum()) - 1e-3


@over_every_kind
def test_answers_end_with_the_end_token_or_the_context(name: str):
    made = new(name)
    for prompt, answer in zip(PROMPTS, made.answer(PROMPTS), strict=True):
        ended = answer.ids[-1] == CODEC.tokenizer.end_id
        assert ended or len(prompt) + len(answer.ids) == MODEL["context_length"]
        assert CODEC.tokenizer.end_id not in answer.ids[:-1]
        assert len(answer.probabilities) == len(answer.ids)
        assert all(0 < chance <= 1 for chance in answer.probabilities)


@over_every_kind
def test_no_prompt_and_a_prompt_that_fills_the_context_are_no_error(name: str):
    made = new(name)
    assert made.answer([]) == []
    (answer,) = made.answer([[1] + [5] * (MODEL["context_length"] - 1)])
    assert answer.ids == []


@over_every_kind
def test_writing_goes_on_beyond_the_context_and_takes_what_is_chosen(name: str):
    made = new(name, d_model=32)
    if not made.writes:
        with pytest.raises(SettingsError, match=f"a model of kind {name} writes no text"):
            made.write(PROMPTS[0], lambda logits: int(logits.argmax()))
        return
    made.train()
    for prompt in (PROMPTS[0], [5, 6, 7] * 20):
        written = list(islice(made.write(prompt, lambda logits: int(logits.argmax())), 50))
        assert written == list(islice(made.write(prompt, lambda logits: int(logits.argmax())), 50))
        assert len(written) == 50
    assert made.training
    assert list(islice(made.write(PROMPTS[0], lambda logits: len(logits) - 1), 5)) == [len(CODEC.classes) - 1] * 5
    (answer,) = made.answer([PROMPTS[0]])
    free = list(islice(made.write(PROMPTS[0], lambda logits: int(logits.argmax())), len(answer.ids)))
    assert free == answer.ids


@over_every_kind
def test_answering_keeps_the_mode_and_draws_no_noise(name: str):
    made = new(name, dropout=0.5)
    made.train()
    assert [answer.ids for answer in made.answer(PROMPTS)] == [answer.ids for answer in made.answer(PROMPTS)]
    assert made.training
    made.eval()
    made.answer(PROMPTS)
    assert not made.training


def test_the_decoder_s_loss_is_the_cross_entropy_of_the_completions():
    made, rows = new("decoder").eval(), batch(5)
    ids, places = torch.from_numpy(rows.ids), torch.from_numpy(rows.coordinates)
    chances = made.model(ids, places).log_softmax(-1)
    by_hand = sum(-chances[r, t - 1, rows.ids[r, t]] for r, t in zip(*rows.loss_mask.nonzero(), strict=True))
    torch.testing.assert_close(made.loss(rows), by_hand)


def test_the_decoder_writes_what_its_logits_say_without_a_cache():
    made = new("decoder", d_model=32).eval()
    assert isinstance(made, Decoder)
    for prompt, answer in zip(PROMPTS, made.answer(PROMPTS), strict=True):
        row = list(prompt)
        for token in answer.ids:
            ids = torch.tensor([row])
            places = torch.from_numpy(coordinates(ids.numpy(), CODEC.classes))
            assert int(made.model(ids, places)[0, -1].argmax()) == token
            row.append(token)


@pytest.mark.parametrize("position", ["places", "learned", "rope"])
def test_the_decoder_s_logits_while_writing_are_those_of_what_it_has_in_sight(position: str):
    made, seen = new("decoder", d_model=32, position=position).eval(), list[np.ndarray]()
    assert isinstance(made, Decoder)
    context = MODEL["context_length"]

    def choose(logits: np.ndarray) -> int:
        seen.append(logits)
        return int(logits.argsort()[-1 - len(seen) % 3])

    row = [1, 5, 6]
    held = list(row)
    for token, logits in zip(islice(made.write(row, choose), 60), seen, strict=False):
        if len(held) > context:  # a quarter of what was read is forgotten at once
            held = held[-(context - context // 4) :]
        ids = torch.tensor([held])
        places = torch.from_numpy(coordinates(ids.numpy(), CODEC.classes))
        np.testing.assert_allclose(logits, made.model(ids, places)[0, -1].detach().numpy(), atol=1e-5)
        held.append(token)


def test_many_prompts_are_decoded_in_groups():
    made = new("decoder")
    assert isinstance(made, Decoder)
    assert [a.ids for a in made.answer(PROMPTS, rows=1)] == [a.ids for a in made.answer(PROMPTS, rows=100)]
