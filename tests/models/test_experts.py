"""Experts compute what all of them, each for its own tokens, would; routers, balance and ablation."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from abacist.core.catalogue import build, load
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.kind import FOLDER as KINDS
from abacist.kind import IGNORED
from abacist.kinds.decoder import Decoder
from abacist.models.cache import Cache
from abacist.models.feed_forwards.experts import Experts, ablated
from abacist.models.operators import Operators
from abacist.models.settings import FEED_FORWARDS, ModelSettings
from abacist.problems.task import Task, TaskSettings
from abacist.text.batch import Batch, collate, parts
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates

MODEL = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "context_length": 20}
CODEC = Codec.build(check(TextSettings, {"format": "compact"}))
NAMES = ("addition", "subtraction", "multiplication")
TASK = Task(check(TaskSettings, {"mixture": [{"operation": {"name": name, "left": [0, 99]}} for name in NAMES]}))
BY_OPERATOR = {"name": "experts", "router": "operator"}


def experts(**settings: Any) -> Experts:
    torch.manual_seed(3)
    made: Experts = build(FEED_FORWARDS, {"name": "experts", **settings}, check(ModelSettings, MODEL))
    return made


def decoder(feed_forward: Any, **model: Any) -> Decoder:
    settings = check(ModelSettings, MODEL | {"feed_forward": feed_forward} | model)
    made = Decoder.new(None, settings, CODEC.classes, CODEC.tokenizer.end_id, seed=1)
    made.read_vocabulary(CODEC.tokenizer.vocabulary)
    return made


def batch(size: int = 12) -> Batch:
    problems = TASK.sample_batch(np.random.default_rng(1), "any", size).problems
    return collate([CODEC.row(problem) for problem in problems], CODEC.classes, CODEC.tokenizer.pad_id)


def ids_of(text: str) -> Tensor:
    return torch.tensor([CODEC.tokenizer.encode(text)])


@pytest.mark.parametrize("top_k", [1, 2, 4])
def test_each_token_is_mapped_by_its_own_experts_alone(top_k: int):
    part, x = experts(top_k=top_k), torch.randn(3, 7, 16)
    chosen, weights, logits = part.choose(x.flatten(0, 1))
    assert weights is not None
    assert logits is not None
    assert chosen.shape == weights.shape == (21, top_k)
    every = torch.stack([expert(x.flatten(0, 1)) for expert in part.experts], dim=1)
    by_hand = (every[torch.arange(21)[:, None], chosen] * weights[..., None]).sum(1).view(3, 7, 16)
    torch.testing.assert_close(part(x), by_hand)
    chances = logits.softmax(-1).gather(1, chosen)
    torch.testing.assert_close(weights, chances if top_k == 1 else chances / chances.sum(1, keepdim=True))


def test_gradients_are_the_same_each_time_to_the_bit():
    part, x = experts(), torch.randn(8, 20, 16)
    found = [torch.autograd.grad(part(x).square().sum(), list(part.parameters())) for _ in range(2)]
    assert all(torch.equal(one, other) for one, other in zip(*found, strict=True))


def test_a_layer_that_is_even_is_asked_for_nothing_more_and_one_that_is_not_for_more():
    part = experts(top_k=1, balance=1.0, z=0.0).train()
    assert part.router is not None
    with torch.no_grad():
        part.router.weight.copy_(torch.eye(4, 16) * 50)
    part(torch.eye(4, 16))  # one token each
    part(torch.eye(4, 16)[:1].repeat(4, 1))  # all to the first
    even, uneven = (float(each.detach()) for each in part.auxiliary)
    assert even == pytest.approx(1)
    assert uneven == pytest.approx(4)


def test_what_experts_ask_is_in_the_training_loss_once_for_each_counted_token_and_nowhere_else():
    rows = batch()
    settings = {"name": "experts", "balance": 0.5, "z": 0.1}
    made, free = decoder(settings), decoder({**settings, "balance": 0.0, "z": 0.0})
    plain = free.train().loss(rows)
    torch.testing.assert_close(made.eval().loss(rows), plain)
    first, second = (float(made.train().loss(rows).detach()) for _ in range(2))
    assert first == second
    layers = [part for part in made.modules() if isinstance(part, Experts)]
    made.model.hidden(*(made.inputs(rows)[name] for name in ("ids", "places")), wanted=made.inputs(rows)["wanted"])
    asked = sum(float(each.detach()) for layer in layers for each in layer.auxiliary)
    assert len(layers) == 2
    assert asked > 1
    tokens = int((made.inputs(rows)["targets"] != IGNORED).sum())
    assert first == pytest.approx(float(plain.detach()) + tokens * asked, rel=1e-5)


@pytest.mark.parametrize("feed_forward", [BY_OPERATOR, {"name": "experts", "balance": 0.0, "z": 0.0}])
def test_a_batch_cut_in_parts_has_the_loss_and_gradients_of_the_whole(feed_forward: dict[str, Any]):
    made, rows = decoder(feed_forward).train(), batch()
    whole = torch.autograd.grad(made.loss(rows), list(made.parameters()))
    cut = [torch.autograd.grad(made.loss(part), list(made.parameters())) for part in parts(rows, 3)]
    for one, *pieces in zip(whole, *cut, strict=True):
        torch.testing.assert_close(torch.stack(pieces).sum(0), one, atol=1e-4, rtol=1e-4)


def by_hand(text: str, signs: str = "+-*/") -> list[int]:
    newest, found = -1, []
    for sign in text:
        newest = signs.index(sign) if sign in signs else newest
        found.append(newest)
    return found


@pytest.mark.parametrize("text", ["12+3-4*5/6=78", "1234", "-1*2=-2", "7/"])
def test_the_newest_sign_is_found_with_the_cache_and_without(text: str):
    operators = Operators(["+", "-", "*", "/"], len(CODEC.tokenizer.vocabulary))
    operators.read_vocabulary(CODEC.tokenizer.vocabulary)
    ids = ids_of(text)
    assert operators(ids).tolist() == [by_hand(text)]
    for prompt in range(1, len(text)):
        cache = Cache(ModelSettings(), 1, len(text), torch.zeros(1))
        pieces = [ids[:, :prompt], *ids[:, prompt:].split(1, dim=1)]
        assert torch.cat([operators(piece, cache) for piece in pieces], dim=1).tolist() == [by_hand(text)]


def test_each_row_keeps_its_sign_where_the_cache_drops_others():
    operators = Operators(["+", "-", "*", "/"], len(CODEC.tokenizer.vocabulary))
    operators.read_vocabulary(CODEC.tokenizer.vocabulary)
    cache = Cache(ModelSettings(), 3, 4, torch.zeros(1))
    operators(torch.cat([ids_of(text) for text in ("1+2=", "1*2=", "1234")]), cache)
    cache.keep(torch.tensor([1, 2]))
    assert operators(torch.cat([ids_of("5"), ids_of("-")]), cache).tolist() == [[2], [1]]


def test_before_any_sign_no_expert_is_passed():
    part = experts(router="operator", top_k=1)
    x = torch.randn(1, 3, 16)
    result = part(x, torch.tensor([[-1, 2, -1]]))
    assert torch.equal(result[0, [0, 2]], torch.zeros(2, 16))
    torch.testing.assert_close(result[0, 1], part.experts[2](x[0, 1]))


def test_without_its_expert_an_operation_is_another_and_all_others_are_the_same_to_the_bit():
    made = decoder(BY_OPERATOR).eval()
    rows = {sign: ids_of(f"45{sign}6=39") for sign in "+-*/"}
    places = torch.from_numpy(coordinates(rows["+"].numpy(), CODEC.classes))
    plain = {sign: made.model(ids, places) for sign, ids in rows.items()}
    for expert, own in enumerate("+-*/"):
        with ablated(made.model, expert):
            same = {sign: torch.equal(made.model(ids, places), plain[sign]) for sign, ids in rows.items()}
        assert same == {sign: sign != own for sign in rows}
    assert all(torch.equal(made.model(ids, places), plain[sign]) for sign, ids in rows.items())


def test_saved_signs_are_those_of_the_vocabulary_and_a_model_without_them_has_no_such_tensor():
    assert "operators.index" in decoder(BY_OPERATOR).model.state_dict()
    assert "operators.index" not in decoder("experts").model.state_dict()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"top_k": 5}, r"top_k must be between 1 and count, 4, got 5"),
        ({"count": 0}, r"top_k must be between 1 and count, 0, got 2"),
        ({"balance": -1.0}, "balance and z must be at least 0"),
        ({"router": "operator", "count": 3}, "count must be 4, an expert for each of operators, got 3"),
        ({"expert": "experts"}, "another feed-forward part than experts"),
        ({"router": "operator", "operators": ["+", "%"], "count": 2, "top_k": 1}, "'%' is no token of this vocabulary"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(settings: dict[str, Any], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        decoder({"name": "experts", **settings})


def test_an_expert_that_is_not_there_cannot_be_ablated():
    with pytest.raises(SettingsError, match="no expert 4"), ablated(decoder("experts").model, 4):
        pass
    with pytest.raises(SettingsError, match="no expert 0"), ablated(decoder("gelu").model, 0):
        pass


def whole_row_kind(name: str, feed_forward: Any = BY_OPERATOR) -> Any:
    cls = load(KINDS, name)
    settings = check(ModelSettings, MODEL | {"feed_forward": feed_forward})
    made = cls.new(cls.Settings(), settings, CODEC.classes, CODEC.tokenizer.end_id, seed=1)
    return made.read_vocabulary(CODEC.tokenizer.vocabulary).eval()


@pytest.mark.parametrize("name", ["encoder", "encoder_decoder"])
def test_kinds_that_see_whole_rows_leave_an_operation_to_its_expert_too(name: str):
    made = whole_row_kind(name)
    problems = TASK.sample_batch(np.random.default_rng(1), "any", 24).problems
    rows = {}
    for sign, operation in zip("+-*", NAMES, strict=True):
        own = [CODEC.row(problem) for problem in problems if problem.operation == operation]
        rows[sign] = collate(own, CODEC.classes, CODEC.tokenizer.pad_id)
    plain = {sign: made.loss(batch) for sign, batch in rows.items()}
    for expert, own in enumerate("+-*/"):
        with ablated(made.model, expert):
            same = {sign: torch.equal(made.loss(batch), plain[sign]) for sign, batch in rows.items()}
        assert same == {sign: sign != own for sign in rows}


def test_a_mask_is_no_sign_even_where_the_vocabulary_s_last_token_is_one():
    operators = Operators(["+"], 3)
    operators.read_vocabulary(["1", "2", "+"])
    assert operators(torch.tensor([[0, 3, 2, 3, 0], [3, 3, 1, 0, 3]])).tolist() == [[-1, -1, 0, 0, 0], [-1] * 5]


def test_an_answer_goes_on_from_the_newest_sign_of_its_own_prompt_with_the_cache_and_in_any_company():
    made = whole_row_kind("encoder_decoder")
    prompts = [[1, *CODEC.tokenizer.encode(text)] for text in ("1+2=", "12-34=", "5=", "-12*3=")]
    memory, last, _ = made._read(prompts)
    assert memory.operators.tolist() == [[0], [1], [-1], [2]]
    ids = torch.cat([torch.from_numpy(last)[:, None], ids_of("7-1").repeat(4, 1)], dim=1)
    found = made.model.operators(ids, None, memory.operators)
    assert found.tolist() == [[0, 0, 1, 1], [1, 1, 1, 1], [-1, -1, 1, 1], [2, 2, 1, 1]]
    cache = Cache(made.model.settings, 4, 4, torch.zeros(1))
    steps = [made.model.operators(part, cache, memory.operators) for part in ids.split(1, dim=1)]
    assert torch.equal(torch.cat(steps, dim=1), found)
    assert memory.keep(torch.tensor([3, 0])).operators.tolist() == [[2], [0]]
    for prompt, answer in zip(prompts, made.answer(prompts), strict=True):
        assert made.answer([prompt])[0].ids == answer.ids
