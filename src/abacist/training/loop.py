"""The training loop."""

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch.optim import Optimizer

from abacist.core.catalogue import build
from abacist.core.errors import Interrupted, RunError, SettingsError
from abacist.core.memory import keep_freed_memory
from abacist.core.seeds import key_to_integer
from abacist.data.curriculum import Look, Shares
from abacist.kind import Kind
from abacist.models.checkpoint import save_tensors
from abacist.text.batch import Batch, parts
from abacist.training.schedule import Schedule
from abacist.training.settings import OPTIMIZERS, SCHEDULES, TrainingSettings
from abacist.training.signals import wish_to_stop
from abacist.training.state import NOTHING_ASKED, Counters, load_state, save_state

WEIGHTS, STATE, METRICS = "model.safetensors", "state.safetensors", "metrics.jsonl"

LOG_EVERY = 10


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of a run's log; one that a crash tore in the middle is left away."""
    lines = []
    if (folder / METRICS).is_file():
        for text in (folder / METRICS).read_text(encoding="utf-8").splitlines():
            with suppress(json.JSONDecodeError):
                lines.append(json.loads(text))
    return lines


@dataclass(frozen=True)
class Evaluation:
    """How the model does on what it is not trained on."""

    accuracy: float | None
    """Share of the held-out problems answered exactly; None where nothing is asked, as of text."""
    loss: float
    by_entry: tuple[float, ...] = ()
    """Accuracy on each entry of the mixture, where a curriculum goes by it."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What else the log shall keep of this look."""


@dataclass(frozen=True)
class Progress:
    """What a progress bar shows."""

    step: int
    steps: int | None
    share: float
    """Share of the lap's budget that is used up, 0 to 1."""
    seconds: float
    seconds_left: float
    loss: float
    tokens_per_second: float
    held_out: Evaluation | None
    """The last look; None before the first."""


@dataclass(frozen=True)
class Outcome:
    """What a training came to."""

    steps: int
    """Length of its schedule."""
    step: int
    """Steps done: fewer than `steps` if the wished accuracy was reached before."""
    best: Evaluation
    best_step: int
    seconds: float


class Trainer:
    """One training: steps, evaluations, saves.

    Everything a step does follows from (settings, seed, step, looks so far), so that an interrupted
    training, gone on with, ends with the same weights bit for bit on the same machine.
    """

    def __init__(
        self,
        kind: Kind,
        batch_at: Callable[[int, Shares | None], Batch],
        settings: TrainingSettings,
        seed: int,
        folder: Path,
        evaluate: Callable[[], Evaluation],
        watch: Callable[[Progress], None] = lambda _: None,
        noisy: bool = False,
        shares_after: Callable[[Sequence[Look]], Shares] | None = None,
    ):
        """`batch_at` makes the batch of a given index and given shares of the mixture's entries.

        `noisy` says that the model draws noise (dropout). `shares_after` is a curriculum's rule from all looks
        so far to the shares from there on; without it they are None.
        """
        self.settings, self.seed, self.folder = settings, seed, folder
        self.batch_at, self.evaluate, self.watch, self.noisy = batch_at, evaluate, watch, noisy
        self.schedule: Schedule = build(SCHEDULES, settings.schedule)
        if settings.minutes is not None and self.schedule.decision is None:
            raise SettingsError(
                f"training.schedule: {settings.schedule.name} must know its steps; "
                "give training.steps, or choose trapezoid"
            )
        if settings.dtype == "auto":
            raise AssertionError("the dtype is chosen before training starts, so that it stands in the settings")
        AcceleratorState._reset_state()  # a process may train several runs, each with its own precision
        self.accelerator = Accelerator(
            cpu=not torch.cuda.is_available() and not torch.backends.mps.is_available(),
            mixed_precision="bf16" if settings.dtype == "bfloat16" else "no",
        )
        if self.accelerator.num_processes > 1:
            raise SettingsError(
                "training runs in one process so far; start abacist without torchrun or accelerate launch"
            )
        choice = build(OPTIMIZERS, settings.optimizer)
        self.kind = kind
        learning = [(name, each) for name, each in kind.model.named_parameters() if each.requires_grad]
        optimizers = choice.make(learning, settings.learning_rate)
        self.wrapped = self.accelerator.prepare_model(kind)
        self.optimizers: list[Optimizer] = optimizers
        self.rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
        self.counters = Counters(steps=settings.steps)
        self.shares_after = shares_after
        self.shares = shares_after and shares_after([])
        self.last_look: Evaluation | None = None

    def resume(self) -> None:
        """Take weights, optimizer and counters from the run folder."""
        self.counters = load_state(self.folder / STATE, self.kind.model, self.optimizers)
        self.shares = self.shares_after and self.shares_after(self.counters.looks)
        kept = [line for line in read_metrics(self.folder) if line["step"] <= self.counters.step]
        (self.folder / METRICS).write_text("".join(json.dumps(line) + "\n" for line in kept))

    def run(self) -> Outcome:
        """Train to the end of the budget or the wished accuracy.

        Raises: Interrupted after Ctrl-C or a termination signal, with everything saved.
        """
        with wish_to_stop() as wish:
            self.begin()
            if self.counters.steps == 0:
                self._look()
                self.counters.finished = True
                self.save()
            while not self.counters.finished:
                self.advance(*self.gradients())
                if wish.made and not self.counters.finished:
                    self.save()  # here, for the wish may have come in the midst of what a step entails
                    raise Interrupted(f"stopped after step {self.counters.step:,}; everything is saved")
        return self.outcome()

    def extend(self, steps: int) -> None:
        """Go on after the end for `steps` more: the schedule begins anew, and so does the search for the best weights.

        Source of schedules that begin anew: Loshchilov & Hutter 2017, arXiv:1608.03983.
        """
        counters = self.counters
        counters.lap, counters.begun = counters.lap + 1, counters.step
        counters.steps, counters.finished = counters.step + steps, False
        counters.best_accuracy, counters.best_loss = -1.0, math.inf

    def begin(self) -> None:
        """Arrange memory and threads of the process, and start the clocks."""
        keep_freed_memory()
        if self.settings.threads != "auto":
            torch.set_num_threads(self.settings.threads)
        self._loss_sum, self._token_sum = 0.0, 0
        self._mark = time.perf_counter()
        self._began = self._clock() - self.counters.seconds

    def _clock(self) -> float:
        return time.process_time() if self.settings.clock == "processor" else time.perf_counter()

    def next_batch(self) -> Batch:
        """Make the batch of the next step."""
        return self.batch_at(self.counters.step, self.shares)

    def gradients(self) -> tuple[float, int]:
        """Fill the gradients of the next step; return the summed loss and the tokens it is over."""
        if self.noisy:
            torch.manual_seed(key_to_integer(self.seed, "noise", self.counters.step) % 2**63)
        batch = self.next_batch()
        tokens, total = int(batch.loss_mask.sum()), 0.0
        for part in parts(batch, self.settings.accumulate):
            loss = self.wrapped(**self.kind.inputs(part))
            self.accelerator.backward(loss / tokens)
            total += float(loss.detach())
        return total, tokens

    def advance(self, loss: float, tokens: int) -> None:
        """Do a step with the gradients that are there, and what falls due after it."""
        counters = self.counters
        self._decide_length()
        norm = self.update()
        counters.step += 1
        counters.seconds = self._clock() - self._began
        self._loss_sum, self._token_sum = self._loss_sum + loss, self._token_sum + tokens
        done = counters.step == counters.steps
        if counters.step % LOG_EVERY == 0 or done:
            self._report(norm)
        if counters.step % self.settings.evaluate_every == 0 or done:
            done = self._look() or done
            self._mark = time.perf_counter()
        if done:
            self._decide_length(now=True)
            counters.finished = True
        if done or counters.step % self.settings.save_every == 0:
            self.save()

    def outcome(self) -> Outcome:
        """Return what a finished training came to."""
        counters = self.counters
        assert counters.steps is not None
        accuracy = None if counters.best_accuracy == NOTHING_ASKED else counters.best_accuracy
        best = Evaluation(accuracy, counters.best_loss)
        return Outcome(counters.steps, counters.step, best, counters.best_step, counters.seconds)

    def update(self) -> float:
        """Move the weights along the gradients; return the gradients' norm."""
        norm = float(self.accelerator.clip_grad_norm_(self.wrapped.parameters(), self.settings.clip))
        begun, steps = self.counters.begun, self.counters.steps
        factor = self.schedule.factor(self.counters.step - begun, steps and steps - begun)
        for optimizer, rates in zip(self.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad()
        return norm

    def _report(self, norm: float) -> None:
        """Log the steps since the last report. Raises: RunError if the loss is not a number any more."""
        mean = self._loss_sum / self._token_sum
        rate = self._token_sum / (time.perf_counter() - self._mark)
        if not math.isfinite(mean):
            finer = "" if self.settings.dtype == "float32" else ", or set training.dtype=float32"
            raise RunError(
                f"the loss is not a number any more at step {self.counters.step:,}; lower training.learning_rate{finer}"
            )
        self.log(loss=mean, gradient_norm=norm, tokens_per_second=round(rate))
        self.watch(self._progress(mean, rate))
        self._loss_sum, self._token_sum, self._mark = 0.0, 0, time.perf_counter()

    def _decide_length(self, now: bool = False) -> None:
        """Fix the number of steps once a time budget has reached the schedule's moment of decision."""
        counters, minutes, decision = self.counters, self.settings.minutes, self.schedule.decision
        if counters.steps is not None or minutes is None or decision is None:
            return
        if now or counters.seconds >= 60 * minutes * decision:
            counters.steps = max(counters.step + 1 - now, self.schedule.steps_from(counters.step))

    def _look(self) -> bool:
        """Look at what is held out, keep the weights if they are the best so far; tell whether to stop."""
        result = self.last_look = self.evaluate()
        counters = self.counters
        entries: dict[str, Any] = {}
        if self.shares_after is not None:
            # The shares are those of the steps up to this look; what follows from it is in force from the next step.
            entries = {"shares": self.shares, "held_out_by_entry": result.by_entry}
            counters.looks.append(list(result.by_entry))
            self.shares = self.shares_after(counters.looks)
        asked = {} if result.accuracy is None else {"held_out_accuracy": result.accuracy}
        self.log(**asked, held_out_loss=result.loss, **entries, **result.notes)
        accuracy = NOTHING_ASKED if result.accuracy is None else result.accuracy
        if (accuracy, -result.loss) >= (counters.best_accuracy, -counters.best_loss):
            counters.best_accuracy, counters.best_loss = accuracy, result.loss
            counters.best_step = counters.step
            save_tensors(self.kind.model.state_dict(), self.folder / WEIGHTS)
        wish, give_up = self.settings.stop_at, self.settings.give_up
        if give_up is not None and counters.steps is not None and accuracy < give_up.below:
            # At the end there is nothing left to give up.
            counters.given_up = give_up.after * counters.steps <= counters.step < counters.steps
        return counters.given_up or (wish is not None and accuracy >= wish)

    def save(self) -> None:
        """Save everything that going on needs."""
        save_state(self.folder / STATE, self.kind.model, self.optimizers, self.counters)

    def log(self, **values: Any) -> None:
        """Add a line to the run's log: the step, the values, the seconds."""
        line = {"step": self.counters.step, **values, "seconds": round(self.counters.seconds, 2)}
        with (self.folder / METRICS).open("a") as file:
            file.write(json.dumps(line) + "\n")

    def _progress(self, loss: float, rate: float) -> Progress:
        counters, minutes = self.counters, self.settings.minutes
        if counters.steps is not None:
            share = (counters.step - counters.begun) / (counters.steps - counters.begun)
            left = counters.seconds / counters.step * (counters.steps - counters.step)
        else:
            assert minutes is not None
            share = min(1.0, counters.seconds / (60 * minutes))
            left = max(0.0, 60 * minutes - counters.seconds)
        return Progress(counters.step, counters.steps, share, counters.seconds, left, loss, rate, self.last_look)
