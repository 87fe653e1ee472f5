"""How far a model's skill reaches: fresh problems of exactly so many digits, operands, or levels of parentheses.

What is asked is made from the operations of the run's own task, made longer or deeper. For additions,
cascades stand apart: sums whose carry runs through every column, 999...9 + 1 among them.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from abacist.core.errors import RunError, SettingsError
from abacist.core.seeds import generator
from abacist.evaluation.figures import operands
from abacist.evaluation.grading import Marked, Score, ask, mark, score
from abacist.kind import Kind
from abacist.problems import wording
from abacist.problems.binary import BinaryOperation
from abacist.problems.draws import cascade
from abacist.problems.nesting import depth_of
from abacist.problems.operation import Operation
from abacist.problems.problem import Problem
from abacist.problems.question import Question, is_number
from abacist.problems.task import Task
from abacist.text.codec import Codec

Axis = Literal["lengths", "operands", "depths"]
AXES: tuple[Axis, ...] = ("lengths", "operands", "depths")

DRAWN, NINES, RIPPLE = "drawn", "every column carries", "999…9 + 1"
"""How the problems of a cell came about: at random, or as cascades of two numbers of one length or of a long and a
one-digit number."""

ROUNDS = 60
"""Times that problems are drawn for a cell where most of them may have been seen."""

DEEPEST = 60
LONGEST = 50_000
"""Most digits and levels that are asked: whoever types more has mistyped."""


@dataclass(frozen=True)
class Plan:
    """What to ask: sizes in the order in which they are drawn in pictures."""

    lengths: tuple[int, ...] = ()
    """Digits, of the first operand and of the second: every pair."""
    operands: tuple[int, ...] = ()
    depths: tuple[int, ...] = ()
    """Parentheses within one another."""
    count: int = 20
    """Problems a cell; fewer where there are no more."""
    seed: int = 2026

    def __post_init__(self) -> None:
        for axis, least, most in (("lengths", 1, LONGEST), ("operands", 2, LONGEST), ("depths", 0, DEEPEST)):
            for size in getattr(self, axis):
                if not least <= size <= most:
                    raise SettingsError(f"--{axis}: {size:,} is not from {least} to {most:,}")
        if not any(getattr(self, axis) for axis in AXES):
            raise SettingsError("how far? name sizes, for instance --lengths 5,10,20, --operands 2,5 or --depths 1,2,3")


@dataclass(frozen=True)
class Failure:
    """A wrong answer."""

    question: str
    truth: str
    answer: str | None
    written: str
    whole: bool
    """Whether all numbers of the question are whole."""

    @classmethod
    def of(cls, marked: Marked) -> "Failure":
        """Keep what tells of a wrong answer."""
        whole = all("." not in lexeme for lexeme in marked.problem.question)
        return cls(str(marked.problem), marked.truth, marked.answer, marked.written, whole)


@dataclass(frozen=True)
class Cell:
    """The answers to problems of one operation and one size."""

    axis: Axis
    operation: str
    at: tuple[int, ...]
    """The digits of both operands, or the number of operands, or the depth."""
    kind: str
    """`DRAWN`, or which cascade."""
    score: Score
    shown: bool
    """Whether training can have shown such sizes."""
    seen: int = 0
    """How many of the problems training may have shown, or chosen its weights by."""
    failures: tuple[Failure, ...] = field(default=(), repr=False)

    @property
    def size(self) -> str:
        """The size in words."""
        return written_size(self.axis, self.at)

    def as_json(self) -> dict[str, Any]:
        """Return the cell, with every failure, as JSON values."""
        return {
            "operation": self.operation,
            "at": list(self.at),
            "kind": self.kind,
            **self.score.as_json(),
            "sizes_shown_in_training": self.shown,
            "may_have_been_seen": self.seen,
            "failures": [
                {"question": each.question, "truth": each.truth, "answer": each.answer, "written": each.written}
                | {"whole": each.whole}
                for each in self.failures
            ],
        }

    @classmethod
    def of_json(cls, axis: Axis, values: dict[str, Any]) -> "Cell":
        """Return a cell from its JSON values."""
        return cls(
            axis,
            values["operation"],
            tuple(values["at"]),
            values["kind"],
            Score(values["correct"], values["count"]),
            values["sizes_shown_in_training"],
            values["may_have_been_seen"],
            tuple(Failure(**each) for each in values["failures"]),
        )


@dataclass(frozen=True)
class Reach:
    """All cells of one axis, and how they were drawn."""

    axis: Axis
    cells: tuple[Cell, ...]
    count: int
    seed: int
    context_length: int
    """Tokens that the model could read and write."""

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        own = {"count": self.count, "seed": self.seed, "context_length": self.context_length}
        return {**own, "cells": [cell.as_json() for cell in self.cells]}


def reaches_of_json(values: dict[str, Any], where: str) -> list[Reach]:
    """Return what a `far.json` holds, axis by axis. Raises: RunError that names the file if it is broken."""
    try:
        return [
            Reach(
                axis,
                tuple(Cell.of_json(axis, each) for each in values[axis]["cells"]),
                values[axis]["count"],
                values[axis]["seed"],
                values[axis]["context_length"],
            )
            for axis in AXES
            if axis in values
        ]
    except (KeyError, TypeError) as error:
        raise RunError(f"{where} cannot be read: {error!r}; delete it, and abacist far writes it anew") from None


@dataclass(frozen=True)
class Asked:
    """The problems of a cell, before they are asked."""

    axis: Axis
    operation: str
    at: tuple[int, ...]
    kind: str
    problems: list[Problem]
    shown: bool
    seen: int

    def __str__(self) -> str:
        return f"{self.operation} of {written_size(self.axis, self.at)}"


def written_size(axis: Axis, at: tuple[int, ...]) -> str:
    """Write a size in words: `5 and 10 digits`."""
    unit = {"lengths": "digit", "operands": "operand", "depths": "level"}[axis]
    return f"{' and '.join(f'{each:,}' for each in at)} {unit}{'s' * (at[-1] != 1)}"


def draw_far(task: Task, plan: Plan, may_be_known: Callable[[Question], bool]) -> list[Asked]:
    """Draw the problems of every cell of a plan.

    `may_be_known` tells which problems training can have shown, or were looked at to choose the weights:
    they are asked only where a cell has no others.

    Raises: SettingsError if the task has no operation for an axis.
    """
    drawn: list[Asked] = []
    for axis in AXES:
        sizes: tuple[int, ...] = tuple(dict.fromkeys(getattr(plan, axis)))
        pairs: list[tuple[int, ...]] = [(size,) for size in sizes]
        if axis == "lengths":
            pairs = [(left, right) for left in sizes for right in sizes]
        before = len(drawn)
        for name, operations in named(task).items():
            for at in pairs:
                for kind, sample in _samplers(axis, operations, at):
                    rng = generator(plan.seed, "far", axis, name, kind, *at)
                    cell = _cell(task, name, rng, sample, plan.count, may_be_known)
                    if cell is not None:
                        drawn.append(Asked(axis, name, at, kind, *cell))
        if sizes and len(drawn) == before:
            has = {"lengths": "asks for two numbers", "operands": "takes as many operands as one likes"}
            what = has.get(axis, "nests parentheses")
            raise SettingsError(f"--{axis}: none of this run's operations ({', '.join(named(task))}) {what}")
    return drawn


def named(task: Task) -> dict[str, list[Operation]]:
    """Return the operations of a task by name, in its order."""
    result: dict[str, list[Operation]] = {}
    for operation, item in zip(task.operations, task.settings.mixture, strict=True):
        name = item.operation.name.rsplit("/", 1)[-1].removesuffix(".py")
        result.setdefault(name, []).append(operation)
    return result


Sample = Callable[[np.random.Generator, int], Iterable[Question]]


def _samplers(axis: Axis, operations: Sequence[Operation], at: tuple[int, ...]) -> list[tuple[str, Sample]]:
    """Return what draws the questions of a cell, those of cascades apart."""
    if axis == "depths":
        nesting = [each for each in operations if each.sample_nested(random.Random(0), at[0]) is not None]
        # What nests less than others is in the mixture for something else.
        depths = [getattr(each, "depth", None) for each in nesting]
        deepest = max((depth for depth in depths if depth is not None), default=None)
        nesting = [each for each, depth in zip(nesting, depths, strict=True) if depth in (None, deepest)]
        return [(DRAWN, _nested(nesting, at[0]))] if nesting else []
    resized = [each.of_lengths(*at) if axis == "lengths" else each.of_terms(*at) for each in operations]
    made = [each for place, each in enumerate(resized) if each is not None and each not in resized[:place]]
    samplers: list[tuple[str, Sample]] = [(DRAWN, _batches(made))] if made else []
    adding = [each for each in made if isinstance(each, BinaryOperation) and each.symbol == "+" and not each.places]
    if adding and axis == "lengths" and at[0] == at[1]:
        samplers.append((NINES, _cascades(adding[0], *at)))
        samplers.append((RIPPLE, _cascades(adding[0], at[0], 1)))
    return samplers


def _batches(operations: Sequence[Operation]) -> Sample:
    def sample(rng: np.random.Generator, count: int) -> Iterable[Question]:
        for operation in operations:
            for group in operation.sample_batch(rng, count):
                yield from group.questions()

    return sample


def _nested(operations: Sequence[Operation], depth: int) -> Sample:
    def sample(rng: np.random.Generator, count: int) -> Iterable[Question]:
        one_by_one = random.Random(int(rng.integers(2**63)))
        for _ in range(count):
            for operation in operations:
                question = operation.sample_nested(one_by_one, depth)
                if question is not None and depth_of(question) == depth:
                    yield question

    return sample


def _cascades(operation: BinaryOperation, left: int, right: int) -> Sample:
    def sample(rng: np.random.Generator, count: int) -> Iterable[Question]:
        one_by_one = random.Random(int(rng.integers(2**63)))
        for _ in range(count):
            pair = cascade(one_by_one, left, right)
            yield operation.write(*(pair if one_by_one.random() < 0.5 else pair[::-1]))

    return sample


def _cell(
    task: Task,
    name: str,
    rng: np.random.Generator,
    sample: Sample,
    count: int,
    may_be_known: Callable[[Question], bool],
) -> tuple[list[Problem], bool, int] | None:
    """Draw up to `count` different problems; return them, whether training shows such sizes, and how many it may have.

    Where the task itself asks for such questions, only those that it asks for are kept: of two digits those up
    to 89, if that is its bound.
    """
    found: dict[Question, tuple[bool, bool]] = {}  # whether the task asks for it, whether it may be known
    for _ in range(ROUNDS):
        for question in sample(rng, count):
            if question not in found:
                found[question] = task.within(question), may_be_known(question)
        shown = any(covered for covered, _ in found.values())
        fresh = [question for question, (covered, known) in found.items() if covered >= shown and not known]
        if len(fresh) >= count:
            break
    kept = fresh or [question for question, (covered, _) in found.items() if covered >= shown]
    if not kept:
        return None
    chosen = [kept[place] for place in rng.permutation(len(kept))[:count]]
    problems = [task.problem(question, name) for question in chosen]
    return problems, shown, sum(found[question][1] for question in chosen)


def measure(kind: Kind, codec: Codec, asked: Sequence[Asked], watch: Callable[[int], None]) -> list[Cell]:
    """Ask every problem once, and mark; `watch` is told how many have been answered."""
    cells, done = [], 0
    for each in asked:
        generated = ask(kind, codec, [problem.question for problem in each.problems])
        marks = [mark(*pair, codec) for pair in zip(each.problems, generated, strict=True)]
        failures = tuple(map(Failure.of, _wrong(marks)))
        cells.append(Cell(each.axis, each.operation, each.at, each.kind, score(marks), each.shown, each.seen, failures))
        watch(done := done + len(marks))
    return cells


def cells_of(axis: Axis, marks: Iterable[Marked], covers: Callable[[Question], bool]) -> list[Cell]:
    """Sort marks into the cells of an axis, those of no size left out; `covers` tells what training can have asked."""
    groups: dict[tuple[str, tuple[int, ...]], list[Marked]] = {}
    for marked in marks:
        at = _size(axis, marked.problem.question)
        if at is not None:
            groups.setdefault((marked.problem.operation, at), []).append(marked)
    return [
        Cell(
            axis,
            name,
            at,
            DRAWN,
            score(group),
            any(covers(each.problem.question) for each in group),
            failures=tuple(map(Failure.of, _wrong(group))),
        )
        for (name, at), group in sorted(groups.items())
    ]


def by_shown(marks: Sequence[Marked], covers: Callable[[Question], bool]) -> list[Cell]:
    """Sort wrong answers of any size into those of sizes that training can have asked, and those beyond."""
    sorted_in: dict[bool, list[Marked]] = {True: [], False: []}
    for marked in _wrong(marks):
        sorted_in[covers(marked.problem.question)].append(marked)
    return [
        Cell("operands", "all", (), DRAWN, score(group), shown, failures=tuple(map(Failure.of, group)))
        for shown, group in sorted_in.items()
    ]


def _wrong(marks: Iterable[Marked]) -> list[Marked]:
    return [each for each in marks if not each.correct]


def _size(axis: Axis, question: Question) -> tuple[int, ...] | None:
    if axis == "lengths":
        pair = operands(question)
        return None if pair is None else tuple(sum(map(str.isdigit, text.partition(".")[0])) for text in pair)
    symbols = wording.asked(question).symbols
    return (sum(map(is_number, symbols)),) if axis == "operands" else (depth_of(symbols),)
