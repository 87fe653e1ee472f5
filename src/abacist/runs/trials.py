"""Trials of a comparison: ordinary runs that are made once, gone on with, and never trained twice.

A run's own settings do not tell what was asked for: what is settled by trying, and the steps that a time budget
came to, are written over it. So what was asked lies beside them, with the digests of a user's own parts.
"""

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from abacist.core.catalogue import file_hash
from abacist.core.errors import RunError
from abacist.core.settings import dump, leaves
from abacist.evaluation.comparison import SetResult, Trial
from abacist.runs.folder import GRADES, own_parts, read_json, write_json
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Reading, Run
from abacist.runs.settings import RunSettings
from abacist.training.loop import STATE
from abacist.training.settings import TrainingSettings
from abacist.training.state import read_counters

ASKED = "asked.json"
TOLD = 3
"""Settings named, of those that differ."""
NAME = 80
"""Characters of a run folder's name; a longer one is cut."""


def folder_name(choices: Mapping[str, str], seed: int) -> str:
    """Return the name of the run folder of some choices, by their headings, and a seed: no two share one."""
    whole = "_".join(f"{heading}-{text}" for heading, text in choices.items())
    name = re.sub(r"[^\w.+-]+", "-", whole)[:NAME].strip("-")
    if name != whole:
        name += f"_{hashlib.sha256(whole.encode()).hexdigest()[:6]}"
    return f"{name}_seed-{seed}"


def check_same(path: Path, asked: RunSettings) -> None:
    """Hold a run that is there against what is asked for.

    Raises: RunError with what differs, or if no comparison made it.
    """
    if not (path / ASKED).is_file():
        raise RunError(f"{path} was not made by a comparison; choose another --name, or remove it")
    before, now = (dict(_single(values)) for values in (read_json(path / ASKED), _as_asked(asked)))
    changed = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    if changed:
        told = [f"{key}={json.dumps(before.get(key))}, not {json.dumps(now.get(key))}" for key in changed[:TOLD]]
        more = [f"{len(changed) - TOLD} more differ"] if len(changed) > TOLD else []
        raise RunError(
            f"{path} was made with {'; '.join([*told, *more])}: choose another --name, or --overwrite what differs"
        )


def prepare(
    path: Path,
    asked: RunSettings,
    tried: TrainingSettings | None,
    overwrite: bool = False,
    reading: Reading | None = None,
) -> Run:
    """Open the run that is there, or make it; `overwrite` makes it anew.

    `tried` are training settings whose precision and threads are taken over where they are to be settled by
    trying: what is compared shall not differ in them by chance. `reading` is told what is read.
    Raises: AbacistError if it cannot be made.
    """
    if path.exists() and not overwrite:
        return Run.open(path)
    training = asked.training
    if tried is not None:
        dtype = tried.dtype if training.dtype == "auto" else training.dtype
        threads = tried.threads if training.threads == "auto" else training.threads
        training = dataclasses.replace(training, dtype=dtype, threads=threads)
    values = _as_asked(asked)
    run = Run.create(path, dataclasses.replace(asked, training=training), overwrite, reading)
    write_json(path / ASKED, values)
    return run


def is_finished(path: Path) -> bool:
    """Tell whether the run in a folder, if there is one, has been trained to its end."""
    counters = read_counters(path / STATE)
    return counters is not None and counters.finished


def is_graded(run: ProblemRun) -> bool:
    """Tell whether a finished run's grades are those that its settings ask for."""
    if not (run.path / GRADES).is_file():
        return False
    graded, grading = read_json(run.path / GRADES), run.settings.grading
    if [each["name"] for each in graded] != [each.title for each in grading.sets]:
        return False
    return all(
        each["seed"] == grading.seed and "tokens_per_answer" in each and (each["note"] or each["count"] == asked.count)
        for each, asked in zip(graded, grading.sets, strict=True)
    )


def result(run: ProblemRun) -> Trial:
    """Return what a graded run came to."""
    counters = read_counters(run.path / STATE)
    assert counters is not None
    sets = [SetResult.of(values) for values in read_json(run.path / GRADES)]
    return Trial(str(run.path), run.settings.seed, counters.step, counters.seconds, sets)


def _as_asked(asked: RunSettings) -> dict[str, Any]:
    values = dump(asked)
    return {"settings": values, "own_parts": {name: file_hash(Path(name)) for _, name in own_parts(values)}}


def _single(values: dict[str, Any]) -> dict[str, Any]:
    """Return every single value by its path, as one gives it with --set."""
    whole = json.loads(json.dumps(values))
    found = {key.removeprefix("settings."): value for key, value in leaves(whole)}
    return {key: value for key, value in found.items() if not isinstance(value, dict | list) or not value}
