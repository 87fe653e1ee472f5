"""`abacist train`: a model from random weights, its grade and its report."""

import dataclasses
import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, ProgressColumn, TextColumn
from rich.progress import Progress as Bar
from rich.progress import Task as BarTask
from rich.table import Table
from rich.text import Text

from abacist.apps.grade import grade_and_report
from abacist.apps.source import settings_from
from abacist.core.errors import Interrupted, RunError, SettingsError
from abacist.core.seeds import stream
from abacist.evaluation.course import RoundFacts, rounds_of, table_of_rounds
from abacist.evaluation.grading import percent
from abacist.models.transformer import count_parameters
from abacist.runs.run import Run, train_together
from abacist.training.loop import Progress, read_metrics


def begin(
    source: str, changes: list[tuple[str, Any]], runs: Path, name: str | None, overwrite: bool, grade: bool
) -> None:
    """Make a run from settings and train it."""
    settings = settings_from(source, changes)
    path = runs / (name or settings.recipe)
    if not overwrite and name is None:
        path = _free(path)
    _train(Run.create(path, settings, overwrite), grade, resume=False)


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
    members: dict[str, Run] = {}
    choices = list(itertools.product(*over))
    settings = [settings_from(source, [*changes, *choice]) for choice in choices]
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
        members[label] = Run.create(path if overwrite else _free(path), made, overwrite)
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
        cells = [escape(run.path.name), f"{outcome.step:,}", percent(outcome.best.accuracy)]
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
        f"{percent(outcome.best.accuracy)} % (step {outcome.best_step:,})"
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


class Display:
    """A progress bar on a terminal; elsewhere a line now and then, so that logs stay short.

    `every` is the share of the budget between two such lines.
    """

    def __init__(self, console: Console, watched: str, every: float = 0.05):
        self.console, self.watched, self.every = console, watched, every
        self.bar = Bar(
            BarColumn(bar_width=14), TextColumn("{task.percentage:3.0f} %"), _Words(), console=console, transient=True
        )
        self.job = self.bar.add_task("", total=1.0, words="")
        self.printed = -1.0

    def __enter__(self) -> "Display":
        if self.console.is_terminal:
            self.bar.start()
        return self

    def __exit__(self, *details: object) -> None:
        if self.console.is_terminal:
            self.bar.stop()

    def show(self, progress: Progress) -> None:
        """Update the bar."""
        steps = f"/{progress.steps:,}" if progress.steps else ""
        accuracy = "" if progress.accuracy is None else f" · {self.watched} {percent(progress.accuracy)} %"
        words = (
            f"step {progress.step:,}{steps} · loss {progress.loss:.4f}{accuracy} · "
            f"{progress.tokens_per_second:,.0f} tokens/s · {clock(progress.seconds_left)} left"
        )
        if self.console.is_terminal:
            self.bar.update(self.job, completed=progress.share, words=words)
        elif progress.share >= self.printed + self.every:
            self.printed = progress.share
            self.console.print(words, soft_wrap=True)


class _Words(ProgressColumn):
    """The words beside the bar."""

    def render(self, task: BarTask) -> Text:
        """Return them as they are."""
        return Text(task.fields["words"], no_wrap=True, overflow="ellipsis")


def clock(seconds: float) -> str:
    """Write seconds as 1:02:03 or 2:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
