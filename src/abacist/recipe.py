"""The seam for recipes: a named experiment is a function that returns a run's settings."""

import dataclasses
import difflib
import importlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from abacist.core.catalogue import is_path, own_names
from abacist.core.errors import SettingsError, UnknownName
from abacist.core.settings import check, dump, override
from abacist.runs.settings import RunSettings

FOLDER = "recipes"

Recipe = Callable[..., dict[str, Any]]
"""Dials in, nested settings out; only what differs from the defaults is named."""


def find(name: str) -> Recipe:
    """Return the recipe of a name, or the one in a user's own file. Raises: SettingsError if there is none."""
    if is_path(name):
        spec = importlib.util.spec_from_file_location(Path(name).stem, name)
        if not Path(name).is_file() or spec is None or spec.loader is None:
            raise SettingsError(f"no file {name} to take a recipe from")
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise SettingsError(f"{name} cannot be loaded as a recipe: {error!r}") from error
    elif (own := name.replace("-", "_")) in own_names(FOLDER):
        name, module = own, importlib.import_module(f"abacist.recipes.{own}")
    else:
        close = difflib.get_close_matches(name, own_names(FOLDER), n=1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise SettingsError(f"no recipe {name!r}; {hint}there are {', '.join(own_names(FOLDER))}")
    function = getattr(module, Path(name).stem, None)
    if not callable(function):
        raise SettingsError(f"{module.__file__} should define a function named like the file")
    return function


def dials(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe's dials with their defaults."""
    return {name: parameter.default for name, parameter in inspect.signature(recipe).parameters.items()}


def summary(recipe: Recipe) -> str:
    """Return the first line of a recipe's docstring."""
    return (inspect.getdoc(recipe) or "").partition("\n")[0]


def settings_of(name: str, changes: list[tuple[str, Any]]) -> RunSettings:
    """Return the checked settings of a recipe; changes that name a dial turn it, the others set a path.

    Raises: SettingsError with every wrong key; UnknownName if there is no such dial or setting.
    """
    recipe = find(name)
    turned = {key: value for key, value in changes if key in dials(recipe)}
    rest = [(key, value) for key, value in changes if key not in dials(recipe)]
    fields = [field.name for field in dataclasses.fields(RunSettings)]
    wrong = []
    for key, _ in rest:
        if "." not in key and key not in fields:
            close = difflib.get_close_matches(key, [*dials(recipe), *fields], n=1)
            hint = f"; did you mean {close[0]}?" if close else f"; its dials are {', '.join(dials(recipe)) or 'none'}"
            wrong.append(f"{key}: {name} has no such dial or setting{hint}")
    kind = UnknownName if wrong else SettingsError
    wrong += [
        f"{key}: {name} takes a number like {dials(recipe)[key]!r}, got {value!r}"
        for key, value in turned.items()
        if type(value) is not type(dials(recipe)[key])
    ]
    if wrong:
        raise kind("\n".join(wrong))
    values = recipe(**turned)
    whole = dump(check(RunSettings, {"recipe": Path(name).stem, **values}))
    return change(whole, rest)


def change(values: dict[str, Any], changes: list[tuple[str, Any]]) -> RunSettings:
    """Return whole settings with paths set; naming a budget takes the place of the other one."""
    keys = {key for key, _ in changes}
    budget = {"training.steps": "training.minutes", "training.minutes": "training.steps"}
    instead = [(budget[key], None) for key in keys if key in budget and budget[key] not in keys]
    return check(RunSettings, override(values, [*instead, *changes]))
