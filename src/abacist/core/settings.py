"""Settings trees: dataclasses checked by pydantic before any work starts, every error at once.

A tree is made of plain dataclasses, each default in one place. Fields that choose a part are
`Annotated[Part, PartOf(folder)]`; checking fills in the part's own defaults, so a saved tree is whole.
"""

import copy
import dataclasses
import difflib
import json
import typing
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import core_schema

from abacist.core import catalogue
from abacist.core.catalogue import Part
from abacist.core.errors import SettingsError, UnknownName

Tree = TypeVar("Tree")


def check(cls: type[Tree], values: dict[str, Any]) -> Tree:
    """Make the settings tree `cls` from nested dicts.

    Raises: SettingsError with one line for each wrong or unknown key; UnknownName if there is an unknown one.
    """
    try:
        return _adapter(cls).validate_python(values)
    except ValidationError as error:
        known = [path for path, _ in leaves(values)] + list(_field_paths(cls))
        lines = [line for item in error.errors() for line in _explain(item, known)]
        kind = UnknownName if any(map(_is_unknown, error.errors())) else SettingsError
        raise kind("\n".join(lines)) from None


def dump(tree: Any) -> Any:
    """Turn a settings tree into plain JSON values."""
    if isinstance(tree, Part):
        return {"name": tree.name, **{key: dump(value) for key, value in tree.settings.items()}}
    if dataclasses.is_dataclass(tree):
        return {item.name: dump(getattr(tree, item.name)) for item in dataclasses.fields(tree)}
    if isinstance(tree, dict):
        return {key: dump(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [dump(value) for value in tree]
    return tree


def override(values: dict[str, Any], changes: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return `values` with each dotted path set, e.g. `("task.mixture.0.weight", 2)`.

    Raises: UnknownName for a path that goes through something that holds no keys, or past a list's end.
    """
    result: dict[str, Any] = copy.deepcopy(values)
    for path, value in changes:
        *parents, last = path.split(".")
        place: Any = result
        walked = ""
        for key in parents:
            place, walked = _step(place, key, path, walked), f"{walked}.{key}".lstrip(".")
        if isinstance(place, list):
            place[_list_index(place, last, path)] = copy.deepcopy(value)
        elif isinstance(place, dict):
            old = place.get(last)
            # A part named anew loses the settings of the old one: `--set model.position=learned`.
            renamed = isinstance(old, dict) and "name" in old and isinstance(value, str) and value != old["name"]
            # A copy: the next path may lead into what this one sets, and whoever gave it may give it again.
            place[last] = {"name": value} if renamed else copy.deepcopy(value)
            if last == "name" and old != value and old is not None:
                for other in [key for key in place if key != "name"]:
                    del place[other]
        else:
            raise UnknownName(f"{path}: {walked} is a single value, it has no {last!r}")
    return result


def read_assignment(text: str) -> tuple[str, Any]:
    """Read `path=value`; the value is JSON where it can be, else text (`3e-4` is a number, `rope` a text)."""
    path, equals, value = text.partition("=")
    if not equals or not path.strip():
        raise SettingsError(f"--set {text!r}: write path=value, e.g. --set training.steps=500")
    try:
        return path.strip(), json.loads(value)
    except json.JSONDecodeError:
        return path.strip(), value


def read_choices(text: str) -> list[tuple[str, Any]]:
    """Read `path=value,value,...` as one assignment for each value."""
    path, _, values = text.partition("=")
    choices = [read_assignment(f"{path}={value}") for value in _separated(values) if value]
    if not choices:
        raise SettingsError(f"--over {text!r}: write path=value,value, e.g. --over seed=1,2,3")
    return choices


def _separated(text: str) -> Iterator[str]:
    """Yield what stands between commas; one inside JSON, as in `{"name":"places","places":8}`, separates nothing."""
    while text := text.lstrip():
        try:
            _, end = json.JSONDecoder().raw_decode(text)
        except json.JSONDecodeError:
            end = 0
        if text[end : end + 1] not in ("", ","):
            end = 0
        value, _, text = (text[:end], ",", text[end + 1 :]) if end else text.partition(",")
        yield value


def shown(value: Any) -> str:
    """Write a value as tables have it: parts by their names, with what is set of them."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        settings = [f"{key}={shown(item)}" for key, item in value.items() if key != "name"]
        return " ".join([*([str(value["name"])] if "name" in value else []), *settings])
    return json.dumps(value)


def leaves(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every dotted path of nested dicts and lists, inner nodes too, with its value."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    for key, value in items:
        path = f"{prefix}{key}"
        yield path, value
        yield from leaves(value, path + ".")


def part_schema(folder: str) -> core_schema.CoreSchema:
    """Return the pydantic schema that checks the choice of a part of `folder` and fills in its settings."""

    def validate(value: Any) -> Part:
        part = Part.read(value)
        cls = catalogue.settings_class(folder, part.name)
        return Part(part.name, dump(check(cls, part.settings)))

    return core_schema.no_info_plain_validator_function(validate)


def _adapter(cls: type[Tree]) -> TypeAdapter[Tree]:
    _forbid_unknown(cls)
    return TypeAdapter(cls)


def _forbid_unknown(cls: Any) -> None:
    # Plain dataclasses carry no pydantic code; the rule "no unknown keys" is attached on first use.
    if not dataclasses.is_dataclass(cls) or "__pydantic_config__" in vars(cls):
        return
    cls.__pydantic_config__ = ConfigDict(extra="forbid", validate_default=True)  # type: ignore[union-attr]
    for item in _nested_dataclasses(cls):
        _forbid_unknown(item)


def _nested_dataclasses(cls: Any) -> Iterator[Any]:
    for hint in typing.get_type_hints(cls).values():
        for candidate in (hint, *typing.get_args(hint)):
            if isinstance(candidate, type) and dataclasses.is_dataclass(candidate) and candidate is not Part:
                yield candidate


def _field_paths(cls: Any, prefix: str = "") -> Iterator[str]:
    hints = typing.get_type_hints(cls)
    for item in dataclasses.fields(cls):
        yield prefix + item.name
        hint = hints[item.name]
        if isinstance(hint, type) and dataclasses.is_dataclass(hint) and hint is not Part:
            yield from _field_paths(hint, prefix + item.name + ".")


def _is_unknown(item: Any) -> bool:
    unknown = item["type"] in ("extra_forbidden", "unexpected_keyword_argument")
    return unknown or isinstance(item.get("ctx", {}).get("error"), UnknownName)


def _explain(item: Any, known: list[str]) -> Iterator[str]:
    path = ".".join(str(key) for key in item["loc"])
    if item["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        yield f"{path}: unknown setting{_did_you_mean(path, known)}"
    elif item["type"] == "value_error":
        where = f"{path}." if path else ""
        for line in str(item["ctx"]["error"]).splitlines():
            # A line of a part's own check starts with the key inside the part; other lines are sentences.
            yield f"{where}{line}" if ":" in line.split(" ")[0] or not path else f"{path}: {line}"
    elif item["type"] == "missing":
        yield f"{path}: must be given"
    else:
        where = f"{path}: " if path else ""
        yield f"{where}{item['msg'][0].lower()}{item['msg'][1:]}, got {item['input']!r}"


def _did_you_mean(path: str, known: list[str]) -> str:
    last = path.rsplit(".", 1)[-1]
    same_name = [other for other in known if other.rsplit(".", 1)[-1] == last and other != path]
    close = same_name or difflib.get_close_matches(path, [other for other in known if other != path], n=1, cutoff=0.5)
    by_key = difflib.get_close_matches(last, [other.rsplit(".", 1)[-1] for other in known if other != path], n=1)
    if not close and by_key:
        close = [other for other in known if other.rsplit(".", 1)[-1] == by_key[0] and other != path]
    return f"; did you mean {close[0]}?" if close else ""


def _step(place: Any, key: str, path: str, walked: str) -> Any:
    if isinstance(place, list):
        return place[_list_index(place, key, path)]
    if isinstance(place, dict):
        if isinstance(place.get(key), str) and key != "name":
            place[key] = {"name": place[key]}
        return place.setdefault(key, {})
    raise UnknownName(f"{path}: {walked} is a single value, it has no {key!r}")


def _list_index(place: list[Any], key: str, path: str) -> int:
    if not key.isdigit() or int(key) >= len(place):
        raise UnknownName(f"{path}: {key!r} should be a number from 0 to {len(place) - 1}")
    return int(key)
