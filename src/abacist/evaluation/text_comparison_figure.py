"""The picture of a comparison of runs of text: bits a character, and what they cost."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from abacist.evaluation.comparison_figure import (
    COST,
    PANEL,
    Panel,
    at_the_right,
    color_of,
    costs,
    none_there,
    seeds,
    side_by_side,
    write_picture,
)
from abacist.evaluation.text_comparison import BITS, NATS, TextComparison, TextRow


def write_text_plot(comparison: TextComparison, path: Path) -> None:
    """Draw the comparison as PNG, whole or not at all.

    Points are seeds; a bar goes through their median, and their line from the worst to the best. Where nobody
    knows the characters of any text it is nats a token that are drawn. What cannot be built says so in its place.
    """
    write_picture(lambda: _figure(comparison), path)


def _figure(comparison: TextComparison) -> Figure:
    rows = comparison.rows
    measure = BITS if any(row.compared == BITS for row in rows) else NATS
    panels: list[Panel] = [
        (1.6 * PANEL, partial(_losses, rows=rows, name=measure)),
        (COST, partial(costs, rows=rows, title="characters a token", cost=lambda row: row.characters_per_token)),
        (COST, partial(costs, rows=rows, title="seconds of training", cost=lambda row: row.seconds)),
    ]
    marks = "  (number and bar: median of the seeds, each a point)" if comparison.seeds > 1 else ""
    return side_by_side(comparison, panels, f"{measure} of validation text{marks}", comparison.losses_of_text())


def _losses(axes: Axes, rows: Sequence[TextRow], name: str) -> None:
    """Draw a panel of losses, each row's figure at its right; the axis begins where the values do."""
    found = [value for row in rows for value in row.values(name)]
    for place, row in enumerate(rows):
        values, spread = row.values(name), row.spread(name)
        if spread is not None:
            seeds(axes, place, values, (spread.best, spread.worst), color_of(row, rows))
            at_the_right(axes, place, f"{spread.median:.3f}")
        else:
            none_there(axes, place, row)
    if found:
        low, high = min(found), max(found)
        room = 0.08 * (high - low) or 0.05 * high
        axes.set_xlim(low - room, high + room)
    axes.set(title=name, xlabel=f"{name}, lower is better")
    axes.xaxis.set_major_locator(MaxNLocator(5))
