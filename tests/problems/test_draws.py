import random
from collections import Counter

import pytest

from abacist.core.errors import SettingsError
from abacist.problems.draws import by_digits, by_value, carry_heavy
from abacist.problems.operations.addition import Addition
from abacist.problems.operations.division import Division
from abacist.problems.operations.nested import Nested
from abacist.problems.operations.subtraction import Subtraction
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


@pytest.mark.parametrize("negative", [True, False])
def test_a_carry_heavy_subtraction_borrows(negative: bool):
    subtraction = Subtraction(left=(0, 99_999), draw="carries", negative=negative)
    rng = random.Random(5)
    pairs = [(int(a), int(b)) for a, _, b in (subtraction.sample(rng) for _ in range(2000))]
    borrowing = sum(any(x < y for x, y in zip(f"{max(p):05}"[1:], f"{min(p):05}"[1:], strict=True)) for p in pairs)
    assert borrowing > 1400
    assert any(a < b for a, b in pairs) is negative


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
