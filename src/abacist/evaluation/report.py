"""The report of a run: one HTML file that needs no network, no script and nothing beside it."""

import json
import math
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from abacist.data.certificate import Certificate
from abacist.evaluation import figures
from abacist.evaluation.calibration import Calibrated, reliability
from abacist.evaluation.course import Metrics, best_look, rounds_of, training_losses, watched_looks
from abacist.evaluation.drawing import as_svg
from abacist.evaluation.experts import ExpertUse, experts_figure, experts_found
from abacist.evaluation.far import AXES, Reach, by_shown, cells_of
from abacist.evaluation.far_figures import first_errors, length_map, over_sizes
from abacist.evaluation.far_report import errors_found, section, sizes_found
from abacist.evaluation.grading import Grade, Marked, Score, mark, operation, percent, score, size
from abacist.problems.problem import Problem
from abacist.problems.question import Question, is_number
from abacist.text.codec import Codec
from abacist.text.format import turned
from abacist.text.generated import Generated

SHOWN = 20
"""Failures of a set that are shown unasked; the others are one click away."""


@dataclass(frozen=True)
class RunFacts:
    """What the report tells of a run besides its grades, as plain values."""

    path: str
    """The run folder as one types it in a command."""
    command: str
    """The command that repeats the run."""
    settings: dict[str, Any]
    """The whole settings as JSON values."""
    versions: dict[str, Any]
    """As in the run's `versions.json`."""
    parameters: int
    weight_bytes: int
    """Size of the weights on disk."""
    answers_per_second: float = 0.0
    ideas: Sequence[tuple[str, str]] = field(default=())
    """Commands worth trying after this run's recipe, each with the reason in a sentence."""


def write_report(
    path: Path,
    facts: RunFacts,
    codec: Codec,
    grades: Sequence[Grade],
    metrics: Metrics,
    answered: Sequence[tuple[Problem, Generated]] = (),
    calibrated: Calibrated | None = None,
    within: Callable[[Question], bool] = lambda _: False,
    reaches: Sequence[Reach] = (),
    experts: ExpertUse | None = None,
) -> None:
    """Write the report to the file `path`, whole or not at all; the arguments are those of `render`."""
    temporary = path.with_suffix(".new")
    page = render(facts, codec, grades, metrics, answered, calibrated, within, reaches, experts)
    temporary.write_text(page, encoding="utf-8")
    temporary.replace(path)


def render(
    facts: RunFacts,
    codec: Codec,
    grades: Sequence[Grade],
    metrics: Metrics,
    answered: Sequence[tuple[Problem, Generated]] = (),
    calibrated: Calibrated | None = None,
    within: Callable[[Question], bool] = lambda _: False,
    reaches: Sequence[Reach] = (),
    experts: ExpertUse | None = None,
) -> str:
    """Return the report as HTML; everything that comes from data is escaped.

    The first grade is the one the verdict is about. `metrics` are the lines of the run's `metrics.jsonl`,
    `answered` a few questions with what the model wrote, `calibrated` what its confidence is worth.
    `within` tells which questions are such as training shows, `reaches` is what was asked of other sizes,
    `experts` what the experts of a mixture do.
    """
    settings = facts.settings
    split = settings["task"]["split"]
    watched = "held-out problems" if split["held_out"] else "problems of the training side"
    mapped = [grade for grade in grades if figures.fits_cells(grade.marked)] or list(grades)
    marks = [each for grade in mapped for each in grade.marked]
    single = figures.fits_cells(marks)
    every = [each for grade in grades for each in grade.marked]
    sizes = {axis: cells_of(axis, marks if axis == "lengths" else every, within) for axis in AXES}
    sides = by_shown(every, within)
    mixture = settings["task"]["mixture"]
    entries = [f"{place}: {Path(item['operation']['name']).stem}" for place, item in enumerate(mixture)]
    drawn = {
        "loss": figures.loss_curve(metrics, watched),
        "shares": figures.shares_over_training(metrics, entries),
        "rounds": figures.accuracy_by_round(metrics),
        "operation": figures.accuracy_by_operation(grades),
        "size": figures.accuracy_by_size(grades),
        "heat": figures.heat_map(marks, split["region"]) if single else as_svg(length_map)(sizes["lengths"]),
        "operands": as_svg(over_sizes, "operands")(sizes["operands"]),
        "depths": as_svg(over_sizes, "depths")(sizes["depths"]),
        "errors": as_svg(first_errors)(sides),
        "experts": as_svg(experts_figure)(experts),
        "calibration": figures.calibration(grades),
        "trust": _trust(calibrated),
    }
    found = {
        "loss": learning_found(metrics, watched, len(codec.tokenizer.vocabulary)),
        "shares": shares_found(metrics, entries),
        "rounds": rounds_found(metrics),
        "operation": lowest_found({(grade.name, key): s for grade in grades for key, s in grade.by(operation).items()}),
        "size": lowest_found(
            {(grade.name, f"{key} digits"): s for grade in grades for key, s in grade.by(size).items() if key}
        ),
        "heat": cells_found(marks) if single else sizes_found(sizes["lengths"]),
        "operands": sizes_found(sizes["operands"]),
        "depths": sizes_found(sizes["depths"]),
        "errors": errors_found(sides),
        "experts": experts_found(experts),
        "calibration": calibration_found(grades),
        "trust": calibrated.sentence() if calibrated is not None else "",
    }
    values = {
        "facts": facts,
        "settings": settings,
        "split": split,
        "settings_json": json.dumps(settings, indent=2, ensure_ascii=False),
        "vocabulary": codec.tokenizer.vocabulary,
        "grades": grades,
        "calibrated": calibrated,
        "verdict": verdict(grades[0]) if grades else "This model has not been graded.",
        "sample": _sample(grades, codec),
        "answered": [_answered(problem, generated, codec) for problem, generated in answered],
        "figures": {name: Markup(svg) if svg else None for name, svg in drawn.items()},
        "found": found,
        "mapped": [grade.name for grade in mapped],
        "cells": single,
        "far": section(reaches),
        "rounds": rounds_of(metrics),
        "steps": metrics[-1]["step"] if metrics else None,
        "seconds": metrics[-1]["seconds"] if metrics else None,
        "ideas": [*facts.ideas, *next_steps(facts, grades)],
        "shown": SHOWN,
    }
    return template().render(values)


def interval(value: Score) -> str:
    """Write a 95 % interval in percent."""
    low, high = value.interval
    return f"{percent(low)} to {percent(high)}"


def duration(seconds: float) -> str:
    """Write seconds the way one says them."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def verdict(grade: Grade) -> str:
    """Say in one sentence how much the model gets right."""
    value = grade.score
    sentence = f"This model answers {value.correct:,} of {value.count:,} problems"
    numbers = f"({percent(value.accuracy)} %, 95 % interval {interval(value)})."
    if grade.certificate.clean:
        return f"{sentence} it has never seen {numbers}"
    return f"{sentence} {numbers} {_sentence(grade.certificate)}"


def learning_found(metrics: Metrics, watched: str, vocab_size: int) -> str:
    """Say what the loss curve holds: from where to where, the gap to held-out problems, when answers came right."""
    losses, looks = training_losses(metrics), watched_looks(metrics)
    if not losses:
        return ""
    (first, start), (last, end) = losses[0], losses[-1]
    said = [f"Guessing among {vocab_size} tokens would cost {math.log(vocab_size):.2f} nats a token."]
    said.append(f"Training loss went from {start:.3g} at step {first:,} to {end:.3g} at step {last:,}.")
    if looks:
        step, accuracy, _ = best_look(metrics)
        apart = looks[-1][2] > 2 * end and looks[-1][2] - end > 0.01
        gap = "a gap: the model remembers more than it understands" if apart else "no gap, so no sign of mere memory"
        said.append(f"Loss on {watched} ended at {looks[-1][2]:.3g}: {gap}." if watched.startswith("held") else "")
        half = next((look[0] for look in looks if look[1] >= 0.5), None)
        when = f"passed 50 % at step {half:,} and " if half is not None else ""
        said.append(
            f"The share answered exactly {when}was {percent(accuracy)} % at step {step:,}, whose weights were kept."
        )
    return " ".join(filter(None, said))


def shares_found(metrics: Metrics, entries: Sequence[str]) -> str:
    """Say of which entry of the mixture the last batches had most, and which was known least."""
    looks = [line for line in metrics if "shares" in line]
    if not looks:
        return ""
    shares, known = looks[-1]["shares"], looks[-1]["held_out_by_entry"]
    most = shares.index(max(shares))
    largest = f"In the end {entries[most]} had the largest share, {percent(shares[most])} %"
    if not known:
        return f"{largest}; shares went by time."
    least = known.index(min(known))
    return f"{largest}, and {entries[least]} was known least, {percent(known[least])} % answered exactly."


def rounds_found(metrics: Metrics) -> str:
    """Say how far answers reached before and after the rounds, by the longest numbers measured."""
    measured = [each for each in rounds_of(metrics) if each.by_size]
    if len(measured) < 2:
        return ""
    digits, last = max(measured[-1].by_size.items())
    first = measured[0].by_size[digits]
    return (
        f"Of numbers of {digits} digits {percent(first.accuracy)} % were answered exactly before the first round, "
        f"{percent(last.accuracy)} % after the last."
    )


def lowest_found(scores: Mapping[tuple[str, str], Score]) -> str:
    """Name the group that does worst."""
    if not scores:
        return ""
    (set_name, key), worst = min(scores.items(), key=lambda item: item[1].accuracy)
    if worst.correct == worst.count:
        return "Every group is answered without a mistake."
    counts = f"{worst.correct:,} of {worst.count:,} ({percent(worst.accuracy)} %)"
    return f"Lowest is {key} in the set “{set_name}”: {counts}."


def cells_found(marks: Sequence[Marked]) -> str:
    """Count the cells of the heat map that hold a mistake."""
    scores = [
        value
        for name in sorted({operation(each) for each in marks})
        for value in figures.cell_scores([each for each in marks if operation(each) == name], single=True).values()
    ]
    wrong = sum(value.correct < value.count for value in scores)
    if not wrong:
        return f"None of the {len(scores):,} cells holds a mistake."
    return f"{wrong:,} of the {len(scores):,} cells {'holds' if wrong == 1 else 'hold'} a mistake."


def calibration_found(grades: Sequence[Grade]) -> str:
    """Say how well the model knows when it is right."""
    said = []
    for grade in grades:
        sure = score([each for each in grade.marked if each.confidence >= 0.99])
        error = figures.calibration_error(grade.marked)
        rate = f"{percent(sure.accuracy)} % of them right" if sure.count else "so it is never that sure"
        said.append(
            f"“{grade.name}”: expected calibration error {error:.3f}; {sure.count:,} of {len(grade.marked):,} "
            f"answers have a confidence of 99 % or more, {rate}."
        )
    return " ".join(said)


def failures_found(failures: Sequence[Marked]) -> str:
    """Sort mistakes by kind: no number, wrong length, one digit off, several."""

    def kind(failure: Marked) -> str:
        answer, truth = failure.answer, failure.truth
        if answer is None:
            return "no number at all"
        if len(answer) != len(truth):
            return "of the wrong length"
        off = sum(one != other for one, other in zip(answer, truth, strict=True))
        return "off in one place" if off == 1 else "off in several places"

    counts = Counter(map(kind, failures)).most_common()
    return ", ".join(f"{count:,} {name}" for name, count in counts) + "."


def digits_against(answer: str, truth: str) -> list[tuple[str, bool]]:
    """Return the answer's characters, each with whether it differs from the truth, both aligned at the right end."""
    aligned = truth.rjust(len(answer))[-len(answer) :] if answer else ""
    return [(character, character != other) for character, other in zip(answer, aligned, strict=True)]


def next_steps(facts: RunFacts, grades: Sequence[Grade]) -> list[tuple[str, str]]:
    """Return commands that follow from this run, each with the reason in a sentence."""
    model, training = facts.settings["model"], facts.settings["training"]
    steps = [(f"abacist calc --run {shlex.quote(facts.path)}", "Ask this model your own questions.")]
    if grades and grades[0].score.accuracy < 0.99 and training["steps"]:
        steps.append((f"{facts.command} --set training.steps={2 * training['steps']}", "Train twice as long."))
    half, heads = model["d_model"] // 2, model["n_heads"]
    if half and half % (2 * heads) == 0:
        why = f"See how small it can be: half the width of {model['d_model']}."
        steps.append((f"{facts.command} --set model.d_model={half}", why))
    again = f"{facts.command} --set seed={facts.settings['seed'] + 1}"
    return [*steps, (again, "See how much was luck: the same run from another seed.")]


def _trust(calibrated: Calibrated | None) -> str | None:
    if calibrated is None:
        return None
    raw = reliability(calibrated.products, calibrated.correct)
    tables = {"confidence": calibrated.table, "product of the probabilities": raw}
    return figures.trust(tables, calibrated.calibration.threshold)


@dataclass(frozen=True)
class _Sample:
    """One problem in the run's format."""

    question: str
    truth: str
    prompt: list[str]
    completion: list[str]
    turned_prompt: bool
    turned_answer: bool
    padded: bool


def _sample(grades: Sequence[Grade], codec: Codec) -> _Sample | None:
    """Choose a telling problem: one whose answer reads differently from both ends."""
    problems = [each.problem for grade in grades[:1] for each in grade.marked[:200]]
    if not problems:
        return None
    telling = [problem for problem in problems if problem.answer() != turned(problem.answer())] or problems
    problem = max(telling, key=lambda problem: len(problem.answer()) + len(str(problem)))
    truth = problem.answer()
    example = codec.format.render(problem)
    numbers = [text for text in problem.question if is_number(text) and text != turned(text)]
    vocabulary, encode = codec.tokenizer.vocabulary, codec.tokenizer.encode
    return _Sample(
        question=str(problem),
        truth=truth,
        prompt=[vocabulary[token] for token in encode(example.prompt)],
        completion=[vocabulary[token] for token in encode(example.completion)],
        turned_prompt=any(turned(text) in example.prompt and text not in example.prompt for text in numbers),
        turned_answer=truth != turned(truth) and example.completion.startswith(turned(truth)),
        padded=example.completion.strip().startswith("0") and not truth.startswith("0"),
    )


def _answered(problem: Problem, generated: Generated, codec: Codec) -> dict[str, Any]:
    """Mark a question answered for show; `signs` are the tokens the model wrote, each with its probability."""
    end, vocabulary = codec.tokenizer.end_id, codec.tokenizer.vocabulary
    signs = ["end" if token == end else vocabulary[token] for token in generated.ids]
    return {
        "mark": mark(problem, generated, codec),
        "signs": list(zip(signs, generated.probabilities, strict=True)),
    }


def _sentence(certificate: Certificate) -> str:
    text = certificate.sentence()
    return f"{text[0].upper()}{text[1:]}."


@cache
def template(name: str = "report.html.j2") -> Template:
    """Return a page of this folder, with what pages call by name."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "interval": interval, "duration": duration, "sentence": _sentence}
    environment.globals |= {
        "digits_against": digits_against,
        "failures_found": failures_found,
        "operation": operation,
        "size": size,
    }
    return environment.get_template(name)
