from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.seeds import key_to_integer, stream

KEY = st.integers() | st.text(alphabet=st.characters(exclude_characters="\x1f", exclude_categories=["Cs"]))


def test_values_stay_what_they_were():
    assert key_to_integer(1, "train", 0) == PINNED_INTEGER
    rng = stream(1, "train", 0)
    assert [rng.randrange(1000) for _ in range(4)] == PINNED_DRAWS


@given(st.lists(KEY, min_size=1, max_size=4))
def test_the_integer_fits_64_bits_and_depends_on_the_keys_alone(keys: list[int | str]):
    assert 0 <= key_to_integer(*keys) < 2**64
    assert key_to_integer(*keys) == key_to_integer(*keys)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_order_and_grouping_of_keys_matter(a: int, b: int):
    assert key_to_integer(a, "x", b) != key_to_integer(a, b, "x")
    assert key_to_integer(f"{a}{b}") != key_to_integer(a, b)


@pytest.mark.parametrize(
    "keys",
    [lambda i: (i, "train", 0), lambda i: (1, "train", i), lambda i: (i, i), lambda i: (1, f"split{i}", 0)],
    ids=["seed", "index", "both", "split"],
)
def test_neighbours_share_nothing(keys: Callable[[int], tuple[int | str, ...]]):
    draws = [[stream(*keys(i)).getrandbits(64), stream(*keys(i)).random()] for i in range(200)]
    assert len({first for first, _ in draws}) == 200
    windows = set()
    for index in range(50):
        rng = stream(*keys(index))
        values = [rng.getrandbits(64) for _ in range(200)]
        assert windows.isdisjoint(values), "a stream goes on where a neighbour was"
        windows.update(values)


def test_a_stream_starts_anew_each_time():
    assert [stream(3, "a").random() for _ in range(2)] == [stream(3, "a").random()] * 2


PINNED_INTEGER = 14_142_332_673_393_059_545
PINNED_DRAWS = [258, 875, 431, 485]
