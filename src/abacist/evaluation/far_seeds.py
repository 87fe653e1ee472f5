"""How far a skill reaches, over the seeds of a training: median and worst seed at every size."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from abacist.evaluation.compared import rows_of_markdown
from abacist.evaluation.comparison import share_of
from abacist.evaluation.drawing import INK, SERIES, WIDTH, as_png
from abacist.evaluation.far import DRAWN, NINES, RIPPLE, Axis, Cell, Reach, written_size
from abacist.evaluation.far_report import pictures
from abacist.evaluation.grading import Score

KINDS = (DRAWN, NINES, RIPPLE)


@dataclass(frozen=True)
class Size:
    """What every seed came to at one size of one operation."""

    axis: Axis
    operation: str
    at: tuple[int, ...]
    shown: bool
    """Whether training can have shown such sizes."""
    scores: dict[str, list[Score]]
    """One a seed, by how the problems came about: `DRAWN`, or which cascade."""

    @property
    def is_square(self) -> bool:
        """Whether one number says it: that of operands or levels, or the length of both numbers."""
        return len(set(self.at)) == 1


def sizes_of(seeds: Sequence[Sequence[Cell]]) -> list[Size]:
    """Sort the cells of every seed by their sizes, in the order in which they were asked."""
    found: dict[tuple[str, str, tuple[int, ...]], list[Cell]] = {}
    for cell in (cell for cells in seeds for cell in cells):
        found.setdefault((cell.axis, cell.operation, cell.at), []).append(cell)
    sizes = []
    for cells in found.values():
        scores: dict[str, list[Score]] = {}
        for cell in cells:
            scores.setdefault(cell.kind, []).append(cell.score)
        shown = any(cell.shown for cell in cells if cell.kind == DRAWN)
        sizes.append(Size(cells[0].axis, cells[0].operation, cells[0].at, shown, scores))
    return sizes


def table_of_sizes(sizes: Sequence[Size]) -> list[str]:
    """Return the table in Markdown: a row a size, a column for drawn problems and one for each kind of cascade."""
    kinds = [kind for kind in KINDS if any(kind in size.scores for size in sizes)]
    titles = ["drawn at random, %" if kind == DRAWN else f"{kind}, %" for kind in kinds]
    several = len({size.operation for size in sizes}) > 1
    rows = []
    for size in sizes:
        name = f"{size.operation}, " * several + _written(size)
        counts = {score.count for scores in size.scores.values() for score in scores}
        asked = "–".join(f"{count:,}" for count in sorted({min(counts), max(counts)}))
        shares = [share_of(size.scores[kind]) if kind in size.scores else "–" for kind in kinds]
        rows.append([name, "yes" if size.shown else "no", asked, *shares])
    return rows_of_markdown(["size", "such in training?", "problems a cell and seed", *titles], rows)


def over_seeds(sizes: Sequence[Size]) -> Figure:
    """Draw the median of the seeds over the sizes, a line a kind, with a bar from the worst to the best seed.

    A single seed has its 95 % interval instead. Sizes stand side by side as they were asked; those that
    training can have shown are shaded.
    """
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    for place, size in enumerate(sizes):
        if size.shown:
            axes.axvspan(place - 0.5, place + 0.5, color=INK, alpha=0.08, linewidth=0)
    kinds = [kind for kind in KINDS if any(kind in size.scores for size in sizes)]
    for index, kind in enumerate(kinds):
        own = [(place, size.scores[kind]) for place, size in enumerate(sizes) if kind in size.scores]
        x = [place + 0.12 * (index - (len(kinds) - 1) / 2) for place, _ in own]
        middle = [median(score.accuracy for score in scores) for _, scores in own]
        bars = np.array([_bar(scores) for _, scores in own]).T
        style: Any = {"color": SERIES[index], "marker": "o", "markersize": 4, "linewidth": 1, "capsize": 3}
        axes.errorbar(x, middle, yerr=bars, label="drawn at random" if kind == DRAWN else kind, clip_on=False, **style)
    axes.set_xticks(range(len(sizes)), [f"{size.at[0]:,}" for size in sizes])
    axes.set(xlim=(-0.5, len(sizes) - 0.5), ylim=(-0.04, 1.04), ylabel="answered exactly")
    axes.set_xlabel(AXES[sizes[0].axis])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="x")
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def pictures_of(seeds: Sequence[Sequence[Reach]]) -> dict[str, bytes]:
    """Return the pictures of a single model for the answers of all seeds together, as PNG by the end of their names.

    Where only numbers of one length were asked, a map would be its diagonal: the seeds over the sizes take its place.
    """
    sizes, found = sizes_of([cells_of(reaches) for reaches in seeds]), dict(pictures(together(seeds)))
    if all(size.axis == "lengths" and size.is_square for size in sizes):
        found["lengths"] = as_png(over_seeds)(sizes) or b""
    return found


def cells_of(reaches: Sequence[Reach]) -> list[Cell]:
    """Return the cells of all axes."""
    return [cell for reach in reaches for cell in reach.cells]


AXES: dict[Axis, str] = {
    "lengths": "digits of both numbers; shaded: such as training shows",
    "operands": "numbers in the question; shaded: such as training shows",
    "depths": "parentheses within one another; shaded: such as training shows",
}


def together(seeds: Sequence[Sequence[Reach]]) -> list[Reach]:
    """Return the answers of all seeds as those of one, axis by axis: what pictures of a single model are made of."""
    found: dict[Axis, list[Reach]] = {}
    for reach in (reach for reaches in seeds for reach in reaches):
        found.setdefault(reach.axis, []).append(reach)
    return [
        Reach(
            axis,
            _joined([cell for reach in reaches for cell in reach.cells]),
            max(reach.count for reach in reaches),
            reaches[0].seed,
            max(reach.context_length for reach in reaches),
        )
        for axis, reaches in found.items()
    ]


def _joined(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Count the cells of one size and kind as one."""
    found: dict[tuple[str, tuple[int, ...], str], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.operation, cell.at, cell.kind), []).append(cell)
    return tuple(
        Cell(
            own[0].axis,
            *key,
            Score(sum(cell.score.correct for cell in own), sum(cell.score.count for cell in own)),
            any(cell.shown for cell in own),
            sum(cell.seen for cell in own),
            tuple(failure for cell in own for failure in cell.failures),
        )
        for key, own in found.items()
    )


def _bar(scores: Sequence[Score]) -> tuple[float, float]:
    """Return how far a point's bar goes down and up."""
    shares = [score.accuracy for score in scores]
    low, high = scores[0].interval if len(scores) == 1 else (min(shares), max(shares))
    return max(0.0, median(shares) - low), max(0.0, high - median(shares))


def _written(size: Size) -> str:
    return written_size(size.axis, size.at[:1] if size.is_square and size.axis == "lengths" else size.at)
