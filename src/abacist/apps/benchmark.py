"""`abacist grade RUN --on NAMES`: a run's model on public benchmarks, with published results beside its own."""

import json
import os
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.console import bar, page
from abacist.core import catalogue
from abacist.core.errors import AbacistError, DataError
from abacist.core.seeds import stream
from abacist.evaluation.benchmark import FOLDER, Benchmark, Item, Published, excluded
from abacist.evaluation.benchmarking import BenchmarkGrade, Tally, grade_benchmark
from abacist.evaluation.grading import percent
from abacist.problems.apart import write_apart
from abacist.runs.asking import asker
from abacist.runs.folder import read_json, write_json
from abacist.runs.problems import ProblemRun
from abacist.runtime.calculator import SHIPPED

BENCHMARKS = "benchmarks.json"
DATA = "ABACIST_DATA"
SHIPPED_NAME = "shipped"
SHOWN_FAILURES = 3


def grade_on(path: Path, on: str, data: Path | None, fresh: int | None, seed: int, as_json: bool) -> None:
    """Grade a run's best weights, or the shipped model, on benchmarks; `on` is their names with commas between."""
    names = [name for name in (each.strip() for each in on.split(",")) if name]
    if not names:
        raise AbacistError(f"--on: name a benchmark; there are {', '.join(catalogue.names(FOLDER))}")
    benchmarks: dict[str, Benchmark] = {name: catalogue.build(FOLDER, name) for name in names}
    sources = {
        name: problems_of(
            name, part, data if data is None or len(names) == 1 else data / Path(part.folder).name, fresh, seed
        )
        for name, part in benchmarks.items()
    }
    is_shipped = str(path) == SHIPPED_NAME and not path.exists()
    run = ProblemRun.open(SHIPPED if is_shipped else path)
    ask = asker(run)
    console = page(stderr=as_json)
    grades = []
    for name, (items, source) in sources.items():
        with bar(console, name, len(items)) as watch:
            part = benchmarks[name]
            grades.append(grade_benchmark(Path(name).stem, source, part, items, ask, run.may_have_been_seen, watch))
    if as_json:
        print(json.dumps([grade.as_json() for grade in grades]))
        return
    for grade in grades:
        console.print(table_of(grade))
        _print_below(grade, console)
        _print_failures(grade, console)
    # The package keeps no results: those of the shipped model are written where one works.
    file = Path(BENCHMARKS) if is_shipped else path / BENCHMARKS
    kept = read_json(file) if file.is_file() else {}
    write_json(file, {**kept, **{grade.name: grade.as_json() for grade in grades}})
    console.print(f"\nevery failure, with its place   {escape(str(file))}", soft_wrap=True)


def problems_of(
    name: str, benchmark: Benchmark, data: Path | None, fresh: int | None, seed: int
) -> tuple[list[Item], str]:
    """Return a benchmark's problems and where they are from: files named or found, else drawn anew.

    Raises: DataError if there are none, or a file is not in its authors' form.
    """
    if data is not None and fresh is not None:
        raise AbacistError("--data reads the authors' files, --fresh draws problems anew; choose one of them")
    if data is None and fresh is None and (named := os.environ.get(DATA)):
        found = Path(named) / benchmark.folder
        data = found if found.exists() else None
    if data is not None:
        items = benchmark.items(data)
        if not items:
            raise DataError(f"{data} holds no item of {name}")
        return items, str(data)
    items = benchmark.fresh(stream(seed, "benchmark", Path(name).stem), fresh or benchmark.count)
    return items, benchmark.drawn(seed)


def keep_apart(file: Path, data: Path | None) -> None:
    """Write the digests of benchmarks' problems, for a training that shall not see them."""
    named = os.environ.get(DATA)
    if data is None and not named:
        raise AbacistError(f"--apart: name the folder of the benchmarks' folders with --data, or in {DATA}")
    count = write_apart(file, excluded(data or Path(str(named)) / "benchmarks"))
    print(f"{count:,} problems; train without them: abacist train RECIPE --set task.split.apart={file}")


def table_of(grade: BenchmarkGrade) -> Table:
    """Return the table of a benchmark: the whole, and a line for each group."""
    table = Table(box=None, header_style="bold", title=escape(f"{grade.name}: {grade.source}"), title_justify="left")
    table.add_column("group", min_width=12)
    for heading in ("right", "of", "%", "95 %", "not read", "seen?", "% unseen"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("published", min_width=12)
    published = grade.benchmark.published
    if grade.whole.verdicts:
        table.add_row("all", *_cells(grade.whole), "below" if any(not each.group for each in published) else "")
    for name, tally in grade.groups().items():
        beside = "; ".join(_figure(each) for each in published if each.group == name)
        mark = "*" if name in grade.benchmark.extras else ""
        table.add_row(escape(f"  {name}{mark}"), *_cells(tally), escape(beside), style="dim")
    return table


def _print_below(grade: BenchmarkGrade, console: Console) -> None:
    if any(name in grade.benchmark.extras for name in grade.groups()):
        console.print("  * not counted in all", style="dim")
    by_source: dict[str, list[str]] = {}
    for each in grade.benchmark.published:
        by_source.setdefault(each.source, [])
        if not each.group:
            by_source[each.source].append(_figure(each))
    for source, figures in by_source.items():
        whole = "; ".join(figures) or "by group, above"
        console.print(f"  published: {escape(whole)} ({escape(source)})", style="dim", soft_wrap=True)


def _cells(tally: Tally) -> tuple[str, ...]:
    score, unseen = tally.score, tally.unseen
    low, high = score.interval
    return (
        *(f"{score.correct:,}", f"{score.count:,}", percent(score.accuracy), f"{percent(low)}–{percent(high)}"),
        f"{tally.unread:,}" if tally.unread else "none",
        f"{percent(tally.seen / score.count)} %" if tally.seen else "none",
        percent(unseen.accuracy) if unseen.count else "–",
    )


def _figure(each: Published) -> str:
    return f"{each.who} {each.percent:g}"


def _print_failures(grade: BenchmarkGrade, console: Console) -> None:
    put = [each for each in grade.failures() if not each.given.unread]
    for each in put[:SHOWN_FAILURES]:
        shown = " ".join(grade.benchmark.asked(each.item).split())
        given = "no number" if each.given.answer is None else each.given.answer
        console.print(f"  [red]wrong[/] {escape(shown)}  it is {escape(each.item.target)}, not {escape(given)}")
    unread = next((each for each in grade.failures() if each.given.unread), None)
    if unread is not None:
        console.print(f"  [yellow]not read[/] {grade.whole.unread:,}, for instance: {escape(unread.given.unread)}")
