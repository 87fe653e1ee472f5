"""The points of a sweep in an Optuna study, which several processes or machines may work on at once.

Optuna: Akiba et al. 2019, arXiv:1907.10902. Points of a grid wait in the study until somebody takes them; a sampler
makes further ones from what is known. A point that was interrupted waits again, with its values: whoever takes it
next goes on with its runs. What came of a point lies in the study itself, so that everybody who reads it has it all.
"""

import json
import os
import socket
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
import psutil
from optuna.samplers import BaseSampler
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from abacist.core.errors import RunError, SettingsError
from abacist.core.search_space import Dimension, Listed
from abacist.core.seeds import key_to_integer
from abacist.evaluation.sweeping import Point

GRID = "grid"
SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "nsga2": optuna.samplers.NSGAIISampler,
    "gp": optuna.samplers.GPSampler,
}
"""Optuna's samplers by their names here: those that know two objectives."""
JOURNAL = "study.journal"
DIGITS = 4
"""Digits of a number that a sampler draws."""
ASKED, CHOSEN, POINT, WORKER = "asked", "chosen", "point", "worker"


@dataclass(frozen=True)
class Taken:
    """A point that this process works on."""

    trial: optuna.Trial
    values: tuple[Any, ...]
    """One for each dimension."""


@dataclass(frozen=True)
class SweepStudy:
    """A study of two objectives, parameters and accuracy, over a search space."""

    folder: Path
    """Its name is the study's; the journal lies in it where there is no other storage."""
    space: Sequence[Dimension]
    sampler: str = GRID
    url: str | None = None
    """Any database that Optuna takes, in place of the journal."""
    ceiling: int | None = None
    """Parameters above which a sampler shall learn not to go."""

    def __post_init__(self) -> None:
        if self.sampler not in (GRID, *SAMPLERS):
            raise SettingsError(f"--sampler {self.sampler}: there are {', '.join([GRID, *SAMPLERS])}")

    @cached_property
    def storage(self) -> optuna.storages.BaseStorage:
        """Where the study is kept. Raises: RunError if it cannot be reached."""
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        if self.url is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            journal = JournalFileBackend(str(self.folder / JOURNAL))
            return optuna.storages.JournalStorage(journal)
        # Of SQLite, several processes may have to wait for each other.
        options = {"connect_args": {"timeout": 60}} if self.url.startswith("sqlite") else {}
        try:
            return optuna.storages.RDBStorage(self.url, engine_kwargs=options)
        except Exception as error:  # those of the database's own driver, which may be any
            raise RunError(f"--storage {self.url}: {str(error).splitlines()[0]}") from None

    @cached_property
    def study(self) -> optuna.Study:
        """The study, made where there is none."""
        return optuna.create_study(
            storage=self.storage,
            study_name=self.folder.name,
            directions=["minimize", "maximize"],  # parameters, accuracy
            load_if_exists=True,
            sampler=optuna.samplers.RandomSampler(),
        )

    def agree(self, asked: dict[str, Any], overwrite: bool = False) -> None:
        """Hold what the study was made for against what is asked for; `overwrite` makes it anew.

        Raises: RunError with what differs.
        """
        now = json.loads(json.dumps(asked))
        before = self.study.user_attrs.get(ASKED)
        if before is not None and before != now:
            if not overwrite:
                changed = ", ".join(key for key in {**before, **now} if before.get(key) != now.get(key))
                raise RunError(
                    f"the sweep {self.folder.name} was made with other {changed}: "
                    "choose another --name, or --overwrite it, which keeps the runs that are the same"
                )
            optuna.delete_study(study_name=self.folder.name, storage=self.storage)
            vars(self).pop("study")
        self.study.set_user_attr(ASKED, now)

    def enqueue(self, points: Iterable[Sequence[Any]]) -> None:
        """Let points of a grid wait in this order, by their values; those that are there stay."""
        there = [trial.user_attrs.get(CHOSEN) for trial in self.study.get_trials(deepcopy=False)]
        for values in points:
            chosen = {each.path: json.dumps(value) for each, value in zip(self.space, values, strict=True)}
            if chosen not in there:
                self.study.enqueue_trial(chosen, user_attrs={CHOSEN: chosen})

    def take_up(self, all_of_them: bool = False) -> None:
        """Let points wait again whose process has ended; `all_of_them`: those of other machines, too."""
        for trial in self._in_state(TrialState.RUNNING):
            host, process, born = trial.user_attrs.get(WORKER, (None, 0, 0))
            if all_of_them or (host == socket.gethostname() and not _is_alive(process, born)):
                self._let_wait(trial.number)

    def take(self, most: int | None = None) -> Taken | None:
        """Take the next point: one that waits, or one that the sampler makes, `most` of them in all.

        None if there is nothing left to take.
        """
        while True:
            known = self.study.get_trials(deepcopy=False)
            waiting = any(trial.state == TrialState.WAITING for trial in known)
            if not waiting and (self.sampler == GRID or (most is not None and len(known) >= most)):
                return None
            if self.sampler != GRID:
                self.study.sampler = self._drawing(len(known))
            trial = self.study.ask()
            trial.set_user_attr(WORKER, [socket.gethostname(), os.getpid(), psutil.Process().create_time()])
            if self._is_wanted(trial, known, most):
                return Taken(trial, tuple(_suggested(trial, each) for each in self.space))
            self.study.tell(trial, state=TrialState.FAIL)

    def put_back(self, taken: Taken) -> None:
        """Let an interrupted point wait again."""
        self._let_wait(taken.trial.number)

    def finish(self, taken: Taken, point: Point) -> None:
        """Keep what came of a point."""
        trial, size, spread = taken.trial, point.parameters, point.spread()
        trial.set_user_attr(POINT, point.as_json())
        excess = None if size is None or self.ceiling is None else size - self.ceiling
        if size is None or (spread is None and not (excess and excess > 0)):
            self.study.tell(trial, state=TrialState.FAIL)
            return
        if excess is not None:
            trial.set_constraint("parameters", excess)
        self.study.tell(trial, [size, spread.median if spread else 0.0])

    def points(self) -> list[Point]:
        """Return what has come of all points that are done; a choice that was drawn again counts once."""
        found: dict[str, Point] = {}
        for trial in self.study.get_trials(deepcopy=False):
            if trial.state.is_finished() and POINT in trial.user_attrs:
                point = Point.of(trial.user_attrs[POINT])
                found.setdefault(json.dumps(point.choices), point)
        return list(found.values())

    def left(self, most: int | None = None) -> int:
        """Count the points that are not done, of a sampler up to `most` in all."""
        trials = self.study.get_trials(deepcopy=False)
        done = sum(trial.state.is_finished() for trial in trials)
        return max(0, (len(trials) if self.sampler == GRID or most is None else max(most, len(trials))) - done)

    def _drawing(self, number: int) -> BaseSampler:
        """Return a sampler for the next point: what it draws follows from the points so far, and from nothing else."""
        seed = key_to_integer(1, self.sampler, number) % 2**32
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            return SAMPLERS[self.sampler](seed=seed)

    def _is_wanted(self, trial: optuna.Trial, known: Sequence[optuna.trial.FrozenTrial], most: int | None) -> bool:
        """Tell whether a point is one to work on: others may have taken the last meanwhile, or filled the same grid."""
        if self.sampler != GRID:
            return most is None or trial.number < most
        chosen = trial.user_attrs.get(CHOSEN)
        return chosen is not None and all(
            each.user_attrs.get(CHOSEN) != chosen for each in known if each.number < trial.number
        )

    def _in_state(self, state: TrialState) -> list[optuna.trial.FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(state,))

    def _let_wait(self, number: int) -> None:
        study = self.storage.get_study_id_from_name(self.folder.name)
        trial = self.storage.get_trial_id_from_study_id_trial_number(study, number)
        self.storage.set_trial_state_values(trial, TrialState.WAITING)


def _suggested(trial: optuna.Trial, dimension: Dimension) -> Any:
    """Return the value of a dimension at a point; listed ones may be anything, and are chosen by their JSON."""
    if isinstance(dimension, Listed):
        return json.loads(trial.suggest_categorical(dimension.path, [json.dumps(each) for each in dimension.values]))
    path, low, high = dimension.path, dimension.low, dimension.high
    if dimension.step is not None:
        high = dimension.listed().values[-1]  # Optuna wants the last step to end there
    if dimension.whole:
        return trial.suggest_int(path, int(low), int(high), step=int(dimension.step or 1), log=dimension.log)
    number = trial.suggest_float(path, low, high, step=dimension.step, log=dimension.log)
    # No more digits than tell settings apart, and of sums of steps those that were meant.
    return float(f"{number:.{DIGITS if dimension.step is None else 12}g}")


def _is_alive(process: int, born: float) -> bool:
    """Tell whether a process still runs, and is not another one with its number."""
    try:
        return bool(psutil.Process(process).create_time() == born)
    except psutil.NoSuchProcess:
        return False
