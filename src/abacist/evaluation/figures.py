"""Figures of a run as SVG texts: how it learned, how right it is, and whether it knows."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter, PercentFormatter

from abacist.evaluation.calibration import Row
from abacist.evaluation.course import Metrics, best_look, rounds_of, training_losses, watched_looks
from abacist.evaluation.drawing import BLUE, INK, ORANGE, SERIES, WIDTH, as_svg, reach, shortened
from abacist.evaluation.grading import Grade, Marked, Score, operation, score, size
from abacist.problems.question import Question, is_number, is_sign, is_whole

CELLS = 120
"""Operands that span at most this many values get a cell for each pair."""

WRONG_TO_RIGHT = LinearSegmentedColormap.from_list("wrong_to_right", ["#d1495b", "#edb458", BLUE])


@as_svg
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
    above.legend(loc="upper right")  # "best" is sought, and takes as long as it takes
    return figure


@as_svg
def shares_over_training(metrics: Metrics, entries: Sequence[str]) -> Figure | None:
    """Draw each entry's share of the steps up to a look, and its accuracy at it; None where shares were fixed.

    `entries` are the names of the mixture's entries, a row each. Where shares went by time, no accuracy is known.
    """
    looks = [line for line in metrics if "shares" in line]
    if not looks:
        return None
    figure = Figure(figsize=(WIDTH, 1.3 + 0.24 * len(entries)), layout="constrained")
    steps = [0, *(line["step"] for line in looks)]
    drawn = [("shares", "share of the batches", None), ("held_out_by_entry", "answered exactly", 1)]
    drawn = drawn if looks[0]["held_out_by_entry"] else drawn[:1]
    panels = figure.subplots(1, len(drawn), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (key, title, top) in zip(panels, drawn, strict=True):
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


@as_svg
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


@as_svg
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
        axes.errorbar(value.accuracy, place, xerr=reach(value, value.accuracy), color=INK, capsize=3, linewidth=1)
        counts = f"{value.correct:,} of {value.count:,}"
        axes.text(1.03, place, counts, transform=axes.get_yaxis_transform(), va="center")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set(xlim=(0, 1.01), ylim=(len(rows) - 0.5, -0.5), xlabel="answered exactly, with 95 % interval")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    return figure


@as_svg
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
        whiskers = np.array([reach(value, value.accuracy) for value in scores.values()]).reshape(-1, 2).T
        style = {"color": SERIES[place % len(SERIES)], "marker": "o", "markersize": 4, "linewidth": 1, "capsize": 3}
        axes.errorbar(x, y, yerr=whiskers, label=shortened(grade.name), **style)  # type: ignore[arg-type]
    axes.set(ylim=(-0.04, 1.04), xlabel="digits of the longest number", ylabel="answered exactly")
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True))
    figure.legend(loc="outside upper center", ncols=3)
    return figure


@as_svg
def heat_map(marks: Sequence[Marked], region: Sequence[int] | None = None) -> Figure | None:
    """Draw the share of right answers, a cell a pair of operands, one panel an operation; None where they span more.

    Pairs that were not asked stay blank. `region`, both ends included, is outlined: problems with an operand
    in it were never trained on.
    """
    if not fits_cells(marks):
        return None
    panels = [(name, cells) for name, group in _by_operation(marks) if (cells := cell_scores(group, single=True))]
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
        if region is not None:
            outline = LineCollection(_outline(low, high, region), colors=INK, linewidths=1.1, linestyles="--")
            axes.add_collection(outline)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    for axes in grid[-1]:
        axes.set_xlabel("right operand")
    for axes in grid[:, 0]:
        axes.set_ylabel("left operand")
    assert image is not None
    bar = figure.colorbar(image, ax=grid, location="top", shrink=0.5, aspect=30, label="answered exactly")
    bar.ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bar.outline.set_visible(False)
    return figure


@as_svg
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
            whiskers = reach(each.score, each.score.accuracy)
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


@as_svg
def trust(tables: Mapping[str, Sequence[Row]], threshold: float | None) -> Figure | None:
    """Draw reliability tables of the same answers: mean confidence against the share that is right, by bins."""
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=INK, alpha=0.6, linewidth=0.9, linestyle="--")
    for place, (name, rows) in enumerate(tables.items()):
        look: Any = {"color": SERIES[place], "marker": "o", "markersize": 4, "capsize": 3, "linewidth": 1}
        y = [row.score.accuracy for row in rows]
        whiskers = np.array([reach(row.score, row.score.accuracy) for row in rows]).reshape(-1, 2).T
        axes.errorbar([row.confidence for row in rows], y, yerr=whiskers, label=name, clip_on=False, **look)
    if threshold is not None:
        axes.axvline(threshold, color=INK, alpha=0.6, linewidth=0.9, linestyle=":", label="sure from here on")
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), xlabel="confidence", ylabel="answered exactly")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower right")
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


def _by_operation(marks: Iterable[Marked]) -> list[tuple[str, list[Marked]]]:
    groups: dict[str, list[Marked]] = {}
    for mark in marks:
        groups.setdefault(operation(mark), []).append(mark)
    return sorted(groups.items())


def _outline(low: int, high: int, region: Sequence[int]) -> list[list[tuple[float, float]]]:
    """Return the lines between cells with an operand in the region and cells without, each line whole."""
    inside = [region[0] <= abs(value) <= region[1] for value in range(low, high + 1)]
    flips = [index for index in range(1, len(inside)) if inside[index] != inside[index - 1]]
    stretches = itertools.pairwise([0, *flips, len(inside)])
    outside = [(low + start - 0.5, low + end - 0.5) for start, end in stretches if not inside[start]]
    lines = [[(low + flip - 0.5, start), (low + flip - 0.5, end)] for flip in flips for start, end in outside]
    return lines + [[(y, x) for x, y in line] for line in lines]
