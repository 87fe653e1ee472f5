"""The part of the report about other sizes: numbers in words, figures with words for them, put where it belongs."""

import re

from abacist.evaluation.far import DRAWN, NINES, Cell, Failure, Reach
from abacist.evaluation.far_report import BEGIN, END, errors_found, pictures, section, sizes_found, with_section
from abacist.evaluation.grading import Score

WRONG = Failure("1+<b>", "123", "124", "124", True)
CELLS = (
    Cell("lengths", "<sum>", (5, 5), DRAWN, Score(20, 20), True, 3),
    Cell("lengths", "<sum>", (5, 9), DRAWN, Score(12, 20), False, 0, (WRONG,) * 8),
    Cell("lengths", "<sum>", (9, 9), NINES, Score(1, 20), False, 0, (WRONG,) * 19),
)
REACH = Reach("lengths", CELLS, 20, 77, 128)


def test_what_was_found_is_counted_apart_for_trained_sizes_and_cascades():
    assert sizes_found(CELLS) == (
        "right at sizes that training can have shown: 20 of 20 (100 %, 95 % interval 83.9 to 100); "
        "sizes beyond them: 12 of 20 (60.0 %, 95 % interval 38.7 to 78.1); "
        "cascades: 1 of 20 (5.0 %, 95 % interval 0.89 to 23.6)."
    )
    assert "beyond" not in sizes_found(CELLS[:1])


def test_the_first_error_is_told():
    assert errors_found(CELLS) == (
        "half of the first wrong digits stand at place 1 or below; "
        "of 27 wrong answers 0 have the wrong length, 0 are no whole number."
    )
    assert errors_found(CELLS[:1]) == ""


def test_the_part_shows_every_cell_with_interval_and_seed():
    part = section([REACH])
    assert part.count("<figure>") == part.count('role="img"') == part.count("<svg") == 2
    text = re.sub(r"<[^>]*>", " ", part)
    assert "seed 77" in text
    assert re.search(r"5 and 9 digits\s+drawn\s+no\s+12 of 20\s+60\.0 %\s+38\.7 to 78\.1", text)
    assert "such sizes, 3 of these perhaps" in text
    assert "every column carries" in text
    assert "<sum>" not in part


def test_the_part_takes_the_place_of_the_one_before():
    empty = f"<p>a</p>{section([])}<p>b</p>"
    page = with_section(empty, section([REACH]))
    assert page.startswith(f"<p>a</p>{BEGIN}")
    assert page.endswith(f"{END}<p>b</p>")
    assert "seed 77" in page
    assert with_section(page, section([])) == empty
    assert with_section("<p>old</p>", section([REACH])) == "<p>old</p>"


def test_pictures_are_named_by_their_axis():
    assert [name for name, _ in pictures([REACH])] == ["lengths", "errors"]
    assert [name for name, _ in pictures([Reach("lengths", CELLS[:1], 20, 77, 128)])] == ["lengths"]
