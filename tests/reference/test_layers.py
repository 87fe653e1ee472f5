"""Layers against the formulas of their papers, in plain Python."""

import math

import pytest
import torch
from torch import Tensor

from abacist.core.catalogue import build
from abacist.models.kernels import attend
from abacist.models.settings import FEED_FORWARDS, NORMS, POSITIONS, ModelSettings


def places(length: int) -> Tensor:
    result = torch.zeros(1, length, 3, dtype=torch.long)
    result[..., 0] = torch.arange(length)
    return result


@pytest.mark.parametrize("base", [10_000.0, 30.0])
def test_sinusoidal_positions_are_the_paper_s(base: float):
    width, length = 12, 50
    model = ModelSettings(d_model=width, n_heads=1, context_length=length)
    scheme = build(POSITIONS, {"name": "sinusoidal", "base": base, "scale": 1.0}, model)
    table = scheme.embed(places(length))[0]
    for position in range(length):
        for pair in range(width // 2):
            angle = position / base ** (2 * pair / width)
            assert table[position, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-5)
            assert table[position, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-5)


def test_rotary_positions_turn_pairs_as_complex_numbers_do():
    width, length, base = 8, 30, 100.0
    model = ModelSettings(d_model=width, n_heads=1, context_length=length)
    scheme = build(POSITIONS, {"name": "rope", "base": base}, model)
    x = torch.randn(1, 1, length, width, generator=torch.Generator().manual_seed(1))
    turned = scheme.rotate(x, places(length))
    for position in range(length):
        for pair in range(width // 2):
            number = complex(x[0, 0, position, pair], x[0, 0, position, pair + width // 2])
            angle = position / base ** (2 * pair / width)
            expected = number * complex(math.cos(angle), math.sin(angle))
            assert turned[0, 0, position, pair].item() == pytest.approx(expected.real, abs=1e-5)
            assert turned[0, 0, position, pair + width // 2].item() == pytest.approx(expected.imag, abs=1e-5)


def test_rotary_scores_depend_on_the_distance_alone():
    model = ModelSettings(d_model=8, n_heads=1, context_length=40)
    scheme = build(POSITIONS, "rope", model)
    generator = torch.Generator().manual_seed(1)
    query, key = (torch.randn(8, generator=generator).expand(1, 1, 40, 8) for _ in range(2))
    scores = (scheme.rotate(query, places(40)) @ scheme.rotate(key, places(40)).mT)[0, 0]
    for distance in (0, 1, 7, 30):
        along = scores.diagonal(-distance)
        torch.testing.assert_close(along, along[:1].expand_as(along), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("new", "seen"), [(1, 1), (9, 9), (1, 9), (4, 9), (70, 70), (1, 70), (30, 70), (140, 140), (135, 150)]
)
def test_attention_is_the_loop_of_its_definition(new: int, seen: int):
    generator = torch.Generator().manual_seed(1)
    query = torch.randn(2, 3, new, 4, generator=generator)
    key, value = (torch.randn(2, 3, seen, 4, generator=generator) for _ in range(2))
    expected = torch.empty_like(query)
    for row in range(2):
        for head in range(3):
            for token in range(new):
                upto = seen - new + token + 1
                scores = [float(query[row, head, token] @ key[row, head, j]) / math.sqrt(4) for j in range(upto)]
                powers = [math.exp(score - max(scores)) for score in scores]
                weights = [power / sum(powers) for power in powers]
                expected[row, head, token] = sum(w * value[row, head, j] for j, w in enumerate(weights))
    torch.testing.assert_close(attend(query, key, value), expected, atol=1e-5, rtol=1e-5)
    low = attend(query.bfloat16(), key.bfloat16(), value.bfloat16())
    torch.testing.assert_close(low.float(), expected, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("seq", [9, 70])
def test_attention_of_chosen_queries_is_theirs_in_the_whole(seq: int):
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(2, 3, seq, 4, generator=generator) for _ in range(3))
    at = torch.tensor([[0, 5, 6], [8, 2, 3]])
    chosen = torch.stack([query[row][:, at[row]] for row in range(2)])
    whole = attend(query, key, value)
    expected = torch.stack([whole[row][:, at[row]] for row in range(2)])
    torch.testing.assert_close(attend(chosen, key, value, at), expected, atol=1e-6, rtol=1e-6)


def test_attention_drops_weights_while_it_trains():
    query, key, value = (torch.ones(1, 1, 200, 4) for _ in range(3))
    torch.manual_seed(1)
    dropped = attend(query, key, value, dropout=0.5)
    assert not torch.allclose(dropped, attend(query, key, value))
    assert abs(float(dropped[:, :, 50:].mean()) - 1) < 0.1


def by_formula(name: str, x: list[float]) -> list[float]:
    if name == "rms_norm":
        root = math.sqrt(sum(v * v for v in x) / len(x) + 1e-3)
        return [v / root for v in x]
    mean = sum(x) / len(x)
    root = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-3)
    return [(v - mean) / root for v in x]


@pytest.mark.parametrize("name", ["rms_norm", "layer_norm"])
def test_norms_follow_their_formulas(name: str):
    x = [0.5, -2.0, 3.0, 0.25]
    norm = build(NORMS, {"name": name, "epsilon": 1e-3}, 4)
    assert norm(torch.tensor(x)).tolist() == pytest.approx(by_formula(name, x), abs=1e-6)


ACTIVATIONS = {
    "gelu": lambda v: 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v**3))),
    "squared_relu": lambda v: max(v, 0.0) ** 2,
    "swiglu": lambda v: v / (1 + math.exp(-v)) * v,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
@torch.no_grad()
def test_feed_forwards_follow_their_formulas(name: str):
    block = build(FEED_FORWARDS, name, ModelSettings(d_model=1, n_heads=1, d_ff=1))
    for parameter in block.parameters():
        parameter.fill_(0.0 if parameter.dim() == 1 else 1.0)
    for value in (-3.0, -0.5, 0.0, 0.3, 2.0):
        assert block(torch.tensor([value])).item() == pytest.approx(ACTIVATIONS[name](value), abs=1e-6)
