"""`abacist data`: problems on disk."""

from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from abacist.apps.source import settings_from
from abacist.core.catalogue import build
from abacist.core.errors import SettingsError
from abacist.core.seeds import stream
from abacist.data.datasets import ENDINGS, write_nanogpt, write_problems
from abacist.problems.operations.sums import Sums
from abacist.problems.task import SideChoice, Task
from abacist.text.format import FOLDER


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
    task = Task(settings_from(recipe, changes).task)
    writer = build(FOLDER, format)
    if rows is None:
        total = task.table_size()
        problems = (p for p in task.table() if side == "any" or task.side(p.question) == side)
    else:
        total, rng = rows, stream(seed, "data", side)
        problems = (task.sample(rng, side) for _ in range(rows))  # type: ignore[arg-type]
    bar = Progress(TextColumn("writing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), transient=True)
    with bar:
        job = bar.add_task("", total=total)
        if out.name.endswith(ENDINGS) or out.suffix:
            count = write_problems(problems, out, writer, _terms(task), lambda n: bar.advance(job, n))
            words = f"{count:,} problems in {out} ({out.stat().st_size:,} bytes)"
        else:
            counts = write_nanogpt(problems, out, task, writer, lambda n: bar.advance(job, n))
            words = f"{counts['train']:,} characters to train on and {counts['val']:,} to validate on in {out}"
    Console().print(words, highlight=False)


def _terms(task: Task) -> int | None:
    """Return how many numbers every problem adds, where the task is sums of one length alone."""
    for operation in task.operations:
        if not isinstance(operation, Sums) or operation.signs != "+" or operation.terms[0] != operation.terms[1]:
            return None
    lengths = {operation.terms[0] for operation in task.operations if isinstance(operation, Sums)}
    return lengths.pop() if len(lengths) == 1 else None
