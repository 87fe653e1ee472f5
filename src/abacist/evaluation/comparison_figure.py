"""The picture of a comparison: a line for each combination, a panel for each grade set and each cost."""

import textwrap
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, PercentFormatter

from abacist.evaluation.comparison import Comparison, Row
from abacist.evaluation.drawing import INK, SERIES, STYLE, shortened
from abacist.evaluation.grading import percent

PANEL, COST = 2.3, 1.5
"""Inches of a panel of accuracies and of one of costs."""
LETTERS = 30
"""Characters of a grade set's name over its panel."""
PAPER = {"figure.facecolor": "white", "savefig.facecolor": "white"}


def write_plot(comparison: Comparison, path: Path) -> None:
    """Draw the comparison as PNG, whole or not at all.

    Points are seeds; a bar goes through their median, and their line from the worst to the best. A single seed
    has its 95 % interval as its line. What cannot be built says so in its place. The background is white, for
    pages whose colours a picture cannot know.
    """
    temporary = path.with_suffix(".new")
    with matplotlib.rc_context(STYLE | PAPER), warnings.catch_warnings():
        # A set may be named in any script; what the font lacks becomes a box, and the table has the name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        _figure(comparison).savefig(temporary, format="png", dpi=160)
    temporary.replace(path)


def _figure(comparison: Comparison) -> Figure:
    rows, sets = comparison.rows, comparison.sets
    several = comparison.seeds > 1
    costs: list[tuple[str, Callable[[Row], float]]] = [
        ("tokens an answer", lambda row: row.tokens),
        ("seconds of training", lambda row: row.seconds),
    ]
    widths = [PANEL] * len(sets) + [COST] * len(costs)
    label = 0.075 * max((len(_label(row)) for row in rows), default=0)
    width = sum(widths) + label + 0.4
    below = [line for remark in comparison.faults() for line in textwrap.wrap(remark, int(16 * width))]
    height = 1.7 + 0.36 * len(rows) + 0.15 * len(below)
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, name in zip(panels, sets, strict=False):
        _accuracies(axes, rows, name)
    for axes, (title, cost) in zip(panels[len(sets) :], costs, strict=True):
        _costs(axes, rows, title, cost)
    first = panels[0]
    first.set_yticks(range(len(rows)), [_label(row) for row in rows])
    first.set_ylim(len(rows) - 0.4, -0.6)
    first.text(-0.03, 1.02, " · ".join(rows[0].choices), transform=first.transAxes, ha="right", weight="bold")
    for tick, row in zip(first.get_yticklabels(), rows, strict=True):
        tick.set_color(_color(row, rows))
    for axes in panels:
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        for place in range(1, len(rows)):
            if _group(rows[place]) != _group(rows[place - 1]):
                axes.axhline(place - 0.5, color=INK, alpha=0.35, linewidth=0.8)
    marks = "number and bar: median of the seeds, each a point" if several else "line: 95 % interval"
    figure.suptitle(f"{comparison.recipe}: answered exactly, in %  ({marks})", fontsize=10, x=0.01, ha="left")
    if below:
        figure.supxlabel("\n".join(below), fontsize=8, x=0.01, ha="left")
    return figure


def _accuracies(axes: Axes, rows: Sequence[Row], name: str) -> None:
    """Draw a panel of accuracies, each row's figure at its right."""
    for place, row in enumerate(rows):
        scores, spread, color = row.scores(name), row.spread(name), _color(row, rows)
        if spread is None:
            words = "cannot be built" if row.cannot else "failed" if row.faults else "not trained yet"
            axes.text(0.5, place, words, ha="center", va="center", color=INK, alpha=0.6, style="italic")
            continue
        ends = scores[0].interval if len(scores) == 1 else (spread.worst, spread.best)
        axes.plot(ends, (place, place), color=color, linewidth=2.2, alpha=0.45, solid_capstyle="round")
        look: Any = {"color": color, "marker": "o", "markersize": 4.5, "linestyle": "none", "alpha": 0.75}
        axes.plot([score.accuracy for score in scores], [place] * len(scores), clip_on=False, **look)
        if len(scores) > 1:
            axes.plot([spread.median] * 2, (place - 0.28, place + 0.28), color=color, linewidth=2, clip_on=False)
        axes.text(1.05, place, percent(spread.median), transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    counts = sorted({score.count for row in rows for score in row.scores(name)})
    problems = "–".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
    axes.set(xlim=(-0.02, 1.02), title=f"{shortened(name, LETTERS)}\n{problems} problems")
    axes.xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))


def _costs(axes: Axes, rows: Sequence[Row], title: str, cost: Callable[[Row], float]) -> None:
    """Draw a panel of bars from zero, each with its figure."""
    most = max((cost(row) for row in rows if row.trials), default=1.0) or 1.0
    for place, row in enumerate(rows):
        if row.trials:
            value = cost(row)
            axes.barh(place, value, height=0.5, color=_color(row, rows), alpha=0.6)
            text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
            axes.text(value + 0.04 * most, place, text, va="center", fontsize=8)
    axes.set(xlim=(0, 1.45 * most), title=title)
    axes.xaxis.set_major_locator(MaxNLocator(2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _label(row: Row) -> str:
    return shortened(row.label, 60)


def _group(row: Row) -> str:
    """Return the first choice: its combinations stand together, in one colour."""
    return next(iter(row.choices.values()), "")


def _color(row: Row, rows: Sequence[Row]) -> str:
    groups = list(dict.fromkeys(map(_group, rows)))
    return SERIES[groups.index(_group(row)) % len(SERIES)]
