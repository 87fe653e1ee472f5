"""Write the tables and pictures of docs/lab.md: which kind of model learns to calculate, at the same size and time.

    python scripts/lab.py                  everything; run it again and it goes on where it stopped
    python scripts/lab.py --only sums      this stage alone; the others stay on the page as they are
    python scripts/lab.py --smoke          two steps of a few models at toy sizes, on a copy of the page

The page is prose with marks in it (`abacist/apps/pages.py`). A model of a table is one line
of its stage: its name there and what it changes; the width of its feed-forward follows from the parameters of the
first.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from abacist.apps.compare import Combination, compare_all
from abacist.apps.pages import Asked, PageScript
from abacist.core.errors import SettingsError
from abacist.evaluation.compared import rows_of_markdown
from abacist.evaluation.comparison import Comparison, Row, share_of
from abacist.evaluation.drawing import as_png, shares_figure
from abacist.evaluation.experts import ExpertUse, experts_figure
from abacist.evaluation.grading import Score, percent
from abacist.recipe import settings_of
from abacist.recipes.calling import calling
from abacist.runs.folder import EXPERTS, read_json
from abacist.runs.laboratory import TIMED, by_operation, measured, with_gate_closed
from abacist.runs.matching import WITHIN, count, matched
from abacist.runs.problems import ProblemRun
from abacist.runs.settings import RunSettings

ROOT = Path(__file__).resolve().parents[1]
PAGE, RUNS = ROOT / "docs" / "lab.md", Path("runs/lab")


@dataclass(frozen=True)
class Model:
    """A row of a table."""

    name: str
    changes: dict[str, Any] = field(default_factory=dict)
    """Settings and dials by which it differs from the stage's first."""


@dataclass(frozen=True)
class Stage:
    """A part of the page: models of as many parameters, trained as long, on the same problems."""

    recipe: str
    models: tuple[Model, ...]
    """The first says how many parameters all of them have."""
    changes: dict[str, Any]
    """What holds for all of them."""
    seeds: int = 3
    within: float = WITHIN
    """How far parameters may be off those of the first, as a share."""


def experts(router: str) -> dict[str, Any]:
    """Set four experts in every layer, one of them for a token."""
    return {"model.feed_forward": {"name": "experts", "count": 4, "top_k": 1, "router": router}}


ONE_THREAD = {"training.threads": 1, "training.dtype": "float32", "training.clock": "processor"}
"""Equal time is that of one thread, so that what else the machine does takes nothing from any model."""
ENCODER_DECODER = Model("encoder-decoder", {"kind": "encoder_decoder", "model.n_layers": 1})
"""A layer that reads and one that writes: two layers, as the others have."""
COPYING = calling()["model"]["position"]
"""What the recipe `calling` copies numbers by."""


def unit(lesson: str, **more: Any) -> dict[str, Any]:
    """Set an exact unit, which half of the rows do not hear in training, so that there is an answer without it too."""
    few = {"samples": 2} if lesson == "summed" else {}  # of so short questions everything is counted
    return {
        "kind": {"name": "exact", "after": 0, "closed": 0.5, "lesson": {"name": lesson, **few}},
        "text": {"format": "compact", "tokenizer": {"name": "character", "characters": "0123456789+-*/()=."}},
        "model.position": "relative",
        **more,
    }


TOOL = {
    "kind": "tool",
    "text": {
        "format": {"name": "calls", "rounds": True},
        "tokenizer": {"name": "character", "characters": "0123456789+-*/()=.%:[>]"},
    },
    "model.n_heads": 4,
    "model.position": COPYING,
    "model.context_length": 128,
}
TAUGHT, UNTAUGHT = "exact unit, taught operands and signs", "exact unit, from answers alone"
KINDS = (
    Model("decoder"),
    Model("four experts, learned router", experts("learned")),
    Model("four experts, one an operation", experts("operator")),
    Model("recurrence", {"model.mixer": "recurrence"}),
    Model("encoder", {"kind": "encoder"}),
    ENCODER_DECODER,
    Model("cells that add and multiply (NAU, NMU)", {"model.feed_forward": "nmu"}),
    Model("NALU cells", {"model.feed_forward": "nalu"}),
    Model(TAUGHT, unit("supervised", **{"data.targets": ["readings", "parents"]})),
    Model(UNTAUGHT, unit("summed")),
    Model("calculator as a tool", TOOL),
)
ADDING = {"name": "sums", "terms": [4, 4], "bounds": [0, 99]}
SUMS_ASKED = [
    {"title": "held out, four numbers", "count": 10_000, "mixture": [{"operation": ADDING}]},
    {"title": "all sums of four", "side": "any", "count": 10_000, "mixture": [{"operation": ADDING}]},
    {"title": "held out, two to four", "count": 1000},
]
STAGES = {
    "kinds": Stage("four_operations", KINDS, {"training.minutes": 1.0, **ONE_THREAD}),
    "experts": Stage("four_operations", KINDS[1:3], {}),
    "sums": Stage(
        "sums",
        (
            Model("decoder"),
            Model("encoder", {"kind": "encoder"}),
            ENCODER_DECODER,
        ),
        {"training.minutes": 3.0, "grading.sets": SUMS_ASKED, **ONE_THREAD},
    ),
}
TOY = {
    **{"model.d_model": 16, "model.d_ff": 64, "training.steps": 2, "training.batch_size": 4},
    **{"training.evaluate_on": 2, "training.evaluate_every": 2, "training.minutes": None, "questions": []},
}
"""What the smoke changes in every model."""
SMOKED = ("decoder", KINDS[1].name, KINDS[2].name, "encoder", TAUGHT)
"""The models of a smoke; that all can be built is not a smoke's to say."""
HELD_OUT, SIGNS = "held out", {"addition": "+", "subtraction": "-", "multiplication": "*", "division": "/"}
SCRIPT = PageScript("lab", (__doc__ or "").partition("\n")[0], PAGE, RUNS, STAGES)


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    return SCRIPT.run(
        arguments, lambda name, asked: made(name, small(STAGES[name]) if asked.smoke else STAGES[name], asked)
    )


def small(stage: Stage) -> Stage:
    """Return a stage at toy scale: few models, two steps, one seed, eight problems of a grade set."""
    sets = next(iter(settings(stage).values())).grading.sets
    counts = {f"grading.sets.{place}.count": 8 for place in range(len(sets))}
    models = tuple(each for each in stage.models if each.name in SMOKED)
    return replace(stage, models=models, changes={**stage.changes, **TOY, **counts}, seeds=1, within=1.0)


def settings(stage: Stage) -> dict[str, RunSettings]:
    """Return what each model of a stage is trained with, by its name.

    Raises: SettingsError for what there is not, and if no width brings a model near enough to the first.
    """
    found: dict[str, RunSettings] = {}
    for each in stage.models:
        own = settings_of(stage.recipe, list({**stage.changes, **each.changes}.items()))
        first = next(iter(found.values()), own)
        found[each.name] = matched(own, count(first), stage.within)
    return found


def trained(name: str, stage: Stage, asked: Asked) -> Comparison:
    """Train and grade the models of a stage with every seed; what is there is not trained again."""
    combinations = [Combination({"model": model}, made) for model, made in settings(stage).items()]
    found = compare_all(combinations, stage.seeds, asked.runs / name, asked.command)
    assert isinstance(found, Comparison)
    return found


def made(name: str, stage: Stage, asked: Asked) -> str:
    """Return the part of a stage, with its pictures drawn."""
    if name == "experts":
        return experts_part(stage, asked)
    whole = trained(name, stage, asked)
    torch.set_num_threads(1)
    rows = [each for row in whole.rows for each in (row, closed(row)) if each is not None]
    whole = replace(whole, rows=rows)
    remarks = [*whole.faults(), *whole.remarks()]
    lines = [*whole.table(), "", *(f"- {remark}" for remark in remarks)]
    if name == "kinds":
        lines += ["", *operations(whole, asked)]
    else:
        costs = ", ".join(f"{row.choices['model']} {milliseconds(row):.2f}" for row in rows if row.trials)
        lines.append(
            f"- Milliseconds of the processor an answer, median of the seeds, {TIMED:,} asked at once: {costs}."
        )
    return "\n".join([*lines, ""])


def closed(row: Row) -> Row | None:
    """Return the row of the same models with their unit's gate closed; None where they have no unit."""
    trials = [with_gate_closed(run_of(trial.run)) for trial in row.trials]
    kept = [trial for trial in trials if trial is not None]
    choices = {"model": f"{row.choices['model']}, gate closed"}
    return replace(row, choices=choices, trials=kept, faults={}) if kept else None


def run_of(path: str) -> ProblemRun:
    """Open a trial's run."""
    run = ProblemRun.open(Path(path))
    assert isinstance(run, ProblemRun)
    return run


def milliseconds(row: Row) -> float:
    """Return what an answer takes, the median of the seeds; there must be one."""
    return median(measured(run_of(trial.run))["milliseconds"] for trial in row.trials)


def operations(whole: Comparison, asked: Asked) -> list[str]:
    """Return the table of held-out problems by operation with what an answer costs; draw the picture."""
    lines, shares = [], []
    for row in whole.rows:
        silent = row.choices["model"].endswith("gate closed")
        runs = [run_of(trial.run) for trial in row.trials]
        if not runs:
            continue
        scores = [by_operation(run, HELD_OUT, silent) for run in runs]
        cells = [share_of([each[name] for each in scores]) for name in SIGNS]
        spent = "" if silent else f"{milliseconds(row):.2f}"
        lines.append([row.choices["model"], *cells, f"{row.tokens:.1f}", spent])
        middle = [median(each[name].accuracy for each in scores) for name in SIGNS]
        others = [spread.median for name in whole.sets[2:] if (spread := row.spread(name)) is not None]
        shares.append((row.choices["model"], [*middle, *others]))
    file = asked.images / "lab-kinds.png"
    # Words as short as a column is wide.
    columns = [*SIGNS.values(), *(name.replace("three numbers", "a chain") for name in whole.sets[2:])]
    picture = as_png(shares_figure)("right, %, median of the seeds", columns, shares)
    assert picture is not None
    file.write_bytes(picture)
    heading = ["model", *(f"held out, {sign}, %" for sign in SIGNS.values()), "tokens an answer", "ms an answer"]
    note = f"- Milliseconds of the processor, median of the seeds; {TIMED:,} held-out problems are asked at once."
    return [
        *rows_of_markdown(heading, lines),
        "",
        note,
        "",
        f"![Held out by operation, and beyond, by model](images/{file.name})",
    ]


def experts_part(stage: Stage, asked: Asked) -> str:
    """Return what the experts of `kinds` get and what goes wrong without each; draw where tokens go.

    Raises: SettingsError if they are not trained yet.
    """
    lines, pictures = [], []
    for model in stage.models:
        for seed in range(1, stage.seeds + 1):
            path = asked.runs / "kinds" / Combination({"model": model.name}).folder(seed) / EXPERTS
            if not path.is_file():
                raise SettingsError(f"{path.parent} has no experts yet; run --only kinds before")
            use = use_of(read_json(path))
            for name, scores in [("none", use.whole), *zip(use.names, use.without, strict=True)]:
                right = [percent(scores[each].accuracy) for each in SIGNS]
                lines.append([model.name, str(seed), name, *right])
            if seed == 1:
                file = asked.images / f"lab-{'-'.join(model.name.replace(',', '').split())}.png"
                drawn = as_png(experts_figure)(use)
                assert drawn is not None
                file.write_bytes(drawn)
                pictures += [f"![{model.name}: where tokens go, seed 1](images/{file.name})", ""]
    heading = ["model", "seed", "without expert", *(f"{sign}, %" for sign in SIGNS.values())]
    most = max(score.count for score in use.whole.values())
    note = f"- Right answers in %, of up to {most} problems of each operation, such as were trained."
    return "\n".join([*rows_of_markdown(heading, lines, 3), "", note, "", *pictures])


def use_of(values: dict[str, Any]) -> ExpertUse:
    """Read what a run's `experts.json` says."""

    def scores(each: dict[str, Any]) -> dict[str, Score]:
        return {name: Score(own["correct"], own["count"]) for name, own in each.items()}

    without = [scores(each) for each in values["without"]]
    return ExpertUse(values["experts"], values["tokens"], scores(values["whole"]), without)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
