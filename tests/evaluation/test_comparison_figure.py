"""The picture of a comparison: whole, for any number of rows, sets and seeds."""

from pathlib import Path

import pytest

from abacist.evaluation import comparison_figure
from abacist.evaluation.comparison import Comparison, Row, SetResult, Trial
from abacist.evaluation.comparison_figure import write_plot
from abacist.evaluation.grading import Score


def compared(seeds: int, sets: int) -> Comparison:
    """Two formats by two positions, one of them not to be built, one failed."""

    def trial(seed: int, correct: int) -> Trial:
        graded = [
            SetResult(f"set {place}", Score(max(0, correct - 9 * place), 100), 0, 6.0, "") for place in range(sets)
        ]
        return Trial("run", seed, 100, 12.5 * seed, graded)

    rows = [
        Row(
            {"format": "plain", "position": "rope"}, 1000, [trial(seed, 60 + 8 * seed) for seed in range(1, seeds + 1)]
        ),
        Row({"format": "plain", "position": "coupled"}, 1000, [trial(1, 95)]),
        Row({"format": "reversed", "position": "rope"}, 1000, faults={1: "no number"}),
        Row({"format": "steps", "position": "rope"}, cannot="no such sign"),
    ]
    return Comparison("demo", "abacist compare", seeds, rows)


def texts(comparison: Comparison) -> list[str]:
    figure = comparison_figure._figure(comparison)
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize(("seeds", "sets"), [(1, 1), (3, 3)])
def test_it_is_written_as_png(tmp_path: Path, seeds: int, sets: int):
    write_plot(compared(seeds, sets), tmp_path / "compare.png")
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert [file.name for file in tmp_path.iterdir()] == ["compare.png"]


def test_each_row_says_its_figure_or_why_it_has_none():
    found = texts(compared(3, 1))
    assert {"76.0", "95.0", "failed", "cannot be built"} <= set(found)


def test_the_same_first_choice_has_the_same_colour():
    figure = comparison_figure._figure(compared(1, 1))
    colours = [label.get_color() for label in figure.axes[0].get_yticklabels()]
    assert colours[0] == colours[1]
    assert len({colours[0], colours[2], colours[3]}) == 3


def test_a_name_in_any_script_is_no_warning(tmp_path: Path):
    one = Row({"format": "算盤"}, 10, [Trial("run", 1, 1, 1.0, [SetResult("算盤", Score(1, 2), 0, 1.0, "")])])
    write_plot(Comparison("demo", "abacist compare", 1, [one]), tmp_path / "compare.png")
