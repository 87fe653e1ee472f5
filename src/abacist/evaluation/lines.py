"""Grading a text of lines `48 + 24 = 72.00` from any source."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from abacist.core.errors import AbacistError
from abacist.evaluation.grading import Score
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text.format import is_answer


@dataclass
class LineGrade:
    """Marks of a text of lines."""

    correct: int = 0
    wrong: list[tuple[int, str, str]] = field(default_factory=list)
    """Line number, the line, the truth."""
    malformed: list[tuple[int, str, str]] = field(default_factory=list)
    """Line number, the line, what is wrong with it."""
    no_number: int = 0
    """Malformed lines that ask well but give no number: they count as wrong."""

    @property
    def score(self) -> Score:
        """Score of the lines that ask something that has an answer."""
        return Score(self.correct, self.correct + len(self.wrong) + self.no_number)


def grade_lines(lines: Iterable[tuple[int, str]], rounding: Rounding) -> LineGrade:
    """Grade numbered lines; empty ones are passed over, malformed ones listed apart."""
    result = LineGrade()
    for number, line in lines:
        if not line.strip():
            continue
        question, equals, answer = (part.strip() for part in line.rpartition("="))
        try:
            if not equals:
                raise AbacistError("no '=' in it")
            truth = Problem(read_question(question), rounding, "line").answer()
        except (AbacistError, ArithmeticError, ValueError) as error:  # the latter two: too long to write out
            result.malformed.append((number, line, str(error)))
            continue
        if not is_answer(answer):
            result.malformed.append((number, line, f"{answer!r} is no number; counted as wrong"))
            result.no_number += 1
        elif same_number(answer, truth):
            result.correct += 1
        else:
            result.wrong.append((number, line, truth))
    return result
