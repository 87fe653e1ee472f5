import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from abacist.core.errors import SettingsError
from abacist.problems.columns import Columns
from abacist.problems.draws import (
    by_digits,
    by_digits_batch,
    by_value,
    by_value_batch,
    carry_heavy,
    carry_heavy_batch,
    cascade,
    same_endings,
    same_endings_batch,
)
from abacist.problems.expression import evaluate
from abacist.problems.operations.addition import Addition
from abacist.problems.operations.division import Division
from abacist.problems.operations.multiplication import Multiplication
from abacist.problems.operations.nested import Nested
from abacist.problems.operations.subtraction import Subtraction
from abacist.problems.operations.sums import Sums
from abacist.problems.targets import carries


def longest_run(question: tuple[str, ...]) -> int:
    """Columns in a row that pass a carry on."""
    best = now = 0
    for carry in carries(question):
        now = now + 1 if carry else 0
        best = max(best, now)
    return best


def test_by_value_is_uniform_and_keeps_its_bounds():
    rng = random.Random(1)
    counts = Counter(by_value(rng, (-3, 6)) for _ in range(10_000))
    assert set(counts) == set(range(-3, 7))
    assert all(850 < count < 1150 for count in counts.values())


def test_by_digits_draws_every_length_equally_often():
    rng = random.Random(1)
    counts = Counter(len(str(by_digits(rng, (0, 99_999)))) for _ in range(10_000))
    assert set(counts) == {1, 2, 3, 4, 5}
    assert all(1850 < count < 2150 for count in counts.values())


@pytest.mark.parametrize(
    "bounds", [(0, 0), (5, 5), (95, 105), (0, 9), (-9, 9), (-120, -7), (-5, 0), (7, 1000), (-3, 99)]
)
def test_by_digits_keeps_its_bounds_and_reaches_their_ends(bounds: tuple[int, int]):
    rng = random.Random(2)
    drawn = [by_digits(rng, bounds) for _ in range(20_000)]
    assert min(drawn) == bounds[0]
    assert max(drawn) == bounds[1]


@pytest.mark.parametrize(("left", "right"), [(1, 1), (2, 2), (7, 1), (1, 7), (6, 4), (4, 6), (40, 40)])
def test_a_cascade_has_its_lengths_and_carries_through_every_column(left: int, right: int):
    rng = random.Random(1)
    for _ in range(200):
        first, second = cascade(rng, left, right)
        assert (len(str(first)), len(str(second))) == (left, right)
        columns = [(first // 10**place % 10) + (second // 10**place % 10) for place in range(max(left, right))]
        assert columns[0] >= 10
        assert set(columns[1:]) <= {9}


def test_carry_heavy_sums_carry_far_more_than_uniform_ones():
    rng = random.Random(3)
    heavy = [("+".join(map(str, carry_heavy(rng, 8)))).partition("+") for _ in range(4000)]
    plain = [(str(rng.randrange(10**8)), "+", str(rng.randrange(10**8))) for _ in range(4000)]
    long_heavy, long_plain = (sum(longest_run(question) >= 4 for question in drawn) for drawn in (heavy, plain))
    assert long_heavy > 1200
    assert long_heavy > 1.5 * long_plain
    whole = sum(longest_run(question) >= max(len(question[0]), len(question[2])) >= 5 for question in heavy)
    assert whole > 400, "cascades run through every column"
    assert sum(longest_run(question) >= 8 for question in plain) < 100


def test_carry_heavy_draws_every_length_up_to_its_digits():
    rng = random.Random(4)
    lengths = {max(len(str(number)) for number in carry_heavy(rng, 6)) for _ in range(2000)}
    assert lengths == {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize(
    "bounds", [(0, 0), (5, 5), (95, 105), (-9, 9), (-120, -7), (-5, 0), (7, 1000), (-3, 99), (0, 10**18 - 1)]
)
@pytest.mark.parametrize(("one", "many"), [(by_value, by_value_batch), (by_digits, by_digits_batch)])
def test_columns_are_drawn_as_each_is(one: Any, many: Any, bounds: tuple[int, int], alike: Callable[..., bool]):
    rng = random.Random(1)
    columns = many(np.random.default_rng(1), bounds, 20_000).tolist()
    each = [one(rng, bounds) for _ in range(20_000)]
    assert bounds[0] <= min(columns) <= max(columns) <= bounds[1]
    # Numbers of few digits one by one, long ones by sign, length and both their ends.
    features = [
        number if abs(number) < 10**3 else (number < 0, len(str(number)), str(number)[-2]) for number in columns
    ]
    others = [number if abs(number) < 10**3 else (number < 0, len(str(number)), str(number)[-2]) for number in each]
    assert alike(features, others)


@pytest.mark.parametrize("digits", [1, 2, 5, 18])
def test_carry_heavy_columns_are_drawn_as_each_pair_is(digits: int, alike: Callable[..., bool]):
    rng = random.Random(1)
    columns = carry_heavy_batch(np.random.default_rng(2), digits, 20_000)
    pairs = [carry_heavy(rng, digits) for _ in range(20_000)]
    many = list(zip(*(column.tolist() for column in columns), strict=True))

    def sums(pair: tuple[int, int]) -> tuple[int, ...]:
        return tuple(sum(number // 10**place % 10 for number in pair) for place in range(min(digits, 3)))

    def run(pair: tuple[int, int]) -> tuple[int, int]:
        return max(len(str(number)) for number in pair), longest_run((str(pair[0]), "+", str(pair[1])))

    def ones(pair: tuple[int, int]) -> tuple[int, ...]:
        return tuple(number % 10 for number in pair)

    for feature in (sums, run, ones):
        assert alike(map(feature, many), map(feature, pairs))


@pytest.mark.parametrize("negative", [True, False])
def test_a_carry_heavy_subtraction_borrows(negative: bool):
    subtraction = Subtraction(left=(0, 99_999), draw="carries", negative=negative)
    rng = random.Random(5)
    pairs = [(int(a), int(b)) for a, _, b in (subtraction.sample(rng) for _ in range(2000))]
    round_ones = [p for p in pairs if str(abs(p[0] - p[1])).strip("0") == "1"]
    assert 150 < len(round_ones) < 450
    others = [p for p in pairs if p not in round_ones]
    borrowing = sum(any(x < y for x, y in zip(f"{max(p):05}"[1:], f"{min(p):05}"[1:], strict=True)) for p in others)
    assert borrowing > 0.7 * len(others)
    assert any(a < b for a, b in pairs) is negative


def trailing_zeros(number: int) -> int:
    """Zeros that a number ends in; none of zero."""
    return len(str(number)) - len(str(number).rstrip("0")) if number else 0


@pytest.mark.parametrize("high", [0, 9, 10, 999, 10**18 - 1])
def test_same_endings_in_columns_are_those_of_each_pair(high: int, alike: Callable[..., bool]):
    rng, numbers = random.Random(1), np.random.default_rng(3)
    left, right = (by_value_batch(numbers, (0, high), 20_000) for _ in range(2))
    pairs = [same_endings(rng, *pair) for pair in zip(left.tolist(), right.tolist(), strict=True)]
    columns = (column.tolist() for column in same_endings_batch(numbers, left, right))
    many = list(zip(*columns, strict=True))

    def feature(pair: tuple[int, int]) -> tuple[int, bool, bool]:
        return trailing_zeros(pair[0] - pair[1]), pair[0] == pair[1], pair[0] < pair[1]

    assert alike(map(feature, many), map(feature, pairs))


@pytest.mark.parametrize("quick", [True, False])
def test_differences_of_same_endings_end_in_zeros_within_their_bounds(quick: bool):
    subtraction = Subtraction(left=(0, 999), right=(20, 700), draw="endings")
    if quick:
        (group,) = subtraction.sample_batch(np.random.default_rng(4), 3000)
        assert isinstance(group, Columns)
        pairs = [tuple(pair) for pair in group.numbers.tolist()]
    else:
        rng = random.Random(4)
        pairs = [(int(a), int(b)) for a, _, b in (subtraction.sample(rng) for _ in range(3000))]
    assert len(pairs) == 3000
    assert all(20 <= b <= 700 and a % 10 == b % 10 for a, b in pairs)
    assert sum(a % 100 == b % 100 and a < b for a, b in pairs) > 300


def test_same_endings_are_for_numbers_from_zero_up():
    with pytest.raises(SettingsError, match="'endings' is for numbers from zero up"):
        Subtraction(left=(-9, 9), draw="endings")


def test_carries_are_for_operations_that_have_them():
    with pytest.raises(SettingsError, match="'carries' is for addition and subtraction, not division"):
        Division(draw="carries")


@pytest.mark.parametrize(
    "operation",
    [
        Division(left=(1, 5), right=(0, 0)),
        Division(left=(1, 1), right=(2, 9), exact=True),
        Subtraction(left=(0, 9), right=(20, 30), negative=False),
        Addition(left=(0, 9), right=(100, 200), draw="carries"),
        Nested(depth=1, bounds=(0, 0), operators="/"),
    ],
)
def test_an_operation_that_can_draw_nothing_says_so_instead_of_trying_for_ever(operation: Addition):
    with pytest.raises(SettingsError, match="none of 1"):
        operation.sample(random.Random(1))
    with pytest.raises(SettingsError, match="none of 1"):
        operation.sample_batch(np.random.default_rng(1), 5)


@pytest.mark.parametrize(
    ("operation", "quick"),
    [
        (Addition(left=(0, 10**17)), True),
        (Addition(left=(0, 10**300)), False),
        (Addition(left=(0, 10**18 - 1), draw="carries"), False),
        (Multiplication(left=(0, 2**31 - 1)), True),
        (Multiplication(left=(10**10, 10**12)), False),
        (Sums(bounds=(0, 10**17)), True),
        (Sums(bounds=(0, 10**18)), False),
        (Sums(terms=(2, 20), signs="+-"), False),
    ],
)
def test_columns_are_for_what_64_bits_hold(operation: Addition, quick: bool):
    groups = operation.sample_batch(np.random.default_rng(1), 300)
    assert all(isinstance(group, Columns) is quick for group in groups)
    assert sum(map(len, groups)) == 300
    for group in groups:
        assert all(operation.contains(question) for question in group.questions())
        if isinstance(group, Columns):
            assert group.numerator.tolist() == [evaluate(question) for question in group.questions()]
