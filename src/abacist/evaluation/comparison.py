"""Comparisons: what models trained under different choices came to, as one table.

Each combination of choices is a row. One seed is shown with its 95 % interval, several with their median and
with the worst and the best of them; nothing that failed is left away.
"""

import dataclasses
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from abacist.evaluation.grading import Score, percent


@dataclass(frozen=True)
class SetResult:
    """What one model came to on one grade set."""

    name: str
    score: Score
    malformed: int
    """Answers that were no number at all; they count as wrong."""
    tokens: float
    """Tokens written an answer, the end included, on average."""
    seen: str
    """How many of the problems training can have shown, in words."""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "SetResult":
        """Read one set of a run's `grades.json`."""
        score = Score(values["correct"], values["count"])
        return cls(values["name"], score, values["malformed"], values["tokens_per_answer"], values["certificate"])

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "name": self.name,
            **self.score.as_json(),
            "malformed": self.malformed,
            "tokens_per_answer": self.tokens,
            "certificate": self.seen,
        }


@dataclass(frozen=True)
class Trial:
    """One model that was trained and graded."""

    run: str
    """The run folder, as one types it."""
    seed: int
    steps: int
    seconds: float
    """Seconds of training."""
    sets: Sequence[SetResult]

    def on(self, name: str) -> Score | None:
        """Return the score on a grade set; None if the model was not graded on it."""
        return next((each.score for each in self.sets if each.name == name), None)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        values = {"run": self.run, "seed": self.seed, "steps": self.steps, "seconds": self.seconds}
        return {**values, "sets": [each.as_json() for each in self.sets]}


@dataclass(frozen=True)
class Spread:
    """The accuracies of several seeds on one set."""

    median: float
    worst: float
    best: float


@dataclass(frozen=True)
class Row:
    """One combination of choices, and what its seeds came to."""

    choices: Mapping[str, str]
    """What was chosen, by the heading of its column."""
    parameters: int | None = None
    trials: Sequence[Trial] = ()
    """One a seed, as far as they are done."""
    cannot: str = ""
    """Why it cannot be built; empty if it can."""
    faults: Mapping[int, str] = field(default_factory=dict)
    """Why a training came to no end, by seed."""

    @property
    def label(self) -> str:
        """The choices in one line."""
        return " · ".join(self.choices.values())

    def scores(self, name: str) -> list[Score]:
        """Return each seed's score on a set."""
        return [score for trial in self.trials if (score := trial.on(name)) is not None]

    def spread(self, name: str) -> Spread | None:
        """Return median, worst and best accuracy on a set; None if no seed was graded on it."""
        shares = [score.accuracy for score in self.scores(name)]
        return Spread(statistics.median(shares), min(shares), max(shares)) if shares else None

    @property
    def wrong(self) -> int:
        """Wrong answers of all seeds on all sets."""
        return sum(each.score.count - each.score.correct for trial in self.trials for each in trial.sets)

    @property
    def malformed(self) -> int:
        """Answers of all seeds on all sets that were no number at all."""
        return sum(each.malformed for trial in self.trials for each in trial.sets)

    @property
    def answers(self) -> int:
        """Answers of all seeds on all sets."""
        return sum(each.score.count for trial in self.trials for each in trial.sets)

    @property
    def tokens(self) -> float:
        """Tokens written an answer, on average over all seeds and sets."""
        written = sum(each.tokens * each.score.count for trial in self.trials for each in trial.sets)
        return written / self.answers if self.answers else 0.0

    @property
    def seconds(self) -> float:
        """Seconds of training, the median of the seeds; there must be one."""
        return statistics.median(trial.seconds for trial in self.trials)

    @property
    def steps(self) -> float:
        """Steps of training, the median of the seeds; there must be one."""
        return statistics.median(trial.steps for trial in self.trials)

    def as_json(self) -> dict[str, Any]:
        """Return the row, with each of its trials, as JSON values."""
        names = dict.fromkeys(each.name for trial in self.trials for each in trial.sets)
        spreads = {name: spread for name in names if (spread := self.spread(name)) is not None}
        return {
            "choices": dict(self.choices),
            "cannot": self.cannot,
            "parameters": self.parameters,
            "accuracy": {name: dataclasses.asdict(spread) for name, spread in spreads.items()},
            "answers": self.answers,
            "wrong": self.wrong,
            "malformed": self.malformed,
            "tokens_per_answer": self.tokens if self.trials else None,
            "seconds": self.seconds if self.trials else None,
            "steps": self.steps if self.trials else None,
            "faults": {str(seed): words for seed, words in self.faults.items()},
            "trials": [trial.as_json() for trial in self.trials],
        }


@dataclass(frozen=True)
class Comparison:
    """All rows, and what they have in common."""

    recipe: str
    command: str
    """The command that makes it, and goes on with it."""
    seeds: int
    """How many seeds each combination is to have."""
    rows: Sequence[Row]

    @property
    def sets(self) -> list[str]:
        """The names of all grade sets."""
        return list(dict.fromkeys(each.name for row in self.rows for trial in row.trials for each in trial.sets))

    def headings(self) -> list[str]:
        """Return the headings of the table."""
        chosen = list(self.rows[0].choices) if self.rows else []
        seeds = ["seeds"] if self._counts_seeds else []
        behind = ("wrong", "malformed", "tokens an answer", "seconds", "steps")
        return [*chosen, "parameters", *seeds, *(f"{name}, %" for name in self.sets), *behind]

    def cells(self, row: Row) -> list[str]:
        """Return the texts of a row, one for each heading; those of a row that has no result are dashes."""
        size = "–" if row.parameters is None else f"{row.parameters:,}"
        seeds = [f"{len(row.trials)} of {self.seeds}"] if self._counts_seeds else []
        shares = [_share(row, name) for name in self.sets]
        if not row.trials:
            return [*row.choices.values(), size, *seeds, *shares, *["–"] * 5]
        counts = (f"{row.wrong:,}", f"{row.malformed:,}", f"{row.tokens:.1f}")
        return [*row.choices.values(), size, *seeds, *shares, *counts, f"{row.seconds:,.0f}", f"{row.steps:,.0f}"]

    def faults(self) -> list[str]:
        """Return a line for each reason why something cannot be built or failed, with all that it holds for."""
        reasons: dict[str, list[str]] = {}
        for row in self.rows:
            if row.cannot:
                reasons.setdefault(f"cannot: {row.cannot}", []).append(row.label)
            for seed, words in row.faults.items():
                reasons.setdefault(f"failed: {words}", []).append(f"{row.label} with seed {seed}")
        return [f"{', '.join(labels)}: {reason}" for reason, labels in reasons.items()]

    def remarks(self) -> list[str]:
        """Return the lines below the table: what its figures are, and on which problems."""
        lines = []
        shown = "median [worst..best] of the seeds" if self.seeds > 1 else "with its 95 % interval (Wilson)"
        if self.sets:
            lines.append(f"Right answers in %, {shown}; wrong and malformed count all seeds and sets.")
        return lines + [f"{name}: {_joined(self._certificates(name))}." for name in self.sets]

    def markdown(self, picture: str | None = None) -> str:
        """Return the whole comparison as a page; `picture` is the path of its plot, seen from the page."""
        lines = [f"# {self.recipe}, compared", f"`{self.command}`", "", *self.table()]
        failed = [fault for fault in self.faults() if ": cannot: " not in fault]
        lines += ["", *(f"- {remark}" for remark in [*failed, *self.remarks()])]
        return "\n".join([*lines, *(["", f"![Accuracy, tokens and time]({picture})"] if picture else []), ""])

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

    def _certificates(self, name: str) -> Iterable[str]:
        for row in self.rows:
            for trial in row.trials:
                yield from (f"{each.score.count:,} problems, {each.seen}" for each in trial.sets if each.name == name)


def _share(row: Row, name: str) -> str:
    """Write a row's accuracy on a set."""
    scores = row.scores(name)
    return share_of(scores) if scores else "cannot" if row.cannot else "failed" if row.faults else "–"


def share_of(scores: Sequence[Score]) -> str:
    """Write the scores of one seed or more in percent: one with its 95 % interval, or median, worst and best."""
    if len(scores) == 1:
        low, high = scores[0].interval
        return f"{percent(scores[0].accuracy)} ({percent(low)}–{percent(high)})"
    shares = [score.accuracy for score in scores]
    return f"{percent(statistics.median(shares))} [{percent(min(shares))}..{percent(max(shares))}]"


def _joined(texts: Iterable[str]) -> str:
    """Join what differs; the same said of many rows is said once."""
    return "; or ".join(dict.fromkeys(texts))


def rows_of_markdown(headings: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> list[str]:
    """Return the lines of a table in Markdown, the first `left` columns set to the left and figures to the right."""
    ruler = ["---"] * left + ["--:"] * (len(headings) - left)
    return [line_of_markdown(each) for each in (headings, ruler, *rows)]


def line_of_markdown(cells: Sequence[str]) -> str:
    """Return a row of a table in Markdown."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
