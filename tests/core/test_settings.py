import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abacist.core.catalogue import Part, PartOf
from abacist.core.errors import SettingsError, UnknownName
from abacist.core.settings import check, dump, leaves, override, read_assignment, read_choices
from abacist.runs.settings import RunSettings


@dataclass(frozen=True)
class Inner:
    width: int = 3
    mode: Literal["a", "b"] = "a"

    def __post_init__(self) -> None:
        if self.width < 1:
            raise SettingsError(f"width must be at least 1, got {self.width}")


@dataclass(frozen=True)
class Tree:
    steps: int
    rate: float = 0.5
    inner: Inner = field(default_factory=Inner)
    several: list[Inner] = field(default_factory=list)
    position: Annotated[Part, PartOf("models.positions")] = Part("rope")


def complaints(values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        check(Tree, values)
    return str(caught.value).splitlines()


def test_defaults_are_filled_in_parts_too():
    assert dump(check(Tree, {"steps": 1, "position": {"name": "rope"}})) == {
        "steps": 1,
        "rate": 0.5,
        "inner": {"width": 3, "mode": "a"},
        "several": [],
        "position": {"name": "rope", "base": 10_000.0, "periods": None, "spread": None},
    }


def test_every_error_is_shown_at_once():
    lines = complaints(
        {
            "rate": "fast",
            "inner": {"width": 0},
            "several": [{}, {"mode": "c"}],
            "position": "rop",
            "stesp": 3,
        }
    )
    assert len(lines) == 6
    for start in ("steps: must be given", "rate: ", "inner", "several.1.mode: ", "position: no part 'rop'", "stesp: "):
        assert any(line.startswith(start) for line in lines), (start, lines)


@pytest.mark.parametrize(
    ("values", "meant"),
    [
        ({"steps": 1, "rat": 2}, "rat: unknown setting; did you mean rate?"),
        ({"steps": 1, "inner": {"widht": 2}}, "inner.widht: unknown setting; did you mean inner.width?"),
        ({"steps": 1, "width": 2}, "width: unknown setting; did you mean inner.width?"),
        ({"steps": 1, "qqqqqq": 2}, "qqqqqq: unknown setting"),
    ],
)
def test_an_unknown_key_says_which_was_meant(values: dict[str, Any], meant: str):
    assert complaints(values) == [meant]


def test_an_unknown_setting_of_a_part_is_named_with_its_path():
    (line,) = complaints({"steps": 1, "position": {"name": "rope", "bass": 3}})
    assert line == "position.bass: unknown setting; did you mean base?"


def test_a_part_s_own_check_is_reported_with_its_path(tiny_settings: Callable[..., RunSettings]):
    with pytest.raises(SettingsError, match=r"task\.mixture\.0\.operation.*left should be \[lowest, highest\]"):
        tiny_settings(task__mixture__0__operation={"name": "addition", "left": [5, 1]})


@pytest.mark.parametrize("changes", [{}, {"seed": 3}, {"model__position": "learned"}, {"text__format": "padded"}])
def test_settings_survive_dump_json_and_check(tiny_settings: Callable[..., RunSettings], changes: dict[str, Any]):
    settings = tiny_settings(**changes)
    read = check(RunSettings, json.loads(json.dumps(dump(settings))))
    assert dump(read) == dump(settings)
    assert check(RunSettings, dump(read)) == read


def test_override_sets_paths_and_leaves_the_original_alone():
    values = {"a": {"b": [{"c": 1}, {"c": 2}]}, "d": 1}
    changed = override(values, [("a.b.1.c", 9), ("d", 2), ("e.f", 3)])
    assert changed == {"a": {"b": [{"c": 1}, {"c": 9}]}, "d": 2, "e": {"f": 3}}
    assert values == {"a": {"b": [{"c": 1}, {"c": 2}]}, "d": 1}


def test_override_of_a_part_s_name_forgets_the_old_part_s_settings():
    values = {"position": {"name": "rope", "base": 3}}
    assert override(values, [("position", "nope")]) == {"position": {"name": "nope"}}
    assert override(values, [("position.name", "nope")]) == {"position": {"name": "nope"}}
    assert override(values, [("position.name", "rope")]) == values


def test_override_leaves_what_it_is_given_alone():
    given = {"name": "rope"}
    assert override({}, [("position", given), ("position.base", 3)]) == {"position": {"name": "rope", "base": 3}}
    assert override({"a": [0]}, [("a.0", given), ("a.0.base", 3)]) == {"a": [{"name": "rope", "base": 3}]}
    assert given == {"name": "rope"}


def test_override_goes_into_a_part_named_by_text():
    assert override({"position": "rope"}, [("position.base", 3)]) == {"position": {"name": "rope", "base": 3}}


def test_override_begins_what_is_left_away():
    assert override({"start": None}, [("start.weights", "runs/x")]) == {"start": {"weights": "runs/x"}}


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("d.x", "d.x: d is a single value, it has no 'x'"),
        ("d.x.y", "d.x.y: d is a single value, it has no 'x'"),
        ("a.5", "a.5: '5' should be a number from 0 to 1"),
        ("a.x", "a.x: 'x' should be a number from 0 to 1"),
    ],
)
def test_override_refuses_a_path_that_leads_nowhere(path: str, complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        override({"a": [1, 2], "d": 1}, [(path, 0)])


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("a.b=3", "a.b", 3),
        ("rate=3e-4", "rate", 3e-4),
        ("rate=0.5", "rate", 0.5),
        ("position=rope", "position", "rope"),
        ("on=true", "on", True),
        ("steps=null", "steps", None),
        ("left=[0, 9]", "left", [0, 9]),
        ('p={"name": "rope"}', "p", {"name": "rope"}),
        ("mode=no", "mode", "no"),
        ("text=a=b", "text", "a=b"),
        ("empty=", "empty", ""),
        (" a =1", "a", 1),
    ],
)
def test_an_assignment_is_json_where_it_can_be_else_text(text: str, path: str, value: object):
    read = read_assignment(text)
    assert read == (path, value)
    assert type(read[1]) is type(value)


@pytest.mark.parametrize("text", ["steps", "=3", "  =3", ""])
def test_what_is_no_assignment_is_explained(text: str):
    with pytest.raises(SettingsError, match="write path=value"):
        read_assignment(text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_that_number(number: float):
    assert math.isclose(read_assignment(f"x={number!r}")[1], number, rel_tol=0, abs_tol=0)


def test_leaves_lists_every_path():
    assert [path for path, _ in leaves({"a": [{"b": 1}], "c": {}})] == ["a", "a.0", "a.0.b", "c"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("seed=1,2,3", [1, 2, 3]),
        ("position=rope,nope", ["rope", "nope"]),
        ("rate=3e-4, fast", [3e-4, "fast"]),
        ('p={"name":"places","places":8},rope', [{"name": "places", "places": 8}, "rope"]),
        ('p=rope, {"name": "places"}', ["rope", {"name": "places"}]),
        ("left=[0,9],[0,99]", [[0, 9], [0, 99]]),
        ("mode=1st,2nd,", ["1st", "2nd"]),
        ("own=my/parity.py,my/other.py", ["my/parity.py", "my/other.py"]),
    ],
)
def test_choices_are_separated_by_commas_outside_of_json(text: str, values: list[object]):
    assert read_choices(text) == [(text.partition("=")[0], value) for value in values]


@pytest.mark.parametrize(
    ("changes", "wrong_name"),
    [
        ({"model__depth": 3}, True),
        ({"model__position": "ropes"}, True),
        ({"model__position": {"name": "rope", "bases": 3}}, True),
        ({"model__n_heads": 7}, False),
        ({"training__steps": "many"}, False),
    ],
)
def test_a_wrong_name_is_told_from_a_wrong_value(
    tiny_settings: Callable[..., RunSettings], changes: dict[str, Any], wrong_name: bool
):
    with pytest.raises(SettingsError) as caught:
        tiny_settings(**changes)
    assert isinstance(caught.value, UnknownName) == wrong_name


def test_what_is_wrong_with_the_whole_has_no_path_before_it():
    with pytest.raises(SettingsError) as caught:
        check(RunSettings, {"training": {"steps": 1}})
    assert str(caught.value).startswith("give either a task")
    with pytest.raises(SettingsError) as caught:
        check(RunSettings, 3)  # type: ignore[arg-type]
    assert not str(caught.value).startswith(":")
