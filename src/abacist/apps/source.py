"""Settings from whatever names them on the command line."""

from pathlib import Path
from typing import Any

from abacist.core.catalogue import own_names
from abacist.recipe import FOLDER, change, settings_of
from abacist.runs.folder import SETTINGS, read_json, read_values
from abacist.runs.settings import RunSettings


def settings_from(source: str, changes: list[tuple[str, Any]]) -> RunSettings:
    """Return the settings of a recipe, a recipe's own file, a settings file, or a run folder, with changes made.

    Raises: SettingsError or RunError that says what is wrong with the source or the changes.
    """
    path = Path(source)
    if source in own_names(FOLDER):
        return settings_of(source, changes)
    if path.is_dir():
        return change(read_values(path), changes)
    if path.suffix == ".json":
        return change(read_values(path.parent) if path.name == SETTINGS else read_json(path), changes)
    return settings_of(source, changes)
