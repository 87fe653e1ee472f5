"""Comparisons of runs of problems: what models trained under different choices answer, as one table.

One seed is shown with its 95 % interval, several with their median and with the worst and the best of them.
"""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from abacist.evaluation.compared import AnyComparison, AnyRow, AnyTrial, Column, Spread, joined
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
class Trial(AnyTrial):
    """One model that was trained and graded."""

    sets: Sequence[SetResult]

    def on(self, name: str) -> Score | None:
        """Return the score on a grade set; None if the model was not graded on it."""
        return next((each.score for each in self.sets if each.name == name), None)

    def brief(self) -> str:
        """Return its accuracies in a line."""
        return ", ".join(f"{each.name} {percent(each.score.accuracy)} %" for each in self.sets)

    def found(self) -> dict[str, Any]:
        """Return its grades as JSON values."""
        return {"sets": [each.as_json() for each in self.sets]}


@dataclass(frozen=True)
class Row(AnyRow[Trial]):
    """One combination of choices, and how well its seeds answer."""

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

    def found(self) -> dict[str, Any]:
        """Return accuracies and counts as JSON values."""
        names = dict.fromkeys(each.name for trial in self.trials for each in trial.sets)
        return {
            "accuracy": {name: spread.as_json() for name in names if (spread := self.spread(name)) is not None},
            "answers": self.answers,
            "wrong": self.wrong,
            "malformed": self.malformed,
            "tokens_per_answer": self.tokens if self.trials else None,
        }


@dataclass(frozen=True)
class Comparison(AnyComparison[Row]):
    """All rows, and what they have in common."""

    picture = "Accuracy, tokens and time"

    @property
    def sets(self) -> list[str]:
        """The names of all grade sets."""
        return list(dict.fromkeys(each.name for row in self.rows for trial in row.trials for each in trial.sets))

    def figures(self) -> list[Column[Row]]:
        """Return a column for each grade set, and what the answers cost."""
        return [
            *(Column(f"{name}, %", partial(_share, name), is_result=True) for name in self.sets),
            Column("wrong", lambda row: f"{row.wrong:,}"),
            Column("malformed", lambda row: f"{row.malformed:,}"),
            Column("tokens an answer", lambda row: f"{row.tokens:.1f}"),
        ]

    def remarks(self) -> list[str]:
        """Return the lines below the table: what its figures are, and on which problems."""
        lines = []
        shown = "median [worst..best] of the seeds" if self.seeds > 1 else "with its 95 % interval (Wilson)"
        if self.sets:
            lines.append(f"Right answers in %, {shown}; wrong and malformed count all seeds and sets.")
        return lines + [f"{name}: {joined(self._certificates(name))}." for name in self.sets]

    def _certificates(self, name: str) -> Iterable[str]:
        for row in self.rows:
            for trial in row.trials:
                yield from (f"{each.score.count:,} problems, {each.seen}" for each in trial.sets if each.name == name)


def _share(name: str, row: Row) -> str | None:
    """Write a row's accuracy on a set."""
    scores = row.scores(name)
    return share_of(scores) if scores else None


def share_of(scores: Sequence[Score]) -> str:
    """Write the scores of one seed or more in percent: one with its 95 % interval, or median, worst and best."""
    if len(scores) == 1:
        low, high = scores[0].interval
        return f"{percent(scores[0].accuracy)} ({percent(low)}–{percent(high)})"
    shares = [score.accuracy for score in scores]
    return f"{percent(statistics.median(shares))} [{percent(min(shares))}..{percent(max(shares))}]"
