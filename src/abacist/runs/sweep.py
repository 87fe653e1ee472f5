"""Sweeps: settings searched for the smallest model that passes.

A point is a choice of settings, trained with the seeds 1 to N as ordinary runs and graded on one set. How many
parameters it has is known before a weight exists, so that a grid goes from small models to large ones.
"""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from abacist.core.errors import AbacistError, Interrupted, RunError, SettingsError, UnknownName, one_line
from abacist.core.search_space import Dimension, Listed
from abacist.core.settings import dump, shown
from abacist.evaluation.course import grokking_step, looks_of
from abacist.evaluation.grading import Score
from abacist.evaluation.sweeping import Point, SeedResult, SweepResult
from abacist.runs.folder import GRADES, read_json, write_json
from abacist.runs.problems import ProblemRun, train_together
from abacist.runs.run import Run, count_from_settings
from abacist.runs.settings import RunSettings
from abacist.runs.study import GRID, SweepStudy
from abacist.runs.trials import check_same, folder_name, is_graded, prepare
from abacist.training.loop import STATE, Progress, read_metrics
from abacist.training.state import read_counters

TINY = 5_000
"""Parameters below which the seeds of a point are trained at once: one alone cannot keep a processor busy."""

Watch = Callable[[str, Progress | None], None]
"""Told which point and seed is at work, and how far its training has come."""


@dataclass(frozen=True)
class SweepSettings:
    """How a sweep searches, and when a model passes."""

    pass_at: float = 0.99
    """Share of right answers from which on a seed passes."""
    seeds: int = 1
    """Every point is trained with the seeds 1 to this."""
    need: int | None = None
    """Seeds that have to pass; a point that can no longer get there is left. None: more than half of all."""
    on: str | None = None
    """The grade set that counts; None for the first."""
    sampler: str = GRID
    trials: int | None = None
    """Points that a sampler draws; a grid has its own number."""
    ceiling: int | None = None
    """Parameters above which nothing is trained."""
    until_passed: bool = False
    """Stop at the first point that passes: of a grid, which goes from small to large, the smallest."""
    together: bool | None = None
    """Train the seeds of a point at once; None where it is tiny and can be."""

    def __post_init__(self) -> None:
        if not 0 < self.pass_at <= 1:
            raise SettingsError(f"--pass {self.pass_at:g}: should be a share above 0 and at most 1, such as 0.99")
        if self.need is not None and not 1 <= self.need <= self.seeds:
            raise SettingsError(f"--need {self.need}: of {self.seeds} seeds it should be 1 to {self.seeds}")
        if self.sampler == GRID and self.trials is not None:
            raise SettingsError("--trials: a grid goes over every point once; choose another --sampler with it")
        if self.sampler != GRID and self.trials is None:
            raise SettingsError(f"--sampler {self.sampler}: say how many points it may draw: --trials N")
        if self.sampler != GRID and self.until_passed:
            raise SettingsError("--until-passed: only a grid goes from small to large; leave --sampler away")

    @property
    def enough(self) -> int:
        """The seeds that have to pass."""
        return self.seeds // 2 + 1 if self.need is None else self.need


@dataclass(frozen=True)
class Sweep:
    """A search over settings, in a folder of its own.

    It is all that a process needs to work on it, whether alone or beside others.
    """

    build: Callable[[Sequence[Any]], RunSettings]
    """Makes settings of a value for each dimension. Raises: SettingsError for values that do not go together."""
    headings: Sequence[str]
    space: Sequence[Dimension]
    folder: Path
    settings: SweepSettings = field(default_factory=SweepSettings)
    storage: str | None = None
    overwrite: bool = False

    def __post_init__(self) -> None:
        if self.settings.sampler == GRID:
            listed = [each if isinstance(each, Listed) else each.listed() for each in self.space]
            object.__setattr__(self, "space", listed)

    @cached_property
    def study(self) -> SweepStudy:
        """Where the points are kept."""
        return SweepStudy(self.folder, self.space, self.settings.sampler, self.storage, self.settings.ceiling)

    @cached_property
    def first(self) -> RunSettings:
        """The settings of the first point that can be built. Raises: SettingsError if there is none."""
        wrong: dict[str, None] = {}
        corners = (each.values if isinstance(each, Listed) else (each.low, each.high) for each in self.space)
        for values in itertools.product(*corners):
            try:
                settings = self.build(values)
                count_from_settings(settings)
            except UnknownName:
                raise
            except SettingsError as error:
                wrong.setdefault(str(error))
            else:
                return settings
        raise SettingsError("\n".join(wrong))

    @property
    def judged_on(self) -> str:
        """The title of the grade set that counts. Raises: SettingsError if there is none of it."""
        titles = [each.title for each in self.first.grading.sets]
        if self.settings.on is None and titles:
            return titles[0]
        if self.settings.on not in titles:
            raise SettingsError(f"--on {self.settings.on}: the grade sets are {', '.join(titles) or 'none'}")
        return self.settings.on

    def prepare(self, take_over: bool = False) -> None:
        """Make the study, or open it: what is done stays done. `take_over`: go on with what other machines began.

        Raises: SettingsError for what cannot be before any work, RunError if it was made for something else.
        """
        if self.first.corpus is not None:
            raise SettingsError(f"{self.first.recipe} learns from text; a sweep goes by right answers to problems")
        mine, title = self.settings, self.judged_on
        self._check_names()
        waiting = self._grid() if mine.sampler == GRID else []
        asked = {
            "--over": [dump(each) for each in self.space],
            "settings": dump(self._judged(self.first, title)),
            "--seeds": mine.seeds,
            "--sampler": mine.sampler,
            "--ceiling": mine.ceiling,
            # Seeds are left away only where a number is needed, and that goes by the pass mark.
            "--need": None if mine.need is None else [mine.need, mine.pass_at],
        }
        self.study.agree(asked, self.overwrite)
        self.study.enqueue(waiting)
        self.study.take_up(take_over)

    def work(self, watch: Watch = lambda _label, _progress: None, go_on: Callable[[], bool] = lambda: True) -> None:
        """Bring points to their ends, one after another, until none is left or it is enough.

        `go_on` is asked before each of them.
        Raises: Interrupted after Ctrl-C or a termination signal; what was at work waits to be gone on with.
        """
        while go_on() and not self._is_enough():
            taken = self.study.take(self.settings.trials)
            if taken is None:
                return
            try:
                point = self.point(taken.values, watch)
            except (KeyboardInterrupt, Interrupted) as stop:
                self.study.put_back(taken)
                raise Interrupted(str(stop) or "stopped between two trainings; everything is saved") from None
            self.study.finish(taken, point)

    def point(self, values: Sequence[Any], watch: Watch = lambda _label, _progress: None) -> Point:
        """Train and grade all seeds of a point, or as many as it takes to see that it fails.

        What goes wrong is noted in it. Raises: Interrupted.
        """
        choices = dict(zip(self.headings, map(shown, values), strict=True))
        try:
            settings = self._judged(self.build(values), self.judged_on)
            size = _parameters(settings, self.folder)
        except AbacistError as error:
            return Point(choices, None, why_not=f"cannot be built: {one_line(error)}")
        ceiling = self.settings.ceiling
        if ceiling is not None and size > ceiling:
            return Point(choices, size, why_not=f"above {ceiling:,} parameters")
        point = Point(choices, size)
        watch(point.label, None)
        faults: dict[int, str] = {}
        if self._at_once(size):
            self._train_at_once(settings, point, watch, faults)
        found: list[SeedResult] = []
        for seed in self._seeds:
            if seed in faults:
                continue
            if self._is_lost(found, seed):
                break
            try:
                found.append(self._seed(settings, point, seed, watch))
            except Interrupted:
                raise
            except (AbacistError, RuntimeError) as error:  # torch's own, such as memory that is full, end no sweep
                faults[seed] = one_line(error)
        return dataclasses.replace(point, seeds=found, faults=faults)

    def result(self, command: str = "", minutes: float | None = None, baseline: Point | None = None) -> SweepResult:
        """Return how far it has come; `minutes` is the time it had, where that is used up."""
        mine, left = self.settings, self.study.left(self.settings.trials)
        return SweepResult(
            recipe=self.first.recipe,
            judged_on=self.judged_on,
            pass_at=mine.pass_at,
            need=mine.enough,
            planned=mine.seeds,
            points=self.study.points(),
            left=left,
            ceiling=mine.ceiling,
            minutes=minutes if left else None,
            baseline=baseline,
            command=command,
        )

    @property
    def _seeds(self) -> range:
        return range(1, self.settings.seeds + 1)

    def _is_enough(self) -> bool:
        return self.settings.until_passed and self.result().smallest_passing() is not None

    def _check_names(self) -> None:
        """Try every listed value once. Raises: UnknownName for a part or a setting that there is not."""
        usual = [each.values[0] if isinstance(each, Listed) else each.low for each in self.space]
        for place, each in enumerate(self.space):
            for value in each.values if isinstance(each, Listed) else ():
                try:
                    self.build([*usual[:place], value, *usual[place + 1 :]])
                except UnknownName:
                    raise
                except SettingsError:
                    continue  # it may go together with others

    def _grid(self) -> list[tuple[Any, ...]]:
        """Return all points, small models first; what cannot be built is last."""
        sizes: dict[int, int] = {}
        points = list(itertools.product(*(each.values for each in self.space if isinstance(each, Listed))))
        for place, values in enumerate(points):
            try:
                sizes[place] = _parameters(self.build(values), self.folder)
            except AbacistError:
                continue  # its row will say why
        order = sorted(range(len(points)), key=lambda place: (place not in sizes, sizes.get(place, 0)))
        return [points[place] for place in order]

    def _judged(self, settings: RunSettings, title: str) -> RunSettings:
        """Return the settings with the one grade set that counts. Raises: SettingsError if they have none of it."""
        kept = [each for each in settings.grading.sets if each.title == title]
        if not kept:
            raise SettingsError(f"grading.sets: there is no {title!r} to be judged on")
        return dataclasses.replace(settings, grading=dataclasses.replace(settings.grading, sets=kept[:1]))

    def _is_lost(self, found: Sequence[SeedResult], seed: int) -> bool:
        """Tell whether a point cannot pass any more, where that is reason enough to leave it."""
        need, passed = self.settings.need, sum(each.score.accuracy >= self.settings.pass_at for each in found)
        return need is not None and passed + self.settings.seeds - seed + 1 < need

    def _at_once(self, size: int) -> bool:
        wish = self.settings.together
        return self.settings.seeds > 1 and (size < TINY if wish is None else wish)

    def _run(self, settings: RunSettings, point: Point, seed: int) -> ProblemRun:
        """Open the run of a seed, or make it."""
        path, asked = self.folder / folder_name(point.choices, seed), dataclasses.replace(settings, seed=seed)
        replaced = False
        if path.exists():
            try:
                check_same(path, asked)
            except RunError:
                if not self.overwrite:
                    raise
                replaced = True
        # Many small models: each is quickest on one thread, and what is tried out must not differ between them.
        tried = dataclasses.replace(asked.training, dtype="float32", threads=1)
        run = prepare(path, asked, tried, replaced)
        assert isinstance(run, ProblemRun)
        return run

    def _train_at_once(self, settings: RunSettings, point: Point, watch: Watch, faults: dict[int, str]) -> None:
        """Train all seeds of a point that are not trained yet in one program, where that can be done."""
        try:
            runs = [run for seed in self._seeds if not (run := self._run(settings, point, seed)).finished()]
            if len(runs) > 1:
                train_together(
                    runs, lambda progress: watch(f"{point.label} · {len(runs)} seeds", progress), resume=True
                )
        except SettingsError as error:
            if self.settings.together:
                faults |= dict.fromkeys(self._seeds, one_line(error))
        except Interrupted:
            raise
        except (AbacistError, RuntimeError):
            pass  # one of them fails: in turn it is seen which

    def _seed(self, settings: RunSettings, point: Point, seed: int, watch: Watch) -> SeedResult:
        """Bring one seed to its end and grade it."""
        run = self._run(settings, point, seed)
        if not run.finished():
            run.train(lambda progress: watch(f"{point.label} · seed {seed}", progress), resume=True)
        if not is_graded(run):
            grades, _ = run.grade()
            write_json(run.path / GRADES, [each.as_json() for each in grades])
        return seed_result(run)


def seed_result(run: ProblemRun, title: str | None = None) -> SeedResult:
    """Return what a graded run came to on a grade set, the first if none is named. Raises: RunError if it has none."""
    if not (run.path / GRADES).is_file():
        raise RunError(f"{run.path} is not graded; abacist grade {run.path} does it")
    graded = {each["name"]: each for each in read_json(run.path / GRADES)}
    if title is not None and title not in graded:
        raise RunError(f"{run.path} is not graded on {title!r}, but on {', '.join(graded)}")
    values, counters = graded[title or next(iter(graded))], read_counters(run.path / STATE)
    assert counters is not None
    metrics = read_metrics(run.path)
    return SeedResult(
        seed=run.settings.seed,
        score=Score(values["correct"], values["count"]),
        by_operation={name: Score(own["correct"], own["count"]) for name, own in values["by_operation"].items()},
        steps=counters.step,
        seconds=counters.seconds,
        given_up=counters.given_up,
        grokked=grokking_step(metrics),
        looks=looks_of(metrics),
        seen=values["certificate"],
        run=str(run.path),
    )


def baseline_point(path: Path, title: str) -> Point:
    """Return a run of any size that was graded on the same set. Raises: RunError if it was not."""
    run = Run.open(path)
    if not isinstance(run, ProblemRun):
        raise RunError(f"--baseline {path}: is a run of {run.material}; it should be one of problems")
    return Point({"run": path.name}, run.parameters(), [seed_result(run, title)])


def _parameters(settings: RunSettings, folder: Path) -> int:
    """Count the parameters of settings; where weights to begin with say how many, those are looked at."""
    counted = count_from_settings(settings)
    return Run.planned(folder, settings).parameters() if counted is None else counted
