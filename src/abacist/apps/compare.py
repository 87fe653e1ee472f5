"""`abacist compare`: every combination of choices, trained one after another, measured alike: a table and a plot."""

import contextlib
import dataclasses
import itertools
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.choices import Choice, Choosing
from abacist.apps.console import reading
from abacist.apps.materials import Material, material_of
from abacist.apps.progress import Display, clock
from abacist.core.errors import AbacistError, Interrupted, SettingsError, UnknownName, one_line
from abacist.core.settings import shown
from abacist.evaluation.compared import AnyComparison, AnyRow, AnyTrial
from abacist.runs.folder import write_json
from abacist.runs.run import Run, count_from_settings
from abacist.runs.settings import RunSettings
from abacist.runs.trials import check_same, folder_name, is_finished, prepare
from abacist.training.settings import TrainingSettings

TABLE, PAGE, PLOT = "compare.json", "compare.md", "compare.png"
PIPE = 160
"""Characters of a line where no terminal says how many it has."""


@dataclass
class Combination:
    """One combination of choices: what is asked for, and what has come of it so far."""

    choices: dict[str, str]
    settings: RunSettings | None = None
    parameters: int | None = None
    cannot: str = ""
    trials: dict[int, AnyTrial] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """The choices in one line."""
        return " · ".join(self.choices.values())

    def row(self, material: Material) -> AnyRow[Any]:
        """Return its row of the table, the seeds in their order."""
        trials = [self.trials[seed] for seed in sorted(self.trials)]
        return material.row(self.choices, self.parameters, trials, self.cannot, self.faults)

    def folder(self, seed: int) -> str:
        """Return the name of the run folder of a seed: no two choices share one."""
        return folder_name(self.choices, seed)

    def asked(self, seed: int) -> RunSettings:
        """Return the settings asked for with a seed."""
        assert self.settings is not None
        return dataclasses.replace(self.settings, seed=seed)


def compare(
    source: str,
    over: Sequence[Sequence[Choice]],
    changes: Sequence[Choice],
    seeds: int,
    runs: Path,
    name: str | None,
    overwrite: bool,
    command: str | None = None,
) -> AnyComparison[Any]:
    """Train and measure every combination of the values in `over` with every seed; show, write, return the comparison.

    What is there already is not trained again, what was interrupted is gone on with. `command` is what goes on
    with it, where that is not the command line of this process.
    Raises: SettingsError for a wrong name, or if no combination can be built, before any work; RunError if a run
    that is there was made with other settings; Interrupted after Ctrl-C, with everything saved.
    """
    combinations = _combinations(source, over, changes)
    recipe = next(each.settings.recipe for each in combinations if each.settings is not None)
    command = command or f"abacist {shlex.join(sys.argv[1:])}"
    return compare_all(combinations, seeds, runs / (name or f"compare-{recipe}"), command, overwrite)


def compare_all(
    combinations: Sequence[Combination], seeds: int, folder: Path, command: str, overwrite: bool = False
) -> AnyComparison[Any]:
    """Train and measure combinations that are made already, at least one of which has settings, as `compare` does."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE)
    able = [each.settings for each in combinations if each.settings is not None]
    first, materials = able[0], {material_of(each) for each in able}
    if len(materials) > 1:
        raise SettingsError("--over: compare runs of problems or runs of text; their figures have nothing in common")
    bakeoff = _Bakeoff(console, folder, first.recipe, materials.pop(), command, combinations, seeds, overwrite)
    with _stopping(bakeoff):
        bakeoff.check()
        bakeoff.run()
    return bakeoff.show()


@dataclass
class _Bakeoff:
    """The trials of a comparison, one after another."""

    console: Console
    folder: Path
    recipe: str
    material: Material
    command: str
    combinations: Sequence[Combination]
    seeds: int
    overwrite: bool
    replaced: set[Path] = field(default_factory=set)
    """Runs that are there, differ, and may be made anew."""
    tried: TrainingSettings | None = None

    def check(self) -> None:
        """Look at everything before any work starts: what cannot be built, and runs made with other settings."""
        for each in self.combinations:
            if each.cannot:
                continue
            try:
                each.parameters = count_from_settings(each.asked(1))
                if not all(self._path(each, seed).exists() for seed in self._all_seeds):
                    run = Run.planned(self._path(each, 1), each.asked(1))
                    with reading(self.console) as run.reading:
                        run.check()
                    each.parameters = run.parameters()
            except AbacistError as error:
                each.cannot = one_line(error)
        reasons = list(dict.fromkeys(each.cannot for each in self.combinations))
        if all(reasons):
            raise SettingsError("\n".join(reasons))
        for each, seed in self._queue():
            path = self._path(each, seed)
            if not path.exists():
                continue
            try:
                check_same(path, each.asked(seed))
            except AbacistError:
                if not self.overwrite:
                    raise
                self.replaced.add(path)

    def run(self) -> None:
        """Train and grade all that is not there yet; every seed's round goes over all combinations."""
        queue = self._queue()
        done = [(each, seed) for each, seed in queue if self._is_done(self._path(each, seed))]
        for each, seed in done:
            self._trial(each, seed)
        for line in self._comparison().faults():
            self.console.print(f"[yellow]{escape(line)}[/]", soft_wrap=True)
        if done:
            self.console.print(f"{len(done)} of {len(queue)} runs are there already")
        waiting = [pair for pair in queue if pair not in done]
        for number, (each, seed) in enumerate(waiting):
            label = escape(f"{each.label} · seed {seed}")
            self.console.print(
                f"[bold]{len(done) + number + 1} of {len(queue)}[/]  {label}{self._left(len(waiting) - number)}",
                soft_wrap=True,
            )
            self._trial(each, seed)
            self._write()

    def show(self) -> AnyComparison[Any]:
        """Write the comparison, print its table, and return it."""
        comparison = self._write()
        self.material.plot(comparison, self.folder / PLOT)
        self.console.print()
        for table in _tables(comparison, self.console.width):
            self.console.print(table)
            self.console.print()
        for line in comparison.faults():
            self.console.print(f"[yellow]{escape(line)}[/]", soft_wrap=True)
        for line in comparison.remarks():
            self.console.print(escape(line), soft_wrap=True, style="dim")
        self.console.print(f"\nruns    {escape(str(self.folder))}", soft_wrap=True)
        for file in (PAGE, TABLE, PLOT):
            what = {PAGE: "table", TABLE: "figures", PLOT: "plot"}[file]
            self.console.print(f"{what:7} {escape(str(self.folder / file))}", soft_wrap=True)
        return comparison

    def stopped(self, why: str) -> Interrupted:
        """Return what to say after Ctrl-C; what is done by then is written down."""
        comparison = self._comparison()
        if any(row.trials for row in comparison.rows):
            self.material.plot(self._write(), self.folder / PLOT)
        return Interrupted(f"{why}. Go on with the same command: {comparison.command}")

    def _trial(self, each: Combination, seed: int) -> None:
        """Bring one trial to its end; what goes wrong in it is noted, and the others go on."""
        path = self._path(each, seed)
        try:
            with reading(self.console) as told:
                run = prepare(path, each.asked(seed), self.tried, path in self.replaced, told)
            self.replaced.discard(path)
            self.tried = self.tried or run.settings.training
            trained = not run.finished()
            if trained:
                with Display(self.console, run.watched_side, every=0.5) as display:
                    run.train(display.show, resume=True)
            if trained or not self.material.is_measured(run):
                with self.console.status("grading") if self.console.is_terminal else contextlib.nullcontext():
                    self.material.measure(run, Console(quiet=True))
            each.parameters = each.parameters or run.parameters()
            each.trials[seed] = self.material.result(run)
        except Interrupted:
            raise
        except AbacistError as error:
            each.faults[seed] = one_line(error)
            self.console.print(f"  [red]failed[/] {escape(each.faults[seed])}", soft_wrap=True)
        else:
            if trained:
                self._print(each.trials[seed])

    def _print(self, trial: AnyTrial) -> None:
        words = f"  {trial.steps:,} steps in {clock(trial.seconds)}: {escape(trial.brief())}"
        self.console.print(words, soft_wrap=True)

    def _left(self, count: int) -> str:
        """Say how long so many trainings will take, as far as that can be told."""
        budgets = [each.settings.training.minutes or 0 for each in self.combinations if each.settings is not None]
        taken = [trial.seconds for each in self.combinations for trial in each.trials.values()]
        seconds = 60 * max(budgets) or (sum(taken) / len(taken) if taken else 0)
        return f"   [dim]about {clock(count * seconds)} of training left in all[/]" if seconds else ""

    def _queue(self) -> list[tuple[Combination, int]]:
        """Return all trials; the first seed of all combinations comes first, so that the table fills evenly."""
        able = [each for each in self.combinations if not each.cannot]
        return [(each, seed) for seed in self._all_seeds for each in able]

    @property
    def _all_seeds(self) -> range:
        return range(1, self.seeds + 1)

    def _path(self, each: Combination, seed: int) -> Path:
        return self.folder / each.folder(seed)

    def _is_done(self, path: Path) -> bool:
        return path not in self.replaced and is_finished(path)

    def _comparison(self) -> AnyComparison[Any]:
        rows = [each.row(self.material) for each in self.combinations]
        return self.material.comparison(self.recipe, self.command, self.seeds, rows)

    def _write(self) -> AnyComparison[Any]:
        """Write table and figures as they stand, so that stopping loses nothing."""
        comparison = self._comparison()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_json(self.folder / TABLE, comparison.as_json())
        (self.folder / PAGE).write_text(comparison.markdown(PLOT), encoding="utf-8")
        return comparison


@contextlib.contextmanager
def _stopping(bakeoff: _Bakeoff) -> Iterator[None]:
    """Turn Ctrl-C, wherever it comes, into one line that says how to go on."""
    try:
        yield
    except Interrupted as stop:
        raise bakeoff.stopped(str(stop)) from None
    except KeyboardInterrupt:
        raise bakeoff.stopped("stopped between two trainings; everything is saved") from None


def _combinations(source: str, over: Sequence[Sequence[Choice]], changes: Sequence[Choice]) -> list[Combination]:
    """Return every combination with its settings, or with why it has none.

    Raises: UnknownName for a name that there is not, SettingsError if no combination has settings.
    """
    choosing = Choosing.of(source, [choices[0][0] for choices in over], changes)
    made: dict[tuple[str, ...], Combination] = {}
    for choice in itertools.product(*over):
        values = [value for _, value in choice]
        texts = [shown(value) for value in values]
        each = Combination(dict(zip(choosing.headings, texts, strict=True)))
        try:
            each.settings = choosing.settings(values)
        except UnknownName:
            raise
        except SettingsError as error:
            each.cannot = one_line(error)
        made.setdefault(tuple(texts), each)
    if all(each.cannot for each in made.values()):
        raise SettingsError("\n".join(dict.fromkeys(each.cannot for each in made.values())))
    return list(made.values())


def _tables(comparison: AnyComparison[Any], room: int) -> list[Table]:
    """Return the table, or where it is wider than the room its columns as several below each other."""
    headings, cells = comparison.headings(), [comparison.cells(row) for row in comparison.rows]
    # A heading may go over several lines, a figure never does.
    widths = [
        max(*map(len, headings[place].split()), *(len(each[place]) for each in cells)) for place in range(len(headings))
    ]
    chosen = list(range(len(comparison.rows[0].choices)))
    parts = [list(chosen)]
    for place in range(len(chosen), len(headings)):
        if sum(widths[each] + 2 for each in [*parts[-1], place]) > room + 2 and parts[-1] != chosen:
            parts.append(list(chosen))
        parts[-1].append(place)
    tables = []
    for part in parts:
        table = Table(box=None, header_style="bold", pad_edge=False)
        for place in part:
            table.add_column(
                escape(headings[place]), justify="left" if place in chosen else "right", min_width=widths[place]
            )
        for row, texts in zip(comparison.rows, cells, strict=True):
            style = "yellow" if row.cannot else "red" if row.faults and not row.trials else ""
            table.add_row(*(escape(texts[place]) for place in part), style=style)
        tables.append(table)
    return tables
