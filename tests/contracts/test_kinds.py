"""The contract of kinds: each learns from a batch and answers prompts, alone or together the same."""

import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core.catalogue import load, own_names
from abacist.core.seeds import stream
from abacist.core.settings import check
from abacist.kind import FOLDER, Kind
from abacist.kinds.decoder import Decoder
from abacist.models.settings import ModelSettings
from abacist.problems.question import read_question
from abacist.problems.task import Task, TaskSettings
from abacist.text.batch import Batch, collate
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates

MODEL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 32, "context_length": 16}
CODEC = Codec.build(check(TextSettings, {"format": "compact"}))
TASK = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "addition", "left": [0, 99]}}]}))
PROMPTS = [CODEC.prompt(read_question(text)) for text in ("1+2", "12+34", "5+5", "99+1", "12+34", "7+80")]

over_every_kind = pytest.mark.parametrize("name", own_names(FOLDER))


PARTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "recurrence": {"mixer": "recurrence"},
    "learned router": {"feed_forward": {"name": "experts", "balance": 0.1}},
    "router by operator": {"feed_forward": {"name": "experts", "router": "operator"}},
}
"""What every kind may be made of."""
over_parts = pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)


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
    made, rows = new(name), batch()
    per_token = float(made.loss(rows).detach()) / int(rows.loss_mask.sum())
    assert abs(per_token - math.log(len(CODEC.tokenizer.vocabulary))) < 0.3


@over_every_kind
@over_parts
def test_the_loss_is_a_sum_over_the_rows(name: str, parts: dict[str, Any]):
    made = new(name, **parts).eval()
    rows = [CODEC.row(TASK.sample(stream(1, index), "any")) for index in range(6)]
    each = [made.loss(collate([row], CODEC.classes, CODEC.tokenizer.pad_id)) for row in rows]
    whole = made.loss(collate(rows, CODEC.classes, CODEC.tokenizer.pad_id))
    torch.testing.assert_close(whole, torch.stack(each).sum(), rtol=1e-5, atol=1e-5)


@over_every_kind
def test_the_loss_reaches_every_parameter(name: str):
    made = new(name)
    made.loss(batch()).backward()
    assert [key for key, p in made.named_parameters() if p.grad is None] == []


@over_every_kind
@over_parts
def test_a_few_steps_learn_a_batch(name: str, parts: dict[str, Any]):
    made, rows = new(name, **parts), batch()
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    losses = []
    for _ in range(60):
        loss = made.loss(rows) / int(rows.loss_mask.sum())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    # A table of pairs cannot tell problems apart.
    assert losses[-1] < {"bigram": 0.85}.get(name, 0.3) * losses[0]


@over_every_kind
@over_parts
def test_answers_are_the_same_alone_and_together_in_any_order(name: str, parts: dict[str, Any]):
    made = new(name, d_model=32, **parts)
    together = made.answer(PROMPTS)
    assert len(together) == len(PROMPTS)
    assert [made.answer([prompt])[0].ids for prompt in PROMPTS] == [answer.ids for answer in together]
    assert [answer.ids for answer in made.answer(PROMPTS[::-1])] == [answer.ids for answer in together][::-1]
    assert together[1].ids == together[4].ids


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
