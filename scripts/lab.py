"""Write the tables and pictures of docs/lab.md: which kind of model learns to calculate, at the same size and time.

    python scripts/lab.py                  everything; run it again and it goes on where it stopped
    python scripts/lab.py --only sums      this stage alone; the others stay on the page as they are
    python scripts/lab.py --smoke          two steps a model at toy sizes, on a copy of the page

The page is prose with marks in it, as docs/far.md. A model of a table is one line of MODELS or of a stage: its name
there and what it changes; the width of its feed-forward follows from the parameters of the first.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from abacist.apps.compare import Combination, compare_all
from abacist.apps.pages import Asked, PageScript
from abacist.evaluation.comparison import Comparison
from abacist.recipe import settings_of
from abacist.runs.matching import count, matched
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
    toy: dict[str, Any] = field(default_factory=dict)
    """What the smoke changes besides."""


def experts(router: str) -> dict[str, Any]:
    """Set four experts in every layer, one of them for a token."""
    return {"model.feed_forward": {"name": "experts", "count": 4, "top_k": 1, "router": router}}


ONE_THREAD = {"training.threads": 1, "training.dtype": "float32", "training.clock": "processor"}
"""Equal time is that of one thread, so that what else the machine does takes nothing from any model."""
ENCODER_DECODER = Model("encoder-decoder", {"kind": "encoder_decoder", "model.n_layers": 1})
"""A layer that reads and one that writes: two layers, as the others have."""
COPYING = {
    "name": "relative",
    "sight": [
        {"place": [1, 1], "number": [-2, 0]},
        {"place": [2, 3], "number": [-2, 0]},
        {"number": [-2, -1]},
        {"index": [-3, 0]},
    ],
}
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
    "kinds": Stage("four_operations", KINDS, {"training.minutes": 0.6, **ONE_THREAD}),
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
SCRIPT = PageScript("lab", (__doc__ or "").partition("\n")[0], PAGE, RUNS, STAGES)


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    return SCRIPT.run(arguments, lambda name, asked: made(name, STAGES[name], asked))


def settings(stage: Stage) -> dict[str, RunSettings]:
    """Return what each model of a stage is trained with, by its name.

    Raises: SettingsError for what there is not, and if no width brings a model near enough to the first.
    """
    found: dict[str, RunSettings] = {}
    for each in stage.models:
        own = settings_of(stage.recipe, list({**stage.changes, **each.changes}.items()))
        first = next(iter(found.values()), own)
        found[each.name] = matched(own, count(first))
    return found


def trained(name: str, stage: Stage, asked: Asked) -> Comparison:
    """Train and grade the models of a stage with every seed; what is there is not trained again."""
    combinations = [Combination({"model": model}, made) for model, made in settings(stage).items()]
    found = compare_all(combinations, stage.seeds, asked.runs / name, asked.command)
    assert isinstance(found, Comparison)
    return found


def made(name: str, stage: Stage, asked: Asked) -> str:
    """Return the part of a stage, with its pictures drawn."""
    whole = trained(name, stage, asked)
    remarks = [*whole.faults(), *whole.remarks()]
    return "\n".join([*whole.table(), "", *(f"- {remark}" for remark in remarks), ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
