"""Write the tables and pictures of docs/far.md: models trained on short problems, asked long ones.

    python scripts/far.py                      everything; run it again and it goes on where it stopped
    python scripts/far.py --only positions     this stage alone; the others stay on the page as they are
    python scripts/far.py --smoke              two steps a model at toy sizes, on a copy of the page

The page is prose with marks in it (`abacist/apps/pages.py`).
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from string import ascii_letters
from typing import Any

from abacist.apps.compare import compare
from abacist.apps.entry import LONGEST_NUMBER
from abacist.apps.pages import Asked, PageScript
from abacist.apps.progress import clock
from abacist.evaluation.compared import rows_of_markdown
from abacist.evaluation.comparison import Comparison, Row
from abacist.evaluation.course import rounds_of, table_of_rounds
from abacist.evaluation.far import AXES, Plan, Reach
from abacist.evaluation.far_seeds import cells_of, pictures_of, sizes_of, table_of_sizes
from abacist.recipes.long_addition import long_addition
from abacist.runs.far import reach_once, widened
from abacist.runs.run import Run
from abacist.text.formats.detailed_scratchpad import CHARACTERS as DETAILED
from abacist.text.formats.simplified_scratchpad import CHARACTERS as SIMPLIFIED
from abacist.training.loop import read_metrics

ROOT = Path(__file__).resolve().parents[1]
PAGE, RUNS = ROOT / "docs" / "far.md", Path("runs/far")


@dataclass(frozen=True)
class Compared:
    """Models that are trained and graded alike: every combination of the values in `over`."""

    name: str
    over: dict[str, list[Any]]
    changes: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    """What the table says of all of them, by heading."""
    toy: dict[str, Any] = field(default_factory=dict)
    """Settings and dials of the smoke alone; here and in a stage."""


@dataclass(frozen=True)
class Stage:
    """A part of the page: comparisons that share a table, and what their models are asked beyond it."""

    recipe: str
    comparisons: tuple[Compared, ...]
    seeds: int = 1
    changes: dict[str, Any] = field(default_factory=dict)
    """Settings and dials that hold for all comparisons."""
    asked: tuple[Plan, ...] = ()
    """One after another, each kept when it is answered."""
    room: Callable[[int], int] = lambda _: 0
    """Tokens that a model needs for the largest size of a plan; its own context if that is longer."""
    note: str = ""
    toy: dict[str, Any] = field(default_factory=dict)


def lengths(*sizes: int, count: int) -> tuple[Plan, ...]:
    """Ask for two numbers of one length each."""
    return tuple(Plan(lengths=(size,), count=count) for size in sizes)


TOY = {
    **{"model.d_model": 8, "model.n_layers": 1, "model.n_heads": 2, "model.d_ff": 8},
    **{"training.steps": 2, "training.batch_size": 4, "training.evaluate_on": 2, "training.evaluate_every": 2},
    **{"training.dtype": "float32", "training.threads": 1, "questions": []},
    **{f"grading.sets.{place}.count": 2 for place in range(3)},
}
"""What the smoke changes in every recipe; the dials of a stage see to it that there are three grade sets."""
SHORT = {"digits": 2, "tested": 3}
PICTURES = {
    "lengths": "Right answers by the lengths of both numbers",
    "operands": "Right answers by how many numbers are added",
    "depths": "Right answers by parentheses within one another",
    "errors": "Where wrong answers first go wrong",
}

# Every format of the comparison has the same characters, so that none has a smaller table of them.
CHARACTERS = "".join(dict.fromkeys(f"0123456789+-*/()=. :?{SIMPLIFIED}{DETAILED}{ascii_letters}"))
GROUPED = ["digit_group", {"name": "digit_group", "from_end": False}]
TWO = ["rope", "relative"]
FORMATS = ["compact", {"name": "padded", "width": 8, "answer_width": 9}, "reversed_answer", "reversed"]
PADS = ["simplified_scratchpad", "detailed_scratchpad"]
SPREAD = [{"name": name, "spread": 512} for name in ("sinusoidal", "learned", "rope", "alibi", "fire")]
SCHEMES = [
    *("nope", "sinusoidal", "learned", "rope", "alibi", "fire"),
    *SPREAD,
    # Training shifts digits by random offsets, so that places no trained number reaches have learned vectors.
    *({"name": name, "places": 32} for name in ("abacus", "coupled")),
    {"name": "places", "places": 32, "place_offset": None},
    "relative",
    long_addition()["model"]["position"],
]
SIX = {"name": "relative", "axes": 6}


def beyond_of(operation: str, digits: int, count: int) -> dict[str, Any]:
    """Set the grade set beyond training to numbers of exactly so many digits."""
    exact = {"operation": {"name": operation, "left": [10 ** (digits - 1), 10**digits - 1]}}
    return {"grading.sets.2.mixture": [exact], "grading.sets.2.count": count}


def room_of(context_length: int) -> dict[str, Any]:
    """Set what formats of single characters need."""
    return {"text.tokenizer.characters": CHARACTERS, "model.context_length": context_length}


def worded(words: float, digits: int = 5, tested: int = 8) -> dict[str, Any]:
    """Put the additions of `formats` into words: everything but the numbers, or these too."""

    def asking(low: int, high: int) -> dict[str, Any]:
        addition = {"name": "addition", "left": [low, high]}
        wordings = ["sum_of", "what_is", "add_and"]
        return {"operation": {"name": "worded", "operation": addition, "words": words, "wordings": wordings}}

    beyond = [asking(10 ** (tested - 1), 10**tested - 1)]
    return {"task.mixture": [asking(0, 10**digits - 1)], "grading.sets.2.mixture": beyond, "questions": []}


def in_words(name: str, words: float, column: str, context_length: int) -> tuple[Compared, ...]:
    """Compare questions in words as they are typed with the same worked out in steps."""
    typed = {"format": ["written"], "tokenizer": ["character"], "position": TWO}
    steps = {"format": ["steps"], "tokenizer": ["signs"], "position": ["rope", SIX]}
    return (
        Compared(name, typed, {**worded(words), **room_of(context_length)}, {"question": column}),
        Compared(f"{name}-steps", steps, {**worded(words), "model.context_length": 192}, {"question": column}),
    )


SIGNS = {"question": "in signs"}
LENIENT = {"voters": 2, "agree": 1, "shorter": 9, "measure": 4}
STAGES: dict[str, Stage] = {
    "positions": Stage(
        "long_addition",
        (
            Compared("positions", {"position": SCHEMES, "model.loops": [1]}),
            Compared("positions-looped", {"position": ["relative"], "model.loops": [3]}),
        ),
        seeds=3,
        changes={
            "digits": 10,
            "tested": 30,
            "training.steps": 1000,
            "training.threads": 1,
            **beyond_of("addition", 30, 500),
        },
        toy={**SHORT, **beyond_of("addition", 3, 2)},
    ),
    "formats": Stage(
        "long_addition",
        (
            Compared(
                "formats",
                {"format": FORMATS, "tokenizer": ["character", *GROUPED], "position": TWO},
                room_of(64),
                SIGNS,
            ),
            Compared(
                "formats-hinted",
                {"format": ["hinted"], "tokenizer": ["hints"], "position": TWO},
                room_of(64),
                SIGNS,
            ),
            Compared(
                "formats-scratchpads",
                {"format": PADS, "tokenizer": ["character"], "position": TWO},
                room_of(768),
                SIGNS,
                toy={**beyond_of("addition", 3, 2), "model.context_length": 360},
            ),
            Compared(
                "formats-steps",
                {"format": ["steps"], "tokenizer": ["signs"], "position": ["rope", SIX]},
                {"model.context_length": 64},
                SIGNS,
            ),
            *in_words("formats-words", 0.0, "in words", 192),
            *in_words("formats-number-words", 1.0, "in words, numbers too", 256),
        ),
        changes={
            **{"digits": 5, "tested": 8, "training.minutes": 1.0, "training.batch_size": 64},
            **beyond_of("addition", 8, 500),
        },
        note="Number words end at 999,999: longer numbers stand in digits among them.",
        toy=SHORT,
    ),
    "addition": Stage(
        "long_addition",
        (Compared("addition", {"digits": [20]}),),
        seeds=5,
        changes=beyond_of("addition", 100, 100),
        asked=lengths(20, 50, 100, count=100) + lengths(200, count=50) + lengths(500, 1000, count=20),
        room=lambda size: 3 * size + 64,
        toy={**SHORT, **beyond_of("addition", 3, 2)},
    ),
    "products": Stage(
        "long_multiplication",
        (Compared("products", {"digits": [5]}),),
        asked=(Plan(lengths=(5, 10, 20), count=100),),
        room=lambda size: 2 * size * (size + 4) + 64,
        toy=SHORT,
    ),
    "subtraction": Stage(
        "long_subtraction",
        (Compared("subtraction", {"digits": [20]}),),
        changes=beyond_of("subtraction", 100, 100),
        asked=lengths(20, 50, 100, 200, count=50),
        room=lambda size: 6 * size + 64,
        toy={**SHORT, **beyond_of("subtraction", 3, 2)},
    ),
    "operands": Stage(
        "many_operands",
        (Compared("operands", {"operands": [5]}),),
        asked=tuple(Plan(operands=(size,), count=50) for size in (5, 10, 20, 40)),
        room=lambda size: 3 * size * (size + 6) + 64,
        toy={"operands": 2, "tested": 3},
    ),
    "nesting": Stage(
        "deep_nesting",
        (Compared("nesting", {"depth": [3]}),),
        asked=tuple(Plan(depths=(size,), count=100) for size in range(1, 7)),
        toy={"depth": 1, "tested": 2, "model.context_length": 512},
    ),
    "self_improvement": Stage(
        "self_improvement",
        (
            Compared("taught-only", {"rounds": [0]}, toy={"rounds": 0}),
            Compared("rounds", {"rounds": [6]}, toy={"rounds": 1, "data.rounds": {"steps": 10, "ask": 50, **LENIENT}}),
        ),
        # A model that has learned nothing gives no answers to learn from: this one learns a little.
        toy={
            **{"digits": 1, "target": 3, "model.d_model": 16, "model.n_heads": 4, "model.d_ff": 64},
            **{"training.steps": 100, "training.batch_size": 32, "training.evaluate_every": 100},
        },
    ),
}


SCRIPT = PageScript("far", (__doc__ or "").partition("\n")[0], PAGE, RUNS, STAGES)


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    if 0 < sys.get_int_max_str_digits() < LONGEST_NUMBER:  # as the `abacist` command does: 0 stands for no limit
        sys.set_int_max_str_digits(LONGEST_NUMBER)
    return SCRIPT.run(
        arguments, lambda name, asked: made(name, small(STAGES[name]) if asked.smoke else STAGES[name], asked)
    )


def small(stage: Stage) -> Stage:
    """Return a stage at toy scale: few choices, two steps, one seed, the first two plans at small sizes.

    Of what is compared first both ends are left, of all else the first; that all can be built is not a smoke's to say.
    """

    def little(each: Compared) -> Compared:
        toy = {**TOY, **stage.toy, **each.toy}
        first, *_ = each.over
        ends = {path: values[:1] + values[1:][-1:] * (path == first) for path, values in each.over.items()}
        over = {path: [toy[path]] if path in toy else values for path, values in ends.items()}
        changes = {**stage.changes, **each.changes, **toy}
        changes = {path: value for path, value in changes.items() if path not in (*over, "training.minutes")}
        return replace(each, over=over, changes=changes)

    def short(number: int, plan: Plan) -> Plan:
        sizes = {axis: tuple(range(number + 2, number + 2 + len(getattr(plan, axis)[:2]))) for axis in AXES}
        return replace(plan, count=1, **sizes)

    asked = tuple(short(number, plan) for number, plan in enumerate(stage.asked[:2]))
    return replace(stage, comparisons=tuple(map(little, stage.comparisons)), seeds=1, changes={}, asked=asked)


def made(name: str, stage: Stage, asked: Asked) -> str:
    """Train, grade and ask the models of a stage; return its part of the page, with its pictures drawn."""
    rows: list[Row] = []
    for each in stage.comparisons:
        over = [[(path, value) for value in values] for path, values in each.over.items()]
        changes = list({**stage.changes, **each.changes}.items())
        comparison = compare(stage.recipe, over, changes, stage.seeds, asked.runs, each.name, False, asked.command)
        rows += [replace(row, choices={**each.columns, **row.choices}) for row in comparison.rows]
    whole = Comparison(stage.recipe, asked.command, stage.seeds, rows)
    trials = [trial for row in rows for trial in row.trials]
    training = sum(trial.seconds for trial in trials)
    remarks = [*whole.faults(), *whole.remarks(), *([stage.note] if stage.note else [])]
    count = f"{len(trials):,} training{'s' * (len(trials) != 1)} of the recipe `{stage.recipe}`"
    remarks.append(f"{count}, {clock(training)} in all.")
    lines = [*whole.table(), "", *(f"- {remark}" for remark in remarks)]
    paths = [Path(trial.run) for trial in trials]
    for path in paths:
        lines += rounds(path)
    answered = [answers(path, stage) for path in paths] if stage.asked else []
    if answered:
        lines += ["", *table_of_sizes(sizes_of([cells_of(reaches) for reaches in answered])), ""]
        for old in asked.images.glob(f"far-{name}-*.png"):
            old.unlink()
        for what, picture in pictures_of(answered).items():
            file = asked.images / f"far-{name}-{what}.png"
            file.write_bytes(picture)
            lines += [f"![{PICTURES[what]}](images/{file.name})", ""]
    return "\n".join([*lines, ""])


def answers(path: Path, stage: Stage) -> list[Reach]:
    """Ask a trained model every plan of a stage; what it has answered before is not asked again."""
    run, reaches = Run.open(path), []
    for plan in stage.asked:
        largest = max(size for axis in AXES for size in getattr(plan, axis))
        wide = widened(run, max(run.settings.model.context_length, stage.room(largest)))
        print(f"asking {path.name}: up to {largest:,}", flush=True)
        reaches += reach_once(wide, plan)
    return reaches


def rounds(path: Path) -> list[str]:
    """Return the table of a training in rounds, a column a round; nothing of any other."""
    run = Run.open(path)
    if run.settings.data.rounds is None:
        return []
    heading, *lines = table_of_rounds(rounds_of(read_metrics(path)))
    return ["", *rows_of_markdown(heading, lines), "", "\\* held against the truth for this table alone"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
