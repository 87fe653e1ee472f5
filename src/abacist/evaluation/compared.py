"""What every comparison has, whatever its models learn from: trials, rows of choices, one table.

Each combination of choices is a row; nothing that failed is left away. `comparison.py` says what rows of problems
come to, `text_comparison.py` those of text.
"""

import dataclasses
import statistics
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar


@dataclass(frozen=True)
class AnyTrial(ABC):
    """One model that was trained and measured."""

    run: str
    """The run folder, as one types it."""
    seed: int
    steps: int
    seconds: float
    """Seconds of training."""

    @abstractmethod
    def brief(self) -> str:
        """Return what it came to in a few words."""

    @abstractmethod
    def found(self) -> dict[str, Any]:
        """Return what it came to as JSON values."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {"run": self.run, "seed": self.seed, "steps": self.steps, "seconds": self.seconds, **self.found()}


T = TypeVar("T", bound=AnyTrial, covariant=True)


@dataclass(frozen=True)
class Spread:
    """What several seeds came to."""

    median: float
    worst: float
    best: float

    def as_json(self) -> dict[str, float]:
        """Return it as JSON values."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class AnyRow(ABC, Generic[T]):
    """One combination of choices, and what its seeds came to."""

    choices: Mapping[str, str]
    """What was chosen, by the heading of its column."""
    parameters: int | None = None
    trials: Sequence[T] = ()
    """One a seed, as far as they are done."""
    cannot: str = ""
    """Why it cannot be built; empty if it can."""
    faults: Mapping[int, str] = field(default_factory=dict)
    """Why a training came to no end, by seed."""

    @property
    def label(self) -> str:
        """The choices in one line."""
        return " · ".join(self.choices.values())

    @property
    def seconds(self) -> float:
        """Seconds of training, the median of the seeds; there must be one."""
        return statistics.median(trial.seconds for trial in self.trials)

    @property
    def steps(self) -> float:
        """Steps of training, the median of the seeds; there must be one."""
        return statistics.median(trial.steps for trial in self.trials)

    @property
    def missing(self) -> str:
        """What stands in place of a figure that it does not have."""
        return "cannot" if self.cannot else "failed" if self.faults else "–"

    @abstractmethod
    def found(self) -> dict[str, Any]:
        """Return what all its seeds came to together as JSON values."""

    def as_json(self) -> dict[str, Any]:
        """Return the row, with each of its trials, as JSON values."""
        return {
            "choices": dict(self.choices),
            "cannot": self.cannot,
            "parameters": self.parameters,
            **self.found(),
            "seconds": self.seconds if self.trials else None,
            "steps": self.steps if self.trials else None,
            "faults": {str(seed): words for seed, words in self.faults.items()},
            "trials": [trial.as_json() for trial in self.trials],
        }


R = TypeVar("R", bound=AnyRow[Any])


@dataclass(frozen=True)
class Column(Generic[R]):
    """A column of the table, behind the choices."""

    heading: str
    text: Callable[[R], str | None]
    """Its cell in a row that has trials; None where they have no such figure."""
    is_result: bool = False
    """It is what the comparison is about: a row without it says why."""

    def cell(self, row: R) -> str:
        """Return the text of its cell in any row."""
        text = self.text(row) if row.trials else None
        return text if text is not None else row.missing if self.is_result else "–"


@dataclass(frozen=True)
class AnyComparison(ABC, Generic[R]):
    """All rows, and what they have in common."""

    recipe: str
    command: str
    """The command that makes it, and goes on with it."""
    seeds: int
    """How many seeds each combination is to have."""
    rows: Sequence[R]

    picture: ClassVar[str]
    """What its plot shows, in words."""

    @abstractmethod
    def figures(self) -> list[Column[R]]:
        """Return the columns between the parameters and the time."""

    @abstractmethod
    def remarks(self) -> list[str]:
        """Return the lines below the table: what its figures are, and on what."""

    def _columns(self) -> list[Column[R]]:
        return [
            *self.figures(),
            Column("seconds", lambda row: f"{row.seconds:,.0f}"),
            Column("steps", lambda row: f"{row.steps:,.0f}"),
        ]

    def headings(self) -> list[str]:
        """Return the headings of the table."""
        chosen = list(self.rows[0].choices) if self.rows else []
        seeds = ["seeds"] if self._counts_seeds else []
        return [*chosen, "parameters", *seeds, *(each.heading for each in self._columns())]

    def cells(self, row: R) -> list[str]:
        """Return the texts of a row, one for each heading; those of a row that has no result are dashes."""
        size = "–" if row.parameters is None else f"{row.parameters:,}"
        seeds = [f"{len(row.trials)} of {self.seeds}"] if self._counts_seeds else []
        return [*row.choices.values(), size, *seeds, *(each.cell(row) for each in self._columns())]

    def faults(self) -> list[str]:
        """Return a line for each reason why something cannot be built or failed, with all that it holds for."""
        reasons: dict[str, list[str]] = {}
        for row in self.rows:
            if row.cannot:
                reasons.setdefault(f"cannot: {row.cannot}", []).append(row.label)
            for seed, words in row.faults.items():
                reasons.setdefault(f"failed: {words}", []).append(f"{row.label} with seed {seed}")
        return [f"{', '.join(labels)}: {reason}" for reason, labels in reasons.items()]

    def markdown(self, picture: str | None = None) -> str:
        """Return the whole comparison as a page; `picture` is the path of its plot, seen from the page."""
        lines = [f"# {self.recipe}, compared", f"`{self.command}`", "", *self.table()]
        failed = [fault for fault in self.faults() if ": cannot: " not in fault]
        remarks = [line.replace("*", "\\*") for line in self.remarks()]
        lines += ["", *(f"- {remark}" for remark in [*failed, *remarks])]
        return "\n".join([*lines, *(["", f"![{self.picture}]({picture})"] if picture else []), ""])

    def table(self) -> list[str]:
        """Return the lines of the table in Markdown."""
        headings = self.headings()
        chosen = len(self.rows[0].choices) if self.rows else 0
        lines = rows_of_markdown(headings, [], chosen)
        for row in self.rows:
            cells = self.cells(row)
            if row.cannot:  # the reason stands in its row: a page has the room
                cells = [*row.choices.values(), *[""] * (len(headings) - chosen)]
                cells[chosen] = f"cannot: {row.cannot}"
            lines.append(line_of_markdown(cells))
        return lines

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        rows = [row.as_json() for row in self.rows]
        return {"recipe": self.recipe, "command": self.command, "seeds": self.seeds, "rows": rows}

    @property
    def _counts_seeds(self) -> bool:
        """Whether the number of seeds that are done is worth a column."""
        return self.seeds > 1 or any(row.faults for row in self.rows)


def joined(texts: Iterable[str]) -> str:
    """Join what differs; the same said of many rows is said once."""
    return "; or ".join(dict.fromkeys(texts))


def rows_of_markdown(headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    """Return the lines of a table in Markdown, the first `left` columns set to the left and figures to the right."""
    ruler = ["---"] * left + ["--:"] * (len(headings) - left)
    return [line_of_markdown(each) for each in (headings, ruler, *rows)]


def line_of_markdown(cells: Sequence[str]) -> str:
    """Return a row of a table in Markdown."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
