"""`abacist far RUN`: a model asked beyond the sizes it was trained on."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.benchmark import SHIPPED_NAME
from abacist.apps.console import bar, page
from abacist.core.errors import SettingsError
from abacist.evaluation.far import DRAWN, NINES, RIPPLE, Cell, Plan, Reach, reaches_of_json
from abacist.evaluation.far_report import BEGIN, pictures, section, sizes_found, with_section
from abacist.evaluation.grading import Score, percent
from abacist.problems.question import brief
from abacist.recipe import change
from abacist.runs.far import last_place, reach_far, widened
from abacist.runs.folder import FAR, REPORT, read_json, read_values, write_json
from abacist.runs.problems import ProblemRun
from abacist.runtime.calculator import SHIPPED

SHOWN_FAILURES = 3
ROOM = "model.context_length"


def far(path: Path, plan: Plan, changes: list[tuple[str, Any]], as_json: bool) -> None:
    """Ask a run's model, or the shipped one, what the plan names; print it, write it down, and draw it."""
    foreign = [key for key, _ in changes if key != ROOM]
    if foreign:
        raise SettingsError(f"{foreign[0]}: only {ROOM} can be changed of a run that is trained")
    is_shipped = str(path) == SHIPPED_NAME and not path.exists()
    run = ProblemRun.open(SHIPPED if is_shipped else path)
    if changes:
        run = widened(run, change(read_values(run.path), changes).model.context_length)
    console = page(stderr=as_json)
    with bar(console, "asking") as watch:
        reaches = reach_far(run, plan, watch)
    if as_json:
        print(json.dumps({reach.axis: reach.as_json() for reach in reaches}))
        return
    for reach in reaches:
        _print(reach, console)
    _print_places(run, plan, console)
    # The package keeps no results: those of the shipped model are written where one works.
    folder = Path(f"far-{SHIPPED_NAME}") if is_shipped else path
    folder.mkdir(exist_ok=True)
    _keep(folder, reaches, console)


def _keep(folder: Path, reaches: Sequence[Reach], console: Console) -> None:
    """Write everything down beside what was asked along other axes before."""
    file = folder / FAR
    kept = read_json(file) if file.is_file() else {}
    values = {**kept, **{reach.axis: reach.as_json() for reach in reaches}}
    every = reaches_of_json(values, str(file))
    write_json(file, values)
    console.print(f"\nevery failure   {escape(str(file))}", soft_wrap=True)
    for name, picture in pictures(every):
        written = folder / f"far-{name}.png"
        written.write_bytes(picture)
        console.print(f"picture         {escape(str(written))}", soft_wrap=True)
    report = folder / REPORT
    before = report.read_text(encoding="utf-8") if report.is_file() else ""
    if BEGIN in before:
        temporary = report.with_suffix(".new")
        temporary.write_text(with_section(before, section(every)), encoding="utf-8")
        temporary.replace(report)
        console.print(f"report          {report.resolve().as_uri()}", soft_wrap=True)


def _print(reach: Reach, console: Console) -> None:
    for name in dict.fromkeys(cell.operation for cell in reach.cells):
        cells = [cell for cell in reach.cells if cell.operation == name]
        is_map = reach.axis == "lengths"
        note = ", by digits; in brackets: lengths that training can have shown" if is_map else ""
        console.print(f"[bold]{escape(name)}[/]{note}", soft_wrap=True)
        console.print(lengths_table(cells) if is_map else sizes_table(cells))
        console.print()
    console.print(f"{sizes_found(reach.cells)[:1].upper()}{sizes_found(reach.cells)[1:]}", soft_wrap=True)
    seen = sum(cell.seen for cell in reach.cells)
    asked = sum(cell.score.count for cell in reach.cells)
    known = f"{seen:,} may have been seen in training" if seen else "none can have been seen in training"
    console.print(f"{asked:,} problems, seed {reach.seed}; {known}; intervals are 95 % (Wilson)", soft_wrap=True)
    failures = [failure for cell in reach.cells for failure in cell.failures]
    for each in failures[:SHOWN_FAILURES]:
        wrote = f"{brief(each.written)!r}, no number" if each.answer is None else brief(each.answer)
        line = f"{brief(each.question)} = {brief(each.truth)}, it wrote {wrote}"
        console.print(f"  [red]wrong[/] {escape(line)}", soft_wrap=True)
    if len(failures) > SHOWN_FAILURES:
        console.print(f"  and {len(failures) - SHOWN_FAILURES:,} more; all are in {FAR}")


def lengths_table(cells: Sequence[Cell]) -> Table:
    """Return the table of one operation: rows for the first operand, columns for the second, brackets for trained."""
    table = Table(box=None, header_style="bold")
    table.add_column("first \\ second", no_wrap=True)
    drawn = {cell.at: cell for cell in cells if cell.kind == DRAWN}
    sizes = sorted({size for at in drawn for size in at})
    for size in sizes:
        table.add_column(f"{size:,}", justify="right", no_wrap=True)
    rows = [(f"{left:,}", [drawn.get((left, right)) for right in sizes]) for left in sizes]
    for kind in (NINES, RIPPLE):
        cascades = {cell.at[0]: cell for cell in cells if cell.kind == kind}
        if cascades:
            rows.append((kind, [cascades.get(size) for size in sizes]))
    for label, row in rows:
        table.add_row(label, *(_cell(cell) for cell in row))
    return table


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "–"
    counts = f"{cell.score.correct:,} of {cell.score.count:,}"
    shown = cell.shown and cell.kind == DRAWN
    return f"{escape(f'[{counts}]') if shown else counts}\n[dim]{_interval(cell.score)}[/]"


def sizes_table(cells: Iterable[Cell]) -> Table:
    """Return the table of one operation along one axis."""
    table = Table(box=None, header_style="bold")
    for heading in ("size", "right", "of", "%", "95 % interval", "such sizes in training?"):
        table.add_column(heading, justify="right", no_wrap=True)
    for cell in cells:
        counts = f"{cell.score.correct:,}", f"{cell.score.count:,}", percent(cell.score.accuracy)
        table.add_row(cell.size, *counts, _interval(cell.score), "yes" if cell.shown else "no")
    return table


def _interval(value: Score) -> str:
    low, high = value.interval
    return f"{percent(low)}–{percent(high)}"


def _print_places(run: ProblemRun, plan: Plan, console: Console) -> None:
    """Say where the run's positions stop telling places apart: what lies beyond was lost before it was asked."""
    last, name = last_place(run.settings.model), run.settings.model.position.name
    if last is not None and max(plan.lengths, default=0) > last:
        console.print(
            f"[yellow]note[/] the positions of this run ({escape(name)}) tell {last:,} digit places apart; "
            "all beyond share one vector",
            soft_wrap=True,
        )
