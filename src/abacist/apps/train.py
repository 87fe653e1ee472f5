"""`abacist train`: a model from random weights, its grade and its report."""

import dataclasses
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.console import reading
from abacist.apps.grade import grade_and_report
from abacist.apps.progress import Display, clock
from abacist.apps.source import settings_from
from abacist.apps.train_text import train_on_text
from abacist.core.errors import Interrupted, RunError, SettingsError
from abacist.core.seeds import stream
from abacist.evaluation.course import RoundFacts, rounds_of, table_of_rounds
from abacist.evaluation.grading import percent
from abacist.models.transformer import count_parameters
from abacist.runs.problems import ProblemRun, train_together
from abacist.runs.run import Run
from abacist.runs.texts import TextRun
from abacist.training.loop import read_metrics


def begin(
    source: str, changes: list[tuple[str, Any]], runs: Path, name: str | None, overwrite: bool, grade: bool
) -> None:
    """Make a run from settings and train it."""
    settings = settings_from(source, changes)
    path = runs / (name or settings.recipe)
    if not overwrite and name is None:
        path = _free(path)
    with reading(Console(highlight=False)) as told:
        run = Run.create(path, settings, overwrite, told)
    _train(run, grade, resume=False)


def begin_together(
    source: str,
    changes: list[tuple[str, Any]],
    over: list[list[tuple[str, Any]]],
    runs: Path,
    name: str | None,
    overwrite: bool,
    grade: bool,
) -> None:
    """Make a run for every combination of the values in `over`, and train them all at once.

    Raises: SettingsError where a value would change the shape of the model.
    """
    console = Console(highlight=False)
    members: dict[str, ProblemRun] = {}
    choices = list(itertools.product(*over))
    settings = [settings_from(source, [*changes, *choice]) for choice in choices]
    if any(each.corpus for each in settings):
        raise SettingsError("--over: models of text are trained one by one")
    shared = [(each.model, each.text, each.kind, each.training.batch_size, each.training.dtype) for each in settings]
    if any(each != shared[0] for each in shared):
        raise SettingsError(
            "--over: models trained at once share shape, text, batch size and dtype; train others one by one"
        )
    for choice, each in zip(choices, settings, strict=True):
        label = " ".join(f"{path.rpartition('.')[2]}={value}" for path, value in choice)
        path = runs / re.sub(r"[^\w.+-]", "_", f"{name or each.recipe}-{label.replace(' ', '-').replace('=', '')}")
        training = each.training
        if members:  # what is settled by trying is tried once
            tried = next(iter(members.values())).settings.training
            training = dataclasses.replace(training, dtype=tried.dtype, threads=tried.threads)
        made = dataclasses.replace(each, training=training)
        members[label] = ProblemRun.create(path if overwrite else _free(path), made, overwrite)
    console.print(f"[bold]{settings[0].recipe}[/]: {len(members)} models at once; shown is {next(iter(members))}")
    first = next(iter(members.values()))
    try:
        with Display(console, first.watched_side) as display:
            outcomes = train_together(list(members.values()), display.show)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with each by itself: abacist train --resume {first.path}") from None
    table = Table(box=None, header_style="bold")
    table.add_column("run", no_wrap=True)
    for heading in ("steps", f"best on {first.watched_side}, %", *(["graded, %"] if grade else [])):
        table.add_column(heading, justify="right")
    for run, outcome in zip(members.values(), outcomes, strict=True):
        cells = [escape(run.path.name), f"{outcome.step:,}", percent(outcome.best.accuracy or 0.0)]
        if grade:
            cells.append(percent(grade_and_report(run, Console(quiet=True))[0].score.accuracy))
        table.add_row(*cells)
    console.print(table)
    console.print(f"all in {escape(str(runs))}", soft_wrap=True)


def go_on(path: Path, grade: bool) -> None:
    """Go on with an interrupted run. Raises: RunError if it has come to its end."""
    run = Run.open(path)
    if run.finished():
        raise RunError(f"{path} is finished; abacist grade {path} grades it again")
    _train(run, grade, resume=True)


def _free(path: Path) -> Path:
    """Return the path, or the first of path-2, path-3, ... that is not taken: a run is never overwritten unasked."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _train(run: Run, grade: bool, resume: bool) -> None:
    """Train a run of either material."""
    if isinstance(run, ProblemRun):
        _train_on_problems(run, grade, resume)
    elif isinstance(run, TextRun):
        train_on_text(run, grade, resume)


def _train_on_problems(run: ProblemRun, grade: bool, resume: bool) -> None:
    console = Console(highlight=False)
    training, model = run.settings.training, run.settings.model
    budget = f"{training.minutes:g} minutes" if training.minutes else f"{training.steps:,} steps"
    console.print(
        f"[bold]{run.settings.recipe}[/]: {count_parameters(run.kind.model):,} parameters "
        f"({model.n_layers} layers, {model.d_model} wide), {budget} of {training.batch_size} rows, {training.dtype}"
    )
    if run.settings.data.rounds is not None:
        rounds, count = run.settings.data.rounds, len(run.task.stages) - 1
        console.print(
            f"then {count} {'round' if count == 1 else 'rounds'} of {rounds.steps:,} steps on its own answers; "
            f"models that vote: {rounds.voters}"
        )
    example = run.codec.format.render(run.taught.sample(stream(run.settings.seed, "show")))
    console.print(f"it reads [cyan]{escape(example.prompt)}[/] and shall write [green]{escape(example.completion)}[/]")
    try:
        with Display(console, run.watched_side) as display:
            outcome = run.train(display.show, resume)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with: abacist train --resume {run.path}") from None
    console.print(
        f"trained {outcome.step:,} steps in {clock(outcome.seconds)}; best on {run.watched_side} problems: "
        f"{percent(outcome.best.accuracy or 0.0)} % (step {outcome.best_step:,})"
    )
    if run.settings.data.rounds is not None:
        console.print(_table_of(rounds_of(read_metrics(run.path))))
        console.print("* held against the truth for this table alone")
    if grade:
        grade_and_report(run, console)


def _table_of(rounds: Sequence[RoundFacts]) -> Table:
    """Return the table of the rounds, a column a round."""
    heading, *lines = table_of_rounds(rounds)
    table = Table(box=None, header_style="bold")
    for place, text in enumerate(heading):
        table.add_column(text, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    return table
