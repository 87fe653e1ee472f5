"""`abacist prove`: whether a run adds rightly, of all pairs of numbers that there are."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from abacist.apps.argument_types import count

if TYPE_CHECKING:
    from rich.table import Table

    from abacist.evaluation.proof import Proof


def arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes, and what it does."""
    command.add_argument("run", type=Path, help="a run folder")
    command.add_argument("--digits", type=count, metavar="N", help="of both numbers (default: all that are written)")
    command.add_argument(
        "--minutes", type=float, default=60.0, metavar="N", help="give up after so many (default: %(default)g)"
    )
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(command=lambda options: prove(options.run, options.digits, options.minutes, options.json))


def prove(path: Path, digits: int | None, minutes: float, as_json: bool) -> None:
    """Prove it or find a pair that is answered wrongly; print what was found, and exit with 1 where it is not proven.

    Raises: SettingsError or RunError that says what hinders a proof.
    """
    import json

    from rich.markup import escape

    from abacist.apps.console import bar, page
    from abacist.runs.problems import ProblemRun
    from abacist.runs.proving import PROOF, prove_run

    run, console = ProblemRun.open(path), page(stderr=as_json)
    with bar(console, "proving", total=1) as watch:
        made = prove_run(run, digits, 60 * minutes, watch)
    proof = made.proof
    if as_json:
        print(json.dumps(made.as_json()))
    else:
        console.print(_table(proof))
        if proof.verdict == "proven":
            console.print(f"\nproven for all {proof.pairs:,} pairs of numbers of up to {proof.digits} digits")
        elif proof.counterexample is not None:
            left, right = proof.counterexample
            console.print(f"\nwrong: {left}+{right} = {escape(str(made.written))}, and {made.right} is right")
        else:
            console.print(f"\nundecided: {escape(proof.why)}", soft_wrap=True)
        console.print(f"assumed   {proof.assumed}", soft_wrap=True)
        console.print(f"written   {escape(str(path / PROOF))}", soft_wrap=True)
    if proof.verdict != "proven":
        raise SystemExit(1)


def _table(proof: "Proof") -> "Table":
    """Return what was looked at for each token of an answer, and where the right one is least ahead."""
    from rich.table import Table

    table = Table(box=None, header_style="bold")
    table.add_column("written")
    for heading in ("sets", "cut", "margin"):
        table.add_column(heading, justify="right")
    table.add_column("where it is least", no_wrap=True)
    table.add_column("seconds", justify="right")
    for place in proof.places:
        margin = f"{place.margin:.3g}" if place.splits < place.states else ""
        table.add_row(place.token, f"{place.states:,}", f"{place.splits:,}", margin, place.at, f"{place.seconds:,.1f}")
    return table
