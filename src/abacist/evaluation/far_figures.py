"""Pictures of how far a skill reaches: over lengths, over operands, over depth, and where it first goes wrong."""

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import MaxNLocator, PercentFormatter

from abacist.evaluation.drawing import BLUE, INK, ORANGE, SERIES, WIDTH, reach, shortened
from abacist.evaluation.far import DRAWN, NINES, RIPPLE, Cell
from abacist.evaluation.first_error import FirstError, first_error
from abacist.evaluation.grading import Score

SHARES = "cividis"
"""From dark blue for nothing to yellow for all: told apart by brightness alone, so by every eye and in print.

Source: Nunez, Anderton, Renslow 2018, PLOS ONE 13(7): e0199239."""

FRAME = "#e8590c"
"""Told from both ends of the scale, on a white page and on a black one."""

SIDES = {True: (BLUE, "sizes that training can have shown"), False: (ORANGE, "beyond them")}

CASCADES = {NINES: "every column\ncarries", RIPPLE: "999…9 + 1"}


def length_map(cells: Sequence[Cell]) -> Figure | None:
    """Draw the share of right answers over the digits of both operands, a panel an operation; None without any.

    Lengths stand side by side as they were asked, whatever lies between them. A frame encloses what
    training can have shown. Cascades are rows of their own on top, over the length of the long number.
    """
    names = list(dict.fromkeys(cell.operation for cell in cells))
    if not names:
        return None
    sizes = sorted({size for cell in cells if cell.kind == DRAWN for size in cell.at})
    columns = 1 if len(names) == 1 or len(sizes) > 6 else 2
    rows = math.ceil(len(names) / columns)
    cell_side = min(0.66, (WIDTH / columns - 1.3) / len(sizes))
    high = [0.0] * rows
    for place, name in enumerate(names):
        kinds = {cell.kind for cell in cells if cell.operation == name} - {DRAWN}
        high[place // columns] = max(high[place // columns], len(sizes) + len(kinds) + 0.4 * bool(kinds))
    figure = Figure(figsize=(WIDTH, 0.8 + sum(0.75 + cell_side * each for each in high)), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, height_ratios=high)
    colors = colormaps[SHARES]
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    for place, name in enumerate(names):
        own = [cell for cell in cells if cell.operation == name]
        title = name if len(names) > 1 else ""
        _panel(grid.flat[place], own, sizes, colors, 72 * cell_side, high[place // columns], title)
    framed = any(cell.shown for cell in cells if cell.kind == DRAWN)
    legend = "the frame encloses lengths that training can have shown" if framed else "training shows no such lengths"
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), colors),
        ax=grid,
        location="top",
        shrink=0.5,
        aspect=30,
        label=f"answered exactly; {legend}",
    )
    bar.ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    bar.outline.set_visible(False)
    return figure


def _panel(
    axes: Axes,
    cells: Sequence[Cell],
    sizes: Sequence[int],
    colors: Colormap,
    points: float,
    rows_high: float,
    title: str,
) -> None:
    """Draw one operation; a cell is so many points wide.

    All panels of a row are as many cells high, so that their cells are of one size and stand on one line.
    """
    at = {size: place for place, size in enumerate(sizes)}
    count = len(sizes)
    kinds = [kind for kind in CASCADES if any(cell.kind == kind for cell in cells)]
    row_of = {kind: count + 0.4 + place for place, kind in enumerate(reversed(kinds))}
    framed = set()
    for cell in cells:
        if cell.kind == DRAWN:
            x, y = at[cell.at[1]], float(at[cell.at[0]])
            if cell.shown:
                framed.add((x, at[cell.at[0]]))
        else:
            x, y = at[cell.at[0]], row_of[cell.kind]
        _tile(axes, x, y, cell, colors, points)
    for line in outline(framed):
        axes.plot(*zip(*line, strict=True), color=FRAME, linewidth=2.4, solid_capstyle="projecting", zorder=3)
    top = max(row_of.values(), default=count - 1) + 0.56
    ends = (-0.56, rows_high - 0.38)
    axes.set(xlim=(-0.56, count - 0.44), ylim=ends, aspect="equal", xlabel="digits of the second operand")
    axes.text((count - 1) / 2, top + 0.1, title, ha="center", va="bottom")
    axes.set_xticks(range(count), [f"{size:,}" for size in sizes])
    named = [(row_of[kind], CASCADES[kind]) for kind in kinds]
    rows = [*((float(place), f"{size:,}") for size, place in at.items()), *named]
    axes.set_yticks([row for row, _ in rows], [label for _, label in rows])
    axes.set_ylabel("digits of the first operand", y=0.5 * count / (ends[1] - ends[0]))
    axes.tick_params(length=0)
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _tile(axes: Axes, x: int, y: float, cell: Cell, colors: Colormap, points: float) -> None:
    """Draw one cell with its share and its counts, in whichever of black and white can be read on its colour."""
    share = cell.score.accuracy
    red, green, blue, _ = colors(share)
    ink = "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"
    axes.add_patch(Rectangle((x - 0.45, y - 0.45), 0.9, 0.9, facecolor=colors(share), edgecolor=INK, linewidth=0.4))
    counts = f"{cell.score.correct}/{cell.score.count}"
    size, small = min(10.0, 0.34 * points), min(7.0, 1.4 * points / len(counts))
    wide = points > 20  # what is smaller cannot be read: the table has it
    text: Any = {"ha": "center", "va": "center", "color": ink}
    axes.text(x, y + 0.14 * wide, whole_percent(cell.score), fontsize=size, **text)
    if wide:
        axes.text(x, y - 0.24, counts, fontsize=small, **text)


def whole_percent(score: Score) -> str:
    """Write a share in whole percents; 0 and 100 are kept for none and all."""
    value = round(100 * score.accuracy)
    return str(min(99, max(1, value)) if 0 < score.correct < score.count else value)


def outline(cells: set[tuple[int, int]]) -> list[list[tuple[float, float]]]:
    """Return the edges, each a line of two points, between unit cells (x, y) of a set and all others."""
    lines = []
    for x, y in sorted(cells):
        for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            if (x + dx, y + dy) not in cells:
                middle_x, middle_y = x + dx / 2, y + dy / 2
                lines.append(
                    [
                        (middle_x - abs(dy) / 2, middle_y - abs(dx) / 2),
                        (middle_x + abs(dy) / 2, middle_y + abs(dx) / 2),
                    ]
                )
    return lines


LABELS = {"operands": "operands in the question", "depths": "parentheses within one another"}


def over_sizes(cells: Sequence[Cell]) -> Figure | None:
    """Draw accuracy with its 95 % interval over the number of operands, or over depth; None where all have one size.

    Operations of one size alone are left out. Sizes stand side by side as they were asked; those that
    training can have shown are shaded.
    """
    counted = Counter(cell.operation for cell in cells)
    cells = [cell for cell in cells if counted[cell.operation] > 1]
    sizes = sorted({cell.at[0] for cell in cells})
    if not sizes:
        return None
    at = {size: place for place, size in enumerate(sizes)}
    names = list(dict.fromkeys(cell.operation for cell in cells))
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    shown = sorted({at[cell.at[0]] for cell in cells if cell.shown})
    for place in shown:
        axes.axvspan(place - 0.5, place + 0.5, color=INK, alpha=0.08, linewidth=0)
    for index, name in enumerate(names):
        own = sorted((cell for cell in cells if cell.operation == name), key=lambda cell: cell.at)
        x = [at[cell.at[0]] + 0.1 * (index - (len(names) - 1) / 2) for cell in own]
        y = [cell.score.accuracy for cell in own]
        bars = np.array([reach(cell.score, cell.score.accuracy) for cell in own]).reshape(-1, 2).T
        style: Any = {"color": SERIES[index % len(SERIES)], "marker": "o", "markersize": 4, "linewidth": 1}
        axes.errorbar(x, y, yerr=bars, capsize=3, label=shortened(name), clip_on=False, **style)
        for left, cell in zip(x, own, strict=True) if len(names) == 1 and len(own) <= 12 else ():
            note = f"{cell.score.correct}/{cell.score.count}"
            axes.annotate(note, (left, -0.02), (0, -3), textcoords="offset points", ha="center", va="top", fontsize=7)
    axes.set(xlim=(-0.5, len(sizes) - 0.5), ylim=(-0.12, 1.04), ylabel="answered exactly")
    axes.set_xlabel(LABELS[cells[0].axis])
    axes.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes])
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="x")
    handles, labels = axes.get_legend_handles_labels()
    if shown:
        handles.append(Patch(color=INK, alpha=0.12, linewidth=0))
        labels.append(SIDES[True][1])
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    return figure


KINDS = ("as long as the truth", "too short", "too long", "only the sign wrong", "no whole number")


def found_errors(cells: Sequence[Cell]) -> list[tuple[FirstError | None, bool]]:
    """Return where wrong answers to whole-number questions go wrong, each with whether training showed its size.

    None stands for a wrong answer that is no whole number.
    """
    return [
        (first_error(each.answer, each.truth), cell.shown)
        for cell in cells
        for each in cell.failures
        if each.whole and "." not in each.truth
    ]


def kind_of(error: FirstError | None) -> str:
    """Name how a wrong answer is wrong, beside the digits: one of `KINDS`."""
    if error is None:
        return KINDS[4]
    if error.place is None:
        return KINDS[3]
    return KINDS[0] if error.length == "as long" else error.length


def first_errors(cells: Sequence[Cell]) -> Figure | None:
    """Draw at which place wrong whole numbers first differ from the truth, and how many have a wrong length.

    Places are counted from the ones, and as a share of the number. None without a wrong answer.
    """
    found = found_errors(cells)
    if not found:
        return None
    figure = Figure(figsize=(WIDTH, 4.4), layout="constrained")
    panels: Any = figure.subplot_mosaic([["place", "share"], ["kind", "kind"]], height_ratios=[5, 4])
    placed = [(error.place, error.share, shown) for error, shown in found if error and error.place]
    edges = place_edges(max((place for place, _, _ in placed), default=1))
    ends = list(itertools.pairwise(edges))
    labels = [f"{low:,}" if high - low == 1 else f"{low:,}–{high - 1:,}" for low, high in ends]
    at = [(int(np.searchsorted(edges, place, side="right")) - 1, shown) for place, _, shown in placed]
    _stacked(panels["place"], at, len(labels))
    long = max(map(len, labels)) > 2
    step = 1 if long else math.ceil(len(labels) / 12)
    panels["place"].set_xticks(
        range(0, len(labels), step), labels[::step], rotation=45 * long, ha="right" if long else "center"
    )
    panels["place"].set(xlabel="first wrong place, 1 = the ones", ylabel="wrong answers")
    _stacked(panels["share"], [(min(9, int(10 * share)), shown) for _, share, shown in placed], 10)
    panels["share"].set_xticks([0, 4.5, 9.4], ["the ones", "middle", "leading"])
    panels["share"].get_xticklabels()[-1].set_horizontalalignment("right")
    panels["share"].set_xlabel("the same, along the number")
    _kinds(panels["kind"], [(kind_of(error), shown) for error, shown in found])
    if any(shown for _, shown in found):
        sides = [SIDES[side] for side in SIDES if any(shown == side for _, shown in found)]
        handles = [Patch(color=color, label=label) for color, label in sides]
        figure.legend(handles=handles, loc="outside upper center", ncols=2)
    return figure


def place_edges(highest: int, most: int = 24) -> list[int]:
    """Return the lowest place of each bar, and the end of the last; many places share bars, each twice as wide."""
    if highest <= most:
        return list(range(1, highest + 2))
    edges = [1]
    while edges[-1] <= highest:
        edges.append(2 * edges[-1])
    return edges


def _stacked(axes: Axes, values: Sequence[tuple[int, bool]], count: int) -> None:
    """Draw a bar for each value from 0, those of shown sizes below the others."""
    below = np.zeros(count)
    for shown, (color, _) in SIDES.items():
        counted = Counter(value for value, each in values if each == shown)
        heights = np.array([counted[place] for place in range(count)])
        axes.bar(range(count), heights, bottom=below, width=0.85, color=color)
        below += heights
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    axes.grid(visible=False, axis="x")
    axes.tick_params(axis="x", length=0)


def _kinds(axes: Axes, values: Sequence[tuple[str, bool]]) -> None:
    """Draw how many wrong answers are of each kind, with the count at the end of each bar."""
    counted = Counter(values)
    for place, kind in enumerate(KINDS):
        start = 0
        for shown, (color, _) in SIDES.items():
            axes.barh(place, counted[kind, shown], left=start, height=0.7, color=color)
            start += counted[kind, shown]
        axes.annotate(f"{start:,}", (start, place), (4, 0), textcoords="offset points", va="center")
    axes.set_yticks(range(len(KINDS)), KINDS)
    axes.set(ylim=(len(KINDS) - 0.5, -0.5), xlabel="wrong answers")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, steps=[1, 2, 5, 10]))
    axes.margins(x=0.1)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)
