"""Several sweeps in one picture: how right models of every size are, a panel a table of problems."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from abacist.evaluation.drawing import SERIES, by_size
from abacist.evaluation.sweeping import SweepResult

PANEL, HEIGHT = 2.9, 2.7
"""Inches."""


def sizes_figure(panels: Mapping[str, Mapping[str, SweepResult]]) -> Figure:
    """Draw accuracies against parameters: panels by their titles, in each a line for what is asked.

    A point is the median of its seeds, with a line from the worst to the best of them.
    """
    columns = 2
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(columns * PANEL, rows * HEIGHT), layout="constrained")
    for axes, (title, sweeps) in zip(figure.subplots(rows, columns, squeeze=False).flat, panels.items(), strict=False):
        for color, (label, result) in zip(SERIES, sweeps.items(), strict=False):
            points = [point for point in result.by_size if point.seeds and point.parameters]
            spreads = [spread for point in points if (spread := point.spread()) is not None]
            sizes = [point.parameters for point in points]
            middles = [spread.median for spread in spreads]
            bars = [[s.median - s.worst for s in spreads], [s.best - s.median for s in spreads]]
            look: Any = {"color": color, "marker": "o", "markersize": 3.5, "linewidth": 1.3, "elinewidth": 0.8}
            axes.errorbar(sizes, middles, yerr=bars, label=label, clip_on=False, **look)
        axes.set(title=title)
        by_size(axes)
    lines = {label: line for axes in figure.axes for line, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    figure.legend(lines.values(), lines.keys(), loc="outside upper center", ncols=len(lines), fontsize=8)
    for axes in figure.axes[len(panels) :]:
        axes.set_axis_off()
    return figure
