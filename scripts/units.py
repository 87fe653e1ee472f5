"""Write the part of docs/lab.md on exact units: what they learn, from how much, and how far it reaches.

    python scripts/units.py                everything; run it again and it goes on where it stopped
    python scripts/units.py --only lessons this stage alone; the others stay on the page as they are
    python scripts/units.py --smoke        two steps a model at toy sizes, on a copy of the page

What is asked of a run is kept in its folder, and asked once.
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from abacist.apps.benchmark import DATA, problems_of
from abacist.apps.pages import Asked, PageScript
from abacist.core.catalogue import build
from abacist.evaluation.benchmark import FOLDER as BENCHMARKS
from abacist.evaluation.benchmarking import grade_benchmark
from abacist.evaluation.grading import Score, grade, percent
from abacist.evaluation.settings import GradeSet
from abacist.models.exact_unit import gate_closed
from abacist.models.transformer import count_parameters
from abacist.recipe import settings_of
from abacist.runs.asking import asker
from abacist.runs.folder import read_json, write_json
from abacist.runs.problems import ProblemRun
from abacist.training.loop import read_metrics

ROOT = Path(__file__).resolve().parents[1]
PAGE, RUNS = ROOT / "docs" / "lab.md", Path("runs/units")
ONE_THREAD = {"training.threads": 1, "training.dtype": "float32"}
SINGLE, AS_TRAINED = 0, 1
"""Places of grade sets in both recipes: the first stands for single operations, or for what was trained."""
WHOLE = 100_000
"""Single operations that the first seed of the taught unit is asked."""
CLOSED = 1000
"""Problems asked with the gate closed."""
TOY = {
    **{"training.steps": 2, "training.batch_size": 4, "training.evaluate_on": 4},
    **{"model.d_model": 8, "model.n_heads": 2, "model.context_length": 256, "questions": []},
}
"""What the smoke changes in every model; it trains the first seed alone."""


@dataclass(frozen=True)
class Question:
    """What a run is asked: a set of its own grades, or a benchmark, with its unit or without."""

    title: str
    ask: Callable[[ProblemRun, bool], Score]
    """Given the run, and whether everything is small."""
    first_alone: bool = False
    """Ask the first seed's run alone."""


@dataclass(frozen=True)
class Stage:
    """Models that differ in their seed alone, and what they are asked; or that differ in what teaches them."""

    recipe: str
    questions: tuple[Question, ...]
    changes: dict[str, Any] = field(default_factory=dict)
    over: tuple[tuple[str, dict[str, Any]], ...] = (("", {}),)
    """Names with the settings by which models differ; each is trained with every seed."""
    seeds: tuple[int, ...] = (1, 2, 3)


def of_set(place: int, count: int | None = None, closed: bool = False) -> Callable[[ProblemRun, bool], Score]:
    """Ask a set of the run's own grades, of another count where one is given."""

    def ask(run: ProblemRun, small: bool) -> Score:
        own: GradeSet = run.settings.grading.sets[place]
        wanted = replace(own, count=5 if small else count or own.count)
        kind, seed = run.trained(), run.settings.grading.seed
        with gate_closed(kind.model) if closed else nullcontext():
            return grade(kind, run.codec, run.settings.problems, wanted, seed, run.may_have_been_seen).score

    return ask


def of_mathglm(fresh: int | None) -> Callable[[ProblemRun, bool], Score]:
    """Ask MathGLM's expressions: so many of each sort drawn anew, or those of the authors' file where it is there."""

    def ask(run: ProblemRun, small: bool) -> Score:
        if fresh is None and not os.environ.get(DATA):
            return Score(0, 0)
        part = build(BENCHMARKS, "mathglm")
        items, source = problems_of("mathglm", part, None, fresh, run.settings.grading.seed)
        chosen = items[:5] if small else items
        return grade_benchmark("mathglm", source, part, chosen, asker(run), run.may_have_been_seen).whole.score

    return ask


LESSONS = ("summed", "reinforced", "straight_through")
STAGES = {
    "taught": Stage(
        "exact_unit",
        (
            Question(f"one operation, {WHOLE:,} of them", of_set(SINGLE, WHOLE), first_alone=True),
            Question("one operation on up to 10 digits, in words and signs, held out", of_set(SINGLE)),
            Question("as trained, held out", of_set(AS_TRAINED)),
            Question("nested 4 to 6 deep, trained on 3", of_set(2)),
            Question("MathGLM's expressions, drawn anew", of_mathglm(250)),
            Question("MathGLM, the first of the authors' file", of_mathglm(None)),
            Question("one operation, gate closed", of_set(SINGLE, CLOSED, closed=True)),
        ),
        ONE_THREAD,
        seeds=(1, 2),
    ),
    "answers": Stage(
        "exact_unit_from_answers",
        (
            Question("as trained, held out", of_set(0)),
            Question("four operations on up to 5 digits, trained on 2", of_set(1)),
            Question("four operations on up to 50 digits", of_set(2)),
            Question("nested 3 to 7 deep, trained on 2", of_set(3)),
            Question("four operations, gate closed", of_set(1, CLOSED, closed=True)),
        ),
        ONE_THREAD,
    ),
    "lessons": Stage(
        "exact_unit_from_answers",
        (Question("held out", of_set(0)), Question("up to 5 digits", of_set(1, 1000))),
        {"depth": 0, "training.steps": 400, **ONE_THREAD},
        tuple((name, {"kind.lesson": name}) for name in LESSONS),
    ),
}
SCRIPT = PageScript("units", (__doc__ or "").partition("\n")[0], PAGE, RUNS, STAGES)


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    return SCRIPT.run(arguments, made)


def made(name: str, asked: Asked) -> str:
    """Return the part of a stage: a row for each model and question."""
    stage = replace(STAGES[name], seeds=STAGES[name].seeds[:1]) if asked.smoke else STAGES[name]
    heading = ("taught by", "asked") if len(stage.over) > 1 else ("asked",)
    rows = [f"| {' | '.join(heading)} | seeds | right, by seed | of each | % together | 95 % interval |"]
    rows.append("|---" * len(heading) + "|---:|---:|---:|---:|---|")
    remarks: list[str] = []
    for label, changes in stage.over:
        runs = {seed: trained(name, stage, label, changes, seed, asked) for seed in stage.seeds}
        kind, seconds = runs[1].trained(), [_seconds(run) for run in runs.values()]
        steps = runs[1].settings.training.steps
        told = f"{label}: " if label else ""
        remarks.append(
            f"- {told}{count_parameters(kind.model):,} parameters, {steps:,} steps, "
            f"{min(seconds):.0f} to {max(seconds):.0f} s of one thread."
        )
        for question in stage.questions:
            seeds = stage.seeds[:1] if question.first_alone else stage.seeds
            scores = [answered(runs[seed], question, asked.smoke) for seed in seeds]
            if any(score.count for score in scores):
                cells = (label, question.title) if label else (question.title,)
                rows.append(f"| {' | '.join(cells)} | {row(seeds, scores)} |")
    return "\n".join([*rows, "", *remarks, ""])


def row(seeds: Sequence[int], scores: Sequence[Score]) -> str:
    """Return the cells of a row."""
    whole = Score(sum(score.correct for score in scores), sum(score.count for score in scores))
    low, high = whole.interval
    right = ", ".join(f"{score.correct:,}" for score in scores)
    told = f"{seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
    counts = f"{scores[0].count:,}"
    return f"{told} | {right} | {counts} | {percent(whole.accuracy)} | {percent(low)}–{percent(high)}"


def trained(name: str, stage: Stage, label: str, changes: dict[str, Any], seed: int, asked: Asked) -> ProblemRun:
    """Return the trained run of a model and seed; it is trained, or gone on with, where it is not."""
    path = asked.runs / f"{name}{'_' * bool(label)}{label}_seed-{seed}"
    settings = settings_of(
        stage.recipe, [*{**stage.changes, **changes, "seed": seed, **(TOY if asked.smoke else {})}.items()]
    )
    known = (path / "settings.json").is_file()
    run = ProblemRun.open(path) if known else ProblemRun.create(path, settings)
    assert isinstance(run, ProblemRun)
    if not known or not run.finished():
        print(f"{path}: training", flush=True)
        run.train(resume=known)
    return run


def answered(run: ProblemRun, question: Question, small: bool) -> Score:
    """Return the score of a run on a question, from its folder if it was asked before."""
    file = run.path / "asked.json"
    known = read_json(file) if file.is_file() else {}
    if question.title not in known:
        print(f"{run.path}: {question.title}", flush=True)
        score = question.ask(run, small)
        known[question.title] = [score.correct, score.count]
        write_json(file, known)
    return Score(*known[question.title])


def _seconds(run: ProblemRun) -> float:
    return float(read_metrics(run.path)[-1]["seconds"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
