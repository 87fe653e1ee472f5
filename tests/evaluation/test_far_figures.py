"""Pictures of how far a skill reaches show every cell with its counts, and frame what was trained on."""

from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from abacist.evaluation import far_figures
from abacist.evaluation.drawing import INK, as_png, as_svg
from abacist.evaluation.far import DRAWN, NINES, Axis, Cell, Failure
from abacist.evaluation.grading import Score


def cell(
    at: tuple[int, ...], correct: int, shown: bool = False, kind: str = DRAWN, axis: Axis = "lengths", name: str = "sum"
) -> Cell:
    """Twenty answers, so many of them right; the others lack their first digit."""
    wrong = Failure("90+10", "100", "00", "00", True)
    return Cell(axis, name, at, kind, Score(correct, 20), shown, 0, (wrong,) * (20 - correct))


LENGTHS = [cell((a, b), 20 if a == b == 5 else 7, shown=a == b == 5) for a in (5, 10, 100) for b in (5, 10, 100)]
OPERANDS = [cell((n,), 20 - n, n < 4, axis="operands") for n in (2, 3, 10)]


def words(svg: str | None) -> list[str]:
    """Return the texts of a figure; fails if it is not well-formed."""
    assert svg is not None
    return [text.strip() for text in ElementTree.fromstring(svg).itertext() if text.strip()]


def drawn(draw, cells: list[Cell]) -> Figure:
    """Return the figure itself."""
    figure = draw(cells)
    assert isinstance(figure, Figure)
    return figure


def test_the_map_has_a_cell_a_pair_with_share_and_counts():
    found = words(as_svg(far_figures.length_map)(LENGTHS))
    assert found.count("20/20") == 1
    assert found.count("7/20") == found.count("35") == 8
    assert "digits of the first operand" in found


def test_the_frame_is_around_what_training_can_have_shown():
    axes = drawn(far_figures.length_map, LENGTHS).axes[0]
    ends = {tuple(map(float, point)) for line in axes.lines for point in line.get_xydata()}
    assert ends == {(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5), (0.5, 0.5)}
    assert not drawn(far_figures.length_map, [cell((5, 5), 3)]).axes[0].lines


def test_cascades_are_rows_of_their_own():
    cascades = [cell((n, n), 1, kind=NINES) for n in (5, 10, 100)]
    found = words(as_svg(far_figures.length_map)([*LENGTHS, *cascades]))
    assert found.count("1/20") == 3
    assert "carries" in found
    assert "999…9 + 1" not in found


def test_each_operation_has_a_panel():
    both = [*LENGTHS, *(cell((5, 5), 3, name="product") for _ in range(1))]
    assert {"sum", "product"} <= set(words(as_svg(far_figures.length_map)(both)))
    assert far_figures.length_map([]) is None


@pytest.mark.parametrize(
    ("cells", "count"),
    [({(0, 0)}, 4), ({(0, 0), (1, 0)}, 6), ({(0, 0), (2, 2)}, 8), ({(x, y) for x in (0, 1) for y in (0, 1)}, 8)],
)
def test_an_outline_has_no_line_between_cells_of_the_set(cells, count):
    lines = far_figures.outline(cells)
    assert len(lines) == count
    for (x, y), (other_x, other_y) in lines:
        assert abs(x - other_x) + abs(y - other_y) == 1


def test_curves_show_counts_and_what_was_trained_on():
    found = words(as_svg(far_figures.over_sizes)(OPERANDS))
    assert {"18/20", "17/20", "10/20", "sizes that training can have shown"} <= set(found)
    assert "operands in the question" in found
    beyond = [cell((n,), 3, axis="depths") for n in (1, 2)]
    assert "sizes that training can have shown" not in words(as_svg(far_figures.over_sizes)(beyond))


def test_an_operation_of_one_size_is_no_curve():
    alone = cell((3,), 5, axis="operands", name="alone")
    assert "alone" not in words(as_svg(far_figures.over_sizes)([*OPERANDS, alone]))
    assert far_figures.over_sizes([alone]) is None


def failing(answer: str | None, truth: str, shown: bool = False, whole: bool = True) -> Cell:
    """One wrong answer."""
    return Cell("lengths", "sum", (3, 3), DRAWN, Score(0, 1), shown, 0, (Failure("?", truth, answer, "", whole),))


def test_first_errors_are_sorted_by_kind():
    pairs = [("124", "123"), ("23", "123"), ("0123", "1123"), ("9123", "123"), ("123", "-123"), (None, "123")]
    kinds = [far_figures.kind_of(error) for error, _ in far_figures.found_errors([failing(*pair) for pair in pairs])]
    short, long = "too short", "too long"
    assert kinds == ["as long as the truth", short, short, long, "only the sign wrong", "no whole number"]
    found = words(as_svg(far_figures.first_errors)([failing(*pair, shown=True) for pair in pairs]))
    assert set(far_figures.KINDS) <= set(found)
    assert "beyond them" not in found
    both = [failing("124", "123", shown) for shown in (True, False)]
    assert "beyond them" in words(as_svg(far_figures.first_errors)(both))


def test_questions_with_decimals_have_no_first_error():
    assert far_figures.found_errors([failing("1", "2", whole=False), failing("1", "2.5")]) == []
    assert far_figures.first_errors([failing("1", "2", whole=False)]) is None


@pytest.mark.parametrize(
    ("highest", "edges"),
    [
        (1, [1, 2]),
        (3, [1, 2, 3, 4]),
        (24, list(range(1, 26))),
        (25, [1, 2, 4, 8, 16, 32]),
        (32, [1, 2, 4, 8, 16, 32, 64]),
    ],
)
def test_many_places_share_bars(highest, edges):
    assert far_figures.place_edges(highest) == edges


@pytest.mark.parametrize(
    ("correct", "count", "text"),
    [(0, 20, "0"), (20, 20, "100"), (999, 1000, "99"), (1, 1000, "1"), (1, 3, "33"), (0, 0, "0")],
)
def test_whole_percents_tell_some_from_none_and_from_all(correct, count, text):
    assert far_figures.whole_percent(Score(correct, count)) == text


def test_a_picture_is_a_png_of_the_same_figure():
    picture = as_png(far_figures.over_sizes)(OPERANDS)
    assert picture is not None
    assert picture.startswith(b"\x89PNG")
    assert as_png(far_figures.over_sizes)([]) is None


def test_figures_of_two_names_share_no_id():
    one, two = (as_svg(far_figures.over_sizes, name)(OPERANDS) for name in ("one", "two"))
    assert one is not None
    assert two is not None
    assert INK not in one
    assert two.replace("two-", "one-") == one != two
