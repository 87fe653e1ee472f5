from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from abacist.core.catalogue import load, own_names
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.data.certificate import certify
from abacist.data.stream import ProblemStream
from abacist.problems.targets import TARGETS
from abacist.problems.task import Task, TaskSettings
from abacist.recipe import settings_of
from abacist.text.batch import Batch, collate
from abacist.text.codec import Codec, TextSettings

TASK = Task(
    check(
        TaskSettings,
        {
            "mixture": [{"operation": {"name": "addition", "left": [0, 40]}}, {"operation": {"name": "division"}}],
            "split": {"held_out": 0.3, "region": [20, 25]},
        },
    )
)
CODEC = Codec.build(check(TextSettings, {"format": "reversed"}))


def stream(seed: int = 1, size: int = 32, targets: Sequence[str] = ()) -> ProblemStream:
    return ProblemStream(TASK, CODEC, seed, size, targets=targets)


def equal(one: Batch, other: Batch) -> bool:
    return one.ids.shape == other.ids.shape and np.array_equal(one.ids, other.ids)


def test_a_batch_follows_from_seed_and_index_alone():
    one, other = stream(), stream()
    for index in (5, 0, 3):
        other.batch(index)
    assert equal(one.batch(3), other.batch(3))
    assert not equal(one.batch(3), one.batch(4))
    assert not equal(one.batch(3), stream(seed=2).batch(3))


@pytest.mark.parametrize(("one", "other"), [((1, 1), (2, 0)), ((1, 0), (2, 1)), ((3, 7), (4, 7))])
def test_neighbouring_seeds_and_indices_share_no_batch(one: tuple[int, int], other: tuple[int, int]):
    batches = [list(stream(seed).problems(index)) for seed, index in (one, other)]
    shared = sum(a.question == b.question for a, b in zip(*batches, strict=True))
    assert shared <= 2


def test_no_problem_held_out_is_ever_in_a_training_batch():
    made, seen = stream(size=64), set()
    for index in range(40):
        for problem in made.problems(index):
            assert TASK.side(problem.question) == "train"
            seen.add(problem.question)
    held_out = {p.question for p in TASK.table() if TASK.side(p.question) != "train"}
    assert len(held_out) > 1000
    assert not seen & held_out
    assert {len(question) for question in seen} == {3}


def test_the_loss_falls_on_completion_and_end_alone():
    made = stream()
    batch = made.batch(0)
    for row, problem in enumerate(made.problems(0)):
        example = CODEC.format.render(problem)
        marked = batch.ids[row][batch.loss_mask[row]].tolist()
        assert marked == [*CODEC.tokenizer.encode(example.completion), CODEC.tokenizer.end_id]
        before = batch.ids[row][: int(batch.loss_mask[row].argmax())].tolist()
        assert before == [CODEC.tokenizer.start_id, *CODEC.tokenizer.encode(example.prompt)]
        assert set(batch.ids[row][len(before) + len(marked) :].tolist()) <= {CODEC.tokenizer.pad_id}


def of_problems() -> list[str]:
    """The recipes that need nothing but themselves to make a batch of problems."""
    every = [(name, settings_of(name, [])) for name in own_names("recipes")]
    return [name for name, settings in every if settings.task is not None and settings.start is None]


@pytest.mark.parametrize("name", of_problems())
def test_a_recipe_s_batches_are_those_of_its_problems_one_by_one(name: str):
    settings = settings_of(name, [])
    codec = Codec.build(settings.text)
    made = ProblemStream(Task(settings.problems), codec, 1, 100)
    for index in (0, 1, made.batches):
        rows = [codec.row(problem) for problem in made.problems(index)]
        assert_equal(made.batch(index), collate(rows, codec.classes, codec.tokenizer.pad_id))


SIMPLE = [name for name in own_names("text.formats") if not load("text.formats", name).shows_work]


@pytest.mark.parametrize("format", [*SIMPLE, "steps"])
@pytest.mark.parametrize(
    "operation",
    [
        {"name": "addition", "left": [0, 10**40], "draw": "carries"},
        {"name": "multiplication", "left": [0, 10**25]},
        {"name": "subtraction", "left": [-99, 99], "places": 2},
        {"name": "subtraction", "left": [-99, 99]},
        {"name": "nested", "depth": 3},
    ],
    ids=str,
)
def test_what_does_not_fit_columns_makes_the_same_rows(format: str, operation: dict[str, Any]):
    tokenizer = {"steps": "signs", "hinted": "hints"}.get(format, "character")
    codec = Codec.build(check(TextSettings, {"format": format, "tokenizer": tokenizer}))
    made = ProblemStream(Task(check(TaskSettings, {"mixture": [{"operation": operation}]})), codec, 1, 50)
    rows = [codec.row(problem) for problem in made.problems(2)]
    assert_equal(made.batch(2), collate(rows, codec.classes, codec.tokenizer.pad_id))


def test_an_own_operation_makes_the_same_rows(own_operation: Path):
    codec = Codec.build(
        check(TextSettings, {"format": "written", "tokenizer": {"name": "character", "characters": "0123456789gcd= "}})
    )
    mixture = [{"operation": {"name": str(own_operation), "left": [1, 500]}}]
    made = ProblemStream(Task(check(TaskSettings, {"mixture": mixture})), codec, 1, 50)
    rows = [codec.row(problem) for problem in made.problems(0)]
    assert_equal(made.batch(0), collate(rows, codec.classes, codec.tokenizer.pad_id))


def assert_equal(one: Batch, other: Batch) -> None:
    for name in ("ids", "coordinates", "loss_mask"):
        values = getattr(one, name), getattr(other, name)
        assert values[0].dtype == values[1].dtype
        assert np.array_equal(*values)


def test_targets_stand_beside_their_rows():
    made = stream(targets=["operands", "carries"])
    batch = made.batch(2)
    assert list(batch.targets) == ["operands", "carries"]
    for row, problem in enumerate(made.problems(2)):
        for name, table in batch.targets.items():
            wanted = TARGETS[name](problem.question)
            assert table[row, : len(wanted)].tolist() == wanted
            assert set(table[row, len(wanted) :].tolist()) <= {-1}


@pytest.mark.parametrize("pack", [None, 64])
def test_a_batch_follows_from_seed_index_and_shares(pack: int | None):
    made, other = (ProblemStream(TASK, CODEC, 1, 32, pack=pack) for _ in range(2))
    for index, shares in ((5, (0.5, 0.5)), (0, None), (2, (0.0, 1.0))):
        other.batch(index, shares)
    for shares in (None, (0.5, 0.5), (0.25, 0.75)):
        assert equal(made.batch(3, shares), other.batch(3, shares))
    assert not equal(made.batch(3), made.batch(3, (0.5, 0.5)))


def test_shares_say_how_much_comes_from_each_entry():
    made = stream(size=1000)
    for shares, low, high in (((1.0, 0.0), 1, 1), ((0.0, 1.0), 0, 0), ((0.2, 0.8), 0.12, 0.28), (None, 0.4, 0.6)):
        additions = sum(problem.operation == "addition" for problem in made.problems(0, shares)) / 1000
        assert low <= additions <= high


def test_a_block_drawn_anew_with_other_shares_repeats_nothing():
    made = stream(size=64)
    batches = [list(made.problems(index, shares)) for index, shares in ((0, (0.5, 0.5)), (0, (0.51, 0.49)))]
    shared = sum(a.question == b.question for a, b in zip(*batches, strict=True))
    assert shared <= 3


def test_an_unknown_target_is_named():
    with pytest.raises(SettingsError, match="no target 'carry'; there are operands, carries, running_sums"):
        stream(targets=["carry"])


def test_the_longest_row_of_the_first_batches_is_known():
    made = stream()
    assert made.longest() == max(made.batch(index).ids.shape[1] for index in range(4))


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (lambda question: False, "none of the 1,681 can have been seen in training"),
        (lambda question: True, "all 1,681 may have been seen in training"),
        (lambda question: question == ("1", "+", "2"), "1 of the 1,681 may have been seen in training"),
    ],
)
def test_the_certificate_counts(seen: Callable[[tuple[str, ...]], bool], sentence: str):
    addition = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "addition", "left": [0, 40]}}]}))
    certificate = certify(addition.table(), seen)
    assert certificate.sentence() == sentence
    assert certificate.clean == sentence.startswith("none")
    assert certificate.problems == 1681


def test_held_out_problems_are_certified_clean():
    sets = {side: [p for p in TASK.table() if TASK.side(p.question) == side] for side in ("train", "held_out")}
    assert certify(sets["held_out"], TASK.may_have_been_seen).clean
    assert certify(sets["train"], TASK.may_have_been_seen).may_have_been_seen == len(sets["train"])
