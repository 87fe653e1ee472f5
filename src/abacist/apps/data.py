"""`abacist data`: problems on disk."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from abacist.apps.source import settings_from
from abacist.core.catalogue import build
from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.data.datasets import CHUNK, ENDINGS, SumColumns, write_nanogpt, write_problems
from abacist.problems.operations.sums import Sums
from abacist.problems.task import Drawn, SideChoice, Task
from abacist.text.format import FOLDER

DRAWN = 50_000
"""Rows drawn at once."""


def write(
    recipe: str,
    changes: list[tuple[str, Any]],
    out: Path,
    rows: int | None,
    whole: bool,
    side: str,
    seed: int,
    format: str,
) -> None:
    """Draw `rows` problems, or enumerate the whole table, and write them."""
    if side not in get_args(SideChoice):
        raise SettingsError(f"--side {side}: choose one of {', '.join(get_args(SideChoice))}")
    if whole == (rows is not None):
        raise SettingsError("give either --rows N or --all")
    chosen = cast(SideChoice, side)
    task = Task(settings_from(recipe, changes).problems)
    writer = build(FOLDER, format)
    if rows is None:
        total, chunks = task.table_size(), task.table_batch(CHUNK, chosen)
    else:
        total, chunks = rows, _drawn(task, chosen, rows, seed)
    bar = Progress(TextColumn("writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True)
    with bar:
        job = bar.add_task("", total=total)
        if out.name.endswith(ENDINGS) or out.suffix:
            count = write_problems(chunks, out, writer, _sums(task), lambda n: bar.advance(job, n))
            words = f"{count:,} problems in {out} ({out.stat().st_size:,} bytes)"
        else:
            counts = write_nanogpt(chunks, out, task, writer, lambda n: bar.advance(job, n))
            words = f"{counts['train']:,} characters to train on and {counts['val']:,} to validate on in {out}"
    Console().print(words, highlight=False)


def _drawn(task: Task, side: SideChoice, rows: int, seed: int) -> Iterator[Drawn]:
    """Draw the rows chunk by chunk."""
    for start in range(0, rows, DRAWN):
        yield task.sample_batch(generator(seed, "data", side, start), side, min(DRAWN, rows - start))


def _sums(task: Task) -> SumColumns | None:
    """Return the columns of the table, where the task is sums of numbers, of one length alone."""
    plain = [each for each in task.operations if isinstance(each, Sums) and each.signs == "+"]
    lengths = {length for each in plain for length in each.terms}
    if len(plain) < len(task.operations) or len(lengths) > 1:
        return None
    return SumColumns(lengths.pop(), max(each.bounds[1] for each in plain))
