"""The catalogue of parts: every interchangeable piece is one file in a folder of parts.

A part's name is its file's name, so listing the names imports nothing. The file defines one class
of the same name (`rope.py` defines `Rope`, `rms_norm.py` defines `RMSNorm`; case and underscores
do not matter). A part's settings are the fields of its nested `Settings` dataclass if it has one,
else its own dataclass fields.

A name may also be the path of a user's own file (`my/gcd.py`), or come from another package through
an entry point in the group `abacist.<room>.<folder>`, e.g. `abacist.problems.operations`.

This module needs nothing outside the standard library, so that the runtime may use it.
"""

import dataclasses
import hashlib
import importlib
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from abacist.core.errors import SettingsError, UnknownName

PACKAGE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Part:
    """The choice of one part: its name and its settings."""

    name: str
    settings: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, value: "Part | str | dict[str, Any]") -> "Part":
        """Accept `"rope"`, `{"name": "rope", "base": 10000}` or a Part."""
        if isinstance(value, Part):
            return value
        if isinstance(value, str):
            return cls(value)
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            return cls(value["name"], {key: item for key, item in value.items() if key != "name"})
        raise SettingsError(f"expected a part's name or {{'name': ...}}, got {value!r}")


@dataclass(frozen=True)
class PartOf:
    """Annotation for a settings field: `Annotated[Part, PartOf("models.positions")]`."""

    folder: str

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> Any:
        # Imported here: only settings validation needs pydantic, the runtime never gets this far.
        from abacist.core.settings import part_schema

        return part_schema(self.folder)


def names(folder: str) -> list[str]:
    """List the parts of a folder such as `"models.positions"` by name, importing none of them."""
    return sorted({*own_names(folder), *_entry_points(folder)})


@cache
def own_names(folder: str) -> tuple[str, ...]:
    """List the parts that stand in this package itself."""
    files = (PACKAGE / folder.replace(".", "/")).glob("*.py")
    return tuple(sorted(path.stem for path in files if path.stem != "__init__"))


@cache
def load(folder: str, name: str) -> type[Any]:
    """Return the class of the part called `name` in `folder`.

    Raises: UnknownName if there is no such part, SettingsError if its file does not define it.
    """
    if is_path(name):
        return _load_file(folder, Path(name))
    if name in own_names(folder):
        return _class_of(importlib.import_module(f"abacist.{folder}.{name}"), name)
    if name in _entry_points(folder):
        return _entry_points(folder)[name].load()
    import difflib  # most starts make no mistake

    close = difflib.get_close_matches(name, names(folder), n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    raise UnknownName(f"no part {name!r} in {folder}; {hint}there are {', '.join(names(folder))}")


def settings_class(folder: str, name: str) -> type[Any]:
    """Return the dataclass that holds the part's settings."""
    part = load(folder, name)
    return getattr(part, "Settings", part)


def build(folder: str, part: Part | str | dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Make the part. One with a nested `Settings` gets them first, then `args`; one without is its settings."""
    part = Part.read(part)
    cls = load(folder, part.name)
    if hasattr(cls, "Settings"):
        return cls(cls.Settings(**part.settings), *args, **kwargs)
    return cls(**part.settings)


def is_path(name: str) -> bool:
    """Tell a user's own file from a name of the catalogue."""
    return name.endswith(".py")


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@cache
def _entry_points(folder: str) -> dict[str, Any]:
    # Imported here: reading the metadata of all installed packages would slow every start.
    from importlib.metadata import entry_points

    return {entry.name: entry for entry in entry_points(group=f"abacist.{folder}")}


def _load_file(folder: str, path: Path) -> type[Any]:
    if not path.is_file():
        raise UnknownName(f"no file {path} to load a part of {folder} from; give the path of an existing .py file")
    import importlib.util  # most starts load no file of a user's own

    name = f"abacist_part_{file_hash(path)[:16]}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            del sys.modules[name]
            raise SettingsError(f"{path} cannot be loaded as a part of {folder}: {error!r}") from error
    return _class_of(sys.modules[name], path.stem)


def _class_of(module: Any, name: str) -> type[Any]:
    wanted = name.replace("_", "").lower()
    for attribute, value in vars(module).items():
        if isinstance(value, type) and attribute.lower() == wanted and value.__module__ == module.__name__:
            if not (dataclasses.is_dataclass(value) or hasattr(value, "Settings")):
                raise SettingsError(f"{attribute} in {module.__file__} needs @dataclass or a nested Settings dataclass")
            return value
    raise SettingsError(f"{module.__file__} should define a class named like the file, {wanted!r} in any case")
