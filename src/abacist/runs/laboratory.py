"""What the laboratory measures of a finished run beside its grades: the time of an answer, and a unit that is silent.

It is kept in the run's folder, so that it is not measured again.
"""

import time
from typing import Any

from abacist.evaluation.comparison import SetResult, Trial
from abacist.evaluation.grading import Score, ask, draw
from abacist.models.exact_unit import ExactUnit, gate_closed
from abacist.runs.folder import GRADES, read_json, write_json
from abacist.runs.problems import ProblemRun
from abacist.runs.trials import result

KEPT = "laboratory.json"
TIMED = 1000
"""Problems that are answered against the clock."""


def measured(run: ProblemRun) -> dict[str, Any]:
    """Return `milliseconds` of the processor an answer, and `closed`, the grades with the unit's gate closed.

    Answers are those to the second grade set, or the first where there is no other, asked all at once. A model
    without an exact unit has no grades with it closed.
    """
    if (run.path / KEPT).is_file():
        found: dict[str, Any] = read_json(run.path / KEPT)
        return found
    kind = run.trained()
    found = {"milliseconds": 1000 * seconds_of_an_answer(run), "closed": []}
    if any(isinstance(part, ExactUnit) for part in kind.model.modules()):
        with gate_closed(kind.model):
            found["closed"] = [{**each.as_json(), "failures": []} for each in run.grade()[0]]
    write_json(run.path / KEPT, found)
    return found


def seconds_of_an_answer(run: ProblemRun) -> float:
    """Return how many seconds the processor spends on an answer, all of its threads together."""
    asked = run.settings.grading.sets[:2][-1]
    problems = draw(run.settings.problems, asked, run.settings.grading.seed)[:TIMED]
    kind, questions = run.trained(), [problem.question for problem in problems]
    ask(kind, run.codec, questions[:10])  # what is made once is no part of an answer
    began = time.process_time()
    ask(kind, run.codec, questions)
    return (time.process_time() - began) / len(questions)


def with_gate_closed(run: ProblemRun) -> Trial | None:
    """Return what a run came to with its unit's gate closed; None where it has no unit."""
    closed, trial = measured(run)["closed"], result(run)
    if not closed:
        return None
    return Trial(trial.run, trial.seed, trial.steps, trial.seconds, [SetResult.of(values) for values in closed])


def by_operation(run: ProblemRun, title: str, closed: bool = False) -> dict[str, Score]:
    """Return the score on each operation of a grade set."""
    graded = measured(run)["closed"] if closed else read_json(run.path / GRADES)
    values = next(each["by_operation"] for each in graded if each["name"] == title)
    return {name: Score(own["correct"], own["count"]) for name, own in values.items()}
