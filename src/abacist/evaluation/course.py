"""What the lines of a run's `metrics.jsonl` tell of the course its training took."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from abacist.evaluation.grading import Score, percent

Metrics = Sequence[Mapping[str, Any]]
"""The lines, in their order."""

FITTED = 0.1
"""Nats a token of training loss below which what is shown counts as learned: its tokens have over 90 %."""
UNKNOWN, KNOWN = 0.5, 0.9
"""Held-out accuracies between which a sudden understanding jumps."""
LATE = 2
"""How many times the steps of learning what is shown a sudden understanding takes, at least."""


@dataclass(frozen=True)
class RoundFacts:
    """One round: what was asked and kept for it, and how the model answers after it."""

    round: int
    """0 is the training on true answers."""
    asked: int
    kept: int
    right_of_kept: Score | None
    """The true answers among those kept, where that was measured."""
    by_size: dict[int, Score]
    """Scores on held-out problems by the digits of the longest number; empty where nothing was measured."""


def rounds_of(metrics: Metrics) -> list[RoundFacts]:
    """Return the rounds that are over, in their order; none of a training without rounds."""
    asked = {line["asked_for_round"]: line for line in metrics if "asked_for_round" in line}
    found = []
    for line in metrics:
        if "round" in line:
            before: Mapping[str, Any] = asked.get(line["round"], {"asked": 0, "kept": 0})
            right = before.get("for_the_report_only")
            measured = line.get("for_the_report_only", {"by_size": {}})["by_size"]
            found.append(
                RoundFacts(
                    line["round"],
                    before["asked"],
                    before["kept"],
                    right and Score(right["right_of_kept"], before["kept"]),
                    {int(size): Score(*counts) for size, counts in measured.items()},
                )
            )
    return found


def table_of_rounds(rounds: Sequence[RoundFacts]) -> list[list[str]]:
    """Return what was asked, kept and learned: a line with the rounds, then one a figure; * needed the truth."""
    lines = [
        ["round", *(str(each.round) for each in rounds)],
        ["asked", *(f"{each.asked:,}" if each.asked else "" for each in rounds)],
        ["kept, %", *(percent(each.kept / each.asked) if each.asked else "" for each in rounds)],
    ]
    rights = [percent(each.right_of_kept.accuracy) if each.right_of_kept else "" for each in rounds]
    lines.append(["right of these, % *", *rights])
    for size in sorted({size for each in rounds for size in each.by_size}):
        scores = [percent(each.by_size[size].accuracy) if size in each.by_size else "" for each in rounds]
        lines.append([f"{size} digits right, % *", *scores])
    return lines


def training_losses(metrics: Metrics) -> list[tuple[int, float]]:
    """Return (step, loss) of training, those that a log scale can show."""
    return [(line["step"], line["loss"]) for line in metrics if 0 < line.get("loss", 0) < math.inf]


def watched_looks(metrics: Metrics) -> list[tuple[int, float, float]]:
    """Return (step, accuracy, loss) of the looks taken during training."""
    looks = (line for line in metrics if "held_out_accuracy" in line)
    return [(line["step"], line["held_out_accuracy"], line["held_out_loss"]) for line in looks]


def best_look(metrics: Metrics) -> tuple[int, float, float]:
    """Return the look whose weights were kept: the most accurate, of those the one with least loss, the latest.

    Where there are rounds, of the last one alone.
    """
    begins = [place for place, line in enumerate(metrics) if "asked_for_round" in line]
    looks = watched_looks(metrics[begins[-1] :] if begins else metrics) or watched_looks(metrics)
    return max(looks, key=lambda look: (look[1], -look[2], look[0]))


def looks_of(metrics: Metrics) -> list[tuple[int, float]]:
    """Return the step and the held-out accuracy of every look."""
    return [(line["step"], line["held_out_accuracy"]) for line in metrics if "held_out_accuracy" in line]


def grokking_step(metrics: Metrics) -> int | None:
    """Return the step at which a model understood long after it had learned what it is shown; None if it did not.

    It is the first look with over 90 % of the held-out problems right, if a look before had below 50 % at a step
    at least twice that at which the training loss first fell below 0.1 nats a token. Held-out problems that are
    learned along with those that are shown do not count, however steep their curve.
    Source: Power et al. 2022, arXiv:2201.02177, who give no rule; this one is ours.
    """
    looks = looks_of(metrics)
    fitted = next((line["step"] for line in metrics if line.get("loss", FITTED) < FITTED), None)
    known = next((step for step, accuracy in looks if accuracy > KNOWN), None)
    if fitted is None or known is None:
        return None
    late = any(accuracy < UNKNOWN and LATE * fitted <= step < known for step, accuracy in looks)
    return known if late else None
