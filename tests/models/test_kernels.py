"""Gradients worked out by hand against finite differences, and against autograd's own."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck
from torch.nn import functional as F

from abacist.models.kernels import attend, attend_all, rms_normalise, squared_relu


def numbers(*shape: int, seed: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype).requires_grad_()


def three(query: tuple[int, ...], key: tuple[int, ...], dtype: torch.dtype = torch.float64) -> list[Tensor]:
    return [numbers(*shape, seed=seed, dtype=dtype) for seed, shape in enumerate((query, key, key))]


def right(function: Callable[..., Tensor], *inputs: Tensor, fast: bool = False) -> bool:
    return gradcheck(function, inputs, fast_mode=fast, check_undefined_grad=False)


def test_the_gradient_of_the_norm():
    assert right(lambda x: rms_normalise(x, 0.1), numbers(3, 5, 4))


def test_the_gradient_of_the_squared_relu():
    assert right(squared_relu, numbers(3, 5, 4))


@pytest.mark.parametrize(("new", "seq"), [(6, 6), (1, 6), (3, 6), (131, 131)])
def test_the_gradient_of_attention(new: int, seq: int):
    # Past SHORT tokens float64 takes PyTorch's kernel; bfloat16, below, takes ours at any length.
    assert right(attend, *three((1, 2, new, 2), (1, 2, seq, 2)), fast=seq > 6)


@pytest.mark.parametrize("slopes", [None, torch.tensor([0.5, 0.1], dtype=torch.float64)])
def test_the_gradient_of_attention_for_chosen_queries(slopes: Tensor | None):
    at = torch.tensor([[0, 4, 2], [5, 1, 3]])
    assert right(lambda *parts: attend(*parts, at=at, slopes=slopes), *three((2, 2, 3, 2), (2, 2, 6, 2)))


@pytest.mark.parametrize(("new", "seq"), [(6, 6), (3, 6), (131, 131)])
def test_the_gradient_of_attention_with_slopes(new: int, seq: int):
    slopes = torch.tensor([0.5, 0.1], dtype=torch.float64)
    parts = three((1, 2, new, 2), (1, 2, seq, 2))
    assert right(lambda *parts: attend(*parts, slopes=slopes), *parts, fast=seq > 6)


@pytest.mark.parametrize(("new", "seq", "kv_heads"), [(3, 6, 2), (6, 6, 1), (2, 70, 2)])
@pytest.mark.parametrize("learned", [False, True])
def test_the_gradient_of_attention_over_all_keys(new: int, seq: int, kv_heads: int, learned: bool):
    hidden = torch.zeros(1, 1, 1, seq, dtype=torch.float64).masked_fill(torch.arange(seq) == 1, float("-inf"))
    parts = [numbers(1, 2, new, 2), *(numbers(1, kv_heads, seq, 2, seed=seed) for seed in (2, 3))]
    if not learned:
        assert right(lambda *parts: attend_all(*parts, added=hidden), *parts, fast=seq > 6)
        return
    added = numbers(1, 2, new, seq, seed=4)
    assert right(lambda *parts: attend_all(*parts[:3], added=parts[3] + hidden), *parts, added, fast=seq > 6)


@pytest.mark.parametrize("seq", [6, 70])
def test_attention_over_all_keys_is_that_of_pytorch_but_for_queries_that_see_none(seq: int):
    query, key, value = three((2, 2, 4, 3), (2, 2, seq, 3))
    added = numbers(2, 2, 4, seq, seed=5).detach().masked_fill(numbers(2, 2, 4, seq, seed=6) > 1, float("-inf"))
    expected = F.scaled_dot_product_attention(query, key, value, attn_mask=added)
    torch.testing.assert_close(attend_all(query, key, value, added, blind=True), expected)
    torch.testing.assert_close(attend_all(query, key, value), F.scaled_dot_product_attention(query, key, value))
    added[0, 1, 2] = float("-inf")
    blind = attend_all(query, key, value, added, blind=True)
    assert (blind[0, 1, 2] == 0).all()
    torch.testing.assert_close(blind[1], expected[1])


@pytest.mark.parametrize("seq", [20, 300])
def test_in_bfloat16_attention_and_its_gradients_stay_near_those_of_float32(seq: int):
    parts = three((2, 2, seq, 8), (2, 2, seq, 8), torch.float32)
    exact = F.scaled_dot_product_attention(*parts, is_causal=True)
    low = [part.detach().bfloat16().requires_grad_() for part in parts]
    rough = attend(*low)
    slope = torch.randn(exact.shape, generator=torch.Generator().manual_seed(1))
    exact.backward(slope)
    rough.backward(slope.bfloat16())
    for ours, theirs in [
        (rough.detach(), exact.detach()),
        *((a.grad, b.grad) for a, b in zip(low, parts, strict=True)),
    ]:
        assert float((ours.float() - theirs).norm() / theirs.norm()) < 0.02


def test_under_autocast_results_come_in_its_dtype():
    x = numbers(3, 8, dtype=torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        assert rms_normalise(x, 1e-6).dtype == torch.bfloat16
    assert rms_normalise(x, 1e-6).dtype == torch.float32
    rms_normalise(x, 1e-6).sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == torch.float32
