"""`abacist train` and `abacist grade` where a run learns from text: progress with samples, then all validation text."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from abacist.apps.console import reading
from abacist.apps.progress import Display, clock
from abacist.core.errors import Interrupted
from abacist.data.overlap import Overlap
from abacist.models.transformer import count_parameters
from abacist.runs import text_report
from abacist.runs.folder import GRADES, write_json
from abacist.runs.texts import Look, TextRun

LEAK = 0.01
"""Share of the validation text in the training text from which on it is told before training; the report has any."""


def train_on_text(run: TextRun, report: bool, resume: bool) -> None:
    """Train, show samples as it goes, and measure the best weights."""
    console = Console(highlight=False)
    training, model = run.settings.training, run.settings.model
    budget = f"{training.minutes:g} minutes" if training.minutes else f"{training.steps:,} steps"
    learning = count_parameters(run.kind.model, learning=True)
    whole = count_parameters(run.kind.model)
    shape = "" if run.settings.kind.name == "bigram" else f" ({model.n_layers} layers, {model.d_model} wide)"
    of = f" of {whole:,}" if learning < whole else ""
    console.print(
        f"[bold]{run.settings.recipe}[/]: {learning:,}{of} parameters{shape}, {budget} of {training.batch_size} rows "
        f"of {run.context} tokens, {training.dtype}"
    )
    with reading(console) as run.reading:
        facts = run.facts()
    for fact in facts:
        train, held = fact["sides"]["train"], fact["sides"]["validation"]
        console.print(
            f"it reads [cyan]{escape(fact['name'])}[/]: {train['tokens']:,} tokens to learn from, "
            f"{held['tokens']:,} to validate, {len(run.codec.tokenizer.vocabulary):,} different"
            + (f"; {fact['faults']:,} faults, which abacist text lists" if fact["faults"] else "")
        )
        for line in reservations(fact):
            console.print(f"  {escape(line)}", soft_wrap=True)
    if run.settings.start is not None:
        console.print(f"it begins with the weights of [cyan]{escape(run.settings.start.weights)}[/]", soft_wrap=True)
    try:
        with Display(console, run.watched_side) as display:
            run.tell = lambda text: display.say(f"  | {_line(text)}")
            outcome = run.train(display.show, resume)
    except Interrupted as stop:
        raise Interrupted(f"{stop}. Go on with: abacist train --resume {run.path}") from None
    console.print(
        f"trained {outcome.step:,} steps in {clock(outcome.seconds)}; best at step {outcome.best_step:,}: "
        f"validation {outcome.best.loss:.4f} nats a token"
    )
    if report:
        validate(run, console)


def reservations(fact: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is to be known of a source before a loss on it is believed, as `corpus.json` has it."""
    held, overlap = fact["sides"]["validation"], fact.get("overlap")
    if held["unknown"]:
        yield (
            f"{held['unknown'] / held['tokens']:.2%} of the tokens to validate are unknown to the vocabulary, and what "
            "they stood for is lost: bits a character cannot be told"
        )
    if overlap is not None and Overlap(**overlap).share > LEAK:
        yield str(Overlap(**overlap))


def validate(run: TextRun, console: Console, as_json: bool = False) -> list[Look]:
    """Measure the best weights on all validation text, write it down with the report, and print it."""
    with contextlib.nullcontext() if as_json else reading(console) as told:
        run.reading = told or run.reading
        looks = run.validated()
    if as_json:
        print(json.dumps([look.as_json() for look in looks]))
        return looks
    write_json(run.path / GRADES, [look.as_json() for look in looks])
    console.print(table_of(looks))
    samples = list(run.samples(text_report.SAMPLES))
    if samples:
        console.print(f"\n{samples[0]}\n", markup=False, soft_wrap=True)
    path = text_report.write(run, looks, samples)
    console.print(f"run     {escape(str(run.path))}\nreport  {path.resolve().as_uri()}", soft_wrap=True)
    if samples:
        console.print(f"sample  abacist sample {escape(str(run.path))}", soft_wrap=True)
    return looks


def table_of(looks: list[Look]) -> Table:
    """Return the table of what was measured on."""
    table = Table(box=None, header_style="bold")
    table.add_column("validation text of")
    lost = ("unknown tokens",) if any(look.loss.unknown for look in looks) else ()
    for heading in ("tokens", "nats a token", "perplexity", "bits a character", *lost):
        table.add_column(heading, justify="right")
    for look in looks:
        bits = look.loss.bits_per_character
        table.add_row(
            escape(look.name),
            f"{look.loss.tokens:,}",
            f"{look.loss.loss:.4f}",
            f"{look.loss.perplexity:,.3f}",
            "unknown" if bits is None else f"{bits:.4f}",
            *([f"{look.loss.unknown:.2%}"] if lost else []),
        )
    return table


def _line(text: str, length: int = 110) -> str:
    """Return the beginning of a text on one line."""
    shown = text.strip().replace("\n", " ⏎ ")
    return shown if len(shown) <= length else shown[: length - 1] + "…"
