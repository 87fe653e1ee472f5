"""A run: its settings turned into a model, and its way from random or given weights to trained ones.

What the model learns from is either problems or text: `problems.py` and `texts.py` say what that means for batches,
looks and reports. The rest is the same for both, and stands here.
"""

import dataclasses
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch

from abacist import kind as kinds
from abacist.core.catalogue import load
from abacist.core.errors import RunError
from abacist.core.seeds import generator, key_to_integer
from abacist.data.curriculum import Look, Shares
from abacist.data.offsets import shifted, spread
from abacist.kind import Kind
from abacist.models.checkpoint import load_weights
from abacist.models.lora import adapt, merge
from abacist.models.position import Offsets
from abacist.models.settings import EMBEDDINGS, POSITIONS
from abacist.models.transformer import count_parameters
from abacist.runs import folder as folders
from abacist.runs.settings import RunSettings
from abacist.runs.start import fill_from, shaped
from abacist.text import tokenizer as tokenizers
from abacist.text.batch import Batch, parts
from abacist.text.codec import Codec
from abacist.text.coordinates import Integers
from abacist.text.tokenizer import Tokenizer
from abacist.training.loop import METRICS, STATE, WEIGHTS, Evaluation, Outcome, Progress, Trainer
from abacist.training.probe import settled
from abacist.training.state import read_counters

Reading = Callable[[str, int, int | None], None]
"""Told what is being read before a training, how much of it is done, and of how much if that is known."""


class Run(ABC):
    """A run folder and everything its settings stand for."""

    material: ClassVar[str]
    """What it is a run of, in a word."""

    def __init__(self, path: Path, settings: RunSettings, is_new: bool = False):
        """`is_new`: it is being made, and what lies in its folder, if anything does, is of a run that it replaces."""
        self.path, self.settings, self.is_new = path, settings, is_new
        self.reading: Reading = _unheard
        self._prepared = False  # whether a training has put its own precision around the model

    @classmethod
    def create(cls, path: Path, settings: RunSettings, overwrite: bool = False, reading: Reading | None = None) -> Self:
        """Start a run folder. Raises: RunError if there is one already and it may not be overwritten."""
        replaced = path if overwrite and (path / folders.SETTINGS).is_file() else None
        if replaced is None:
            folders.check_free(path)  # before any text is read
        run = cls.planned(path, settings)
        start = run.settings.start
        if replaced is not None and start is not None and start.weights == str(path.resolve()):
            raise RunError(f"{path} holds the weights to begin with; choose another --name")
        run.reading = reading or _unheard
        run.check()
        settings = run.settings
        if "auto" in (settings.training.dtype, settings.training.threads):
            tried = parts(run.batch(0), settings.training.accumulate)[0]
            run.settings = dataclasses.replace(settings, training=settled(settings.training, run.kind, tried))
        if settings.start is not None:
            run.fill()  # what is wrong with weights is told while there is no folder yet
        # The run that is replaced may be where the settings' own parts come from: it goes last.
        made = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.part") if replaced else path
        try:
            folders.create(made, run.settings)
            run.keep(made)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        if replaced:
            shutil.rmtree(replaced)
            made.rename(path)
        opened = cls.open(path)
        opened.reading = run.reading
        return opened

    @classmethod
    def planned(cls, path: Path, settings: RunSettings) -> Self:
        """Return the run that settings would make in a folder; the folder is not made."""
        # The run must find its data from wherever it is gone on with.
        return cls._of(path, shaped(folders.with_whole_paths(settings)), is_new=True)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a run folder. Raises: RunError if it is none, or one of other material than is asked for."""
        return cls._of(path, folders.read_settings(path))

    @classmethod
    def _of(cls, path: Path, settings: RunSettings, is_new: bool = False) -> Self:
        # Both are made of this class, so they are found when one is wanted.
        from abacist.runs.problems import ProblemRun
        from abacist.runs.texts import TextRun

        found: type[Run] = ProblemRun if settings.corpus is None else TextRun
        if not issubclass(found, cls):
            raise RunError(f"{path} is a run of {found.material}; this is for runs of {cls.material}")
        return found(path, settings, is_new)

    def keep(self, folder: Path) -> None:
        """Write what the settings do not tell into a run folder that is being made."""
        self.codec.tokenizer.save(folder / folders.TOKENIZER)

    @property
    @abstractmethod
    def codec(self) -> Codec:
        """What turns this run's material into ids and back."""

    @property
    @abstractmethod
    def watched_side(self) -> str:
        """What is looked at during training, in a word or two."""

    @abstractmethod
    def check(self) -> None:
        """Look at the data before any work starts. Raises: AbacistError for what would fail later."""

    @abstractmethod
    def batch(self, index: int, shares: Shares | None = None) -> Batch:
        """Make a training batch; `shares` are those of a mixture's entries where a curriculum says them."""

    @abstractmethod
    def evaluation(self) -> Callable[[], Evaluation]:
        """Prepare what is looked at during training; return what takes one look."""

    def shares_rule(self) -> Callable[[Sequence[Look]], Shares] | None:
        """Return a curriculum's rule from looks to shares, where there is one."""
        return None

    def forget(self) -> None:  # noqa: B027 (most have nothing to forget)
        """Remove what tells of the weights that training is about to replace."""

    def kept_tokenizer(self) -> Tokenizer | None:
        """Return the tokenizer that lies in the run folder; None before there is one."""
        path = self.path / folders.TOKENIZER
        if self.is_new or not path.is_file():
            return None
        made: Tokenizer = load(tokenizers.FOLDER, self.settings.text.tokenizer.name).load(path)
        return made

    def drawn(self, batch: Batch, index: int) -> Batch:
        """Return a batch with what training draws for its rows where kind and positions ask for it."""
        seed, room = self.settings.seed, self.settings.model.context_length
        part = self.settings.kind
        kind = load(kinds.FOLDER, part.name)
        if kind.prepares(kind.Settings(**part.settings)):
            batch = self.without_weights.prepare(batch, generator(seed, "kind", index))
        batch = shifted(batch, self.offsets, generator(seed, "offsets", index))
        if self.spread is not None:
            batch = spread(batch, self.spread, room, generator(seed, "spread", index))
        return batch

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
    def kind(self) -> Kind:
        """The model with fresh random weights."""
        made = _new_kind(self.settings, self.codec)
        start = self.settings.start
        if start is not None and start.lora is not None:
            adapt(made.model, start.lora, key_to_integer(self.settings.seed, "adapters") % 2**63)
        if torch.cuda.is_available():
            made = made.cuda()
        return made

    @cached_property
    def without_weights(self) -> Kind:
        """The model without a weight, which is all that preparing batches needs. Raises: SettingsError."""
        with torch.device("meta"):
            return _new_kind(self.settings, self.codec)

    def check_model(self) -> None:
        """See whether the settings make a model, without a weight. Raises: SettingsError."""
        self.parameters()

    def parameters(self) -> int:
        """Count the parameters without making a weight; those of adapters are left out. Raises: SettingsError."""
        return count_parameters(self.without_weights.model)

    def trained(self) -> Kind:
        """Return the model with its best weights, adapters merged, in float32 whatever it was trained in.

        So what is measured right after training is what is measured later. Raises: RunError if the run has none yet.
        """
        if not (self.path / WEIGHTS).is_file():
            raise RunError(f"{self.path} has no weights yet; abacist train --resume {self.path}")
        adapted = self.settings.start is not None and self.settings.start.lora is not None
        if adapted or self._prepared:
            vars(self).pop("kind", None)  # one that was merged before has no adapters any more
            self._prepared = False
        load_weights(self.kind.model, self.path / WEIGHTS)
        if adapted:
            merge(self.kind.model)
        return self.kind

    def train(self, watch: Callable[[Progress], None] = lambda _: None, resume: bool = False) -> Outcome:
        """Train, or go on training, to the end; the settings then hold the steps it came to."""
        return self.end(self.trainer(watch, resume).run())

    def trainer(self, watch: Callable[[Progress], None], resume: bool) -> Trainer:
        """Return the training, not begun yet or, to be resumed, where it stands. Raises: RunError of a shrunk run."""
        settings = self.settings
        if (self.path / folders.SHRUNK).is_file():
            raise RunError(
                f"{self.path} was shrunk and cannot be trained on; a new run can begin with its weights: "
                f"--set start.weights={self.path}"
            )
        self.forget()
        start = settings.start
        trainer = Trainer(
            self.kind,
            self.batch,
            settings.training,
            settings.seed,
            self.path,
            self.evaluation(),
            watch,
            noisy=self.kind.draws
            or settings.model.dropout > 0
            or bool(start and start.lora and start.lora.dropout > 0),
            shares_after=self.shares_rule(),
        )
        self._prepared = True
        if resume and (self.path / STATE).is_file():
            trainer.resume()
        else:
            (self.path / METRICS).unlink(missing_ok=True)  # of a training killed before its first save
            self.fill()
        return trainer

    def fill(self) -> None:
        """Fill the model with the weights to begin with, if there are any. Raises: RunError if they do not fit it."""
        if self.settings.start is not None:
            fill_from(self.settings.start, self.kind.model, self.codec.tokenizer)

    def end(self, outcome: Outcome) -> Outcome:
        """Write down how many steps a training came to."""
        decided = dataclasses.replace(self.settings.training, steps=outcome.steps, minutes=None)
        self.settings = dataclasses.replace(self.settings, training=decided)
        folders.write_settings(self.path, self.settings)
        return outcome

    def finished(self) -> bool:
        """Tell whether training has come to its end."""
        counters = read_counters(self.path / STATE)
        return counters is not None and counters.finished


def _unheard(what: str, done: int, of: int | None = None) -> None:
    """Nobody listens."""


def _new_kind(settings: RunSettings, codec: Codec) -> Kind:
    numbers = codec.numbers if _knows_numbers(settings) else None
    made = _kind(settings, codec.classes, codec.tokenizer.end_id, numbers)
    return made.read_vocabulary(codec.tokenizer.vocabulary)


def _knows_numbers(settings: RunSettings) -> bool:
    """Tell whether the model has to be told which numbers tokens stand for."""
    knows: bool = load(EMBEDDINGS, settings.model.embedding.name).knows_numbers
    return knows


def _kind(settings: RunSettings, token_classes: Integers, end_id: int, numbers: Integers | None) -> Kind:
    cls = load(kinds.FOLDER, settings.kind.name)
    seed = key_to_integer(settings.seed, "weights") % 2**63
    options = cls.Settings(**settings.kind.settings)
    told = {"numbers": numbers} if _knows_numbers(settings) else {}  # most have no use for them
    made: Kind = cls.new(options, settings.model, token_classes, end_id, seed, **told)
    return made


def kind_without_weights(settings: RunSettings, vocab_size: int, numbers: Integers | None = None) -> Kind:
    """Return the kind that settings make for so many tokens, on the "meta" device: shapes, and not a weight.

    `numbers` are those that tokens stand for; where the model has to know them there is none without.
    Raises: SettingsError for settings that make no model.
    """
    with torch.device("meta"):
        return _kind(settings, np.zeros(vocab_size, dtype=np.int64), vocab_size - 1, numbers)


def count_from_settings(settings: RunSettings) -> int | None:
    """Count the parameters of settings before any weight exists.

    None where a vocabulary has to be learnt first, or the weights to begin with say how many there are.
    """
    if settings.corpus is not None or settings.start is not None:
        return None
    with torch.device("meta"):
        return count_parameters(_new_kind(settings, Codec.build(settings.text)).model)
