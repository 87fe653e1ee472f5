"""Figures of a run as SVG texts, for a page that is read by daylight and in the dark.

Ink becomes `currentColor`, so that axes and text take the colour of the page around them; backgrounds are
transparent. Equal inputs give equal texts. No figure keeps state: none goes through pyplot.
"""

import io
import itertools
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from abacist.evaluation.calibration import Row
from abacist.evaluation.course import Metrics, best_look, rounds_of, training_losses, watched_looks
from abacist.evaluation.grading import Grade, Marked, Score, operation, percent, score, size
from abacist.problems.question import Question, is_number, is_sign, is_whole

Dials = ParamSpec("Dials")

WIDTH = 5.8
"""Inches; the page scales a figure to its column."""
CELLS = 120
"""Operands that span at most this many values get a cell for each pair."""

INK = "#102030"
BLUE, ORANGE = "#3d8fd1", "#dd7f1a"
SERIES = (BLUE, ORANGE, "#34a078", "#a46bd0", "#c9576f", "#8c8c8c")
WRONG_TO_RIGHT = LinearSegmentedColormap.from_list("wrong_to_right", ["#d1495b", "#edb458", BLUE])
STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "abacist",
    "text.parse_math": False,
    "text.color": INK,
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.facecolor": "none",
    "grid.alpha": 0.15,
    "grid.color": INK,
    "legend.frameon": False,
    "savefig.facecolor": "none",
    "xtick.color": INK,
    "ytick.color": INK,
}


def _as_svg(draw: Callable[Dials, Figure | None]) -> Callable[Dials, str | None]:
    """Turn a function that draws a figure into one that returns it as SVG, its ids prefixed with its name."""

    @wraps(draw)
    def drawn(*args: Dials.args, **kwargs: Dials.kwargs) -> str | None:
        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            # A set may be named in any script: the page's own font will have the letters.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure = draw(*args, **kwargs)
            if figure is None:
                return None
            text = io.StringIO()
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            figure.savefig(text, format="svg", metadata=nothing)
        svg = text.getvalue()
        svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
        name = draw.__name__.replace("_", "-")
        return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)

    return drawn


@_as_svg
def loss_curve(metrics: Metrics, watched: str = "held-out problems") -> Figure | None:
    """Draw loss (nats a token, log scale) and accuracy over training steps; None if nothing was logged.

    `watched` says what the looks during training were taken at.
    """
    losses, looks = training_losses(metrics), watched_looks(metrics)
    if not losses:
        return None
    figure = Figure(figsize=(WIDTH, 4.1), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
    above.plot(*zip(*losses, strict=True), color=BLUE, linewidth=1.4, label="training problems")
    below.set(xlabel="training step", ylabel="answered exactly", ylim=(-0.04, 1.04))
    if looks:
        steps, accuracies, held_losses = zip(*looks, strict=True)
        above.plot(steps, held_losses, color=ORANGE, linewidth=1, marker="o", markersize=3, label=watched)
        below.plot(steps, accuracies, color=ORANGE, linewidth=1, marker="o", markersize=3)
        for axes in (above, below):
            axes.axvline(best_look(metrics)[0], color=INK, alpha=0.6, linewidth=0.9, linestyle=":")
        above.plot([], [], color=INK, alpha=0.6, linewidth=0.9, linestyle=":", label="weights that were kept")
    above.set(yscale="log", ylabel="loss, nats a token")
    above.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    above.yaxis.set_minor_formatter(NullFormatter())
    below.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    below.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 2, 2.5, 5, 10]))
    above.legend()
    return figure


@_as_svg
def shares_over_training(metrics: Metrics, entries: Sequence[str]) -> Figure | None:
    """Draw each entry's share of the steps up to a look, and its accuracy at it; None where shares were fixed.

    `entries` are the names of the mixture's entries, a row each.
    """
    looks = [line for line in metrics if "shares" in line]
    if not looks:
        return None
    figure = Figure(figsize=(WIDTH, 1.3 + 0.24 * len(entries)), layout="constrained")
    steps = [0, *(line["step"] for line in looks)]
    panels = figure.subplots(1, 2, sharex=True, sharey=True)
    for axes, key, title, top in zip(
        panels, ("shares", "held_out_by_entry"), ("share of the batches", "answered exactly"), (None, 1), strict=True
    ):
        values = np.array([line[key] for line in looks]).T
        image = axes.pcolormesh(steps, np.arange(len(entries) + 1) - 0.5, values, cmap="viridis", vmin=0, vmax=top)
        axes.set(title=title, xlabel="training step")
        axes.grid(visible=False)
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        figure.colorbar(image, ax=axes, location="bottom", format=PercentFormatter(1, decimals=0)).outline.set_visible(
            False
        )
    panels[0].set_yticks(range(len(entries)), [shortened(name) for name in entries])
    panels[0].set_ylim(len(entries) - 0.5, -0.5)
    return figure


@_as_svg
def accuracy_by_round(metrics: Metrics) -> Figure | None:
    """Draw the share answered exactly over the digits of the longest number, a line a round; None without rounds."""
    measured = [each for each in rounds_of(metrics) if each.by_size]
    if len(measured) < 2:
        return None
    axes = (figure := Figure(figsize=(WIDTH, 2.6), layout="constrained")).subplots()
    colours = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(measured)))
    for each, colour in zip(measured, colours, strict=True):
        y = [value.accuracy for value in each.by_size.values()]
        axes.plot(list(each.by_size), y, color=colour, marker="o", markersize=3, linewidth=1, label=str(each.round))
    axes.set(xlabel="digits of the longest number", ylabel="answered exactly", ylim=(-0.04, 1.04))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(title="after round", ncols=1 + len(measured) // 8)
    return figure


@_as_svg
def accuracy_by_operation(grades: Sequence[Grade]) -> Figure | None:
    """Draw a bar with its 95 % interval for each operation of each set; None if nothing was graded."""
    rows = [
        (f"{shortened(grade.name)}: {name}" if name != grade.name else name, value, SERIES[place % len(SERIES)])
        for place, grade in enumerate(grades)
        for name, value in grade.by(operation).items()
    ]
    if not rows:
        return None
    figure = Figure(figsize=(WIDTH, 0.7 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (_, value, color) in enumerate(rows):
        axes.barh(place, value.accuracy, height=0.62, color=color)
        axes.errorbar(value.accuracy, place, xerr=_whiskers(value, value.accuracy), color=INK, capsize=3, linewidth=1)
        counts = f"{value.correct:,} of {value.count:,}"
        axes.text(1.03, place, counts, transform=axes.get_yaxis_transform(), va="center")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set(xlim=(0, 1.01), ylim=(len(rows) - 0.5, -0.5), xlabel="answered exactly, with 95 % interval")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    return figure


@_as_svg
def accuracy_by_size(grades: Sequence[Grade]) -> Figure | None:
    """Draw accuracy over the digits of the longest whole number; None where all have the same size."""
    by_set = [{digits: value for digits, value in grade.by(size).items() if digits} for grade in grades]
    sizes = sorted({digits for scores in by_set for digits in scores})
    if len(sizes) < 2:
        return None
    figure = Figure(figsize=(WIDTH, 2.8), layout="constrained")
    axes = figure.subplots()
    for place, (grade, scores) in enumerate(zip(grades, by_set, strict=True)):
        x = [digits + 0.12 * (place - (len(grades) - 1) / 2) for digits in scores]
        y = [value.accuracy for value in scores.values()]
        whiskers = np.array([_whiskers(value, value.accuracy) for value in scores.values()]).reshape(-1, 2).T
        style = {"color": SERIES[place % len(SERIES)], "marker": "o", "markersize": 4, "linewidth": 1, "capsize": 3}
        axes.errorbar(x, y, yerr=whiskers, label=shortened(grade.name), **style)  # type: ignore[arg-type]
    axes.set(ylim=(-0.04, 1.04), xlabel="digits of the longest number", ylabel="answered exactly")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    figure.legend(loc="outside upper center", ncols=3)
    return figure


@_as_svg
def heat_map(marks: Sequence[Marked], region: Sequence[int] | None = None) -> Figure | None:
    """Draw the share of right answers over both operands, one panel an operation; None without two operands.

    Small operands get one cell a pair, others one cell for each pair of digit counts; pairs that were not
    asked stay blank. `region`, both ends included, is outlined: problems with an operand in it were never
    trained on.
    """
    panels = [(name, cells) for name, group in _by_operation(marks) if (cells := cell_scores(group, fits_cells(marks)))]
    if not panels:
        return None
    single = fits_cells(marks)
    keys = [key for _, cells in panels for key in cells]
    low, high = min(map(min, keys)), max(map(max, keys))
    columns = min(2, len(panels))
    rows = math.ceil(len(panels) / columns)
    height = rows * 0.97 * WIDTH / 2 if columns == 2 else 0.6 * WIDTH
    figure = Figure(figsize=(WIDTH, height + 0.5), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    edges = (low - 0.5, high + 0.5, low - 0.5, high + 0.5)
    image = None
    for axes, (name, cells) in zip(grid.flat, panels, strict=False):
        shares = np.full((high - low + 1, high - low + 1), np.nan)
        for (left, right), value in cells.items():
            shares[left - low, right - low] = value.accuracy
        look = {"vmin": 0, "vmax": 1, "origin": "lower", "extent": edges, "interpolation": "none"}
        image = axes.imshow(shares, cmap=WRONG_TO_RIGHT.resampled(11), **look)
        axes.set_title(name)
        axes.grid(visible=False)
        axes.locator_params(integer=True, nbins=10)
        if not single and high - low < 7:
            for (left, right), value in cells.items():
                share = percent(value.accuracy)
                axes.text(right, left, share, ha="center", va="center", color="white", fontsize=8)
        if single and region is not None:
            outline = LineCollection(_outline(low, high, region), colors=INK, linewidths=1.1, linestyles="--")
            axes.add_collection(outline)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    of = "operand" if single else "operand, digits"
    for axes in grid[-1]:
        axes.set_xlabel(f"right {of}")
    for axes in grid[:, 0]:
        axes.set_ylabel(f"left {of}")
    assert image is not None
    bar = figure.colorbar(image, ax=grid, location="top", shrink=0.5, aspect=30, label="answered exactly")
    bar.ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bar.outline.set_visible(False)
    return figure


@_as_svg
def calibration(grades: Sequence[Grade]) -> Figure | None:
    """Draw confidence against accuracy (reliability diagram) and the answers in each bin, a panel a set.

    Source: Guo et al. 2017, arXiv:1706.04599.
    """
    graded = [grade for grade in grades if grade.marked]
    if not graded:
        return None
    columns = min(2, len(graded))
    rows = math.ceil(len(graded) / columns)
    figure = Figure(figsize=(WIDTH, 3.4 * rows), layout="constrained")
    grid = figure.subplots(2 * rows, columns, squeeze=False, sharex=True, height_ratios=[3, 1] * rows)
    for axes in grid.flat:
        axes.set_axis_off()
    for place, grade in enumerate(graded):
        above, below = (grid[2 * (place // columns) + row, place % columns] for row in (0, 1))
        color = SERIES[place % len(SERIES)]
        above.set_axis_on()
        below.set_axis_on()
        above.plot([0, 1], [0, 1], color=INK, alpha=0.6, linewidth=0.9, linestyle="--")
        for each in reliability(grade.marked):
            whiskers = _whiskers(each.score, each.score.accuracy)
            look = {"color": color, "marker": "o", "markersize": 4, "capsize": 3, "linewidth": 1, "clip_on": False}
            above.errorbar(each.confidence, each.score.accuracy, yerr=whiskers, **look)
            below.bar((each.low + each.high) / 2, each.score.count, width=0.09, color=color)
        error = calibration_error(grade.marked)
        above.set_title(f"{shortened(grade.name)}\nexpected calibration error {error:.3f}")
        above.set(ylim=(-0.02, 1.02), xlim=(-0.02, 1.02), ylabel="answered exactly")
        below.set(yscale="log", ylim=(0.7, None), xlabel="confidence", ylabel="answers")
        below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        below.yaxis.set_minor_formatter(NullFormatter())
        above.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        below.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        below.tick_params(axis="x", labelbottom=True)
    return figure


@_as_svg
def trust(tables: Mapping[str, Sequence[Row]], threshold: float | None) -> Figure | None:
    """Draw reliability tables of the same answers: mean confidence against the share that is right, by bins."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.6, linewidth=0.9, linestyle="--")
    for place, (name, rows) in enumerate(tables.items()):
        look: Any = {"color": SERIES[place], "marker": "o", "markersize": 4, "capsize": 3, "linewidth": 1}
        y = [row.score.accuracy for row in rows]
        whiskers = np.array([_whiskers(row.score, row.score.accuracy) for row in rows]).reshape(-1, 2).T
        axes.errorbar([row.confidence for row in rows], y, yerr=whiskers, label=name, clip_on=False, **look)
    if threshold is not None:
        axes.axvline(threshold, color=INK, alpha=0.6, linewidth=0.9, linestyle=":", label="sure from here on")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="answered exactly")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend()
    return figure


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in one interval."""

    low: float
    high: float
    confidence: float
    """Mean confidence."""
    score: Score


def reliability(marks: Iterable[Marked], bins: int = 10) -> list[Bin]:
    """Sort answers by confidence into bins of equal width; empty bins are left out."""
    groups: dict[int, list[Marked]] = {}
    for mark in marks:
        groups.setdefault(min(bins - 1, max(0, int(mark.confidence * bins))), []).append(mark)
    return [
        Bin(place / bins, (place + 1) / bins, sum(mark.confidence for mark in group) / len(group), score(group))
        for place, group in sorted(groups.items())
    ]


def calibration_error(marks: Sequence[Marked], bins: int = 10) -> float:
    """Return the mean distance between confidence and accuracy over the bins, weighted by their answers, 0 to 1."""
    gaps = (each.score.count * abs(each.confidence - each.score.accuracy) for each in reliability(marks, bins))
    return sum(gaps) / len(marks) if marks else 0.0


def operands(question: Question) -> tuple[str, str] | None:
    """Return both operands as written, signs with them, if the question is two numbers around one symbol."""
    numbers = [index for index, lexeme in enumerate(question) if is_number(lexeme)]
    signs = [is_sign(question, index) for index in range(len(question))]
    if len(numbers) != 2 or len(question) != 3 + sum(signs) or numbers[-1] != len(question) - 1:
        return None
    left, right = (("-" if index and signs[index - 1] else "") + question[index] for index in numbers)
    return left, right


def fits_cells(marks: Iterable[Marked]) -> bool:
    """Tell whether all operands of the two-operand questions are whole and close enough for one cell a pair."""
    texts = [text for mark in marks for text in operands(mark.problem.question) or ()]
    if not texts or not all(is_whole(text.removeprefix("-")) and len(text) <= 9 for text in texts):
        return False
    values = [int(text) for text in texts]
    return max(values) - min(values) <= CELLS


def cell_scores(marks: Iterable[Marked], single: bool) -> dict[tuple[int, int], Score]:
    """Return a score for each pair of operands, or of operand sizes in digits, that was asked."""
    groups: dict[tuple[int, int], list[Marked]] = {}
    for mark in marks:
        pair = operands(mark.problem.question)
        if pair is not None:
            left, right = (int(text) if single else sum(map(str.isdigit, text)) for text in pair)
            groups.setdefault((left, right), []).append(mark)
    return {key: score(group) for key, group in groups.items()}


def shortened(name: str, length: int = 24) -> str:
    """Cut a name that is too long for a figure."""
    return name if len(name) <= length else name[: length - 1] + "…"


def _by_operation(marks: Iterable[Marked]) -> list[tuple[str, list[Marked]]]:
    groups: dict[str, list[Marked]] = {}
    for mark in marks:
        groups.setdefault(operation(mark), []).append(mark)
    return sorted(groups.items())


def _whiskers(value: Score, middle: float) -> list[list[float]]:
    """Return the interval's reach below and above the middle, as matplotlib takes it for one point."""
    low, high = value.interval
    return [[max(0.0, middle - low)], [max(0.0, high - middle)]]


def _outline(low: int, high: int, region: Sequence[int]) -> list[list[tuple[float, float]]]:
    """Return the lines between cells with an operand in the region and cells without, each line whole."""
    inside = [region[0] <= abs(value) <= region[1] for value in range(low, high + 1)]
    flips = [index for index in range(1, len(inside)) if inside[index] != inside[index - 1]]
    stretches = itertools.pairwise([0, *flips, len(inside)])
    outside = [(low + start - 0.5, low + end - 0.5) for start, end in stretches if not inside[start]]
    lines = [[(low + flip - 0.5, start), (low + flip - 0.5, end)] for flip in flips for start, end in outside]
    return lines + [[(y, x) for x, y in line] for line in lines]
