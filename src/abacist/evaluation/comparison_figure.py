"""The picture of a comparison: a line for each combination, a panel for each grade set and each cost."""

import statistics
import textwrap
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, PercentFormatter

from abacist.evaluation.compared import AnyComparison, AnyRow, R
from abacist.evaluation.comparison import Comparison, Row
from abacist.evaluation.drawing import INK, SERIES, STYLE, shortened
from abacist.evaluation.grading import percent

PANEL, COST = 2.3, 1.5
"""Inches of a panel of accuracies and of one of costs."""
LETTERS = 30
"""Characters of a grade set's name over its panel."""
PAPER = {"figure.facecolor": "white", "savefig.facecolor": "white"}

Panel = tuple[float, Callable[[Axes], None]]
"""Its width in inches, and what draws it; rows stand at the places 0, 1, 2 from above."""


def write_plot(comparison: Comparison, path: Path) -> None:
    """Draw the comparison as PNG, whole or not at all.

    Points are seeds; a bar goes through their median, and their line from the worst to the best. A single seed
    has its 95 % interval as its line. What cannot be built says so in its place.
    """
    write_picture(lambda: _figure(comparison), path)


def write_picture(draw: Callable[[], Figure], path: Path) -> None:
    """Write a figure as PNG, whole or not at all, on white: for pages whose colours a picture cannot know."""
    temporary = path.with_suffix(".new")
    with matplotlib.rc_context(STYLE | PAPER), warnings.catch_warnings():
        # A set may be named in any script; what the font lacks becomes a box, and the table has the name.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        draw().savefig(temporary, format="png", dpi=160)
    temporary.replace(path)


def _figure(comparison: Comparison) -> Figure:
    rows = comparison.rows
    panels: list[Panel] = [
        *((PANEL, partial(_accuracies, rows=rows, name=name)) for name in comparison.sets),
        (COST, partial(costs, rows=rows, title="tokens an answer", cost=lambda row: row.tokens)),
        (COST, partial(costs, rows=rows, title="seconds of training", cost=lambda row: row.seconds)),
    ]
    marks = "number and bar: median of the seeds, each a point" if comparison.seeds > 1 else "line: 95 % interval"
    return side_by_side(comparison, panels, f"answered exactly, in %  ({marks})")


def side_by_side(
    comparison: AnyComparison[Any], panels: Sequence[Panel], title: str, notes: Sequence[str] = ()
) -> Figure:
    """Draw panels that share their rows; what cannot be built or failed, and notes, are told below them."""
    rows = comparison.rows
    widths = [width for width, _ in panels]
    label = 0.075 * max((len(_label(row)) for row in rows), default=0)
    width = sum(widths) + label + 0.4
    below = [line for remark in [*comparison.faults(), *notes] for line in textwrap.wrap(remark, int(16 * width))]
    height = 1.7 + 0.36 * len(rows) + 0.15 * len(below)
    figure = Figure(figsize=(width, height), layout="constrained")
    places = figure.subplots(1, len(widths), sharey=True, squeeze=False, width_ratios=widths)[0]
    for axes, (_, draw) in zip(places, panels, strict=True):
        draw(axes)
    first = places[0]
    first.set_yticks(range(len(rows)), [_label(row) for row in rows])
    first.set_ylim(len(rows) - 0.4, -0.6)
    first.text(-0.03, 1.02, " · ".join(rows[0].choices), transform=first.transAxes, ha="right", weight="bold")
    for tick, row in zip(first.get_yticklabels(), rows, strict=True):
        tick.set_color(color_of(row, rows))
    for axes in places:
        axes.tick_params(axis="y", length=0)
        axes.grid(visible=False, axis="y")
        for place in range(1, len(rows)):
            if _group(rows[place]) != _group(rows[place - 1]):
                axes.axhline(place - 0.5, color=INK, alpha=0.35, linewidth=0.8)
    figure.suptitle(f"{comparison.recipe}: {title}", fontsize=10, x=0.01, ha="left")
    if below:
        figure.supxlabel("\n".join(below), fontsize=8, x=0.01, ha="left")
    return figure


def seeds(axes: Axes, place: int, values: Sequence[float], ends: tuple[float, float], color: str) -> None:
    """Draw a row's seeds as points, a line from end to end, and of several seeds a bar through their median."""
    axes.plot(ends, (place, place), color=color, linewidth=2.2, alpha=0.45, solid_capstyle="round")
    look: Any = {"color": color, "marker": "o", "markersize": 4.5, "linestyle": "none", "alpha": 0.75}
    axes.plot(values, [place] * len(values), clip_on=False, **look)
    if len(values) > 1:
        middle = statistics.median(values)
        axes.plot([middle] * 2, (place - 0.28, place + 0.28), color=color, linewidth=2, clip_on=False)


def at_the_right(axes: Axes, place: int, text: str) -> None:
    """Write a row's figure at the right of its panel."""
    axes.text(1.05, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)


def none_there(axes: Axes, place: int, row: AnyRow[Any]) -> None:
    """Say in a row's place why it has no figure."""
    words = "unknown" if row.trials else "failed" if row.faults else "not trained yet"
    words = "cannot be built" if row.cannot else words
    look: Any = {"ha": "center", "va": "center", "color": INK, "alpha": 0.6, "style": "italic"}
    axes.text(0.5, place, words, transform=axes.get_yaxis_transform(), **look)


def _accuracies(axes: Axes, rows: Sequence[Row], name: str) -> None:
    """Draw a panel of accuracies, each row's figure at its right."""
    for place, row in enumerate(rows):
        scores, spread = row.scores(name), row.spread(name)
        if spread is None:
            none_there(axes, place, row)
            continue
        ends = scores[0].interval if len(scores) == 1 else (spread.worst, spread.best)
        seeds(axes, place, [score.accuracy for score in scores], ends, color_of(row, rows))
        at_the_right(axes, place, percent(spread.median))
    counts = sorted({score.count for row in rows for score in row.scores(name)})
    problems = "–".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
    axes.set(xlim=(-0.02, 1.02), title=f"{shortened(name, LETTERS)}\n{problems} problems")
    axes.xaxis.set_major_locator(FixedLocator([0, 0.25, 0.5, 0.75, 1]))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=""))


def costs(axes: Axes, rows: Sequence[R], title: str, cost: Callable[[R], float | None]) -> None:
    """Draw a panel of bars from zero, each with its figure; none where it is not known."""
    known = [(place, value) for place, row in enumerate(rows) if row.trials and (value := cost(row)) is not None]
    most = max((value for _, value in known), default=1.0) or 1.0
    for place, value in known:
        axes.barh(place, value, height=0.5, color=color_of(rows[place], rows), alpha=0.6)
        text = f"{value:,.0f}" if value >= 100 else f"{value:.1f}"
        axes.text(value + 0.04 * most, place, text, va="center", fontsize=8)
    axes.set(xlim=(0, 1.45 * most), title=title)
    axes.xaxis.set_major_locator(MaxNLocator(2))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def _label(row: AnyRow[Any]) -> str:
    return shortened(row.label, 60)


def _group(row: AnyRow[Any]) -> str:
    """Return the first choice: its combinations stand together, in one colour."""
    return next(iter(row.choices.values()), "")


def color_of(row: AnyRow[Any], rows: Sequence[AnyRow[Any]]) -> str:
    """Return the colour of a row: one for each first choice."""
    groups = list(dict.fromkeys(map(_group, rows)))
    return SERIES[groups.index(_group(row)) % len(SERIES)]
