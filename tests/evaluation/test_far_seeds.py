"""How far several seeds of a training reach."""

from abacist.evaluation.far import DRAWN, NINES, RIPPLE, Axis, Cell, Failure, Reach
from abacist.evaluation.far_seeds import pictures_of, sizes_of, table_of_sizes, together
from abacist.evaluation.grading import Score

WRONG = Failure("12+34", "46", "45", "54", whole=True)


def cell(correct: int, *at: int, kind: str = DRAWN, axis: Axis = "lengths", shown: bool = False) -> Cell:
    failures = (WRONG,) * (20 - correct)
    return Cell(axis, "addition", at, kind, Score(correct, 20), shown, 1, failures)


SEEDS = [[cell(20, 5, 5, shown=True), cell(18 - 2 * seed, 10, 10), cell(seed, 10, 10, kind=NINES)] for seed in range(3)]


def reach(cells: list[Cell]) -> Reach:
    return Reach(cells[0].axis, tuple(cells), 20, 2026, 100)


def test_the_seeds_of_a_size_stand_together():
    short, long = sizes_of(SEEDS)
    assert (short.at, short.shown, long.shown) == ((5, 5), True, False)
    assert long.scores == {
        DRAWN: [Score(18, 20), Score(16, 20), Score(14, 20)],
        NINES: [Score(0, 20), Score(1, 20), Score(2, 20)],
    }


def test_the_table_has_median_worst_and_best_and_a_column_a_kind():
    assert table_of_sizes(sizes_of(SEEDS)) == [
        "| size | such in training? | problems a cell and seed | drawn at random, % | every column carries, % |",
        "| --- | --: | --: | --: | --: |",
        "| 5 digits | yes | 20 | 100 [100..100] | – |",
        "| 10 digits | no | 20 | 80.0 [70.0..90.0] | 5.0 [0..10.0] |",
    ]


def test_one_seed_has_its_interval_and_lengths_that_differ_are_named():
    lines = table_of_sizes(sizes_of([[cell(10, 5, 10), cell(20, 1, 1)]]))
    assert lines[2:] == [
        "| 5 and 10 digits | no | 20 | 50.0 (29.9–70.1) |",
        "| 1 digit | no | 20 | 100 (83.9–100) |",
    ]


def test_the_answers_of_all_seeds_are_those_of_one():
    (whole,) = together([[reach(cells)] for cells in SEEDS])
    assert [(each.at, each.kind, each.score) for each in whole.cells] == [
        ((5, 5), DRAWN, Score(60, 60)),
        ((10, 10), DRAWN, Score(48, 60)),
        ((10, 10), NINES, Score(3, 60)),
    ]
    assert [len(each.failures) for each in whole.cells] == [0, 12, 57]
    assert [each.seen for each in whole.cells] == [3, 3, 3]


def test_parts_that_were_asked_one_after_another_are_one_reach():
    (whole,) = together([[reach([cell(1, 5, 5)]), reach([cell(2, 9, 9)])]])
    assert [each.at for each in whole.cells] == [(5, 5), (9, 9)]


def test_pictures_are_drawn_of_any_axis():
    square = pictures_of([[reach(cells)] for cells in SEEDS])
    assert list(square) == ["lengths", "errors"]
    single = pictures_of([[reach([cell(3, 4, 4), cell(1, 4, 4, kind=RIPPLE)])]])
    pairs = pictures_of([[reach([cell(3, 4, 4), cell(1, 4, 8)])]])
    depths = pictures_of([[reach([cell(3, 1, axis="depths"), cell(2, 2, axis="depths")])]])
    for found in (square, single, pairs, depths):
        assert all(png.startswith(b"\x89PNG") and len(png) < 60_000 for png in found.values())
    assert "depths" in depths
