"""Certificates look for a problem in every order it can be written in."""

import pytest

from abacist.core.catalogue import Part
from abacist.problems.expression import evaluate
from abacist.problems.question import read_question, text_of
from abacist.problems.reorderings import MAX_TERMS, reorderings
from abacist.problems.splits import Split
from abacist.problems.task import Task, TaskSettings, Weighted


def texts(question: str) -> set[str]:
    return {text_of(other) for other in reorderings(read_question(question))}


@pytest.mark.parametrize(
    ("question", "others"),
    [
        ("7+12", {"7+12", "12+7"}),
        ("7-12", {"7-12"}),
        ("2*3", {"2*3", "3*2"}),
        ("12+7-3", {"12+7-3", "7+12-3", "12-3+7", "7-3+12"}),
        ("9/3", {"9/3"}),
        ("2+3*4", {"2+3*4"}),
        ("(1+2)", {"(1+2)"}),
        ("-1+2", {"-1+2"}),
    ],
)
def test_the_orders_of_a_chain(question, others):
    assert texts(question) == others


def test_every_order_has_the_same_value():
    question = read_question("12+7-3+40-9")
    assert {evaluate(other) for other in reorderings(question)} == {47}


def test_long_chains_stand_for_themselves():
    question = "+".join(["1"] * (MAX_TERMS + 1))
    assert texts(question) == {question}


def test_a_held_out_sum_counts_as_seen_if_another_order_of_it_can_have_been_shown():
    part = Part("sums", {"terms": [3, 3], "bounds": [0, 99], "signs": "+-"})
    task = Task(TaskSettings([Weighted(part)], split=Split(held_out=0.5)))
    orders = list(reorderings(read_question("12+7-3")))
    sides = {task.side(other) for other in orders}
    expected = "train" in sides
    assert all(task.may_have_been_seen(other) is expected for other in orders)


def test_a_pair_counts_as_seen_though_only_its_swap_is_within_the_bounds():
    part = Part("addition", {"left": [0, 9], "right": [10, 99]})
    task = Task(TaskSettings([Weighted(part)], split=Split(held_out=0)))
    assert not task.covers(read_question("50+5"))
    assert task.may_have_been_seen(read_question("50+5"))
