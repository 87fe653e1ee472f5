"""The picture of a sweep: accuracy against parameters, how surely a size learns, and how it learned."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, PercentFormatter

from abacist.evaluation.comparison_figure import write_picture
from abacist.evaluation.drawing import BLUE, INK, ORANGE, SERIES, by_size, reach, shortened
from abacist.evaluation.grading import Score, percent
from abacist.evaluation.sweeping import Point, SweepResult

PANEL = (4.3, 3.0)
"""Inches of a panel."""
COLUMNS = 2
LETTERS = 30
"""Characters of a label in the picture."""
GREEN = SERIES[2]


def write_sweep_plot(result: SweepResult, path: Path) -> None:
    """Draw the sweep as PNG, whole or not at all; at least one of its points must have been trained.

    A point is the median of its seeds, with a line from the worst to the best; a single seed has its 95 % interval.
    """
    write_picture(lambda: sweep_figure(result), path)


def sweep_figure(result: SweepResult) -> Figure:
    """Return the figure: a panel of accuracies for all problems and for each operation, learnability, curves, a map."""
    trained = [point for point in result.by_size if point.seeds and point.parameters]
    panels: list[Callable[[Axes], None]] = [
        partial(_accuracies, result=result, trained=trained, operation=name) for name in (None, *result.operations)
    ]
    panels += [partial(_learnability, result=result), partial(_curves, trained=trained)]
    if (grid := _grid(result.points)) is not None:
        panels.append(partial(_map, grid=grid, result=result))
    rows = math.ceil(len(panels) / COLUMNS)
    figure = Figure(figsize=(COLUMNS * PANEL[0], rows * PANEL[1] + 0.3), layout="constrained")
    places = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for axes, draw in zip(places, panels, strict=False):
        draw(axes)
    for axes in places[len(panels) :]:
        axes.set_axis_off()
    figure.suptitle(f"{result.recipe}: how small can it be?", fontsize=10, x=0.01, ha="left")
    return figure


def _accuracies(axes: Axes, result: SweepResult, trained: Sequence[Point], operation: str | None) -> None:
    """Draw accuracies against parameters; what passes is green, the Pareto front is joined, the smallest is named."""
    smallest = result.smallest_passing(operation=operation)
    for point in trained:
        scores, spread = point.scores(operation), point.spread(operation)
        if spread is None:
            continue
        color = GREEN if result.passes(point, operation) else BLUE
        middle = spread.median
        bar = reach(scores[0], middle)
        if len(scores) > 1:
            bar = [[middle - spread.worst], [spread.best - middle]]
        given_up = _is_hopeless(point)
        look: Any = {"color": color, "marker": "o", "markersize": 4.5, "linewidth": 1.4, "clip_on": False}
        axes.errorbar(
            point.parameters or 1, middle, yerr=bar, mfc="white" if given_up else color, elinewidth=1.2, **look
        )
    if any(map(_is_hopeless, trained)):
        axes.plot([], [], color=BLUE, marker="o", mfc="white", linestyle="none", label="hollow: all seeds given up")
    if operation is None:
        front = result.front()
        corners = [(point.parameters, spread.median) for point in front if (spread := point.spread()) is not None]
        axes.step(*zip(*corners, strict=True), where="post", color=INK, alpha=0.4, linewidth=1, label="Pareto front")
    axes.axhline(result.pass_at, color=ORANGE, linewidth=1, linestyle="--", label=f"{percent(result.pass_at)} %")
    if smallest is not None and smallest.parameters:
        axes.axvline(smallest.parameters, color=GREEN, linewidth=1, alpha=0.6, label=f"{smallest.parameters:,} pass")
    if result.baseline is not None and result.baseline.parameters:
        known = result.baseline.spread(operation)
        if known is not None:
            look = {"color": SERIES[3], "marker": "D", "linestyle": "none", "clip_on": False}
            label = shortened(result.baseline.label, LETTERS)
            axes.plot(result.baseline.parameters, known.median, label=label, **look)
    name = result.judged_on if operation is None else f"{operation} alone"
    axes.set(title=shortened(name, LETTERS), ylabel="answered exactly")
    by_size(axes)
    axes.legend(fontsize=7, loc="best")


def _is_hopeless(point: Point) -> bool:
    return all(each.given_up for each in point.seeds)


def _learnability(axes: Axes, result: SweepResult) -> None:
    """Draw the share of seeds that pass against parameters, seeds of points of one size together."""
    counts: dict[int, list[Score]] = {}
    for point in result.by_size:
        if point.parameters and (point.seeds or point.faults):
            counts.setdefault(point.parameters, []).append(point.success(result.pass_at))
    sizes = sorted(counts)
    shares = [Score(sum(s.correct for s in counts[size]), sum(s.count for s in counts[size])) for size in sizes]
    for size, share in zip(sizes, shares, strict=True):
        axes.errorbar(
            size, share.accuracy, yerr=reach(share, share.accuracy), color=BLUE, marker="o", markersize=4.5, capsize=2
        )
    axes.plot(sizes, [share.accuracy for share in shares], color=BLUE, linewidth=1, alpha=0.5)
    axes.set(title="learnability: seeds that pass, 95 % interval", ylabel="share of seeds")
    by_size(axes)


def _curves(axes: Axes, trained: Sequence[Point]) -> None:
    """Draw held-out accuracy against steps, a line a seed, light for small models; stars mark sudden understanding."""
    sizes = [point.parameters or 1 for point in trained]
    norm = LogNorm(min(sizes), max(*sizes, min(sizes) + 1))
    colors = matplotlib.colormaps["viridis_r"]
    starred = False
    for point in trained:
        for each in point.seeds:
            if not each.looks:
                continue
            color = colors(norm(point.parameters or 1))
            axes.plot(*zip(*each.looks, strict=True), color=color, linewidth=0.9, alpha=0.8)
            if each.grokked is not None:
                label = None if starred else "grokked: long after the training loss was low"
                height = dict(each.looks)[each.grokked]
                axes.plot(each.grokked, height, color=ORANGE, marker="*", markersize=9, linestyle="none", label=label)
                starred = True
    axes.set(title="held-out accuracy in training", xlabel="step", ylim=(-0.04, 1.04))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    scale = matplotlib.cm.ScalarMappable(norm, colors)
    bar = axes.figure.colorbar(scale, ax=axes, format=FuncFormatter(lambda value, _: f"{value:,.0f}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.set_label("parameters", fontsize=8)
    if starred:
        axes.legend(fontsize=7, loc="lower right")


Grid = tuple[str, str, list[str], list[str], dict[tuple[str, str], Point]]


def _grid(points: Sequence[Point]) -> Grid | None:
    """Return headings, values and points of a grid of two axes; None where there are more or fewer, or gaps."""
    chosen = {heading: list(dict.fromkeys(p.choices[heading] for p in points)) for heading in points[0].choices}
    several = [heading for heading, texts in chosen.items() if len(texts) > 1]
    if len(several) != 2:
        return None
    one, other = several
    cells = {(point.choices[one], point.choices[other]): point for point in points}
    if len(cells) != len(chosen[one]) * len(chosen[other]):
        return None
    return one, other, _ordered(chosen[one]), _ordered(chosen[other]), cells


def _ordered(texts: Sequence[str]) -> list[str]:
    """Return numbers by their size, and anything else as it came."""
    try:
        return sorted(texts, key=float)
    except ValueError:
        return list(texts)


def _map(axes: Axes, grid: Grid, result: SweepResult) -> None:
    """Draw the accuracy of every point of a grid of two axes; what was left untrained is blank."""
    one, other, columns, rows, cells = grid
    spreads = [[cells[column, row].spread() for column in columns] for row in rows]
    values = [[math.nan if spread is None else spread.median for spread in line] for line in spreads]
    axes.imshow(values, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [shortened(text, 14) for text in columns])
    axes.set_yticks(range(len(rows)), [shortened(text, 14) for text in rows])
    axes.tick_params(length=0)
    best = max((value for line in values for value in line if not math.isnan(value)), default=math.nan)
    for y, line in enumerate(values):
        for x, value in enumerate(line):
            if not math.isnan(value):
                color = "#ffffff" if value < 0.6 else "#000000"
                weight = "bold" if value == best else "normal"
                axes.text(x, y, percent(value), ha="center", va="center", color=color, fontsize=7, weight=weight)
    under = "" if result.ceiling is None else f" below {result.ceiling:,} parameters"
    axes.set(title=f"accuracy in %{under}; best in bold", xlabel=one, ylabel=other)
