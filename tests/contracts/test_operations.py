"""The contract of operations: every one draws what it contains, and its truth is exact."""

import itertools
import random
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abacist.core.catalogue import build, load, own_names, settings_class
from abacist.core.errors import SettingsError
from abacist.core.settings import check, dump
from abacist.problems.columns import Columns, Group
from abacist.problems.expression import canonical, evaluate
from abacist.problems.nesting import depth_of
from abacist.problems.operation import FOLDER, Operation
from abacist.problems.problem import Problem, number_of
from abacist.problems.question import Question, is_number, read_question, text_of
from abacist.problems.rounding import Rounding
from abacist.problems.wording import asked

MORE: dict[str, list[dict[str, Any]]] = {
    "addition": [{"left": (-20, 20)}, {"left": (0, 99_999), "draw": "carries"}, {"left": (0, 3), "places": 2}],
    "subtraction": [{"negative": False}, {"left": (0, 999), "draw": "carries", "negative": False}, {"left": (5, 30)}],
    "multiplication": [{"left": (-9, 12), "right": (3, 5), "draw": "value"}],
    "division": [{"exact": True}, {"left": (-8, 8)}, {"left": (0, 2), "places": 1}],
    "sums": [{"terms": (2, 3), "bounds": (3, 12), "signs": "+-"}, {"draw": "digits", "bounds": (0, 5000)}],
    "expressions": [
        {"terms": (2, 7), "decimals": 3, "decimal_share": 0.3, "negative_share": 0.4, "brackets": 0.3, "depth": 2},
        {"percent_share": 0.4, "negated_share": 0.5, "brackets": 0.5, "negative_share": 0.3, "enclosed": True},
        {"digits": (1, 3), "brackets": 0.5, "negative_share": 0.5, "whole_quotients": True, "largest_value": 5000},
    ],
    "multistep": [{"levels": 3, "groups": (1, 2), "terms": (1, 3), "operators": "+-*/", "joining": "/-"}],
    "worded": [
        {"operation": {"name": "subtraction", "left": (-3000, 300_000)}, "words": 0.5},
        {"operation": "multiplication", "wordings": ["product_of", "solve_multiplication"], "words": 1.0},
        {"operation": {"name": "expressions", "percent_share": 0.3, "negative_share": 0.3}, "words": 0.4, "signs": 0.7},
    ],
    "nested": [{"depth": 4}, {"operators": "/-", "bounds": (0, 3)}, {"depth": 1, "bounds": (10, 20)}],
}
"""Settings beside the defaults that reach corners of a part; a new part is tested without any."""


def every_operation() -> list[Any]:
    choices = [(name, settings) for name in own_names(FOLDER) for settings in ({}, *MORE.get(name, []))]
    return [pytest.param(name, settings, id=f"{name} {settings or ''}") for name, settings in choices]


@pytest.mark.parametrize(("name", "settings"), every_operation())
class TestEveryOperation:
    def test_it_draws_only_what_it_contains(self, name: str, settings: dict[str, Any]):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(1)
        for _ in range(500):
            question = made.sample(rng)
            assert made.contains(question), question

    def test_it_draws_the_same_in_batches(self, name: str, settings: dict[str, Any], alike: Callable[..., bool]):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(1)
        groups = made.sample_batch(np.random.default_rng(1), 4000)
        many = [question for group in groups for question in group.questions()]
        assert sum(map(len, groups)) == len(many) == 4000
        assert all(made.contains(question) for question in many)
        one_by_one = [made.sample(rng) for _ in range(4000)]
        for feature in (shape, last_digits):
            assert alike(map(feature, many), map(feature, one_by_one))

    def test_other_sizes_are_exactly_as_named(self, name: str, settings: dict[str, Any]):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(1)
        for left, right in ((1, 1), (4, 2), (2, 25)):
            pair = made.of_lengths(left, right)
            for question in [] if pair is None else [pair.sample(rng) for _ in range(20)]:
                numbers = [lexeme.partition(".")[0] for lexeme in question if is_number(lexeme)]
                assert list(map(len, numbers)) == [left, right], question
        for terms in (2, 9):
            many = made.of_terms(terms)
            for question in [] if many is None else [many.sample(rng) for _ in range(20)]:
                assert sum(map(is_number, question)) == terms, question
        for depth in (1, 4):
            questions = [made.sample_nested(rng, depth) for _ in range(5)]
            assert {question and depth_of(question) for question in questions} in ({None}, {depth}), questions

    def test_a_batch_follows_from_the_generator_alone(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        batches = [made.sample_batch(np.random.default_rng(seed), 20) for seed in (1, 1, 2)]
        once, again, other = ([q for group in groups for q in group.questions()] for groups in batches)
        assert once == again
        assert once != other

    def test_a_batch_holds_its_exact_values(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        assert_exact(made.sample_batch(np.random.default_rng(3), 300))

    def test_its_table_in_batches_is_its_table(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        if made.table_size() is None:
            with pytest.raises(SettingsError, match="cannot be enumerated"):
                next(iter(made.table_batch(10)))
            return
        groups = list(itertools.takewhile(lambda pair: pair[0] < 40, enumerate(made.table_batch(97))))
        questions = [question for _, group in groups for question in group.questions()]
        assert all(len(group) <= 97 for _, group in groups)
        assert questions == list(itertools.islice(made.table(), len(questions)))
        assert len(groups) == 40 or len(questions) == sum(1 for _ in made.table())
        assert_exact([group for _, group in groups[:5]])

    def test_its_draws_follow_from_the_stream_alone(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        once, again, other = ([made.sample(rng) for _ in range(20)] for rng in map(random.Random, (1, 1, 2)))
        assert once == again
        assert once != other

    def test_its_questions_read_back_and_have_a_form(self, name: str, settings: dict[str, Any]):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(2)
        for _ in range(200):
            question = made.sample(rng)
            assert read_question(text_of(question)) == question
            assert canonical(read_question(canonical(question))) == canonical(question)

    def test_its_truth_is_that_of_python_s_fractions(self, name: str, settings: dict[str, Any]):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(3)
        for _ in range(300):
            question = made.sample(rng)
            symbols = asked(question).symbols
            if not set("".join(symbols)) <= set("0123456789.+-*/%()"):
                pytest.skip(f"{text_of(question)!r} means nothing to Python; the part's own test holds its truth")
            assert evaluate(question) == by_python(symbols)

    @pytest.mark.parametrize("rounding", [Rounding(), Rounding(3, "half_even", True), Rounding(2, "binary64")], ids=str)
    def test_its_rounded_answers_are_near_the_truth(self, name: str, settings: dict[str, Any], rounding: Rounding):
        made, rng = build(FOLDER, {"name": name, **settings}), random.Random(4)
        for _ in range(100):
            problem = Problem(made.sample(rng), rounding, name)
            answer = number_of(problem.answer())
            assert answer is not None
            away, wished = abs(answer - problem.value()), asked(problem.question).places
            places = rounding.places if wished is None else wished
            assert away <= Fraction(1, 2 * 10**places) * (1 + Fraction(1, 10**6))

    def test_its_table_holds_each_question_once_and_no_other(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        size = made.table_size()
        if size is None:
            with pytest.raises(SettingsError, match="cannot be enumerated"):
                next(iter(made.table()))
            return
        rows = list(itertools.islice(made.table(), 12_000))
        assert 0 < len(rows) <= size
        assert len(set(rows)) == len(rows)
        assert all(made.contains(question) for question in rows)
        if size <= 12_000:
            drawn = {made.sample(rng) for rng in [random.Random(5)] for _ in range(500)}
            assert drawn <= set(rows), "a question is drawn that the table lacks"

    def test_its_settings_survive_dump_and_check(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        assert check(settings_class(FOLDER, name), dump(made)) == made

    def test_it_contains_nothing_foreign(self, name: str, settings: dict[str, Any]):
        made = build(FOLDER, {"name": name, **settings})
        for text in ("x", "1+", "+", "(", "1 2", "foo(3)", "\x00", "9" * 5000 + "+1", "1+" + "9" * 5000, "٣+1", "-"):
            assert not made.contains(read_question(text)), text


def shape(question: Question) -> tuple[Any, ...]:
    return tuple(len(lexeme) if lexeme[0].isdigit() else lexeme for lexeme in question)


def last_digits(question: Question) -> tuple[str, ...]:
    return tuple(lexeme[-1] for lexeme in question)


def assert_exact(groups: list[Group]) -> None:
    for group in groups:
        if isinstance(group, Columns):
            below = [1] * len(group) if group.denominator is None else group.denominator.tolist()
            values = [Fraction(*pair) for pair in zip(group.numerator.tolist(), below, strict=True)]
            assert values == [evaluate(question) for question in group.questions()]


def by_python(question: tuple[str, ...]) -> Fraction:
    text = re.sub(r"[0-9]+(\.[0-9]+)?", lambda number: f"F('{number[0]}')", " ".join(question))
    return eval(re.sub(r"(F\('[0-9.]+'\)) %", r"(\1 / 100)", text), {"F": Fraction})


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_no_two_operations_share_a_symbol(name: str):
    cls = load(FOLDER, name)
    assert cls.symbol is None or Operation.by_symbol[cls.symbol] is cls


@pytest.mark.parametrize("name", own_names(FOLDER))
def test_what_has_a_symbol_has_a_solver(name: str):
    cls = load(FOLDER, name)
    if cls.symbol is None:
        with pytest.raises(NotImplementedError):
            cls.solve(1, 2)
    else:
        assert cls.solve(12, 4) == cls.solve(12, 4)
        assert not cls.commutative or cls.solve(12, 5) == cls.solve(5, 12)


def test_a_user_s_own_operation_meets_the_contract(own_operation: Path):
    made, rng = build(FOLDER, {"name": str(own_operation), "left": (1, 60)}), random.Random(1)
    for _ in range(200):
        question = made.sample(rng)
        assert made.contains(question)
        assert read_question(text_of(question)) == question
        assert int(question[0]) % evaluate(question) == 0
