"""Write the tables and pictures of docs/how-small.md: how small a model can be and still calculate.

    python scripts/how-small.py                 everything; run it again and it goes on where it stopped
    python scripts/how-small.py --only tables   this stage alone; the others stay on the page as they are
    python scripts/how-small.py --smoke         everything at toy sizes, on a copy of the page

Everything is a sweep (`abacist sweep`) from small models to large ones, in two processes of one thread each. Every
part has a budget of minutes; what it does not reach in them, the page says so.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from abacist.apps.pages import Asked, PageScript
from abacist.apps.sweep import sweep
from abacist.core.search_space import Dimension, Listed
from abacist.evaluation.compared import rows_of_markdown
from abacist.evaluation.comparison import share_of
from abacist.evaluation.drawing import as_png
from abacist.evaluation.grading import percent
from abacist.evaluation.sizes_figure import sizes_figure
from abacist.evaluation.sweep_figure import sweep_figure
from abacist.evaluation.sweeping import Point, SweepResult
from abacist.runs.sweep import SweepSettings

ROOT = Path(__file__).resolve().parents[1]
PAGE, RUNS = ROOT / "docs" / "how-small.md", Path("runs/how-small")
WORKERS = 2
MARKS = (0.7, 0.99, 0.999)
"""Shares of right answers that are asked for: a school's, a careful reader's, a calculator's."""


@dataclass(frozen=True)
class Table:
    """Numbers from 0 to `high`, by models of these widths, each trained for so many steps."""

    title: str
    high: int
    widths: tuple[int, ...]
    steps: int
    minutes: float
    """For each operation."""
    batch: int = 128


TABLES = (
    Table("0..5, whole table", 5, (4, 6, 8, 12, 16, 24, 32), 600, 5),
    Table("0..9, whole table", 9, (4, 6, 8, 12, 16, 24, 32, 48), 1000, 8),
    Table("0..89, held out", 89, (8, 12, 16, 24, 32, 48, 64, 96), 2000, 15, 256),
    Table("0..999, held out", 999, (8, 12, 16, 24, 32, 48, 64, 96), 2500, 18, 256),
)
OPERATIONS = {"+": "+", "-": "-", "*": "*", "/": "/", "all four": "+-*/"}
SMOKED = ("+", "all four")
SEEDS, NEED = 3, 2


def tables(asked: Asked) -> str:
    """Return the table of smallest models, what every size came to, and the picture."""
    operations = {name: OPERATIONS[name] for name in SMOKED} if asked.smoke else OPERATIONS
    results = {
        table.title: {label: swept(table, label, signs, asked) for label, signs in operations.items()}
        for table in TABLES
    }
    heading = ["", *(table.title for table in TABLES)]
    smallest = []
    for label in operations:
        for mark in MARKS:
            cells = [told(results[table.title][label], mark) for table in TABLES]
            smallest.append([f"{label}, {percent(mark)} %", *cells])
    file = pictured(sizes_figure, results, asked, "tables")
    lines = [*rows_of_markdown(heading, smallest), ""]
    lines += [
        f"- Parameters of the smallest model of which {NEED} of {SEEDS} seeds reach the mark, and how many do of those "
        "tried. Models grow by one dial; the next smaller one that was tried is on the list below.",
        *remarks(results),
        "",
        f"![Accuracy against parameters]({file})",
        "",
        "What every size came to, right answers in %: median [worst..best] of the seeds, or with one seed its 95 % "
        "interval; after a slash, how many seeds were tried.",
        "",
    ]
    rows = []
    for title, sweeps in results.items():
        for label, result in sweeps.items():
            told_ = "; ".join(f"{point.parameters:,}: {came_to(point)}" for point in result.by_size if point.seeds)
            rows.append([title, label, told_ or "nothing was trained"])
    return "\n".join([*lines, *rows_of_markdown(["table", "asked", "parameters: right, %"], rows, 3), ""])


def swept(table: Table, label: str, signs: str, asked: Asked) -> SweepResult:
    """Search one operation on one table from small to large, up to the highest mark."""
    changes: list[tuple[str, Any]] = [("operations", signs), ("high", table.high)]
    changes += [("training.steps", table.steps), ("training.batch_size", table.batch), ("training.stop_at", 1.0)]
    widths, seeds, minutes = table.widths, SEEDS, table.minutes
    if asked.smoke:
        changes += [("training.steps", 2), ("grading.sets.0.count", 8), ("training.evaluate_every", 2)]
        widths, seeds = widths[:1], 1
    return searched(
        f"{table.high}-{label.replace(' ', '-').replace('*', 'x').replace('/', 'over')}",
        "smallest",
        [Listed("width", widths)],
        changes,
        SweepSettings(pass_at=MARKS[-1], seeds=seeds, need=min(NEED, seeds), until_passed=True),
        minutes,
        asked,
    )


LEARNED_AT, LEARNING_STEPS, LEARNING_SEEDS, LEARNING_MINUTES = 0.9, 4000, 20, 60
SIZES = (2, 3, 4, 6, 10)
"""Widths of the feed-forward of ten-digit adders, all else alike."""


def learnability(asked: Asked) -> str:
    """Return how many of many seeds learn to add ten digits at all, by size, and the picture with their courses."""
    changes: list[tuple[str, Any]] = [("model.d_model", 3), ("training.steps", LEARNING_STEPS)]
    changes += [("training.evaluate_every", 500)]
    changes += [(f"grading.sets.{number}.count", 1000) for number in (0, 1)]
    seeds, widths = LEARNING_SEEDS, SIZES
    if asked.smoke:
        changes += [("training.steps", 2), ("training.evaluate_every", 2)]
        changes += [(f"grading.sets.{number}.count", 8) for number in (0, 1)]
        seeds = 2
    settings = SweepSettings(pass_at=LEARNED_AT, seeds=seeds, need=1)
    over = [Listed("model.d_ff", widths)]
    result = searched("learnability", "tiny-adder", over, changes, settings, LEARNING_MINUTES, asked)
    file = pictured(sweep_figure, result, asked, "learnability")
    rows = []
    for point in result.by_size:
        spread = point.spread()
        if spread is None:
            rows.append([f"{point.parameters:,}", "not trained", "", "", ""])
            continue
        success = point.success(LEARNED_AT)
        low, high = success.interval
        cells = [f"{success.correct} of {success.count}", f"{percent(low)}–{percent(high)}"]
        rows.append([f"{point.parameters:,}", *cells, percent(spread.best), percent(spread.median)])
    heading = ["parameters", f"seeds that reach {percent(LEARNED_AT)} %", "95 %", "best, %", "median, %"]
    return "\n".join(
        [
            *rows_of_markdown(heading, rows),
            "",
            f"- Each of the seeds 1 to {seeds} is trained for {dict(changes)['training.steps']:,} steps and graded on "
            f"{spoken(result)} fresh pairs.",
            "",
            f"![Seeds that learn, by size]({file})",
            "",
        ]
    )


def pictured(draw: Callable[..., Figure], what: object, asked: Asked, name: str) -> str:
    """Draw a stage's picture; return its path, seen from the page."""
    file = asked.images / f"how-small-{name}.png"
    drawn = as_png(draw)(what)
    assert drawn is not None
    file.write_bytes(drawn)
    return f"images/{file.name}"


def spoken(result: SweepResult) -> str:
    """Return on how many problems seeds were graded."""
    return " or ".join(dict.fromkeys(f"{each.score.count:,}" for point in result.points for each in point.seeds))


def searched(
    name: str,
    recipe: str,
    over: Sequence[Dimension],
    changes: Sequence[tuple[str, Any]],
    settings: SweepSettings,
    minutes: float,
    asked: Asked,
) -> SweepResult:
    """Run a sweep of the page."""
    folder = asked.runs
    folder.mkdir(parents=True, exist_ok=True)
    workers = 1 if asked.smoke else WORKERS
    print(f"\n-- {name}", flush=True)
    return sweep(recipe, over, changes, settings, folder, name, workers=workers, minutes=minutes, command=asked.command)


def told(result: SweepResult, mark: float) -> str:
    """Return the size of the smallest model that reaches a mark, or up to which size none did, and what ended that."""
    point = result.smallest_passing(mark)
    if point is None:
        tried = [each.parameters or 0 for each in result.points if each.seeds]
        if not tried:
            return "–"
        end = ", the largest tried" if result.minutes is None else f" in {result.minutes:g} minutes"
        return f"not reached by {max(tried):,}{end}"
    success = point.success(mark)
    return f"**{point.parameters:,}** ({success.correct} of {success.count})"


def came_to(point: Point) -> str:
    """Return the accuracy of a point's seeds."""
    return f"{share_of(point.scores())} / {len(point.seeds)}"


def remarks(results: dict[str, dict[str, SweepResult]]) -> list[str]:
    """Return what was graded in each table."""
    lines = []
    for title, sweeps in results.items():
        seen = dict.fromkeys(
            f"{each.score.count:,} problems, {each.seen}"
            for result in sweeps.values()
            for point in result.points
            for each in point.seeds
        )
        lines.append(f"- {title}: {'; '.join(seen)}.")
    times = "; ".join(f"{each.title} {each.steps:,} steps, {each.minutes:g} minutes" for each in TABLES)
    lines.append(
        f"- Steps of a training at most, and minutes after which an operation begins no other size, in two processes: "
        f"{times}. A sweep ends before that where enough seeds reach the highest mark, or all sizes are tried."
    )
    return lines


STAGES = {"tables": tables, "learnability": learnability}
SCRIPT = PageScript("how-small", (__doc__ or "").partition("\n")[0], PAGE, RUNS, STAGES)


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    return SCRIPT.run(arguments, lambda name, asked: STAGES[name](asked))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
