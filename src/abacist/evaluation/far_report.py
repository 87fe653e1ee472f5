"""The part of a run's report that tells how far its skill reaches, and the pictures as files."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from statistics import median

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.figure import Figure

from abacist.evaluation import far_figures
from abacist.evaluation.drawing import as_png, as_svg
from abacist.evaluation.far import DRAWN, Axis, Cell, Reach
from abacist.evaluation.grading import Score, percent

BEGIN, END = "<!-- how far it reaches -->", "<!-- end of how far it reaches -->"
"""Between these a report holds the part; it is empty where nothing was asked."""

Draw = Callable[[Sequence[Cell]], Figure | None]
FIGURES: dict[Axis, tuple[Draw, str, str]] = {
    "lengths": (
        far_figures.length_map,
        "Over the digits of both operands",
        "Each cell is a pair of lengths: the share of right answers in percent, and how many of how many. The frame "
        "encloses lengths that training can have shown. Look for how the colour falls away from the frame: at once "
        "where a place was never shown, slowly where a rule was learned.",
    ),
    "operands": (
        far_figures.over_sizes,
        "Over the number of operands",
        "Numbers are as long as in training, only more of them. Look for a fall beyond the shaded part.",
    ),
    "depths": (
        far_figures.over_sizes,
        "Over parentheses within one another",
        "Each level adds one or two numbers. Look for a fall beyond the shaded part.",
    ),
}
CASCADES = (
    " The rows on top are sums whose carry runs through every column, over the length of the long number: a model "
    "that looks at a few columns only is right elsewhere, and wrong there."
)
ERRORS = (
    "Counted from the ones, whichever way the model writes. Look for a wall: a place beyond which answers go wrong, "
    "often the longest that was trained on. Answers of the wrong length have lost count of their digits."
)


def section(reaches: Sequence[Reach]) -> Markup:
    """Return the part as HTML, with its marks around it; of nothing, the marks alone."""
    parts = []
    for reach in reaches:
        draw, title, look = FIGURES[reach.axis]
        cascades = CASCADES if any(cell.kind != DRAWN for cell in reach.cells) else ""
        figure = as_svg(draw, f"far-{reach.axis}")(reach.cells)
        parts.append((title, reach, figure and Markup(figure), look + cascades, sizes_found(reach.cells)))
    cells = [cell for reach in reaches for cell in reach.cells]
    errors = as_svg(far_figures.first_errors, "far-errors")(cells)
    values = {"parts": parts, "errors": errors and Markup(errors), "look": ERRORS, "found": errors_found(cells)}
    text = _template().render(values) if parts else ""
    return Markup(f"{BEGIN}\n{text}\n{END}")


def with_section(page: str, part: str) -> str:
    """Return a report with the part put in the place of the one it has; a page without marks stays as it is."""
    return re.sub(f"{BEGIN}.*?{END}", lambda _: part, page, count=1, flags=re.DOTALL)


def pictures(reaches: Sequence[Reach]) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures as PNG, each with the end of its name."""
    drawn: list[tuple[str, Draw, Sequence[Cell]]] = [(each.axis, FIGURES[each.axis][0], each.cells) for each in reaches]
    drawn.append(("errors", far_figures.first_errors, [cell for each in reaches for cell in each.cells]))
    for name, draw, cells in drawn:
        picture = as_png(draw)(cells)
        if picture is not None:
            yield name, picture


def sizes_found(cells: Sequence[Cell]) -> str:
    """Count the right answers at sizes that training can have shown, beyond them, and in cascades."""
    drawn = [cell for cell in cells if cell.kind == DRAWN]
    groups = [
        ("sizes that training can have shown", [cell for cell in drawn if cell.shown]),
        ("sizes beyond them", [cell for cell in drawn if not cell.shown]),
        ("cascades", [cell for cell in cells if cell.kind != DRAWN]),
    ]
    said = [f"{name}: {_counts(together(group))}" for name, group in groups if group]
    return f"right at {'; '.join(said)}."


def errors_found(cells: Sequence[Cell]) -> str:
    """Say where the first wrong digit lies as a rule, and how many answers have the wrong length."""
    found = far_figures.found_errors(cells)
    if not found:
        return ""
    kinds = [far_figures.kind_of(error) for error, _ in found]
    places = [error.place for error, _ in found if error is not None and error.place is not None]
    length = sum(kind in ("too short", "too long") for kind in kinds)
    middle = f"half of the first wrong digits stand at place {median(places):,.0f} or below; " if places else ""
    none = kinds.count(far_figures.KINDS[-1])
    return f"{middle}of {len(found):,} wrong answers {length:,} have the wrong length, {none:,} are no whole number."


def together(cells: Sequence[Cell]) -> Score:
    """Return the score of several cells as one."""
    return Score(sum(cell.score.correct for cell in cells), sum(cell.score.count for cell in cells))


def _counts(value: Score) -> str:
    low, high = value.interval
    return (
        f"{value.correct:,} of {value.count:,} ({percent(value.accuracy)} %, "
        f"95 % interval {percent(low)} to {percent(high)})"
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment.get_template("far.html.j2")
