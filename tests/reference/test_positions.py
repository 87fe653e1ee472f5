"""Position schemes against another implementation, and against their papers' rules in plain Python."""

import itertools
import math
import re
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from transformers import BloomConfig, BloomForCausalLM

from abacist.core.catalogue import build
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.models.kernels import attend
from abacist.models.position import PositionScheme
from abacist.models.settings import POSITIONS, ModelSettings
from abacist.models.transformer import new_transformer
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import INDEX, N_COORDINATES, PLACE, coordinates

SHAPE = {"d_model": 32, "n_layers": 3, "n_heads": 4, "d_ff": 128, "context_length": 90}
CODEC = Codec.build(TextSettings())


@pytest.mark.parametrize("seq", [40, 90])
@torch.no_grad()
def test_bloom(seq: int):
    """BLOOM is the alibi model of the transformers library; a norm of its embeddings and biases of its own are idle."""
    parts = {"position": "alibi", "norm": {"name": "layer_norm", "epsilon": 1e-5}, "feed_forward": "gelu"}
    model = new_transformer(check(ModelSettings, {**SHAPE, **parts}), torch.zeros(23, dtype=torch.long), seed=3).eval()
    generator = torch.Generator().manual_seed(5)
    for parameter in model.parameters():
        parameter.normal_(0.7 if parameter.dim() == 1 else 0.0, 0.2, generator=generator)
    config = BloomConfig(
        vocab_size=23,
        hidden_size=SHAPE["d_model"],
        n_layer=SHAPE["n_layers"],
        n_head=SHAPE["n_heads"],
        layer_norm_epsilon=1e-5,
        tie_word_embeddings=False,
    )
    other = BloomForCausalLM(config).eval()
    other.transformer.word_embeddings_layernorm = nn.Identity()
    weights = {
        "transformer.word_embeddings.weight": model.embedding.weight,
        "transformer.ln_f.weight": model.norm.weight,
        "transformer.ln_f.bias": model.norm.bias,
        "lm_head.weight": model.head.weight,
    }
    for index, block in enumerate(model.blocks):
        layer = f"transformer.h.{index}"
        # BLOOM keeps query, key and value of one head side by side.
        by_head = block.attention.qkv.weight.unflatten(0, (3, SHAPE["n_heads"], -1)).transpose(0, 1).flatten(0, 2)
        weights |= {
            f"{layer}.self_attention.query_key_value.weight": by_head,
            f"{layer}.self_attention.query_key_value.bias": torch.zeros(len(by_head)),
            f"{layer}.self_attention.dense.weight": block.attention.out.weight,
            f"{layer}.self_attention.dense.bias": torch.zeros(SHAPE["d_model"]),
            f"{layer}.input_layernorm.weight": block.attention_norm.weight,
            f"{layer}.input_layernorm.bias": block.attention_norm.bias,
            f"{layer}.post_attention_layernorm.weight": block.feed_forward_norm.weight,
            f"{layer}.post_attention_layernorm.bias": block.feed_forward_norm.bias,
            f"{layer}.mlp.dense_h_to_4h.weight": block.feed_forward.up.weight,
            f"{layer}.mlp.dense_h_to_4h.bias": block.feed_forward.up.bias,
            f"{layer}.mlp.dense_4h_to_h.weight": block.feed_forward.down.weight,
            f"{layer}.mlp.dense_4h_to_h.bias": block.feed_forward.down.bias,
        }
    other.load_state_dict(weights)
    ids = torch.randint(23, (3, seq), generator=torch.Generator().manual_seed(1))
    places = torch.zeros(3, seq, N_COORDINATES, dtype=torch.long)
    places[..., INDEX] = torch.arange(seq)
    torch.testing.assert_close(model(ids, places), other(ids).logits, atol=2e-4, rtol=2e-4)


def falling(query: Tensor, key: Tensor, value: Tensor, own: Tensor, slopes: Tensor) -> Tensor:
    """Attention whose scores fall with distance, in double precision, query by query."""
    query, key, value, slopes = (part.double() for part in (query, key, value, slopes))
    result = torch.empty_like(query)
    for row in range(query.shape[0]):
        for head in range(query.shape[1]):
            for token, last in enumerate(own[row].tolist()):
                scores = key[row, head, : last + 1] @ query[row, head, token] / query.shape[-1] ** 0.5
                scores -= slopes[head] * torch.tensor([last - j for j in range(last + 1)])
                result[row, head, token] = scores.softmax(0) @ value[row, head, : last + 1]
    return result


SLOPES = torch.tensor([0.5, 0.03, 0.9])


@pytest.mark.parametrize(("new", "seen"), [(1, 1), (9, 9), (1, 9), (4, 9), (70, 70), (1, 70), (300, 300), (135, 600)])
def test_attention_with_slopes_is_the_loop_of_its_definition(new: int, seen: int):
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(2, 3, new, 4, generator=generator)
    key, value = (torch.randn(2, 3, seen, 4, generator=generator) for _ in range(2))
    own = torch.arange(seen - new, seen).expand(2, -1)
    expected = falling(query, key, value, own, SLOPES)
    torch.testing.assert_close(attend(query, key, value, slopes=SLOPES).double(), expected, atol=1e-5, rtol=1e-5)
    low = [part.bfloat16() for part in (query, key, value)]
    rough = attend(*low, slopes=SLOPES).double()
    exact = falling(*low, own, SLOPES)
    # No worse in long rows than attention in bfloat16 is anyway.
    assert float((rough - exact).norm() / exact.norm()) < 0.01


@pytest.mark.parametrize("seq", [9, 70])
def test_chosen_queries_fall_from_their_own_place(seq: int):
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(2, 3, 3, 4, generator=generator)
    key, value = (torch.randn(2, 3, seq, 4, generator=generator) for _ in range(2))
    at = torch.tensor([[0, 5, 6], [8, 2, 3]])
    expected = falling(query, key, value, at, SLOPES)
    torch.testing.assert_close(attend(query, key, value, at, slopes=SLOPES).double(), expected, atol=1e-5, rtol=1e-5)


SPREAD = 200
EVENLY = [20 * index + 10 for index in range(10)]
DRAWN = [2, 3, 50, 51, 52, 90, 120, 121, 180, 199]
"""Positions of ten tokens in a context of ten, as they are read and as training may draw them."""


def spreading(name: str) -> tuple[PositionScheme, PositionScheme]:
    """Return a scheme whose positions are spread, and one of their number that is given them one by one."""
    shape = {"d_model": 8, "n_heads": 2}
    made = [
        build(POSITIONS, part, ModelSettings(**shape, context_length=length))
        for part, length in (({"name": name, "spread": SPREAD}, 10), (name, SPREAD))
    ]
    made[1].load_state_dict(made[0].state_dict())
    return made[0], made[1]


def at(index: list[int]) -> Tensor:
    places = torch.zeros(1, len(index), N_COORDINATES, dtype=torch.long)
    places[0, :, INDEX] = torch.tensor(index)
    return places


@pytest.mark.parametrize("name", ["alibi", "fire", "learned", "rope", "sinusoidal"])
@pytest.mark.parametrize(
    ("given", "meant"), [([*range(10)], EVENLY), ([-1 - position for position in DRAWN], DRAWN)], ids=["read", "drawn"]
)
@torch.no_grad()
def test_spread_positions_are_evenly_apart_or_those_that_training_drew(name: str, given: list[int], meant: list[int]):
    ours, plain = spreading(name)
    x = torch.randn(1, 2, 10, 4, generator=torch.Generator().manual_seed(1))
    assert torch.equal(ours.rotate(x, at(given)), plain.rotate(x, at(meant)))
    if (added := plain.embed(at(meant))) is not None:
        assert torch.equal(ours.embed(at(given)), added)
    if name == "alibi":
        fall = torch.tensor([[abs(i - j) for j in meant] for i in meant]) * plain.slopes()[:, None, None]
        assert torch.equal(ours.bias(0, at(given), at(given))[0], -fall)
        assert ours.slopes() is None
    elif (bias := plain.bias(0, at(meant), at(meant))) is not None:
        assert torch.equal(ours.bias(0, at(given), at(given)), bias)


@torch.no_grad()
def test_every_scheme_that_spreads_tells_drawn_positions_from_even_ones():
    for name in ("alibi", "fire", "learned", "rope", "sinusoidal"):
        ours, x = spreading(name)[0], torch.ones(1, 2, 10, 4)
        said = [
            (ours.embed(places), ours.rotate(x, places), ours.bias(0, places, places))
            for places in (at([*range(10)]), at([-1 - position for position in DRAWN]))
        ]
        assert any(one is not None and not torch.equal(one, other) for one, other in zip(*said, strict=True)), name


def test_slopes_are_the_paper_s():
    scheme = build(POSITIONS, "alibi", ModelSettings(d_model=8, n_heads=8))
    assert scheme.slopes().tolist() == [1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256]


@pytest.mark.parametrize(("new", "seen"), [(1, 9), (4, 9), (300, 300), (135, 300)])
def test_a_bias_is_added_to_every_score(new: int, seen: int):
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(2, 3, new, 4, generator=generator)
    key, value = (torch.randn(2, 3, seen, 4, generator=generator) for _ in range(2))
    added = torch.randn(2, 3, new, seen, generator=generator)
    later = torch.arange(seen) > torch.arange(seen - new, seen)[:, None]
    scores = (query @ key.transpose(2, 3) / 2 + added).masked_fill(later, float("-inf"))
    ours = attend(query, key, value, bias=lambda queries, keys: added[:, :, queries, :keys])
    torch.testing.assert_close(ours, scores.softmax(-1) @ value, atol=1e-5, rtol=1e-5)
    at = torch.tensor([[0], [seen - 1]])
    chosen = attend(query[:, :, -1:], key, value, at, bias=lambda _, keys: added[:, :, -1:, :keys])
    for row, last in enumerate(at[:, 0].tolist()):
        scores = query[row, :, -1:] @ key[row].transpose(1, 2) / 2 + added[row, :, -1:]
        alone = scores[..., : last + 1].softmax(-1) @ value[row, :, : last + 1]
        torch.testing.assert_close(chosen[row], alone, atol=1e-5, rtol=1e-5)


def test_relative_coordinates_add_a_number_for_each_axis():
    model = ModelSettings(d_model=8, n_heads=2, n_layers=2)
    scheme = build(POSITIONS, {"name": "relative", "reach": 2}, model)
    table = torch.nn.init.normal_(scheme.table, generator=torch.Generator().manual_seed(1))
    places = torch.tensor([[[0, 0, 0], [1, 1, 1], [2, 2, 1], [3, 0, 1], [9, 40, 5]]])
    added = scheme.bias(1, places[:, 3:], places)
    assert added.shape == (1, 2, 2, 5)
    for query, key in itertools.product((3, 4), range(5)):
        apart = (places[0, key] - places[0, query]).clamp(-2, 2).tolist()
        expected = sum(table[1, :, axis, 2 + steps] for axis, steps in enumerate(apart))
        torch.testing.assert_close(added[0, :, query - 3, key], expected)
    with pytest.raises(SettingsError, match="axes is 3, but the tokens have 6"):
        scheme.bias(0, places.repeat(1, 1, 2), places)


def test_a_head_reads_the_axes_of_its_sight_and_sees_no_farther_but_always_itself():
    model = ModelSettings(d_model=9, n_heads=3, n_layers=1)
    sight = [{"place": (-1, 0), "number": (-2, 2)}, {"number": (-1, -1)}, {}]
    scheme = build(POSITIONS, {"name": "relative", "reach": 2, "sight": sight}, model)
    table = torch.nn.init.normal_(scheme.table, generator=torch.Generator().manual_seed(1))[0]
    places = torch.tensor([[[0, 0, 0], [1, 1, 1], [2, 2, 1], [3, 0, 1], [4, 1, 2], [5, 2, 2], [9, 40, 5]]])
    added = scheme.bias(0, places, places)[0]
    for query, key in itertools.product(range(7), range(7)):
        _, place, number = (places[0, key] - places[0, query]).tolist()
        far = [min(max(each, -2), 2) + 2 for each in (place, number)]
        first = table[0, 1, far[0]] + table[0, 2, far[1]] if place in (-1, 0) else -torch.inf
        second = table[1, 2, far[1]] if number == -1 or key == query else -torch.inf
        for head, expected in enumerate((first, second, 0.0)):
            torch.testing.assert_close(added[head, query, key], torch.as_tensor(expected))
    assert added.isfinite().any(dim=-1).all()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"sight": [{"row": [0, 0]}]}, "no axis 'row'; there are index, place, number"),
        ({"sight": [{"place": [1, 0]}]}, "sight.place: a window lies within"),
        ({"sight": [{"place": [-4, 0]}]}, "sight.place: a window lies within"),
        ({"axes": 6, "reach": 4, "sight": [{}]}, "reach: with sight at most 131,072 combinations"),
        ({"reaches": {"row": 2}}, "reaches: no axis 'row'; there are index, place, number"),
        ({"reaches": {"place": 0}}, "reach at least 1"),
        ({"reaches": {"place": 2}, "sight": [{"place": [-3, 0]}]}, "sight.place: a window lies within [-2, 2]"),
        ({"axes": 4}, "axes must be 3 or 6"),
    ],
)
def test_a_sight_that_cannot_be_is_named(settings, complaint):
    with pytest.raises(SettingsError, match=re.escape(complaint)):
        build(POSITIONS, {"name": "relative", **settings}, ModelSettings())


def test_fire_is_the_paper_s_function_of_distance():
    model = ModelSettings(d_model=8, n_heads=2)
    scheme = build(POSITIONS, {"name": "fire", "hidden": 3, "scale": 0.5, "threshold": 6.0}, model)
    places = torch.zeros(1, 12, N_COORDINATES, dtype=torch.long)
    places[..., INDEX] = torch.arange(12)
    added = scheme.bias(0, places, places)
    (factors,), (addends,) = scheme.hidden
    for i, j in itertools.product(range(12), range(12)):
        if j <= i:
            distance = math.log(0.5 * (i - j) + 1) / math.log(0.5 * max(6.0, i) + 1)
            expected = scheme.out.weight @ (factors * distance + addends).relu()
            torch.testing.assert_close(added[0, :, i, j], expected)


def test_layers_gone_through_again_are_copies_of_themselves():
    """Two passes through two layers are four layers with weights in pairs, and the row's embeddings added between."""
    settings = check(ModelSettings, {**SHAPE, "n_layers": 2, "loops": 2, "position": "places"})
    looped = new_transformer(settings, torch.zeros(23, dtype=torch.long), seed=1).eval()
    ids, places = torch.randint(23, (2, 9)), torch.zeros(2, 9, N_COORDINATES, dtype=torch.long)
    first = looped.embedding(ids) + looped.position.embed(places)
    x = first
    for step in range(4):
        x = x + first if step == 2 else x
        x = looped.blocks[step % 2](x, (places, places), looped.position, None, step)
    torch.testing.assert_close(looped(ids, places), looped.head(looped.norm(x)))
    assert sum(p.numel() for p in looped.parameters()) == sum(
        p.numel() for p in new_transformer(replace(settings, loops=1), torch.zeros(23), seed=1).parameters()
    )


ROWS = ["72+68=311", "5+90001=50001", "1-7=-6", "(1+22)*333=95"]


def embedded(name: str, text: str, offset: int = 0) -> tuple[Tensor, Tensor]:
    """Return what a scheme adds to `^text`, each vector, and its table."""
    model = ModelSettings(d_model=4, n_heads=1)
    scheme = build(POSITIONS, {"name": name, "places": 20}, model)
    ids = torch.tensor([[CODEC.tokenizer.start_id, *CODEC.tokenizer.encode(text)]])
    places = torch.from_numpy(coordinates(ids.numpy(), CODEC.classes))
    places[..., PLACE] += torch.where(places[..., PLACE] > 0, offset, -offset)
    (table,) = scheme.parameters()
    return scheme.embed(places)[0], table


@pytest.mark.parametrize("text", ROWS)
@pytest.mark.parametrize("offset", [0, 7])
def test_abacus_embeddings_count_the_digits_of_each_number(text: str, offset: int):
    added, table = embedded("abacus", text, offset)
    expected = torch.zeros(1 + len(text), 4)
    for number in re.finditer("[0-9]+", text):
        for count, where in enumerate(range(*number.span())):
            expected[1 + where] = table[offset + count]
    assert torch.equal(added, expected)


@pytest.mark.parametrize("start", [1, 8])
def test_coupled_positions_are_the_paper_s_read_backwards(start: int):
    """653+049=702 has, in the paper's order of operands, the positions end-3.. up to end for + and =, and back."""
    end = start + 4
    paper = {"653+": range(end - 3, end + 1), "049=": range(end - 3, end + 1), "2070": range(end - 1, end - 5, -1)}
    ours, table = embedded("coupled", "356+940=2070", start - 1)
    # Operands turned around, and positions counted from + and =: the paper's `end` is our `start`.
    theirs = [position for chunk in paper.values() for position in chunk]
    turned = [*theirs[2::-1], theirs[3], *theirs[6:3:-1], theirs[7], *theirs[8:]]
    expected = [0, *(start + end - position for position in turned)]
    assert torch.equal(ours, table[torch.tensor(expected)])


@pytest.mark.parametrize("text", ROWS)
@pytest.mark.parametrize("offset", [0, 7])
def test_coupled_positions_are_shared(text: str, offset: int):
    added, table = embedded("coupled", text, offset)
    assert torch.equal(added[0], table[0])
    place = 0
    for token, vector in zip(text, added[1:], strict=True):
        place = place + 1 if token.isdigit() else 0
        assert torch.equal(vector, table[1 + offset + place])
