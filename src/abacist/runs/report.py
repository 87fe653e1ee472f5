"""The report of a run, from its folder and its grades."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from abacist.core.settings import dump
from abacist.evaluation.calibration import Calibrated
from abacist.evaluation.experts import expert_use
from abacist.evaluation.far import reaches_of_json
from abacist.evaluation.grading import Grade
from abacist.evaluation.report import RunFacts, write_report
from abacist.models.transformer import count_parameters
from abacist.problems.problem import Problem
from abacist.runs import folder as folders
from abacist.runs.problems import ProblemRun
from abacist.text.generated import Generated
from abacist.training.loop import WEIGHTS, read_metrics

IDEAS = {
    "demo": (
        ("abacist train demo --set digits=7 --name seven", "Longer numbers: does the same model learn those too?"),
        ("abacist train tinymath", "All four operations on 0..89: much of it has to be learned by heart."),
    ),
    "self_improvement": (
        ("abacist train self_improvement --set rounds=0 --name told", "How far does it reach without its own answers?"),
    ),
}
"""Commands worth trying after a recipe, with the reason."""


def write(
    run: ProblemRun,
    grades: Sequence[Grade],
    answers_per_second: float,
    answered: Sequence[tuple[Problem, Generated]],
    calibrated: Calibrated | None = None,
) -> Path:
    """Write the run's report beside its weights; return its path."""
    facts = RunFacts(
        path=str(run.path),
        command=f"abacist train {shlex.quote(str(run.path / folders.SETTINGS))}",
        settings=dump(run.settings),
        versions=folders.read_json(run.path / folders.VERSIONS),
        parameters=count_parameters(run.kind.model),
        weight_bytes=(run.path / WEIGHTS).stat().st_size,
        answers_per_second=answers_per_second,
        ideas=IDEAS.get(run.settings.recipe, ()),
    )
    metrics, far = read_metrics(run.path), run.path / folders.FAR
    reaches = reaches_of_json(folders.read_json(far), str(far)) if far.is_file() else []
    experts = expert_use(run.kind, run.codec, [each.problem for each in grades[0].marked]) if grades else None
    if experts is not None:
        folders.write_json(run.path / folders.EXPERTS, experts.as_json())
    told = (grades, metrics, answered, calibrated, run.task.within, reaches, experts)
    write_report(run.path / folders.REPORT, facts, run.codec, *told)
    return run.path / folders.REPORT
