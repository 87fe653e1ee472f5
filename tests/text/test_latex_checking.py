"""How much of written LaTeX parses."""

import math

import pytest

from abacist.text.latex.checking import checked, joined

GOOD = "Let $x$ be {fine}.\n\n\\begin{proof}\nFirst part.\n\nSecond part.\n\\end{proof}\n\nand then it st"


@pytest.mark.parametrize(
    ("text", "paragraphs", "whole"),
    [
        (GOOD, 3, 3),
        ("$a$.\n\nOpen $x here.\n\nFine.\n\ncut", 3, 2),
        ("A } brace.\n\nFine.\n\nFine.\n\ncut", 3, 2),
        ("Fine.\n\n\\begin{lemma} Still open.\n\nFine $x$.\n\ncut $", 3, 3),
        ("Fine.\n\n\\end{lemma}\n\n$ $$ broken\n\n{", 3, 1),
        ("An { open brace.\n\n\n  \n\nFine.\n\n", 2, 1),
        ("only the beginning of a parag", 0, 0),
        ("", 0, 0),
    ],
)
def test_paragraphs_that_are_whole(text: str, paragraphs: int, whole: int):
    check = checked(text)
    assert (check.paragraphs, check.whole) == (paragraphs, whole)
    assert len(check.faults) >= paragraphs - whole


def test_what_is_cut_off_is_no_fault_and_nothing_finished_is_no_share():
    assert checked(GOOD + "ops with a { brace and $ open").whole == 3
    assert math.isnan(checked("cut").share)
    assert "write more" in str(checked("cut"))


def test_checks_of_several_texts_are_one():
    one = joined([checked(GOOD), checked("Open $x\n\ncut")])
    assert (one.paragraphs, one.whole) == (4, 3)
    assert str(one) == "3 of 4 paragraphs parse (75.0 %)."
    assert one.faults == ("line 1: $ is not closed before the paragraph ends",)
