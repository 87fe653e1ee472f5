"""A run folder: settings, weights, tokenizer, training state, metrics, grades, report, versions."""

import dataclasses
import json
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from abacist.core import catalogue
from abacist.core.catalogue import Part
from abacist.core.errors import RunError
from abacist.core.settings import check, dump, leaves
from abacist.problems.apart import read_apart
from abacist.runs.settings import RunSettings

SETTINGS, VERSIONS, TOKENIZER, GRADES, REPORT, FAR = (
    "settings.json",
    "versions.json",
    "tokenizer.json",
    "grades.json",
    "report.html",
    "far.json",
)
EXPERTS = "experts.json"
FAR_KEPT = "far"
"""A folder of answers beyond the trained sizes, a file for each thing that was asked."""
SHRUNK = "shrunk.json"
"""Of which run these weights were made, how, and how large they are; a run that has it cannot be trained on."""
PARTS = "parts"
APART = "apart.txt"


def create(path: Path, settings: RunSettings) -> None:
    """Make a run folder with its settings, versions, and copies of a user's own parts and of what is kept apart.

    Raises: RunError if the folder holds something already.
    """
    check_free(path)
    path.mkdir(parents=True, exist_ok=True)
    copied = _keep_own_parts(path, dump(settings))
    apart = None if settings.task is None else settings.task.split.apart
    if apart is not None:
        read_apart(apart)  # before it is copied: whoever gave the wrong file is told so
        copied["task"]["split"]["apart"] = str(shutil.copyfile(apart, path / APART))
    versions = {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": dict(_package_versions("abacist", "torch", "accelerate", "numpy", "safetensors")),
        "own_parts": {file.name: catalogue.file_hash(file) for file in sorted((path / PARTS).glob("*.py"))},
    }
    write_json(path / VERSIONS, versions)
    write_settings(path, check(RunSettings, copied))


def check_free(path: Path) -> None:
    """See whether a run folder can be made. Raises: RunError if it holds something already."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RunError(f"{path} exists; choose another --name, go on with --resume, or allow --overwrite")


def with_whole_paths(settings: RunSettings) -> RunSettings:
    """Return settings that name a run's data and the weights it begins with wherever one stands."""

    def whole(path: str) -> str:
        return str(Path(path).resolve()) if path and Path(path).exists() else path

    data, corpus, start = settings.data, settings.corpus, settings.start
    if data.file is not None:
        data = dataclasses.replace(data, file=str(Path(data.file).resolve()))
    if corpus is not None:
        sources = [dataclasses.replace(each, text=_with_whole_paths(each.text, whole)) for each in corpus.sources]
        corpus = dataclasses.replace(corpus, sources=sources)
    if start is not None:
        start = dataclasses.replace(start, weights=whole(start.weights))
    return dataclasses.replace(settings, data=data, corpus=corpus, start=start)


def _with_whole_paths(part: Part, whole: Callable[[str], str]) -> Part:
    settings = dict(part.settings)
    if "paths" in settings:
        settings["paths"] = [whole(each) for each in settings["paths"]]
    settings |= {key: whole(settings[key]) for key in ("path", "vocabulary") if isinstance(settings.get(key), str)}
    return Part(part.name, settings)


def write_settings(path: Path, settings: RunSettings) -> None:
    """Save a run's settings; its own files are named relative to the folder, so that it can be moved."""
    values = dump(settings)
    if settings.task is not None and settings.task.split.apart is not None:
        values["task"]["split"]["apart"] = APART
    for place, name in own_parts(values):
        place["name"] = f"{PARTS}/{Path(name).name}"
    write_json(path / SETTINGS, values)


def read_settings(path: Path) -> RunSettings:
    """Read a run's settings. Raises: RunError if the folder holds no run, SettingsError if they are wrong."""
    return check(RunSettings, read_values(path))


def read_values(path: Path) -> dict[str, Any]:
    """Read a run's settings as plain values; its own files are named by the paths of their copies."""
    if not (path / SETTINGS).is_file():
        raise RunError(f"{path} is no run: it holds no {SETTINGS}")
    values: dict[str, Any] = read_json(path / SETTINGS)
    for place, name in own_parts(values):
        if not Path(name).is_absolute():
            place["name"] = str(path / name)
    split = (values.get("task") or {}).get("split", {})
    if split.get("apart") == APART:
        split["apart"] = str(path / APART)
    return values


def write_json(path: Path, values: Any) -> None:
    """Write readable JSON, whole or not at all."""
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    temporary.replace(path)


def read_json(path: Path) -> Any:
    """Read JSON. Raises: RunError that names the file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None


def own_parts(values: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each place in settings that names a file of the user's own, with the name."""
    for _, value in leaves(values):
        if isinstance(value, dict) and isinstance(value.get("name"), str) and catalogue.is_path(value["name"]):
            yield value, value["name"]


def _keep_own_parts(path: Path, values: Any) -> Any:
    for place, name in own_parts(values):
        copy = path / PARTS / Path(name).name
        if copy.exists() and catalogue.file_hash(copy) != catalogue.file_hash(Path(name)):
            raise RunError(f"two different parts are called {copy.name}; rename one of the files")
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(name, copy)
        place["name"] = str(copy)
    return values


def _package_versions(*names: str) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
