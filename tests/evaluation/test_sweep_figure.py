"""The picture of a sweep has a panel for everything there is to see, and none for what there is not."""

import dataclasses

import pytest

from abacist.evaluation.grading import Score
from abacist.evaluation.sweep_figure import sweep_figure, write_sweep_plot
from abacist.evaluation.sweeping import Point, SeedResult, SweepResult


def trained(width: int, layers: int, *shares: float, operations: int = 1, grokked: int | None = None) -> Point:
    names = ["addition", "division"][:operations]
    seeds = [
        SeedResult(
            number,
            Score(round(100 * share), 100),
            {name: Score(round(50 * share), 50) for name in names},
            40,
            1.0,
            grokked=grokked,
            looks=[(10, 0.1), (20, share)],
        )
        for number, share in enumerate(shares, 1)
    ]
    return Point({"d_model": str(width), "n_layers": str(layers)}, 100 * width * layers, seeds)


def result(points: list[Point], **more) -> SweepResult:
    return SweepResult("own", "held out", 0.9, 1, 1, points, **more)


def titles(found: SweepResult) -> list[str]:
    return [axes.get_title() for axes in sweep_figure(found).axes if axes.get_title()]


CURVES = ["learnability: seeds that pass, 95 % interval", "held-out accuracy in training"]


def test_a_row_of_sizes_has_three_panels():
    points = [trained(4, 1, 0.2), trained(8, 1, 0.95), trained(16, 1, 1.0)]
    assert titles(result(points)) == ["held out", *CURVES]


def test_several_operations_have_a_panel_each():
    points = [trained(4, 1, 0.2, operations=2), trained(8, 1, 0.95, operations=2)]
    assert titles(result(points)) == ["held out", "addition alone", "division alone", *CURVES]


def test_a_grid_of_two_axes_has_a_map_and_a_gap_in_it_for_what_was_too_large():
    points = [trained(width, layers, width / 16) for width in (8, 16) for layers in (1, 2)]
    points[-1] = dataclasses.replace(points[-1], seeds=[], why_not="above 2,000 parameters")
    found = result(points, ceiling=2000)
    assert titles(found)[-1] == "accuracy in % below 2,000 parameters; best in bold"
    assert [text.get_text() for text in sweep_figure(found).axes[3].texts] == ["50.0", "100", "50.0"]
    assert len(titles(result(points[:-1]))) == 3  # a grid with a gap is none


def labels(found: SweepResult) -> list[str]:
    return [text for axes in sweep_figure(found).axes for text in axes.get_legend_handles_labels()[1]]


def test_baseline_smallest_and_grokking_are_marked_where_there_are_any():
    points = [trained(4, 1, 0.2, 0.3), trained(8, 1, 0.95, 0.99, grokked=20)]
    plain = labels(result([trained(4, 1, 0.2)]))
    assert plain == ["Pareto front", "90.0 %"]
    baseline = dataclasses.replace(trained(900, 9, 0.8), choices={"run": "large"})
    marked = labels(result(points, baseline=baseline))
    assert "800 pass" in marked
    assert "run large" in marked
    assert "grokked: long after the training loss was low" in marked


@pytest.mark.parametrize(
    "points", [[trained(4, 1, 0.0)], [trained(4, 1, 1.0, 1.0), Point({"d_model": "x", "n_layers": "1"}, None)]]
)
def test_it_is_written_as_png(tmp_path, points):
    write_sweep_plot(result(points), tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG")
