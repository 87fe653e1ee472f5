"""How figures are drawn: for a page that is read by daylight and in the dark, and as pictures for anywhere else.

Ink becomes `currentColor`, so that axes and text take the colour of the page around them; backgrounds are
transparent. Equal inputs give equal texts. No figure keeps state: none goes through pyplot.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, PercentFormatter
from PIL import Image

from abacist.evaluation.grading import Score

Dials = ParamSpec("Dials")

WIDTH = 5.8
"""Inches; the page scales a figure to its column."""

INK = "#102030"
BLUE, ORANGE = "#3d8fd1", "#dd7f1a"
SERIES = (BLUE, ORANGE, "#34a078", "#a46bd0", "#c9576f", "#8c8c8c")
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


def as_svg(draw: Callable[Dials, Figure | None], name: str | None = None) -> Callable[Dials, str | None]:
    """Turn a function that draws a figure into one that returns it as SVG.

    Its ids are prefixed with `name`, or with that of the function: no two figures of a page may share one.
    """
    prefix = name or draw.__name__.replace("_", "-")

    @wraps(draw)
    def drawn(*args: Dials.args, **kwargs: Dials.kwargs) -> str | None:
        with _style():
            figure = draw(*args, **kwargs)
            if figure is None:
                return None
            text = io.StringIO()
            nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
            figure.savefig(text, format="svg", metadata=nothing)
        svg = text.getvalue()
        svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
        return re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", svg)

    return drawn


def as_png(draw: Callable[Dials, Figure | None]) -> Callable[Dials, bytes | None]:
    """Turn a function that draws a figure into one that returns a PNG on white, 1,160 pixels wide, in 128 colours."""

    @wraps(draw)
    def drawn(*args: Dials.args, **kwargs: Dials.kwargs) -> bytes | None:
        with _style():
            figure = draw(*args, **kwargs)
            if figure is None:
                return None
            picture = io.BytesIO()
            figure.savefig(picture, format="png", dpi=200, facecolor="white", metadata={"Software": None})
        small = io.BytesIO()  # a third of the size, and no eye sees it
        colours = Image.open(picture).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        colours.save(small, "png", optimize=True)
        return small.getvalue()

    return drawn


@contextmanager
def _style() -> Iterator[None]:
    with matplotlib.rc_context(STYLE), warnings.catch_warnings():
        # A set may be named in any script: the page's own font will have the letters.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def reach(value: Score, middle: float) -> list[list[float]]:
    """Return the interval's reach below and above the middle, as matplotlib takes it for one point."""
    low, high = value.interval
    return [[max(0.0, middle - low)], [max(0.0, high - middle)]]


def shortened(name: str, length: int = 24) -> str:
    """Cut a name that is too long for a figure."""
    return name if len(name) <= length else name[: length - 1] + "…"


def by_size(axes: Axes) -> None:
    """Let shares, which are drawn already, stand over parameters, which grow by factors."""
    axes.set(xscale="log", xlabel="parameters", ylim=(-0.04, 1.04))
    low, high = axes.get_xlim()
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if high > 30 * low else (1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(axis="x", labelsize=7)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))


def shares_figure(title: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[float]]]) -> Figure:
    """Draw shares as a table in colours, a line a row, each with its figure in percent."""
    figure = Figure(figsize=(WIDTH, 1.1 + 0.22 * len(rows)), layout="constrained")
    axes = figure.subplots()
    axes.imshow([list(values) for _, values in rows], cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axes.set_title(title)
    axes.grid(visible=False)
    axes.set_xticks(range(len(columns)), [column.replace(" ", "\n") for column in columns], fontsize=8)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.tick_params(length=0)
    for place, (_, values) in enumerate(rows):
        for column, value in enumerate(values):
            color = "#ffffff" if value < 0.6 else "#000000"
            axes.text(column, place, f"{100 * value:.0f}", ha="center", va="center", color=color, fontsize=8)
    return figure
