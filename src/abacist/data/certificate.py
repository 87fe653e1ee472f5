"""The leak certificate: how many graded problems the model could have seen in training."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from abacist.problems.problem import Problem
from abacist.problems.question import Question


@dataclass(frozen=True)
class Certificate:
    """Counts for a set of graded problems."""

    problems: int
    may_have_been_seen: int
    """Problems on the training side that the training data can hold, in this or an equivalent order."""

    @property
    def clean(self) -> bool:
        """Whether no problem can have been seen."""
        return self.may_have_been_seen == 0

    def sentence(self) -> str:
        """Say it in words."""
        if self.clean:
            return f"none of the {self.problems:,} can have been seen in training"
        if self.may_have_been_seen == self.problems:
            return f"all {self.problems:,} may have been seen in training"
        return f"{self.may_have_been_seen:,} of the {self.problems:,} may have been seen in training"


def certify(problems: Iterable[Problem], may_have_been_seen: Callable[[Question], bool]) -> Certificate:
    """Count the problems for which `may_have_been_seen` holds."""
    verdicts = [may_have_been_seen(problem.question) for problem in problems]
    return Certificate(len(verdicts), sum(verdicts))
