"""What --over names: values one by one, or ranges."""

import pytest

from abacist.core.errors import SettingsError
from abacist.core.search_space import Listed, Range, read_over


def test_values_are_read_as_comparisons_read_them():
    assert read_over("model.d_model=4,8") == Listed("model.d_model", (4, 8))
    part = '{"name":"places","places":8}'
    assert read_over(f"position=rope,{part}") == Listed("position", ("rope", {"name": "places", "places": 8}))
    assert read_over("format=../mine.py,2..py") == Listed("format", ("../mine.py", "2..py"))


@pytest.mark.parametrize(
    ("text", "range_", "values"),
    [
        ("4..16:4", Range("x", 4, 16, 4), (4, 8, 12, 16)),
        ("4..15:4", Range("x", 4, 15, 4), (4, 8, 12)),
        ("1..3", Range("x", 1, 3), (1, 2, 3)),
        ("0.1..0.3:0.1", Range("x", 0.1, 0.3, 0.1), (0.1, 0.2, 0.3)),
        ("-1..1:1", Range("x", -1, 1, 1), (-1, 0, 1)),
        ("1..2:.5", Range("x", 1, 2, 0.5), (1.0, 1.5, 2.0)),
    ],
)
def test_a_range_with_steps_is_its_values(text, range_, values):
    assert read_over(f"x={text}") == range_
    assert range_.listed() == Listed("x", values)
    assert {type(value) for value in range_.listed().values} == {type(values[0])}


@pytest.mark.parametrize(
    ("text", "range_"),
    [
        ("1e-3..3e-2:log", Range("x", 1e-3, 3e-2, None, True)),
        ("0.5..2", Range("x", 0.5, 2)),
        ("4..256:log", Range("x", 4, 256, None, True)),
    ],
)
def test_a_range_without_steps_is_no_grid(text, range_):
    assert read_over(f"x={text}") == range_
    with pytest.raises(SettingsError, match="a grid needs single values"):
        range_.listed()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x=4..", "write a range as"),
        ("x=4..8:", "write a range as"),
        ("x=4..8:fast", "write a range as"),
        ("x=4..8,16", "write a range as"),
        ("x=8..4", "the smaller number first"),
        ("x=4..4", "the smaller number first"),
        ("x=1..1e999", "the smaller number first"),
        ("x=0..4:log", "begins above 0"),
        ("x=0..4:0", "the step should be above 0"),
        ("x=0..4:5", "fit into the range"),
        ("x=", "write path=value,value"),
        ("x", "write path=value,value"),
        ("=1,2", "write path=value"),
        ("=1..2", "write a range as path="),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(text, words):
    with pytest.raises(SettingsError, match=words) as caught:
        read_over(text)
    assert "\n" not in str(caught.value)


def test_a_range_of_too_many_values_is_no_grid():
    with pytest.raises(SettingsError, match="100,001 values are too many"):
        Range("x", 0, 100_000).listed()
