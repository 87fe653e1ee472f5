"""Comparisons of runs of text: how well models trained under different choices predict, as one table.

What compares models of different tokenizers is bits a character; nats a token and perplexity stand beside it.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from abacist.evaluation.compared import AnyComparison, AnyRow, AnyTrial, Column, Spread, joined
from abacist.evaluation.losses import TextLoss

Measure = Callable[[TextLoss], float | None]

BITS, NATS = "bits a character", "nats a token"

MEASURES: dict[str, tuple[Measure, str]] = {
    NATS: (lambda loss: loss.loss, ".4f"),
    "perplexity": (lambda loss: loss.perplexity, ",.3f"),
    BITS: (lambda loss: loss.bits_per_character, ".4f"),
}
"""What is measured, and how it is written; less is better in all of them."""


@dataclass(frozen=True)
class TextTrial(AnyTrial):
    """One model that was trained, and measured on all validation text."""

    vocabulary: int
    """Different tokens."""
    sources: Sequence[Mapping[str, Any]]
    """What it read, as the run's `corpus.json` has it."""
    losses: Mapping[str, TextLoss]
    """By source; the last one is that of the whole."""

    @property
    def whole(self) -> TextLoss:
        """The loss that counts: of several sources the mean by their shares."""
        return list(self.losses.values())[-1]

    @property
    def characters_per_token(self) -> float | None:
        """Of all text of all sources; None where nobody knows the characters."""
        tokens, characters = self._count("tokens"), self._count("characters")
        return characters / tokens if tokens and characters else None

    @property
    def lost(self) -> float:
        """Share of the tokens that stand for text which the vocabulary lacks."""
        return (self._count("unknown") or 0) / (self._count("tokens") or 1)

    def _count(self, what: str) -> int | None:
        counts = [side[what] for source in self.sources for side in source["sides"].values()]
        return None if None in counts else sum(counts)

    def brief(self) -> str:
        """Return its loss in a line."""
        bits = self.whole.bits_per_character
        known = "" if bits is None else f", {bits:.4f} bits a character"
        return f"{self.whole.loss:.4f} nats a token{known}"

    def found(self) -> dict[str, Any]:
        """Return vocabulary and losses as JSON values, each source by itself."""
        texts = {each["name"]: each["digest"] for each in self.sources}
        return {
            "vocabulary": self.vocabulary,
            "characters_per_token": self.characters_per_token,
            "losses": [
                {"name": name, "digest": texts.get(name), **loss.as_json()} for name, loss in self.losses.items()
            ],
        }


@dataclass(frozen=True)
class TextRow(AnyRow[TextTrial]):
    """One combination of choices, and how well its seeds predict."""

    def values(self, name: str) -> list[float]:
        """Return each seed's value of a measure, as far as it is known."""
        measure, _ = MEASURES[name]
        return [value for trial in self.trials if (value := measure(trial.whole)) is not None]

    @property
    def compared(self) -> str:
        """The measure that it is compared by."""
        return BITS if self.values(BITS) or not self.trials else NATS

    def spread(self, name: str) -> Spread | None:
        """Return median, worst and best of a measure; None if it is known of no seed."""
        values = self.values(name)
        return Spread(statistics.median(values), max(values), min(values)) if values else None

    @property
    def characters_per_token(self) -> float | None:
        """How much of the text a token is; all seeds have the same tokens."""
        return self.trials[0].characters_per_token if self.trials else None

    def found(self) -> dict[str, Any]:
        """Return vocabulary and the spread of each measure as JSON values."""
        spreads = {name: self.spread(name) for name in MEASURES}
        return {
            "vocabulary": self.trials[0].vocabulary if self.trials else None,
            "characters_per_token": self.characters_per_token,
            **{name.replace(" a ", "_per_"): spread and spread.as_json() for name, spread in spreads.items()},
        }


@dataclass(frozen=True)
class TextComparison(AnyComparison[TextRow]):
    """All rows, and what they have in common."""

    picture = "Bits a character, characters a token and time"

    def figures(self) -> list[Column[TextRow]]:
        """Return the tokens, the loss, and what it is a character."""
        return [
            Column("vocabulary", lambda row: f"{row.trials[0].vocabulary:,}"),
            Column("characters a token", lambda row: _known(row.characters_per_token, ".2f")),
            *(Column(name, _written(name), is_result=True) for name in MEASURES),
        ]

    def remarks(self) -> list[str]:
        """Return the lines below the table: what its figures are, and on which text."""
        trials = [trial for row in self.rows for trial in row.trials]
        if not trials:
            return []
        shown = "Medians of the seeds, and [best..worst]," if self.seeds > 1 else "Measured"
        lines = [
            f"{shown} on all validation text, with the weights that were kept; less is better.",
            "Bits a character compare any tokenizers, nats a token and perplexity only models of the same one.",
        ]
        for name in dict.fromkeys(each["name"] for trial in trials for each in trial.sources):
            lines.append(f"{name}: {joined(_validation(name, trials))}.")
        if any(len(trial.sources) > 1 for trial in trials):
            lines.append("Of several sources it is the mean by their shares; compare.json has each.")
        if len({tuple(each["digest"] for each in trial.sources) for trial in trials}) > 1:
            lines.append("Not all rows read the same text.")
        return lines + self.losses_of_text()

    def losses_of_text(self) -> list[str]:
        """Return a line for each row that lost text, so that nobody knows its bits a character."""
        return [
            f"{row.label}: {row.trials[0].lost:.2%} of its tokens stand for text that its vocabulary lacks; what they "
            "were is not predicted, so its bits a character are unknown."
            for row in self.rows
            if row.trials and row.trials[0].lost
        ]


def _validation(name: str, trials: Sequence[TextTrial]) -> list[str]:
    sides = [each["sides"]["validation"] for trial in trials for each in trial.sources if each["name"] == name]
    return [f"{_known(side['characters'], ',')} characters to validate with" for side in sides]


def _known(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def _written(name: str) -> Callable[[TextRow], str]:
    """Return what writes a measure of a row: the median, and of the one that compares best and worst, too."""
    _, form = MEASURES[name]

    def write(row: TextRow) -> str:
        spread = row.spread(name)
        if spread is None:
            return "unknown"
        median = format(spread.median, form)
        if len(row.trials) > 1 and name == row.compared:
            median += f" [{format(spread.best, form)}..{format(spread.worst, form)}]"
        return median

    return write
