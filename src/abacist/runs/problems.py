"""A run of problems: its settings turned into task and codec, and what one does with them."""

import dataclasses
import itertools
import shutil
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from abacist import kind as kinds
from abacist.core.catalogue import Part, build, load
from abacist.core.errors import SettingsError
from abacist.core.memory import keep_freed_memory
from abacist.core.seeds import generator
from abacist.core.settings import dump
from abacist.data.curriculum import CURRICULA, Curriculum, Look, Shares
from abacist.data.files import FileStream
from abacist.data.offsets import moved
from abacist.data.rounds import PooledStream
from abacist.data.stream import ProblemStream
from abacist.evaluation.course import rounds_of
from abacist.evaluation.grading import Grade, ask, draw, grade, mark
from abacist.evaluation.losses import mean_loss
from abacist.problems.expression import canonical
from abacist.problems.problem import Problem
from abacist.problems.question import Question, read_question
from abacist.problems.task import Task
from abacist.runs import folder as folders
from abacist.runs.rounds import check_rounds, train_in_rounds
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.runs.start import tokenizer_from
from abacist.text.batch import Batch, collate, longest_completion
from abacist.text.codec import Codec
from abacist.text.confidence import CALIBRATION
from abacist.text.generated import Generated
from abacist.training.ensemble import Ensemble
from abacist.training.loop import Evaluation, Outcome, Progress, read_metrics

LOOKED_AT = 4
"""Batches that are looked at before training: whether rows fit, and how long answers are."""


class ProblemRun(Run):
    """Drawn or read, asked with a task's truth, and graded."""

    material = "problems"

    def __init__(self, path: Path, settings: RunSettings, is_new: bool = False):
        super().__init__(path, settings, is_new)
        self.task = Task(settings.problems)
        # What is taught with true answers; problems beyond it are only asked.
        self.taught = self.task.stages[0] if settings.data.rounds else self.task
        self.codec  # noqa: B018 (what is wrong with it is told at once)

    @cached_property
    def codec(self) -> Codec:
        """Format and tokenizer."""
        tokenizer = None
        if self.settings.start is not None:
            tokenizer = self.kept_tokenizer() or tokenizer_from(self.settings)
        codec = Codec.build(self.settings.text, tokenizer)
        codec.check_rows()
        return codec

    def check(self) -> None:
        """Look at the data before any work starts. Raises: AbacistError for what would fail later."""
        if self.settings.data.rounds is not None:
            check_rounds(self)
        self._check_length(self.stream.longest())
        shown = [self.stream.batch(index) for index in range(LOOKED_AT)]
        watched = [
            self.codec.row(problem)
            for problem in (*self.watched_problems(), *itertools.chain(*self.watched_by_entry()))
        ]
        shown.append(collate(watched, self.codec.classes, self.codec.tokenizer.pad_id))
        self._fit_kind(max(longest_completion(batch) for batch in shown))
        for batch in shown:
            self.without_weights.prepare(batch)
        self.batch(0, self.shares_after(()) if self.curriculum.follows else None)
        for each in self.settings.grading.sets:
            sample = dataclasses.replace(each, count=1)
            for problem in draw(self.settings.problems, sample, self.settings.grading.seed):
                self.codec.row(problem)
        for text in self.settings.questions:
            problem = self.task.problem(read_question(text))
            problem.answer()
            self.codec.row(problem)
        self.check_model()

    def _fit_kind(self, answer: int) -> None:
        """Settle what the kind's settings leave open, by the longest answer in sight; later rounds have longer ones."""
        part, cls = self.settings.kind, load(kinds.FOLDER, self.settings.kind.name)
        if self.settings.data.rounds is None:
            fitted = cls.fitted(cls.Settings(**part.settings), answer)
            self.settings = dataclasses.replace(self.settings, kind=Part(part.name, dump(fitted)))
            vars(self).pop("without_weights", None)  # one that was made before has the settings from before

    def _check_length(self, longest: int) -> None:
        room = self.settings.model.context_length
        if longest > room:
            raise SettingsError(
                f"model.context_length: a row of {longest} tokens does not fit {room}; "
                f"--set model.context_length={2 * longest}"
            )

    def batch(self, index: int, shares: Shares | None = None) -> Batch:
        """Make a training batch, with what training draws for its rows where format and positions ask for it.

        `shares` are those of the mixture's entries, where they are not its weights.
        Raises: SettingsError if a row is too long for the model.
        """
        batch = self.stream.batch(index, shares)
        self._check_length(batch.ids.shape[1])
        rng = generator(self.settings.seed, "hints", index)
        return self.drawn(moved(batch, self.codec.hints, self.codec.format.most_moved(), rng), index)

    @cached_property
    def curriculum(self) -> Curriculum:
        """What decides the shares of the mixture's entries."""
        made: Curriculum = build(CURRICULA, self.settings.data.curriculum)
        return made

    def shares_after(self, looks: Sequence[Look]) -> Shares:
        """Return the shares of the mixture's entries after these looks."""
        return self.curriculum.shares(self.settings.problems.mixture, looks)

    @cached_property
    def stream(self) -> ProblemStream | FileStream | PooledStream:
        """The training batches; rounds put others in their place."""
        settings = self.settings
        if settings.data.file is not None:
            if settings.data.targets:
                raise SettingsError(
                    "data.targets: problems from a file have no further targets; leave one of the two away"
                )
            return FileStream(
                [Path(settings.data.file)], self.task, self.codec, settings.seed, settings.training.batch_size
            )
        return ProblemStream(
            self.taught,
            self.codec,
            settings.seed,
            settings.training.batch_size,
            targets=settings.data.targets,
            pack=settings.data.pack,
        )

    def may_have_been_seen(self, question: Question) -> bool:
        """Tell whether training can have shown a problem, in this or an equivalent order."""
        if isinstance(self.stream, FileStream):
            return canonical(question) in self.stream.seen
        return self.task.may_have_been_seen(question)

    @property
    def watched_side(self) -> str:
        """What the problems looked at during training are: held-out ones, or seen ones where nothing is held out."""
        return "held-out" if self.settings.problems.split.held_out else "training"

    def watched_problems(self) -> list[Problem]:
        """Return the problems looked at during training. Raises: SettingsError if there are none."""
        rng, count = generator(self.settings.seed, "watched"), self.settings.training.evaluate_on
        problems = self._watched(self.taught, rng, count)
        if not problems:
            raise SettingsError("task.split.held_out: so small a share of this task holds no problem at all")
        return problems

    def watched_by_entry(self) -> list[list[Problem]]:
        """Return the problems of each entry of the mixture by which a curriculum goes; of none where it is fixed.

        Raises: SettingsError if an entry has none.
        """
        if not (self.curriculum.follows and self.curriculum.judges):
            return []
        count, found = self.settings.training.evaluate_each, []
        for place, entry in enumerate(self.task.entries):
            found.append(self._watched(entry, generator(self.settings.seed, "watched", place), count))
            if not found[-1]:
                raise SettingsError(
                    f"task.split.held_out: so small a share of task.mixture.{place} holds no problem at all; "
                    "make it larger, join the entry with another, or set data.curriculum=fixed"
                )
        return found

    def _watched(self, task: Task, rng: np.random.Generator, count: int) -> list[Problem]:
        problems = task.distinct(rng, "held_out" if self.watched_side == "held-out" else "train", count)
        # Where there are few, half of them are left for the grade.
        return problems if len(problems) == count else [problems[i] for i in rng.permutation(len(problems))[::2]]

    def train(self, watch: Callable[[Progress], None] = lambda _: None, resume: bool = False) -> Outcome:
        """Train, or go on training, to the end, in rounds where the settings say so."""
        if self.settings.data.rounds is not None:
            return train_in_rounds(self, self.settings.data.rounds, watch, resume)
        return super().train(watch, resume)

    def shares_rule(self) -> Callable[[Sequence[Look]], Shares] | None:
        """Return the curriculum's rule, where it is not fixed."""
        return self.shares_after if self.curriculum.follows else None

    def forget(self) -> None:
        """Remove calibration, what was asked far and what experts do: they told of other weights."""
        for name in (CALIBRATION, folders.FAR, folders.EXPERTS):
            (self.path / name).unlink(missing_ok=True)
        shutil.rmtree(self.path / folders.FAR_KEPT, ignore_errors=True)

    def evaluation(self) -> Callable[[], Evaluation]:
        """Draw the watched problems; return what asks them."""
        problems, entries = self.watched_problems(), self.watched_by_entry()
        asked = list({problem.question: problem for problem in itertools.chain(problems, *entries)}.values())
        rows = [self.codec.row(problem) for problem in problems]
        # The loss is measured on rows of trained lengths; few long ones would pad all others to theirs.
        short = [row for row in rows if len(row.ids) <= (self.settings.data.pack or len(row.ids))]
        answers = collate(short or rows, self.codec.classes, self.codec.tokenizer.pad_id)

        def evaluate() -> Evaluation:
            generated = ask(self.kind, self.codec, [problem.question for problem in asked])
            pairs = zip(asked, generated, strict=True)
            right = {problem.question: mark(problem, answer, self.codec).correct for problem, answer in pairs}
            accuracy, *by_entry = (sum(right[p.question] for p in each) / len(each) for each in (problems, *entries))
            return Evaluation(accuracy, mean_loss(self.kind, [answers]), tuple(by_entry))

        return evaluate

    def finished(self) -> bool:
        """Tell whether training has come to its end."""
        if self.settings.data.rounds is not None:
            return len(rounds_of(read_metrics(self.path))) == len(self.task.stages)
        return super().finished()

    def grade(self) -> tuple[list[Grade], float]:
        """Grade the best weights on every set of the settings; return the grades and the answers a second."""
        kind, settings = self.trained(), self.settings
        keep_freed_memory()
        began = time.perf_counter()
        lists = (self.watched_problems(), *self.watched_by_entry())
        watched = {canonical(problem.question) for problem in itertools.chain(*lists)}
        grades = [
            grade(kind, self.codec, settings.problems, each, settings.grading.seed, self.may_have_been_seen, watched)
            for each in settings.grading.sets
        ]
        seconds = time.perf_counter() - began
        return grades, sum(len(each.marked) for each in grades) / seconds

    def show(self) -> list[tuple[Problem, Generated]]:
        """Answer the settings' own questions."""
        problems = [self.task.problem(read_question(text)) for text in self.settings.questions]
        generated = ask(self.trained(), self.codec, [problem.question for problem in problems])
        return list(zip(problems, generated, strict=True))


def train_together(
    runs: Sequence[ProblemRun], watch: Callable[[Progress], None] = lambda _: None, resume: bool = False
) -> list[Outcome]:
    """Train runs of one shape at once, or go on with them; `watch` is told of the first.

    Raises: SettingsError where the runs differ in what one pass must share.
    """
    if any(run.settings.data.rounds for run in runs):
        raise SettingsError("data.rounds must be null where models are trained at once; train them in turn")
    if any(run.curriculum.follows and run.curriculum.judges for run in runs):
        # Sums taken in another order may turn one answer of a look, and with it every batch from there on.
        name = runs[0].settings.data.curriculum.name
        raise SettingsError(
            f"data.curriculum: {name} goes by answers, and must not where models are trained at once; train them in "
            "turn, or choose fixed or scheduled"
        )
    trainers = [run.trainer(watch if run is runs[0] else lambda _: None, resume) for run in runs]
    return [run.end(outcome) for run, outcome in zip(runs, Ensemble(trainers).run(), strict=True)]
