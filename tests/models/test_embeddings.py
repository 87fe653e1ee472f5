"""Embeddings of numbers against vectors worked out by hand, and numbers read back from their own vectors."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from abacist.core.catalogue import Part, build
from abacist.core.errors import SettingsError
from abacist.models.embeddings.fourier import digits_on_circles, on_circles
from abacist.models.settings import EMBEDDINGS, ModelSettings

THOUSAND = np.concatenate(([-1, -1], np.arange(1000)))
"""Two signs, then every number of three digits."""


def embedding(name: str, numbers: Any = THOUSAND, d_model: int = 8, tied: bool = False) -> Any:
    settings = ModelSettings(d_model=d_model, n_heads=2, embedding=Part(name), tied=tied)
    return build(EMBEDDINGS, name, settings, len(numbers), numbers)


def turn(share: float) -> list[float]:
    return [math.cos(2 * math.pi * share), math.sin(2 * math.pi * share)]


def filled(module: nn.Module, seed: int = 1) -> Any:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.normal_(0, 0.5, generator=generator)
    return module


@torch.no_grad()
def test_a_number_stands_on_a_circle_for_each_digit():
    made = filled(embedding("fourier"))
    made.size.copy_(torch.tensor([1.0, 2.0, 0.5]))
    (vector,) = made(torch.tensor([2 + 137]))
    scaled = [size * part for size, share in zip((1, 2, 0.5), (0.7, 0.37, 0.137), strict=True) for part in turn(share)]
    torch.testing.assert_close(vector, made.weight[0] + torch.tensor([*scaled, 0.0, 0.0]))
    # What is no number has a vector of its own, and nothing else.
    torch.testing.assert_close(made(torch.tensor([0, 1])), made.weight[1:])
    assert made.weight.shape == (3, 8)


def test_circles_have_the_periods_of_the_places():
    points = on_circles(np.array([7, 17, 107, -1]), 3)
    np.testing.assert_allclose(points[:2, :2], [turn(0.7)] * 2, atol=1e-6)
    np.testing.assert_allclose(points[0, 2:4], turn(0.07), atol=1e-6)
    np.testing.assert_allclose(points[2, 2:4], turn(0.07), atol=1e-6)
    np.testing.assert_allclose(points[2, 4:], turn(0.107), atol=1e-6)
    assert not points[3].any()


def test_a_digit_s_point_is_in_the_middle_of_the_numbers_that_have_it():
    points = digits_on_circles(np.array([358, -1]), 3)
    # 8 is 8 of 10; numbers that end in 5x are 50 to 59 of 100, those with a 3 in front 300 to 399 of 1,000.
    np.testing.assert_allclose(points[0], [*turn(0.8), *turn(0.545), *turn(0.3495)], atol=1e-6)
    assert not points[1].any()


@torch.no_grad()
def test_the_logit_of_a_number_is_the_sum_over_its_digits():
    made = embedding("fourier")
    head, hidden = filled(made.head()), torch.randn(8, generator=torch.Generator().manual_seed(2))
    logits, pairs = head(hidden), (head.pairs @ hidden).view(3, 2)
    for number in (0, 9, 358, 999):
        digits = [number // 10**k % 10 for k in range(3)]
        shares = [digits[0] / 10, (digits[1] * 10 + 4.5) / 100, (digits[2] * 100 + 49.5) / 1000]
        by_hand = head.weight[0] @ hidden + sum(
            pair @ torch.tensor(turn(share)) for pair, share in zip(pairs, shares, strict=True)
        )
        torch.testing.assert_close(logits[2 + number], by_hand)
    torch.testing.assert_close(logits[:2], head.weight[1:] @ hidden)
    # So a softmax over all numbers is a softmax for each digit.
    chances = logits[2:].softmax(0).view(10, 10, 10)
    product = torch.einsum("a,b,c->abc", chances.sum((1, 2)), chances.sum((0, 2)), chances.sum((0, 1)))
    torch.testing.assert_close(chances, product)


def read_back(head: nn.Module, vectors: Tensor) -> list[int]:
    found: list[int] = (head(vectors)[:, 2:].argmax(-1)).tolist()
    return found


@torch.no_grad()
def circles_alone() -> tuple[Any, Any]:
    """Return an embedding of nothing but circles, and the head that reads them where they are written."""
    made = embedding("fourier", tied=True)
    head = made.head()
    made.weight.zero_()
    made.size.fill_(1.0)
    made.tie(head)
    return made, head


@torch.no_grad()
def test_circles_give_each_of_a_thousand_numbers_back():
    made, head = circles_alone()
    numbers = torch.arange(1000)
    assert read_back(head, made(numbers + 2)) == numbers.tolist()


@torch.no_grad()
def test_circles_in_bfloat16_lose_numbers_next_to_the_border_of_a_digit_alone():
    made, head = circles_alone()
    numbers = torch.arange(1000)
    with torch.autocast("cpu", torch.bfloat16):
        found = torch.tensor(read_back(head, made(numbers + 2)))
    inside = (numbers % 100 > 2) & (numbers % 100 < 97)
    assert torch.equal(found[inside], numbers[inside])
    assert torch.equal(found % 100, numbers % 100)


@torch.no_grad()
def test_a_number_scales_one_vector():
    made = filled(embedding("xval"))
    first, middle, last = made(torch.tensor([2, 2 + 333, 2 + 999]))
    assert not first.any()
    torch.testing.assert_close(middle, made.weight[0] * (5 * 333 / 999))
    torch.testing.assert_close(last, 5 * made.weight[0])
    torch.testing.assert_close(made(torch.tensor([0, 1])), made.weight[1:])


@torch.no_grad()
def test_the_logit_of_a_number_falls_with_the_squared_distance_of_the_value():
    made = embedding("xval")
    head, hidden = filled(made.head()), torch.randn(8, generator=torch.Generator().manual_seed(2))
    logits = head(hidden)
    value, width = head.reading @ hidden + head.start
    for number in (0, 333, 999):
        distance = (value - 5 * number / 999) / (5 * width.exp())
        torch.testing.assert_close(logits[2 + number], head.weight[0] @ hidden - distance**2 / 2)
    torch.testing.assert_close(logits[:2], head.weight[1:] @ hidden)


@torch.no_grad()
def reading_itself(largest: int, width: float) -> tuple[Any, nn.Module]:
    """Return an embedding of 0 to `largest`, and a head that reads the value along the very vector it scales."""
    made = filled(embedding("xval", np.concatenate(([-1, -1], np.arange(largest + 1)))))
    head = made.head()
    head.weight.zero_()
    head.start.copy_(torch.tensor([0.0, math.log(width)]))
    head.reading.zero_()
    head.reading[0] = made.weight[0] / made.weight[0].square().sum()
    return made, head


@torch.no_grad()
def test_values_give_each_of_a_hundred_thousand_numbers_back_in_float32():
    made, head = reading_itself(99_999, 1e-4)
    for start in range(0, 100_000, 20_000):
        numbers = torch.arange(start, start + 20_000, 37)
        assert read_back(head, made(numbers + 2)) == numbers.tolist()


@torch.no_grad()
def test_values_in_bfloat16_are_good_for_eight_bits():
    made, head = reading_itself(999, 1e-3)
    numbers = torch.arange(1000)
    with torch.autocast("cpu", torch.bfloat16):
        found = torch.tensor(read_back(head, made(numbers + 2).bfloat16()))
    assert not torch.equal(found, numbers)
    assert ((found - numbers).abs() <= numbers / 2**8 + 1).all()


def test_circles_need_two_dimensions_a_digit():
    with pytest.raises(SettingsError, match=r"model\.d_model: numbers of 3 digits need at least 6 dimensions .* got 4"):
        embedding("fourier", d_model=4)


def test_as_many_circles_as_the_largest_number_has_digits():
    assert embedding("fourier", np.array([-1, 0, 9])).circles.shape == (3, 2)
    assert embedding("fourier", np.array([-1, 0, 10])).circles.shape == (3, 4)
    assert embedding("xval", np.array([-1, 0])).value.tolist() == [1, 0]
