"""Parts that are made of one another: the same as the whole matrices they stand for, with fewer weights."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.models.embeddings.circular import LOWEST, Circular
from abacist.models.feed_forwards.swiglu import SwiGLU
from abacist.models.mixers.tied_attention import TiedAttention
from abacist.models.positions.rope import Rope
from abacist.models.settings import ModelSettings
from abacist.models.sizes import part_sizes
from abacist.models.transformer import count_parameters, new_transformer
from abacist.models.turning import Turn

NUMBERS = [-1, -1, -1, *range(10), -1]


def shape(**values: Any) -> ModelSettings:
    return check(ModelSettings, {"d_model": 6, "n_layers": 1, "n_heads": 2, "d_ff": 4, "context_length": 12, **values})


def drawn(module: nn.Module, seed: int = 3) -> nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0.3, 0.8, generator=generator)
    return module


def tied(**values: Any) -> tuple[TiedAttention, ModelSettings]:
    settings = shape(head_width=4, position="rope")
    attention = TiedAttention(check(TiedAttention.Settings, values), settings)
    drawn(attention)
    return attention, settings


def turned(x: Tensor, angle: Tensor) -> Tensor:
    first, second = x.chunk(2, -1)
    return torch.cat((first * angle.cos() - second * angle.sin(), first * angle.sin() + second * angle.cos()), -1)


def by_hand(attention: TiedAttention, settings: ModelSettings, rope: Rope, x: Tensor, places: Tensor) -> Tensor:
    """Attention with whole matrices, written out as the formulas have it."""

    def whole(product: nn.Module | None) -> Tensor:
        assert product is not None
        return torch.linalg.multi_dot(list(product.factors)[::-1]) if len(product.factors) > 1 else product.factors[0]

    def heads(x: Tensor) -> Tensor:
        return x.unflatten(-1, (settings.n_heads, settings.d_head)).transpose(1, 2)

    query = heads(x @ whole(attention.query).T)
    key = heads(x @ whole(attention.key).T) if attention.key is not None else query
    if attention.turn is not None:
        key = turned(key, attention.turn.angle)
    value = {"queries": query, "keys": key}.get(attention.values)
    if value is None:
        value = heads(x @ whole(attention.value).T)
    if attention.gain is not None:
        query, key = (
            part / (part.square().mean(-1, keepdim=True) + 1e-6).sqrt() * attention.gain for part in (query, key)
        )
    scores = rope.rotate(query, places) @ rope.rotate(key, places).transpose(-1, -2) / settings.d_head**0.5
    later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
    mixed = (scores.masked_fill(later, float("-inf")).softmax(-1) @ value).transpose(1, 2).flatten(2)
    if attention.out is not None:
        return mixed @ whole(attention.out).T
    return mixed @ whole(attention.query if attention.way_out == "queries" else attention.value)


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize(
    ("choice", "matrices", "angles"),
    [
        ({}, 1, 1),
        ({"keys": "queries", "gain": "none"}, 1, 0),
        ({"keys": "own", "values": "keys", "out": "own"}, 3, 0),
        ({"values": "own", "out": "values", "gain": "each"}, 2, 1),
        ({"keys": "own", "values": "own", "out": "own"}, 4, 0),
    ],
    ids=str,
)
def test_tied_attention_is_attention_with_the_matrices_it_stands_for(
    choice: dict[str, Any], matrices: int, angles: int, rank: int | None
):
    attention, settings = tied(**choice, rank=rank)
    rope = Rope(Rope.Settings(periods=[5.0, 11.0]), settings)
    x = torch.randn(2, 7, 6, generator=torch.Generator().manual_seed(1))
    places = torch.arange(7).expand(2, 7).unsqueeze(-1).repeat(1, 1, 3)
    expected = by_hand(attention, settings, rope, x, places)
    torch.testing.assert_close(attention(x, (places, places), rope), expected, atol=1e-5, rtol=1e-4)
    wanted = torch.tensor([[6, 2], [0, 5]])
    some = attention(x, (places, places), rope, wanted=wanted)
    torch.testing.assert_close(some, expected[torch.arange(2)[:, None], wanted], atol=1e-5, rtol=1e-4)
    gains = {"none": 0, "each": settings.d_head}.get(choice.get("gain", "one"), 1)
    matrix = 6 * 8 if rank is None else (6 + 8) * rank
    assert count_parameters(attention) == matrices * matrix + angles + gains


def test_a_turn_keeps_lengths_and_is_one_weight():
    turn, x = drawn(Turn()), torch.randn(3, 8, generator=torch.Generator().manual_seed(1))
    assert count_parameters(turn) == 1
    torch.testing.assert_close(turn(x).norm(dim=-1), x.norm(dim=-1))
    torch.testing.assert_close(turn(x), turned(x, turn.angle))


@pytest.mark.parametrize("down", ["own", "gate", "up", "turned"])
def test_the_way_down_is_the_matrix_it_stands_for(down: str):
    settings = shape(feed_forward={"name": "swiglu", "down": down})
    block = drawn(SwiGLU(SwiGLU.Settings(**settings.feed_forward.settings), settings))
    gate, up = block.gate_up.weight.chunk(2)
    x = torch.randn(5, 6, generator=torch.Generator().manual_seed(1))
    hidden = F.silu(x @ gate.T) * (x @ up.T)
    expected = {
        "own": lambda: hidden @ block.down.weight.T,
        "gate": lambda: hidden @ gate,
        "up": lambda: hidden @ up,
        "turned": lambda: turned(hidden, block.turn.angle) @ up,
    }[down]()
    torch.testing.assert_close(block(x), expected)
    assert count_parameters(block) == 2 * 24 + {"own": 24, "turned": 1}.get(down, 0)


def test_numbers_lie_on_an_arc_of_three_weights_and_are_read_by_it():
    arc = {"name": "circular", "others": "as_zero", "radius": 2.0, "stride": 0.2, "sharpness": 3.0}
    settings = shape(tied=True, embedding=arc)
    model = new_transformer(settings, [0] * 14, 1, NUMBERS)
    radius, start, stride = model.embedding.weight.tolist()
    assert (radius, stride) == pytest.approx((2.0, 0.2))
    angle = start + stride * torch.tensor([max(0, number) for number in NUMBERS])
    expected = F.pad(2.0 * torch.stack((angle.cos(), angle.sin()), -1), (0, 4))
    torch.testing.assert_close(model.embedding(torch.arange(14)), expected)
    hidden = torch.randn(3, 6, generator=torch.Generator().manual_seed(1))
    logits = model.head(hidden)
    torch.testing.assert_close(logits[:, 3:13], 3 * (hidden @ expected.T)[:, 3:13])
    assert (logits[:, [0, 1, 2, 13]] == LOWEST).all()
    sizes = {part.name: part for part in part_sizes(model)}
    assert (sizes["Circular"].parameters, sizes["CircularHead"].parameters, sizes["CircularHead"].shared) == (3, 0, 3)


def test_other_tokens_have_vectors_of_their_own_unless_they_are_read_as_zero():
    own = new_transformer(shape(tied=True, embedding="circular"), [0] * 14, 1, NUMBERS)
    assert count_parameters(own.embedding) == 3 + 4 * 6
    assert len(own.embedding(torch.arange(14)).unique(dim=0)) == 14
    with pytest.raises(SettingsError, match=r"model\.tied must be true where other tokens are read as zero"):
        new_transformer(shape(embedding={"name": "circular", "others": "as_zero"}), [0] * 14, 1, NUMBERS)
    for name in ("radius", "sharpness"):
        with pytest.raises(SettingsError, match=f"{name} must be above 0"):
            Circular.Settings(**{name: 0.0})


@pytest.mark.parametrize(("norm", "each"), [({"name": "rms_norm", "scale": True}, 6), ({"name": "layer_norm"}, 12)])
def test_a_shared_norm_is_learned_once(norm: dict[str, Any], each: int):
    plain = new_transformer(shape(norm=norm, n_layers=2), [0] * 14, 1)
    shared = new_transformer(shape(norm=norm, n_layers=2, shared_norms=True), [0] * 14, 1)
    assert count_parameters(plain) - count_parameters(shared) == 4 * each
    names = [name for name, _ in shared.named_parameters(remove_duplicate=False) if "norm." in name]
    assert len(names) == 5 * each // 6
    assert len({id(shared.get_parameter(name)) for name in names}) == each // 6


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"head_width": 0}, "head_width must be at least 1"),
        ({"mixer": "tied_attention", "n_kv_heads": 1}, r"model\.n_kv_heads must be null"),
        ({"mixer": "tied_attention", "bias": True, "head_width": 2}, r"model\.bias must be false"),
        ({"mixer": "tied_attention"}, "keys that are turned queries need an even width of heads, got 3"),
        ({"mixer": {"name": "tied_attention", "keys": "own", "out": "values"}}, "values have no matrix of their own"),
        ({"mixer": {"name": "tied_attention", "rank": 0}}, "rank must be at least 1"),
        ({"feed_forward": {"name": "swiglu", "down": "up"}, "bias": True}, r"model\.bias must be false"),
        ({"feed_forward": {"name": "swiglu", "down": "turned"}, "d_ff": 5}, r"model\.d_ff must be even"),
        ({"position": {"name": "rope", "periods": [1.0, 2.0]}, "head_width": 2}, "a d_head of 2 has 1 periods"),
        ({"position": {"name": "rope", "periods": [-1.0]}, "head_width": 2}, "periods must be numbers above 0"),
    ],
    ids=str,
)
def test_what_does_not_go_together_is_said_in_a_line(values: dict[str, Any], message: str):
    with pytest.raises(SettingsError, match=message):
        new_transformer(shape(**values), [0] * 14, 1)
