"""What comparing runs of problems and comparing runs of text differ in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from abacist.apps.grade import grade_and_report
from abacist.apps.train_text import validate
from abacist.evaluation.compared import AnyComparison, AnyRow, AnyTrial
from abacist.evaluation.comparison import Comparison, Row
from abacist.evaluation.comparison_figure import write_plot
from abacist.evaluation.text_comparison import TextComparison, TextRow
from abacist.evaluation.text_comparison_figure import write_text_plot
from abacist.runs.settings import RunSettings
from abacist.runs.text_trials import is_measured, text_result
from abacist.runs.trials import is_graded, result


@dataclass(frozen=True)
class Material:
    """How runs of a material are measured, and what is made of it."""

    row: Callable[..., AnyRow[Any]]
    comparison: Callable[..., AnyComparison[Any]]
    plot: Callable[[Any, Path], None]
    is_measured: Callable[[Any], bool]
    """Whether a run that is finished has been measured as its settings ask for."""
    measure: Callable[[Any, Console], object]
    """Measures a run that is finished, and writes its figures and its report."""
    result: Callable[[Any], AnyTrial]
    """What a run that is measured came to."""


PROBLEMS = Material(Row, Comparison, write_plot, is_graded, grade_and_report, result)
TEXT = Material(TextRow, TextComparison, write_text_plot, is_measured, validate, text_result)


def material_of(settings: RunSettings) -> Material:
    """Return that of a run of these settings."""
    return PROBLEMS if settings.corpus is None else TEXT
