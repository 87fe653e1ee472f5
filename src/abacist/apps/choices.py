"""What --over and --set choose of a recipe, a settings file or a run: names checked, short ones written out."""

import dataclasses
import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from abacist.apps.short_names import PATHS, in_full
from abacist.apps.source import settings_from
from abacist.core.catalogue import own_names
from abacist.core.errors import SettingsError, UnknownName
from abacist.recipe import FOLDER, dials, find
from abacist.runs.settings import RunSettings

Choice = tuple[str, Any]


@dataclass(frozen=True)
class Choosing:
    """Settings of a source by the values chosen for some of its paths."""

    source: str
    paths: Sequence[str]
    """What is chosen: dials, settings, short names."""
    fixed: Sequence[Choice]
    """What holds for every choice, written out."""

    @classmethod
    def of(cls, source: str, paths: Sequence[str], changes: Sequence[Choice]) -> "Choosing":
        """Check all names. Raises: UnknownName for one that there is not, SettingsError for one given twice."""
        own = _dials(source)
        for path in [*paths, *(path for path, _ in changes)]:
            _check_name(path, source, own)
        fixed = [in_full(path, value, own) for path, value in changes]
        whole = [in_full(path, None, own)[0] for path in paths]
        twice = [path for path in whole if whole.count(path) > 1 or path in dict(fixed)]
        if twice:
            raise SettingsError(f"{twice[0]}: given twice; name it in one --over, and not with --set too")
        return cls(source, paths, fixed)

    @property
    def headings(self) -> list[str]:
        """The last names of the paths, whole where two end alike."""
        last = [path.rpartition(".")[2] for path in self.paths]
        return [path if last.count(short) > 1 else short for path, short in zip(self.paths, last, strict=True)]

    def settings(self, values: Sequence[Any]) -> RunSettings:
        """Return the settings with a value for each path. Raises: SettingsError, UnknownName."""
        own = _dials(self.source)
        chosen = (in_full(path, value, own) for path, value in zip(self.paths, values, strict=True))
        return settings_from(self.source, [*chosen, *self.fixed])


def _dials(source: str) -> dict[str, Any]:
    made_before = source not in own_names(FOLDER) and (Path(source).is_dir() or Path(source).suffix == ".json")
    return {} if made_before else dials(find(source))


def _check_name(path: str, source: str, own: dict[str, Any]) -> None:
    """Refuse the seed, which has its own argument, and what is no setting, dial or short name."""
    if path == "seed":
        raise SettingsError("seed: the seeds 1 to N are taken without being named; give --seeds N")
    known = [*own, *PATHS, *(each.name for each in dataclasses.fields(RunSettings))]
    if "." not in path and path not in known:
        close = difflib.get_close_matches(path, known, n=1)
        hint = f"did you mean {close[0]}?" if close else "abacist compare --help has the short names"
        raise UnknownName(f"{path}: {source} has no such dial or setting; {hint}")
