"""`abacist shrink RUN`: fewer bits a weight, fewer weights, and what is left of what it knew."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from abacist.apps.argument_types import folder_name

if TYPE_CHECKING:
    from rich.table import Table

    from abacist.evaluation.grading import Grade
    from abacist.runs.shrinking import Shrinking, Size


def arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes, and what it does."""
    command.add_argument("run", type=Path, help="a run folder of problems")
    command.add_argument("--bits", type=_bits, default=(), metavar="N,N,...", help="bits of each number, 2 to 8")
    command.add_argument("--prune", type=_shares, default=(), metavar="S,S,...", help="share that becomes zero, 0 to 1")
    command.add_argument(
        "--group", type=int, default=64, metavar="N", help="numbers of a row that share a scale (default: %(default)s)"
    )
    command.add_argument("--name", type=folder_name, help="name of the new run (default: by what is done)")
    command.add_argument(
        "--runs", type=Path, default=Path("runs"), metavar="FOLDER", help="where it is made (default: runs)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")

    def run(options: argparse.Namespace) -> None:
        shrink(options.run, options.bits, options.prune, options.group, options.runs, options.name, options.json)

    command.set_defaults(command=run)


def shrink(
    path: Path,
    bits: Sequence[int],
    shares: Sequence[float],
    group: int,
    runs: Path,
    name: str | None,
    as_json: bool = False,
) -> None:
    """Make a run for each number of bits with each share pruned, grade it as the run it is made of, and print all.

    Raises: SettingsError or RunError for what cannot be done, before anything is.
    """
    import contextlib
    import json

    from rich.console import Console

    from abacist.apps.grade import grade_and_report
    from abacist.evaluation.grading import Grade
    from abacist.runs import folder as folders
    from abacist.runs import shrinking as by
    from abacist.runs.problems import ProblemRun

    asked = [by.Shrinking(each, group, share) for share in shares or (0.0,) for each in bits or (None,)]
    run = ProblemRun.open(path)
    by.check(run)
    stem = name or path.resolve().name
    folder_of = {each: runs / (stem if name and len(asked) == 1 else f"{stem}-{each.name}") for each in asked}
    for folder in folder_of.values():
        folders.check_free(folder)
    console = Console(highlight=False, stderr=as_json)
    rows: list[tuple[str, by.Shrinking | None, by.Size, list[Grade]]] = []
    with console.status("grading") if console.is_terminal else contextlib.nullcontext():
        rows.append((path.resolve().name, None, by.size_of(run), run.grade()[0]))
        for each, folder in folder_of.items():
            made = by.shrink(run, folder, each)
            assert isinstance(made, ProblemRun)
            rows.append((folder.name, each, by.size_of(made), grade_and_report(made, Console(quiet=True))))
    if as_json:
        print(json.dumps([_as_json(*row) for row in rows]))
        return
    # Names of runs and sets are longer than some windows are wide.
    Console(highlight=False, width=max(console.width, 140)).print(table_of(rows))
    console.print(
        f"\n{rows[0][2].numbers:,} numbers were trained; bits in all are theirs, scales included", soft_wrap=True
    )
    console.print(
        "sparse: a bit for each number of a matrix, whether it is zero, and those that are not", soft_wrap=True
    )


def table_of(rows: Sequence[tuple[str, "Shrinking | None", "Size", Sequence["Grade"]]]) -> "Table":
    """Return the table of all runs, the one they are made of first: size, then a line for each set."""
    from rich.markup import escape
    from rich.table import Table

    from abacist.evaluation.grading import percent

    table = Table(box=None, header_style="bold")
    table.add_column("run", no_wrap=True)
    for heading in ("bits a number", "not zero", "bits in all", "sparse", "bytes on disk"):
        table.add_column(heading, justify="right")
    table.add_column("graded on")
    for heading in ("right", "of", "%", "95 % interval"):
        table.add_column(heading, justify="right")
    for name, _, size, grades in rows:
        whole = (size.not_zero, size.bits, size.sparse_bits, size.file_bytes)
        cells = [escape(name), f"{size.bits_a_number:.2f}", *(f"{count:,}" for count in whole)]
        for grade in grades:
            score = grade.score
            low, high = map(percent, score.interval)
            counts = (f"{score.correct:,}", f"{score.count:,}", percent(score.accuracy), f"{low}–{high}")
            table.add_row(*cells, escape(grade.name), *counts)
            cells = [""] * len(cells)
    return table


def _as_json(name: str, shrinking: "Shrinking | None", size: "Size", grades: Sequence["Grade"]) -> dict[str, object]:
    from dataclasses import asdict

    done = None if shrinking is None else asdict(shrinking)
    return {"run": name, "done": done, "size": size.as_json(), "grades": [grade.as_json() for grade in grades]}


def _bits(text: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(map(int, text.split(","))))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"should be whole numbers with commas between, such as 8,4, got {text!r}"
        ) from None


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(dict.fromkeys(map(float, text.split(","))))
    except ValueError:
        raise argparse.ArgumentTypeError(f"should be shares with commas between, such as 0.3, got {text!r}") from None
