"""A run: its settings turned into task, codec and model, and what one does with them."""

import dataclasses
import itertools
import shutil
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from abacist import kind as kinds
from abacist.core.catalogue import build, load
from abacist.core.errors import RunError, SettingsError
from abacist.core.memory import keep_freed_memory
from abacist.core.seeds import generator, key_to_integer
from abacist.data.curriculum import CURRICULA, Curriculum, Look, Shares
from abacist.data.files import FileStream
from abacist.data.offsets import moved, shifted, spread
from abacist.data.rounds import PooledStream
from abacist.data.stream import ProblemStream
from abacist.evaluation.course import rounds_of
from abacist.evaluation.grading import Grade, ask, draw, grade, mark
from abacist.kind import Kind
from abacist.models.checkpoint import load_weights
from abacist.models.position import Offsets
from abacist.models.settings import POSITIONS
from abacist.models.transformer import Transformer, count_parameters
from abacist.problems.expression import canonical
from abacist.problems.problem import Problem
from abacist.problems.question import Question, read_question
from abacist.problems.task import Task
from abacist.runs import folder as folders
from abacist.runs.rounds import check_rounds, train_in_rounds
from abacist.runs.settings import RunSettings
from abacist.text.batch import Batch, collate
from abacist.text.codec import Codec
from abacist.text.confidence import CALIBRATION
from abacist.text.generated import Generated
from abacist.training.ensemble import Ensemble
from abacist.training.loop import METRICS, STATE, WEIGHTS, Evaluation, Outcome, Progress, Trainer, read_metrics
from abacist.training.probe import settled
from abacist.training.state import read_counters


class Run:
    """A run folder and everything its settings stand for."""

    def __init__(self, path: Path, settings: RunSettings):
        self.path, self.settings = path, settings
        self.task = Task(settings.task)
        # What is taught with true answers; problems beyond it are only asked.
        self.taught = self.task.stages[0] if settings.data.rounds else self.task
        self.codec = Codec.build(settings.text)

    @classmethod
    def create(cls, path: Path, settings: RunSettings, overwrite: bool = False) -> "Run":
        """Start a run folder. Raises: RunError if there is one already and it may not be overwritten."""
        # The run must find its file from wherever it is gone on with.
        data = dataclasses.replace(settings.data, file=settings.data.file and str(Path(settings.data.file).resolve()))
        run = cls(path, dataclasses.replace(settings, data=data))
        run.check()
        if "auto" in (settings.training.dtype, settings.training.threads):
            training = settled(settings.training, run.kind, run.batch(0))
            run.settings = dataclasses.replace(run.settings, training=training)
        replaced = path if overwrite and (path / folders.SETTINGS).is_file() else None
        # The run that is replaced may be where the settings' own parts come from: it goes last.
        made = path.with_name(f"{path.name}.new") if replaced else path
        folders.create(made, run.settings)
        run.codec.tokenizer.save(made / folders.TOKENIZER)
        if replaced:
            shutil.rmtree(replaced)
            made.rename(path)
        return cls(path, folders.read_settings(path))

    @classmethod
    def open(cls, path: Path) -> "Run":
        """Open a run folder. Raises: RunError if it is none."""
        return cls(path, folders.read_settings(path))

    def check(self) -> None:
        """Look at the data before any work starts. Raises: AbacistError for what would fail later."""
        if self.settings.data.rounds is not None:
            check_rounds(self)
        self._check_length(self.stream.longest())
        self.watched_problems()
        self.watched_by_entry()
        if self.curriculum.follows:
            self.batch(0, self.shares_after(()))
        for each in self.settings.grading.sets:
            sample = dataclasses.replace(each, count=1)
            for problem in draw(self.settings.task, sample, self.settings.grading.seed):
                self.codec.row(problem)
        for text in self.settings.questions:
            problem = self.task.problem(read_question(text))
            problem.answer()
            self.codec.row(problem)
        count_from_settings(self.settings)

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
        seed, model = self.settings.seed, self.settings.model
        batch = shifted(batch, self.offsets, generator(seed, "offsets", index))
        if self.spread is not None:
            batch = spread(batch, self.spread, model.context_length, generator(seed, "spread", index))
        return moved(batch, self.codec.hints, self.codec.format.most_moved(), generator(seed, "hints", index))

    @cached_property
    def offsets(self) -> dict[int, Offsets]:
        """The axes along which rows are shifted in training, never in evaluation."""
        shifts: dict[int, Offsets] = self._asked_of_positions("offsets")
        return shifts

    @cached_property
    def spread(self) -> int | None:
        """Among how many positions those of a row are drawn in training, never in evaluation."""
        size: int | None = self._asked_of_positions("spread")
        return size

    def _asked_of_positions(self, method: str) -> Any:
        part = self.settings.model.position
        scheme = load(POSITIONS, part.name)
        return getattr(scheme, method)(scheme.Settings(**part.settings), self.settings.model)

    @cached_property
    def curriculum(self) -> Curriculum:
        """What decides the shares of the mixture's entries."""
        made: Curriculum = build(CURRICULA, self.settings.data.curriculum)
        return made

    def shares_after(self, looks: Sequence[Look]) -> Shares:
        """Return the shares of the mixture's entries after these looks."""
        return self.curriculum.shares(self.settings.task.mixture, looks)

    @cached_property
    def kind(self) -> Kind:
        """The model with fresh random weights."""
        settings = self.settings
        cls = load(kinds.FOLDER, settings.kind.name)
        options = cls.Settings(**settings.kind.settings)
        made: Kind = cls.new(
            options,
            settings.model,
            self.codec.classes,
            self.codec.tokenizer.end_id,
            key_to_integer(settings.seed, "weights") % 2**63,
        )
        if torch.cuda.is_available():
            made = made.cuda()
        return made

    def trained(self) -> Kind:
        """Return the model with its best weights. Raises: RunError if the run has none yet."""
        if not (self.path / WEIGHTS).is_file():
            raise RunError(f"{self.path} has no weights yet; abacist train --resume {self.path}")
        load_weights(self.kind.model, self.path / WEIGHTS)
        return self.kind

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
        return "held-out" if self.settings.task.split.held_out else "training"

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
        if not self.curriculum.follows:
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
        """Train, or go on training, to the end; the settings then hold the steps it came to."""
        if self.settings.data.rounds is not None:
            return train_in_rounds(self, self.settings.data.rounds, watch, resume)
        return self.end(self.trainer(watch, resume).run())

    def trainer(self, watch: Callable[[Progress], None], resume: bool) -> Trainer:
        """Return the training, not begun yet or, to be resumed, where it stands."""
        settings = self.settings
        for name in (CALIBRATION, folders.FAR):
            (self.path / name).unlink(missing_ok=True)  # they told of other weights
        shutil.rmtree(self.path / folders.FAR_KEPT, ignore_errors=True)
        problems, entries = self.watched_problems(), self.watched_by_entry()
        asked = list({problem.question: problem for problem in itertools.chain(problems, *entries)}.values())
        rows = [self.codec.row(problem) for problem in problems]
        # The loss is measured on rows of trained lengths; few long ones would pad all others to theirs.
        short = [row for row in rows if len(row.ids) <= (settings.data.pack or len(row.ids))]
        answers = collate(short or rows, self.codec.classes, self.codec.tokenizer.pad_id)

        def evaluate() -> Evaluation:
            generated = ask(self.kind, self.codec, [problem.question for problem in asked])
            pairs = zip(asked, generated, strict=True)
            right = {problem.question: mark(problem, answer, self.codec).correct for problem, answer in pairs}
            accuracy, *by_entry = (sum(right[p.question] for p in each) / len(each) for each in (problems, *entries))
            return Evaluation(accuracy, mean_loss(self.kind, answers), tuple(by_entry))

        trainer = Trainer(
            self.kind,
            self.batch,
            settings.training,
            settings.seed,
            self.path,
            evaluate,
            watch,
            noisy=settings.model.dropout > 0,
            shares_after=self.shares_after if self.curriculum.follows else None,
        )
        if resume and (self.path / STATE).is_file():
            trainer.resume()
        else:
            (self.path / METRICS).unlink(missing_ok=True)  # of a training killed before its first save
        return trainer

    def end(self, outcome: Outcome) -> Outcome:
        """Write down how many steps a training came to."""
        decided = dataclasses.replace(self.settings.training, steps=outcome.steps, minutes=None)
        self.settings = dataclasses.replace(self.settings, training=decided)
        folders.write_settings(self.path, self.settings)
        return outcome

    def finished(self) -> bool:
        """Tell whether training has come to its end."""
        if self.settings.data.rounds is not None:
            return len(rounds_of(read_metrics(self.path))) == len(self.task.stages)
        counters = read_counters(self.path / STATE)
        return counters is not None and counters.finished

    def grade(self) -> tuple[list[Grade], float]:
        """Grade the best weights on every set of the settings; return the grades and the answers a second."""
        kind, settings = self.trained(), self.settings
        keep_freed_memory()
        began = time.perf_counter()
        lists = (self.watched_problems(), *self.watched_by_entry())
        watched = {canonical(problem.question) for problem in itertools.chain(*lists)}
        grades = [
            grade(kind, self.codec, settings.task, each, settings.grading.seed, self.may_have_been_seen, watched)
            for each in settings.grading.sets
        ]
        seconds = time.perf_counter() - began
        return grades, sum(len(each.marked) for each in grades) / seconds

    def show(self) -> list[tuple[Problem, Generated]]:
        """Answer the settings' own questions."""
        problems = [self.task.problem(read_question(text)) for text in self.settings.questions]
        generated = ask(self.trained(), self.codec, [problem.question for problem in problems])
        return list(zip(problems, generated, strict=True))


def train_together(runs: Sequence[Run], watch: Callable[[Progress], None] = lambda _: None) -> list[Outcome]:
    """Train runs of one shape at once; `watch` is told of the first.

    Raises: SettingsError where the runs differ in what one pass must share.
    """
    if any(run.settings.data.rounds for run in runs):
        raise SettingsError("data.rounds must be null where models are trained at once; train them in turn")
    trainers = [run.trainer(watch if run is runs[0] else lambda _: None, resume=False) for run in runs]
    return [run.end(outcome) for run, outcome in zip(runs, Ensemble(trainers).run(), strict=True)]


def count_from_settings(settings: RunSettings) -> int:
    """Count the parameters of settings before any weight exists."""
    with torch.device("meta"):
        return count_parameters(Transformer(settings.model, torch.zeros(len(Codec.build(settings.text).classes))))


@torch.inference_mode()
def mean_loss(kind: Kind, batch: Batch) -> float:
    """Return the mean cross-entropy over a batch's answer tokens, in nats, without dropout."""
    was_training = kind.training
    kind.eval()
    loss = float(kind.loss(batch)) / int(batch.loss_mask.sum())
    kind.train(was_training)
    return loss
