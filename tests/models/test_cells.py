"""Cells compute sums, differences, products and quotients as their papers say, and learn two of them far beyond."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from abacist.core.catalogue import build
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.models.feed_forwards.nmu import bounded, unsettled
from abacist.models.settings import FEED_FORWARDS, ModelSettings
from abacist.models.transformer import new_transformer

NAMES = ("nalu", "nmu")
PAIRS = torch.tensor([[3.0, 4.0], [12.5, 0.5], [-7.0, 2.0], [0.25, -8.0], [1000.0, 999.0]])
OPEN, SHUT = 40.0, -40.0
"""What a sigmoid or tanh makes 1, and 0 or -1, of."""


def part(name: str, d_model: int = 2, d_ff: int = 2, **settings: Any) -> Any:
    torch.manual_seed(1)
    shape = check(ModelSettings, {"d_model": d_model, "n_heads": 1, "d_ff": d_ff})
    return build(FEED_FORWARDS, {"name": name, **settings}, shape)


def as_it_is(made: nn.Module) -> nn.Module:
    """Let the two maps around the cells change nothing."""
    for name in ("up", "down"):
        nn.init.eye_(made.get_submodule(name).weight)
    return made


def nalu(weights: tuple[float, float], gate: float, **settings: Any) -> nn.Module:
    """Make every cell W = weights, each -1, 0 or 1; an OPEN gate is open, and a SHUT one shut, for sums above 0."""
    made = as_it_is(part("nalu", **settings))
    with torch.no_grad():
        chosen = torch.tensor(weights)[None, :, None].expand(1, 2, 2)
        made.weight.copy_(OPEN * chosen)
        made.mask.fill_(OPEN)
        made.gate.fill_(gate)
    return made


@pytest.mark.parametrize(
    ("weights", "expected"),
    [((1, 1), lambda a, b: a + b), ((1, -1), lambda a, b: a - b), ((-1, 0), lambda a, b: -a)],
)
@torch.inference_mode()
def test_a_nalu_adds_and_subtracts_where_its_gate_is_open(
    weights: tuple[float, float], expected: Callable[[Tensor, Tensor], Tensor]
):
    pairs = PAIRS[PAIRS.sum(1) > 0]
    made = nalu(weights, OPEN)(pairs)
    torch.testing.assert_close(made, expected(*pairs.unbind(1))[:, None].expand(-1, 2))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [((1, 1), lambda a, b: a * b), ((1, -1), lambda a, b: a / b), ((0, 1), lambda a, b: b)],
)
@torch.inference_mode()
def test_a_nalu_multiplies_and_divides_magnitudes_where_it_is_shut_to_its_epsilon(
    weights: tuple[float, float], expected: Callable[[Tensor, Tensor], Tensor]
):
    pairs = PAIRS[PAIRS.sum(1) > 0]
    exact = nalu(weights, SHUT, epsilon=1e-6, largest=1e7)(pairs)
    torch.testing.assert_close(exact, expected(*pairs.abs().unbind(1))[:, None].expand(-1, 2), rtol=1e-5, atol=1e-4)
    coarse = nalu(weights, SHUT, epsilon=0.1, largest=1e7)(pairs)
    torch.testing.assert_close(
        coarse, expected(*(pairs.abs() + 0.1).unbind(1))[:, None].expand(-1, 2), rtol=1e-5, atol=1e-4
    )


@torch.inference_mode()
def test_a_nalu_s_product_ends_at_the_largest():
    made = nalu((1, 1), SHUT, largest=60.0)(torch.tensor([[1e30, 1e30], [7.0, 7.0], [8.0, 8.0]]))
    torch.testing.assert_close(made[:, 0], torch.tensor([60.0, 7.1**2, 60.0]), rtol=1e-4, atol=0)


@pytest.mark.parametrize("inputs", [2, 4, 6])
@torch.inference_mode()
def test_nau_and_nmu_are_the_sum_and_the_product_of_the_paper(inputs: int):
    made = as_it_is(part("nmu", d_model=24, d_ff=24, inputs=inputs))
    nn.init.uniform_(made.add, -1.5, 1.5)
    nn.init.uniform_(made.multiply, -0.5, 1.5)
    x = torch.randn(5, 24)
    result = made(x).view(5, 24 // inputs, inputs)
    for row in range(5):
        for group in range(24 // inputs):
            z = x[row, group * inputs : (group + 1) * inputs].tolist()
            for cell in range(inputs // 2):
                add = made.add[group, :, cell].clamp(-1, 1).tolist()
                multiply = made.multiply[group, :, cell].clamp(0, 1).tolist()
                total = sum(w * each for w, each in zip(add, z, strict=True))
                product = math.prod(w * each + 1 - w for w, each in zip(multiply, z, strict=True))
                assert float(result[row, group, cell]) == pytest.approx(total, abs=1e-5)
                assert float(result[row, group, inputs // 2 + cell]) == pytest.approx(product, abs=1e-5)


@pytest.mark.parametrize(
    ("add", "multiply", "expected"),
    [
        ((1, 1), (1, 1), lambda a, b: (a + b, a * b)),
        ((1, -1), (1, 0), lambda a, b: (a - b, a)),
        ((-1, 0), (0, 0), lambda a, b: (-a, torch.ones_like(a))),
        ((9, 9), (-9, 9), lambda a, b: (a + b, b)),
    ],
)
@torch.inference_mode()
def test_nau_and_nmu_with_whole_weights_are_exact(
    add: tuple[float, float], multiply: tuple[float, float], expected: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
):
    made = as_it_is(part("nmu"))
    made.add.copy_(torch.tensor(add)[None, :, None])
    made.multiply.copy_(torch.tensor(multiply)[None, :, None])
    assert torch.equal(made(PAIRS), torch.stack(expected(*PAIRS.unbind(1)), 1))


def test_weights_out_of_bounds_may_come_back_and_not_go_further():
    weight = torch.tensor([-2.0, -2.0, 0.5, 0.5, 3.0, 3.0], requires_grad=True)
    y = bounded(weight, 0, 1)
    assert y.tolist() == [0, 0, 0.5, 0.5, 1, 1]
    y.backward(torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0, -1.0]))
    assert weight.grad is not None
    assert weight.grad.tolist() == [0, -1, 1, -1, 1, 0]


def test_whole_weights_are_asked_for_nothing_and_halves_for_most():
    assert float(unsettled(torch.tensor([-1.0, 0.0, 1.0]))) == 0
    assert float(unsettled(torch.tensor([-0.5, 0.5, 0.25]))) == pytest.approx(1.25 / 3)
    made = part("nmu", sparsity=2.0).train()
    with torch.no_grad():
        made.add.fill_(-0.75)
        made.multiply.fill_(0.5)
    made(PAIRS)
    (asked,) = made.auxiliary
    assert float(asked.detach()) == pytest.approx(2 * (0.25 + 0.5))
    made.auxiliary.clear()
    made.eval()(PAIRS)
    with torch.no_grad():
        made.train()(PAIRS)
    part("nmu", sparsity=0.0).train()(PAIRS)
    assert made.auxiliary == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0.0, 1e-30, 1.0, 1e4])
def test_gradients_are_finite_at_zero_and_far_from_it_in_bfloat16_too(name: str, size: float):
    for low in (False, True):
        made = part(name, d_model=16, d_ff=24)
        x = (size * torch.randn(50, 16)).requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=low):
            result = made(x)
        assert result.isfinite().all()
        result.float().mean().backward()
        assert all(each.grad is not None and each.grad.isfinite().all() for each in (x, *made.parameters()))


@pytest.mark.parametrize("name", NAMES)
def test_cells_of_a_model_begin_as_their_papers_say(name: str):
    settings = check(ModelSettings, {"d_model": 16, "n_heads": 2, "d_ff": 4000, "feed_forward": name})
    block = new_transformer(settings, torch.zeros(9, dtype=torch.int64), seed=1).blocks[0].feed_forward
    bounds = {"add": (-0.5, 0.5), "multiply": (0.25, 0.75)}
    if name == "nalu":
        bounds = dict.fromkeys(("weight", "mask", "gate"), (-math.sqrt(1.5), math.sqrt(1.5)))
    for weights, (low, high) in bounds.items():
        drawn = block.get_parameter(weights).detach()
        assert low <= drawn.min() < low + 0.01
        assert high - 0.01 < drawn.max() <= high
        assert float(drawn.std()) == pytest.approx((high - low) / math.sqrt(12), rel=0.05)


@pytest.mark.parametrize(
    ("name", "settings", "complaint"),
    [
        ("nalu", {"inputs": 5}, r"d_ff 24 must be a multiple of nalu's inputs, 5"),
        ("nmu", {"inputs": 10}, r"d_ff 24 must be a multiple of nmu's inputs, 10"),
        ("nmu", {"inputs": 3}, "inputs must be even and at least 2, got 3"),
        ("nalu", {"inputs": 0}, "inputs must be at least 1, got 0"),
        ("nalu", {"epsilon": 0.0}, "epsilon and largest must be above 0"),
        ("nmu", {"sparsity": -1.0}, "sparsity must be at least 0"),
    ],
)
def test_settings_that_do_not_fit_are_refused(name: str, settings: dict[str, Any], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        part(name, d_ff=24, **settings)


def learned(name: str, steps: int, **settings: Any) -> Tensor:
    """Teach cells sum and product of numbers 1 to 4; return their relative errors on numbers 50 to 100, the largest."""
    made, generator = as_it_is(part(name, **settings)).train(), torch.Generator().manual_seed(2)
    cells = [parameter for path, parameter in made.named_parameters() if not path.startswith(("up", "down"))]
    optimizer = torch.optim.Adam(cells, 0.02)
    for step in range(steps):
        x = 1 + 3 * torch.rand(128, 2, generator=generator)
        loss = (made(x) - torch.stack((x.sum(1), x.prod(1)), 1)).square().mean()
        if asked := getattr(made, "auxiliary", None):
            if step > steps / 2:  # late, as in the paper
                loss = loss + torch.stack(asked).sum()
            asked.clear()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    x = 50 + 50 * torch.rand(1000, 2, generator=generator)
    wanted = torch.stack((x.sum(1), x.prod(1)), 1)
    return ((made(x).detach() - wanted).abs() / wanted).amax(0)


def test_nau_and_nmu_learn_a_sum_and_a_product_that_hold_for_numbers_never_shown():
    assert learned("nmu", 500, sparsity=0.1).max() < 1e-4


def test_a_nalu_comes_near_them_and_no_nearer():
    errors = learned("nalu", 1500, epsilon=1e-7, largest=1e7)
    assert 1e-3 < errors.max() < 0.3
