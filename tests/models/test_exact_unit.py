"""The exact unit: what it works out follows from readings alone, and is told as far as its gate is open."""

from collections.abc import Sequence
from fractions import Fraction

import pytest
import torch

from abacist.core.readings import READINGS
from abacist.models.exact_unit import END, NOTHING, ExactUnit, UnitSettings, answer_signs, gate_closed, turned
from abacist.models.reduction import WINDOWS, items_of, reduced, shown, window


def first(_windows: Sequence[int], _places: Sequence[int]) -> int:
    return 0


@pytest.mark.parametrize(
    ("signs", "value"),
    [
        ("12+34", 46),
        ("7~12", 5),
        ("7|12", 5),
        ("-5", -5),
        ("2--3", 5),
        ("-(2+3)", -5),
        ("((7))", 7),
        ("50%", Fraction(1, 2)),
        ("1.5*4", 6),
        ("2+3*4", 20),  # the first that can be done is
        ("12", 12),
        ("", None),
        ("+", None),
        ("1/0", None),
        ("1.2.3+1", None),
        ("(1+2", None),
        ("1)(2", None),
        ("5%-3", Fraction(-59, 20)),
    ],
)
def test_a_row_of_readings_is_worked_out(signs: str, value: Fraction | None):
    assert reduced(signs, first) == value


def test_each_application_is_told_with_its_result():
    told: list[str] = []
    reduced("(1/3)*-6+0.5", first, lambda what, value: told.append(f"{what} = {shown(value)}"))
    assert told == ["1/3 = 1/3", "((1/3)) = 1/3", "-6 = -6", "(1/3)*-6 = -2", "-2+0.5 = -1.5"]


def test_what_comes_first_is_chosen_by_who_calls():
    assert reduced("2+3*4", lambda windows, places: len(places) - 1) == 14
    assert reduced("8-4-2", first) == 2
    assert reduced("8-4-2", lambda windows, places: len(places) - 1) == 6


def test_windows_tell_kinds_and_no_values():
    few, many = items_of("1+2*3"), items_of("98+7*654321")
    assert few is not None
    assert many is not None
    assert [window(few, place) for place in range(5)] == [window(many, place) for place in range(5)]
    assert len({window(few, place) for place in range(5)}) == 5
    assert all(0 <= window(few, place) < WINDOWS for place in range(5))


def unit(**settings: object) -> ExactUnit:
    torch.manual_seed(1)
    return ExactUnit(UnitSettings(**settings), 8)  # type: ignore[arg-type]


def read(signs: str) -> list[int]:
    return [READINGS.index(sign) for sign in signs]


def test_answers_are_told_in_the_order_and_with_the_decimals_wished():
    questions = [read("27/86"), read("19-52"), read("1+"), [*read("12"), len(READINGS), *read("*12")]]
    assert unit().results(questions) == ["0.31", "-33", None, "144"]
    assert unit(places=3, pad=True).results([read("1/8"), read("1+1")]) == ["0.125", "2.000"]
    assert unit(order="reversed").results([read("21+43"), read("72/68")]) == ["64", "13.0"]
    assert turned("21+43") == "12+34"
    assert answer_signs("-7", 5) == [11, 7, END, NOTHING, NOTHING]
    assert answer_signs(None, 2) == [NOTHING, NOTHING]


def test_a_closed_gate_leaves_hidden_states_as_they_are():
    part = unit()
    x, told = torch.randn(3, 4, 8), torch.tensor([[NOTHING, 1, END, NOTHING]] * 3)
    gate = torch.full((3, 1), 50.0)
    heard = part(x, told, gate)
    assert torch.equal(heard[:, [0, 3]], x[:, [0, 3]])
    torch.testing.assert_close(heard[:, 1], part.signs.weight[1].expand(3, 8))
    torch.testing.assert_close(part(x, told, -gate), x)
    partly = part(x, told, gate, torch.tensor([[True], [False], [True]]))
    assert torch.equal(partly[1], x[1])
    assert not torch.equal(partly[0], x[0])
    with gate_closed(part):
        assert torch.equal(part(x, told, gate), x)
    assert torch.equal(part(x, told, gate), heard)
