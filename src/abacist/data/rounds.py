"""Rounds of self-improvement: which of a model's own answers join its training data, and how they are mixed in.

A model that was taught short problems answers longer ones by itself; answers that models of several seeds
agree on, and that are not too short, are trained on like true ones in the next round. Nothing here knows the
truth.

Source: Lee et al. 2025, arXiv:2502.01612: rounds of growing difficulty, the length filter, the majority vote.
"""

import csv
import os
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abacist.core.errors import SettingsError
from abacist.data.curriculum import Shares
from abacist.data.files import FileStream
from abacist.data.stream import ProblemStream
from abacist.problems.question import Question, is_number, text_of
from abacist.text.batch import Batch, joined
from abacist.text.format import is_answer


@dataclass(frozen=True)
class Rounds:
    """How a model goes on from the first stage of its mixture to the later ones, whose truth it is never told.

    Entries of the lowest stage are taught with true answers. Each further stage is a round: its problems are
    answered by the models of the round before, and what is kept of that joins the training data.
    """

    steps: int = 300
    """Training steps of a round; those before the first round are training.steps."""
    ask: int = 4000
    """Problems asked for a round; fewer where there are no more different ones."""
    share: float = 0.5
    """Share of a batch's rows that are self-labelled, of all rounds so far alike."""
    voters: int = 3
    """Models that answer; each is trained from a seed of its own, and as long as the first."""
    agree: int | None = None
    """Models that must have given an answer for it to be kept; null for more than half of them."""
    shorter: int = 1
    """Characters by which an answer may be shorter than the median of those to questions of the same lengths."""
    measure: int = 200
    """Held-out problems of each stage that are held against the truth after each round, for the report alone;
    0 measures nothing, and then nothing is solved exactly beyond the first stage."""

    def __post_init__(self) -> None:
        for name in ("steps", "ask", "voters"):
            if getattr(self, name) < 1:
                raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("shorter", "measure"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} must be at least 0, got {getattr(self, name)}")
        if not 0 < self.share < 1:
            raise SettingsError(f"share must be above 0 and below 1, got {self.share}: what is true stays in")
        if self.agree is not None and not 1 <= self.agree <= self.voters:
            raise SettingsError(f"agree must be from 1 to voters ({self.voters}), got {self.agree}")

    @property
    def majority(self) -> int:
        """Models that must agree."""
        return self.agree if self.agree is not None else self.voters // 2 + 1


@dataclass(frozen=True, slots=True)
class Label:
    """An answer that models gave to a question."""

    question: Question
    answer: str
    votes: int
    """How many of them gave it."""


def agreed(questions: Sequence[Question], ballots: Sequence[Sequence[str | None]], enough: int) -> list[Label]:
    """Return the most frequent answer to each question, where it is a number and at least `enough` models gave it.

    `ballots` has the answers of each model to all questions, None where one was malformed. Of two answers
    given equally often the one given by an earlier model is taken.
    """
    labels = []
    for question, answers in zip(questions, zip(*ballots, strict=True), strict=True):
        counts = Counter(answer for answer in answers if answer is not None and is_answer(answer))
        if counts:
            answer, votes = counts.most_common(1)[0]
            if votes >= enough:
                labels.append(Label(question, answer, votes))
    return labels


def long_enough(labels: Sequence[Label], shorter: int) -> list[Label]:
    """Leave away answers shorter by more than `shorter` characters than the median of their like.

    Alike are answers to questions of the same signs and the same numbers of digits. The median, not the
    longest: a model that never ends may write one that would drop all others.
    """
    lengths: dict[Question, list[int]] = {}
    for label in labels:
        lengths.setdefault(_shape(label.question), []).append(len(label.answer))
    usual = {shape: statistics.median_low(each) for shape, each in lengths.items()}
    return [label for label in labels if len(label.answer) >= usual[_shape(label.question)] - shorter]


def _shape(question: Question) -> Question:
    return tuple(str(len(lexeme)) if is_number(lexeme) else lexeme for lexeme in question)


def write_pool(path: Path, labels: Sequence[Label]) -> None:
    """Write labels as a table that `read_problems` reads, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_suffix(".new")
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["question", "answer", "votes"])
        writer.writerows([text_of(label.question), label.answer, label.votes] for label in labels)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


class PooledStream:
    """Batches of problems with true answers, and below them in each batch some with answers from a pool."""

    def __init__(self, true: ProblemStream, pool: FileStream):
        self.true, self.pool = true, pool

    def batch(self, index: int, shares: Shares | None = None) -> Batch:
        """Make batch `index`; `shares` are those of the true problems."""
        return joined([self.true.batch(index, shares), self.pool.batch(index)])

    def longest(self) -> int:
        """Return the number of tokens of the longest row of both."""
        return max(self.true.longest(), self.pool.longest())
