"""`abacist sweep`: how small can a model be and still pass? Settings are searched for the smallest that does."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abacist.apps.argument_types import count, folder_name

if TYPE_CHECKING:
    from abacist.core.search_space import Dimension
    from abacist.evaluation.sweeping import SweepResult
    from abacist.runs.sweep import SweepSettings

FIGURES, PAGE, PLOT = "sweep.json", "sweep.md", "sweep.png"


def arguments(command: argparse.ArgumentParser, settable: Callable[[argparse.ArgumentParser], None]) -> None:
    """Say what the command takes, and what it does; `settable` adds --set."""
    add = command.add_argument
    add("recipe", help="a recipe, a .py file with one, a settings.json, or a run folder")
    over = "what is searched: values, 4..64:4 with a step, 1e-3..3e-2:log for a sampler; may be given often"
    add("--over", action="append", required=True, metavar="PATH=A,B,...", help=over)
    marks = command.add_argument_group("when a model passes")
    passing = "share of right answers that passes, 0.7 as at school (default: %(default)s)"
    marks.add_argument("--pass", dest="pass_at", type=float, default=0.99, metavar="SHARE", help=passing)
    marks.add_argument("--on", metavar="TITLE", help="the grade set that counts (default: the first)")
    marks.add_argument("--seeds", type=count, default=1, metavar="N", help="train each with the seeds 1 to N")
    need = "seeds that have to pass; a point that cannot get there any more is left (default: more than half)"
    marks.add_argument("--need", type=count, metavar="N", help=need)
    search = command.add_argument_group("how it searches")
    search.add_argument(
        "--sampler", default="grid", metavar="NAME", help="grid, random, tpe, nsga2, gp (default: %(default)s)"
    )
    search.add_argument("--trials", type=count, metavar="N", help="points that a sampler draws")
    search.add_argument("--ceiling", type=count, metavar="N", help="leave models with more parameters untrained")
    until = "of a grid, stop at the first point that passes: the smallest"
    search.add_argument("--until-passed", action="store_true", help=until)
    give_up = "end a training with fewer right answers than BELOW after this share of its steps, as in 0.5:0.2"
    search.add_argument("--give-up", metavar="AFTER:BELOW", help=give_up)
    together = "train the seeds of a point at once (default: below 5,000 parameters, where that can be done)"
    search.add_argument("--together", action=argparse.BooleanOptionalAction, help=together)
    budget = command.add_argument_group("what it may take, and where it goes")
    budget.add_argument("--steps", type=int, metavar="N", help="steps of each training")
    budget.add_argument("--minutes", type=float, metavar="N", help="begin no point after so many minutes")
    budget.add_argument("--workers", type=count, default=1, metavar="N", help="processes, each on one thread")
    folder = "its folder is runs/NAME (default: sweep-RECIPE)"
    budget.add_argument("--name", type=folder_name, help=folder)
    budget.add_argument("--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="(default: runs)")
    storage = "a database in place of the journal in the folder, as sqlite:///FILE or postgresql://..."
    budget.add_argument("--storage", metavar="URL", help=storage)
    budget.add_argument("--baseline", type=Path, metavar="RUN", help="a graded run to be drawn beside the points")
    anew = "make the sweep anew where other settings are asked for; of its runs, those that differ"
    budget.add_argument("--overwrite", action="store_true", help=anew)
    take_over = "go on with what other machines had begun, too: they have stopped"
    budget.add_argument("--take-over", action="store_true", help=take_over)
    settable(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.core.search_space import read_over
        from abacist.core.settings import read_assignment
        from abacist.runs.sweep import SweepSettings

        changes = [read_assignment(text) for text in options.changes]
        if options.steps is not None:
            changes.append(("training.steps", options.steps))
        if options.give_up is not None:
            changes.append(("training.give_up", _give_up(options.give_up)))
        settings = SweepSettings(
            pass_at=options.pass_at,
            seeds=options.seeds,
            need=options.need,
            on=options.on,
            sampler=options.sampler,
            trials=options.trials,
            ceiling=options.ceiling,
            until_passed=options.until_passed,
            together=options.together,
        )
        sweep(
            options.recipe,
            [read_over(text) for text in options.over],
            changes,
            settings,
            options.runs,
            options.name,
            workers=options.workers,
            minutes=options.minutes,
            storage=options.storage,
            baseline=options.baseline,
            overwrite=options.overwrite,
            take_over=options.take_over,
        )

    command.set_defaults(command=run)


def _give_up(text: str) -> dict[str, float]:
    from abacist.core.errors import SettingsError

    try:
        after, below = map(float, text.split(":"))
    except ValueError:
        raise SettingsError(f"--give-up {text!r}: write AFTER:BELOW, two shares such as 0.5:0.2") from None
    return {"after": after, "below": below}


def sweep(
    source: str,
    over: Sequence["Dimension"],
    changes: Sequence[tuple[str, Any]] = (),
    settings: "SweepSettings | None" = None,
    runs: Path = Path("runs"),
    name: str | None = None,
    *,
    workers: int = 1,
    minutes: float | None = None,
    storage: str | None = None,
    baseline: Path | None = None,
    overwrite: bool = False,
    take_over: bool = False,
    command: str | None = None,
) -> "SweepResult":
    """Search settings for the smallest model that passes; show, write, return what came of it.

    What is done already is not done again, what was interrupted is gone on with. `minutes` is the time after which
    no point is begun. `command` is what goes on with it, where that is not the command line of this process.
    Raises: SettingsError for what cannot be, before any work; RunError if the folder holds another sweep;
    Interrupted after Ctrl-C, with everything saved.
    """
    import dataclasses
    import shlex
    import sys
    import time

    from rich.console import Console

    from abacist.apps.choices import Choosing
    from abacist.apps.sweep_work import Line, work_alone, work_in_processes
    from abacist.core.errors import Interrupted, SettingsError
    from abacist.runs.sweep import Sweep, SweepSettings, baseline_point

    if minutes is not None and minutes <= 0:
        raise SettingsError(f"--minutes {minutes:g}: should be above 0")
    until = None if minutes is None else time.time() + 60 * minutes
    choosing = Choosing.of(source, [each.path for each in over], changes)
    folder, settings = runs / (name or "sweep"), settings or SweepSettings()
    made = Sweep(choosing.settings, choosing.headings, over, folder, settings, storage, overwrite)
    if name is None:
        made = dataclasses.replace(made, folder=runs / f"sweep-{made.first.recipe}")
    beside = None if baseline is None else baseline_point(baseline, made.judged_on)
    command = command or f"abacist {shlex.join(sys.argv[1:])}"
    made.prepare(take_over)
    console = Console(highlight=False)
    try:
        with Line(console, made) as line:
            if workers == 1:
                work_alone(made, line, until)
            else:
                work_in_processes(made, line, until, workers)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with the same command: {command}") from None
    finally:
        result = made.result(command, minutes, beside)
        _write(result, made.folder)
    _show(result, made.folder, console)
    if result.left and until is None and not settings.until_passed:
        words = f"{result.left:,} not done: others are at work on them; if those have stopped, --take-over goes on"
        console.print(words, soft_wrap=True, style="yellow")
    return result


def _write(result: "SweepResult", folder: Path) -> None:
    """Write figures, page and picture as they stand."""
    from abacist.evaluation.sweep_figure import write_sweep_plot
    from abacist.runs.folder import write_json

    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / FIGURES, result.as_json())
    drawn = any(point.seeds for point in result.points)
    (folder / PAGE).write_text(result.markdown(PLOT if drawn else None), encoding="utf-8")
    if drawn:
        write_sweep_plot(result, folder / PLOT)


def _show(result: "SweepResult", folder: Path, console: Any) -> None:
    """Print the verdict and where everything is; the table is on the page."""
    from rich.markup import escape
    from rich.table import Table

    from abacist.apps.console import page

    table = Table(box=None, header_style="bold", pad_edge=False)
    headings, chosen = result.headings(), len(result.points[0].choices) if result.points else 0
    for place, heading in enumerate(headings):
        is_text = place < chosen or heading == "notes"
        table.add_column(escape(heading), justify="left" if is_text else "right")
    for point in result.by_size:
        style = "green" if result.passes(point) else "dim" if point.why_not else ""
        table.add_row(*map(escape, result.cells(point)), style=style)
    page().print(table)
    console.print()
    for line in result.remarks():
        console.print(escape(line), soft_wrap=True, style="dim")
    for line in result.verdict():
        console.print(f"[bold]{escape(line)}[/]", soft_wrap=True)
    console.print(f"\nruns    {escape(str(folder))}", soft_wrap=True)
    for what, file in (("table", PAGE), ("figures", FIGURES), ("plot", PLOT)):
        if (folder / file).is_file():
            console.print(f"{what:7} {escape(str(folder / file))}", soft_wrap=True)
