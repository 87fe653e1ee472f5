"""The picture of how throughput grows: one small panel for each curve."""

import io
import math
from collections.abc import Iterable

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from abacist.bench.results import Row
from abacist.evaluation.drawing import BLUE, STYLE

COLUMNS = 3


def curves(rows: Iterable[Row]) -> str | None:
    """Draw rows whose settings name a `curve` and an `x`, as SVG; None where there are none.

    Bars span the middle half of the rounds. The background is white, for pages whose colours a picture cannot know.
    """
    panels: dict[str, list[Row]] = {}
    for row in rows:
        if "curve" in row.settings and row.value is not None:
            panels.setdefault(row.settings["curve"], []).append(row)
    if not panels:
        return None
    columns = min(COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    white = {"figure.facecolor": "white", "savefig.facecolor": "white"}
    with matplotlib.rc_context(STYLE | white):
        figure = Figure(figsize=(3.1 * columns, 2.4 * lines), layout="constrained")
        places = figure.subplots(lines, columns, squeeze=False).flatten()
        for axes, (name, points) in zip(places, panels.items(), strict=False):
            _panel(axes, name, sorted(points, key=lambda row: row.settings["x"]))
        for axes in places[len(panels) :]:
            axes.set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return text.getvalue()


def _panel(axes: Axes, name: str, points: list[Row]) -> None:
    """Draw one curve, both scales logarithmic, a tick at every point."""
    x = [row.settings["x"] for row in points]
    y = [row.value or 0.0 for row in points]
    spreads = [row.spread or (value, value) for row, value in zip(points, y, strict=True)]
    whiskers = [[max(0.0, value - low) for value, (low, _) in zip(y, spreads, strict=True)]]
    whiskers += [[max(0.0, high - value) for value, (_, high) in zip(y, spreads, strict=True)]]
    axes.errorbar(x, y, yerr=whiskers, color=BLUE, marker="o", markersize=3.5, linewidth=1.2, capsize=2)
    axes.set(xscale="log", yscale="log", title=name, ylabel=points[0].unit)
    axes.xaxis.set_major_locator(FixedLocator(x))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    low, high = math.floor(math.log10(min(y))), math.ceil(math.log10(max(y)))
    ticks = [factor * 10.0**power for power in range(low - 1, high + 1) for factor in (1, 2, 3, 5, 7)]
    axes.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if min(y) / 2.5 <= tick <= max(y) * 2.5]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_ylim(min(y) / 1.6, max(y) * 1.6)
