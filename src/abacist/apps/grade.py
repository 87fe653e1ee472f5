"""`abacist grade`: a run on its sets, or any text of lines."""

import contextlib
import dataclasses
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args, get_type_hints

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.train_text import validate
from abacist.core.errors import SettingsError
from abacist.data.certificate import Certificate
from abacist.data.files import decoded, read_lines
from abacist.evaluation.calibration import Calibrated, calibrate
from abacist.evaluation.grading import Grade, Score, mark, percent
from abacist.evaluation.lines import grade_lines
from abacist.problems.question import brief
from abacist.problems.rounding import Rounding
from abacist.recipe import change
from abacist.runs import report
from abacist.runs.folder import GRADES, read_values, write_json
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.runs.texts import TextRun
from abacist.text.confidence import CALIBRATION

SHOWN_FAILURES = 3


def grade_run(path: Path, changes: list[tuple[str, Any]], as_json: bool) -> None:
    """Grade a run's best weights again; changes to its grading settings hold for this time only."""
    foreign = [key for key, _ in changes if not key.startswith("grading.")]
    if foreign:
        raise SettingsError(f"{foreign[0]}: only grading.* can be changed of a run that is trained")
    run = Run.open(path)
    if isinstance(run, TextRun):
        if changes:
            raise SettingsError("--set: a run of text has no grading settings")
        validate(run, Console(highlight=False), as_json)
        return
    assert isinstance(run, ProblemRun)
    if changes:
        run.settings = dataclasses.replace(run.settings, grading=change(read_values(path), changes).grading)
    if as_json:
        grades, _ = run.grade()
        print(json.dumps([each.as_json() for each in grades]))
    else:
        grade_and_report(run, Console(highlight=False))


def grade_and_report(run: ProblemRun, console: Console) -> list[Grade]:
    """Grade, print the table, answer the recipe's questions, write grades.json and the report; return the grades."""
    with console.status("grading") if console.is_terminal else contextlib.nullcontext():
        grades, rate = run.grade()
    console.print(table_of(grades))
    for each in grades:
        _print_failures(each, console)
    console.print(f"{sum(len(each.marked) for each in grades):,} answers, {rate:,.0f} a second\n")
    answered = run.show()
    for problem, generated in answered:
        shown = mark(problem, generated, run.codec)
        verdict = "[green]right[/]" if shown.correct else f"[red]wrong, it is {shown.truth}[/]"
        console.print(
            f"  {problem} = [bold]{escape(shown.answer if shown.answer is not None else shown.written)}[/]   {verdict}"
        )
    write_json(run.path / GRADES, [each.as_json() for each in grades])
    calibrated = _calibrated(run, grades)
    if calibrated is not None:
        console.print(f"\n{calibrated.sentence()}", soft_wrap=True)
    path = report.write(run, grades, rate, answered, calibrated)
    console.print(f"\nrun     {escape(str(run.path))}\nreport  {path.resolve().as_uri()}", soft_wrap=True)
    console.print(
        f'ask it  abacist calc --run {escape(str(run.path))} "{answered[0][0] if answered else "1+1"}"', soft_wrap=True
    )
    return grades


def _calibrated(run: ProblemRun, grades: list[Grade]) -> Calibrated | None:
    """Fit what the confidence is worth on the graded answers, and write it for the calculator."""
    settings = run.settings.grading
    calibrated = calibrate((mark for each in grades for mark in each.marked), settings.sure, settings.seed)
    if calibrated is None:
        (run.path / CALIBRATION).unlink(missing_ok=True)
    else:
        write_json(run.path / CALIBRATION, calibrated.as_json())
    return calibrated


def table_of(grades: Iterable[Grade]) -> Table:
    """Return the table of all sets, with a line for each operation where a set has several."""
    table = Table(box=None, header_style="bold")
    table.add_column("graded on")
    for heading in ("right", "of", "%", "95 % interval", "malformed"):
        table.add_column(heading, justify="right")
    table.add_column("seen in training?", justify="right")
    for each in grades:
        note = f" ({each.note})" if each.note else ""
        table.add_row(f"{each.name}{note}", *_cells(each.score), str(each.malformed), _seen(each.certificate))
        parts = each.by(lambda mark: mark.problem.operation)
        if len(parts) > 1:
            for name, score in parts.items():
                table.add_row(f"  {name}", *_cells(score), "", "", style="dim")
    return table


def _seen(certificate: Certificate) -> str:
    if certificate.clean:
        return "none"
    count = certificate.may_have_been_seen
    return "all, perhaps" if count == certificate.problems else f"{count:,}, perhaps"


def _cells(score: Score) -> tuple[str, ...]:
    low, high = score.interval
    return f"{score.correct:,}", f"{score.count:,}", percent(score.accuracy), f"{percent(low)}–{percent(high)}"


def _print_failures(each: Grade, console: Console) -> None:
    failures = each.failures()
    for failure in failures[:SHOWN_FAILURES]:
        wrote = f"{brief(failure.written)!r}, no number" if failure.answer is None else brief(failure.answer)
        asked = f"{brief(str(failure.problem))} = {brief(failure.truth)}"
        console.print(f"  [red]wrong[/] {asked}, it wrote {escape(wrote)}")
    if len(failures) > SHOWN_FAILURES:
        console.print(f"  and {len(failures) - SHOWN_FAILURES:,} more of {each.name!r}; all are in {GRADES}")


def grade_file(file: Path, places: int, rounding: str, as_json: bool) -> None:
    """Grade a text of lines."""
    modes = get_args(get_type_hints(Rounding)["mode"])
    if rounding not in modes:
        raise SettingsError(f"--rounding {rounding}: choose one of {', '.join(modes)}")
    lines = decoded(sys.stdin.buffer, "standard input") if str(file) == "-" else read_lines(file)
    result = grade_lines(lines, Rounding(places, rounding))  # type: ignore[arg-type]
    score = result.score
    if as_json:
        wrong = [{"line": number, "text": text, "truth": truth} for number, text, truth in result.wrong]
        malformed = [{"line": number, "text": text, "reason": reason} for number, text, reason in result.malformed]
        print(json.dumps({**score.as_json(), "wrong": wrong, "malformed": malformed}))
        return
    console = Console(highlight=False)
    for number, text, truth in result.wrong:
        console.print(
            f"[red]wrong[/]     line {number}: {escape(brief(text.strip()))}  (it is {brief(truth)})", soft_wrap=True
        )
    for number, _, reason in result.malformed:
        console.print(f"[yellow]malformed[/] line {number}: {escape(reason)}", soft_wrap=True)
    low, high = score.interval
    share = f"{percent(score.accuracy)} %, 95 % interval {percent(low)}–{percent(high)}"
    console.print(f"{score.correct:,} of {score.count:,} right ({share}); {len(result.malformed):,} malformed lines")
