"""Results in words: the cells of a row, and docs/performance.md."""

import inspect
import shlex
from collections.abc import Iterable
from typing import Any

from abacist.bench.measure import FOLDER
from abacist.bench.results import Results, Row
from abacist.core.catalogue import load, own_names

HEADINGS = ("what", "figure", "middle half of the rounds", "ratio", "middle half", "against", "rounds")

OPENING = """\
# Performance
Written by `abacist bench --page`; `make bench` measures everything again. Each figure is the median of its rounds,
beside it the values between which the middle half of them lay. What is compared was timed in turn, round by round, in
one process or by one command, and a ratio is the median of the ratios within the rounds: above 1 the figure is better
than what it is held against, below 1 it is worse. Figures of different runs are not comparable.
"""


def page(results: Results, picture: str | None = None) -> str:
    """Return the results as Markdown; `picture` is the path of the growth curves, seen from the page."""
    parts = [OPENING, _machines(results)]
    known = own_names(FOLDER)
    for name in sorted(results.measures(), key=lambda name: (name not in known, name)):
        parts.append(_section(name, results.of(name)))
        if name == "growth" and picture is not None:
            parts.append(f"![Throughput against model width, depth, rows, row length and threads]({picture})\n")
    return "\n".join(parts)


def cells(row: Row) -> tuple[str, ...]:
    """Return the texts of a row, one for each of the headings."""
    if row.value is None:
        return row.what, "missing", "", "", "", row.note, ""
    value = f"{number(row.value)} {row.unit}"
    what = f"{row.what}; {row.note}" if row.note else row.what
    ratio = "" if row.ratio is None else f"{number(row.ratio)} ×"
    return what, value, _between(row.spread), ratio, _between(row.ratio_spread), row.against, str(row.rounds)


def line(row: Row) -> tuple[str, ...]:
    """Return what a terminal has room for: what, figure, spread as half its width in percent, ratio, against what."""
    what, value, _, ratio, _, against, _ = cells(row)
    spread = ""
    if row.value and row.spread and row.spread[0] != row.spread[1]:
        spread = f"±{50 * (row.spread[1] - row.spread[0]) / row.value:.0f} %"
    return what, value, spread, ratio, against


def number(value: float) -> str:
    """Write a number with three digits that count, and no more than are whole ones."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def definition(name: str) -> str:
    """Return what a measure is: its docstring, one paragraph a line."""
    text = inspect.getdoc(load(FOLDER, name)) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _machines(results: Results) -> str:
    lines = ["| measured | command | machine |", "|---|---|---|"]
    for run in results.runs:
        machine: dict[str, Any] = run["machine"]
        gpu = "" if machine["device"] == "cpu" else f"{machine['device']}; "
        words = (
            f"{gpu}{machine['cpu']}, cores: {machine['cores']}, threads used: {machine['threads']}; "
            f"{machine['system']}, Python {machine['python']}, PyTorch {machine['torch']}, "
            f"abacist {machine['abacist']}; multiplies {' and '.join(machine['dtypes'])}"
        )
        lines.append(f"| {_day(run['started'])} | `{shlex.join(run['command'])}` | {words} |")
    return "\n".join(lines) + "\n"


def _section(name: str, rows: list[Row]) -> str:
    shared = _shared(row for row in rows if row.value is not None)
    runs = ", ".join(sorted({_day(row.run) for row in rows}))
    lines = [f"## {name}", f"`abacist bench {name}`, in the run of {runs}.", ""]
    lines += [definition(name) if name in own_names(FOLDER) else "", ""]
    if shared:
        lines += [f"All rows: {', '.join(f'{key} {value}' for key, value in shared.items())}.", ""]
    lines += ["| " + " | ".join(HEADINGS) + " |", "|---|--:|--:|--:|--:|---|--:|"]
    lines += ["| " + " | ".join(text.replace("|", "\\|") for text in cells(row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _shared(rows: Iterable[Row]) -> dict[str, Any]:
    """Return the settings that all rows have alike."""
    each = [row.settings for row in rows]
    first = each[0] if each else {}
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in each)}


def _between(spread: tuple[float, float] | None) -> str:
    if spread is None or spread[0] == spread[1]:
        return ""
    return f"{number(spread[0])}–{number(spread[1])}"


def _day(date: str) -> str:
    """Return an ISO date and time to the minute."""
    return date[:16].replace("T", " ")
