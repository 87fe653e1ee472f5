"""`abacist bench`: every cost, measured by one command."""

import dataclasses
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.bench import peers
from abacist.bench.curves import curves
from abacist.bench.machine import describe
from abacist.bench.measure import FOLDER, Bench, Measure
from abacist.bench.page import line, page
from abacist.bench.results import Results, Row
from abacist.core.catalogue import build, load, names

PICTURE = Path("images") / "performance.svg"
PIPE = 120
"""Characters of a line where no terminal says how many it has."""
WIDTHS, AGAINST = (18, 6, 8), 22
"""Characters of the columns but the first."""


def bench(chosen: Sequence[str], options: Bench, json: Path, page_file: Path | None) -> None:
    """Run the measures chosen, all if none is, keep their rows in the JSON file, and write the page.

    Raises: SettingsError for an unknown measure or a checkout that is none, before anything is measured.
    """
    measures = {name: build(FOLDER, name) for name in chosen or names(FOLDER)}
    if options.nanogpt is not None:
        peers.model_file(options.nanogpt)
    results = Results.read(json)
    run = {"started": _now(), "command": ["abacist", *sys.argv[1:]], "machine": describe()}
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=PIPE)
    _print(console, ("what", "figure", "spread", "ratio", "against"), "bold")
    for name, measure in measures.items():
        rows = list(_measured(name, measure.quick() if options.quick else measure, options, run, console))
        results = results.merged(run, name, rows)
        results.write(json)  # after each, so that stopping loses one measure at most
    console.print(f"\nfigures  {escape(str(json))}", soft_wrap=True)
    if page_file is not None:
        _write_page(results, page_file)
        console.print(f"page     {escape(str(page_file))}", soft_wrap=True)


def _measured(name: str, measure: Measure, options: Bench, run: dict[str, Any], console: Console) -> Iterator[Row]:
    """Yield a measure's rows with their date and run, each printed as soon as it is there."""
    summary = (load(FOLDER, name).__doc__ or "").partition("\n")[0]
    console.print(f"\n[bold]{name}[/]  {escape(summary)}")
    with console.status(f"{name} …") as status:

        def say(words: str) -> None:
            status.update(f"{name}: {escape(words)} …")

        for row in measure.rows(dataclasses.replace(options, say=say)):
            _print(console, line(row), "yellow" if row.value is None else "")
            yield dataclasses.replace(row, measure=name, date=_now(), run=run["started"])


def _print(console: Console, texts: Sequence[str], style: str) -> None:
    """Print one line of the table: rows come one by one, before the widest is known, so the columns are fixed."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), style=style, expand=True)
    table.add_column(ratio=1, overflow="fold")
    for width in WIDTHS:
        table.add_column(width=width, justify="right", overflow="fold")
    table.add_column(width=AGAINST, overflow="fold")
    table.add_row(*map(escape, texts))
    console.print(table)


def _write_page(results: Results, file: Path) -> None:
    """Write the page, and the picture of the growth curves beside it where there are any."""
    drawn = curves(results.rows)
    file.parent.mkdir(parents=True, exist_ok=True)
    if drawn is not None:
        picture = file.parent / PICTURE
        picture.parent.mkdir(parents=True, exist_ok=True)
        picture.write_text(drawn, encoding="utf-8")
    file.write_text(page(results, None if drawn is None else PICTURE.as_posix()), encoding="utf-8")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
