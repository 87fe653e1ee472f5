"""Packed numbers: what comes back, how far off, and in how many bits."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from abacist.core.errors import DataError, SettingsError
from abacist.core.packing import CODES, DESCRIPTION, SCALES, Packing, pack, packed, unpack, unpacked

numbers = arrays(
    np.float32,
    array_shapes(min_dims=1, max_dims=3, max_side=9),
    elements=st.floats(-(2.0**99), 2.0**99, width=32),
)
packings = st.builds(Packing, bits=st.integers(2, 8), group=st.integers(1, 12))


def groups(array: np.ndarray, group: int) -> list[np.ndarray]:
    rows = array.reshape(-1, array.shape[-1])
    return [row[start : start + group] for row in rows for start in range(0, len(row), group)]


@given(numbers, packings)
def test_every_group_is_at_least_as_near_as_with_a_scale_from_its_maximum(array, packing):
    back = unpack(pack(array, packing))
    assert back.shape == array.shape
    assert back.dtype == np.float32
    for one, other in zip(groups(array, packing.group), groups(back, packing.group), strict=True):
        exact = one.astype(np.float64)
        # Half a step for each number; a scale kept in 16 bits is up to 1/128 longer.
        half = np.abs(exact).max() / (2 ** (packing.bits - 1) - 1) / 2 * (1 + 1 / 128) + 1e-38
        assert np.square(exact - other).sum() <= len(one) * half**2 * (1 + 1e-6)


@given(numbers, packings)
def test_zero_stays_zero_and_signs_are_kept(array, packing):
    back = unpack(pack(array, packing))
    assert (back[array == 0] == 0).all()
    assert (back * np.sign(array) >= 0).all()


@given(numbers, packings)
def test_bits_are_told_to_the_bit_and_kept_to_the_byte(array, packing):
    made = pack(array, packing)
    rows = array.size // array.shape[-1]
    count = rows * -(-array.shape[-1] // packing.group)
    assert made.bits == array.size * packing.bits + 16 * count
    assert made.codes.nbytes == -(-array.size * packing.bits // 8)
    assert made.scales.nbytes == 2 * count


@given(packings, st.data())
def test_codes_times_a_scale_come_back_exactly(packing, data):
    largest = 2 ** (packing.bits - 1) - 1
    codes = data.draw(arrays(np.int64, (3, 12), elements=st.integers(-largest, largest)))
    codes[:, :: packing.group] = largest  # so that the maximum gives the scale
    array = codes.astype(np.float32) * np.float32(0.125)
    assert np.array_equal(unpack(pack(array, packing)), array)


def test_two_numbers_of_four_bits_lie_in_a_byte():
    made = pack(np.array([[7.0, -7.0, 0.0, 1.0]]), Packing(4))
    assert made.codes.tolist() == [0xE0, 0x78]
    assert unpack(made).tolist() == [[7.0, -7.0, 0.0, 1.0]]


def test_cutting_an_outlier_off_pays_with_few_bits():
    array = np.append(np.ones(60), 1.9)
    back = unpack(pack(array, Packing(2)))
    assert back[-1] < 1.9  # the scale of the maximum would write 1.9 for every one
    assert np.square(back - array).sum() < 0.1 * 60 * 0.9**2


def test_named_arrays_are_packed_and_all_come_back():
    rng = np.random.default_rng(1)
    given_ = {"a": rng.normal(size=(5, 7)).astype(np.float32), "b": np.arange(4), "c": np.ones(3, np.float32)}
    stored, about = packed(given_, {"a"}, Packing(6, 4))
    assert set(stored) == {"a" + CODES, "a" + SCALES, "b", "c"}
    back = unpacked(stored, about)
    assert set(back) == set(given_)
    assert np.array_equal(back["a"], unpack(pack(given_["a"], Packing(6, 4))))
    assert np.abs(back["a"] - given_["a"]).max() < 0.1
    assert back["b"] is given_["b"]
    assert unpacked(given_, None) == unpacked(given_, {"format": "pt"}) == given_


@pytest.mark.parametrize(
    "about",
    [
        "no JSON",
        "[]",
        '{"a": 3}',
        '{"a": {"bits": 4, "group": 4}}',
        '{"a": {"shape": [2, 3], "bits": 9, "group": 4}}',
        '{"b": {"shape": [2, 3], "bits": 4, "group": 4}}',
        '{"a": {"shape": [2, 4], "bits": 4, "group": 4}}',
        '{"a": {"shape": [2, 3], "bits": 5, "group": 4}}',
        '{"a": {"shape": [2, 3], "bits": 4, "group": 2}}',
        '{"a": {"shape": [], "bits": 4, "group": 2}}',
        '{"a": {"shape": [-2, -3], "bits": 4, "group": 4}}',
    ],
)
def test_a_broken_description_is_told(about):
    stored, whole = packed({"a": np.ones((2, 3), np.float32)}, ["a"], Packing(4, 4))
    assert json.loads(whole[DESCRIPTION]) == {"a": {"shape": [2, 3], "bits": 4, "group": 4}}
    with pytest.raises(DataError, match="packed numbers"):
        unpacked(stored, {DESCRIPTION: about})


@pytest.mark.parametrize(
    ("settings", "told"), [({"bits": 1}, "2 to 8"), ({"bits": 9}, "2 to 8"), ({"group": 0}, "at least 1")]
)
def test_settings_are_checked(settings, told):
    with pytest.raises(SettingsError, match=told):
        Packing(**settings)
