"""Self-improvement: training in rounds, each on problems that the models before it answered themselves.

The order of things: train on the taught stage; ask the models the next stage; keep what they agree on; train
on that too; and so on. A round's labels come from prompts alone. What is held against the truth is counted
for the report and goes nowhere else; with `data.rounds.measure=0` it is left away.

Source: Lee et al. 2025, arXiv:2502.01612.
"""

import dataclasses
import shutil
import time
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from abacist.core.errors import RunError, SettingsError
from abacist.core.seeds import key_to_integer, stream
from abacist.data.files import FileStream
from abacist.data.rounds import Label, PooledStream, Rounds, agreed, long_enough, write_pool
from abacist.data.stream import ProblemStream
from abacist.evaluation.course import rounds_of
from abacist.evaluation.grading import ask, mark, score, size
from abacist.problems.problem import Problem, same_number
from abacist.problems.question import Question
from abacist.problems.task import SideChoice, Task
from abacist.training.loop import STATE, Outcome, Progress, Trainer, read_metrics

if TYPE_CHECKING:
    from abacist.runs.problems import ProblemRun

POOLS, VOTERS = "rounds", "voters"


def check_rounds(run: "ProblemRun") -> None:
    """Look at all that rounds need before any work starts. Raises: SettingsError that names the setting."""
    settings = run.settings
    data, rounds = settings.data, settings.data.rounds
    assert rounds is not None
    if data.file is not None or data.pack is not None or data.targets:
        raise SettingsError(
            "data.rounds: self-labelled rows are mixed with rows of the task; leave file, pack, targets"
        )
    if run.curriculum.follows:
        raise SettingsError("data.rounds: what is shown follows from the rounds; set data.curriculum=fixed")
    for name in ("stop_at", "give_up"):
        if getattr(settings.training, name) is not None:
            raise SettingsError(f"data.rounds: a round is as long as data.rounds.steps says; set training.{name}=null")
    if not 0 < own_rows(run, rounds) < settings.training.batch_size:
        raise SettingsError("data.rounds.share: a batch needs rows of both kinds; make training.batch_size larger")
    if len(run.task.stages) < 2:
        raise SettingsError("data.rounds: what is to be asked has a later stage; --set task.mixture.1.stage=1, say")
    room = settings.model.context_length
    for number in range(1, len(run.task.stages)):
        longest = max(len(run.codec.prompt(question)) for question in questions(run, number, 100))
        if longest >= room:
            raise SettingsError(
                f"model.context_length: a question of {longest} tokens of round {number} leaves no room for an "
                f"answer in {room}; --set model.context_length={2 * longest}"
            )


def train_in_rounds(run: "ProblemRun", rounds: Rounds, watch: Callable[[Progress], None], resume: bool) -> Outcome:
    """Train all rounds, or those that are left.

    Every model's state lies in its own folder and the labels of each round in a file, so that a training that
    was killed goes on with what it would have had. Raises: Interrupted as a training does, with all saved.
    """
    if not (resume and (run.path / STATE).is_file()):
        for left_over in (POOLS, VOTERS):
            shutil.rmtree(run.path / left_over, ignore_errors=True)
    members = [run, *(_voter(run, number) for number in range(1, rounds.voters))]
    last = len(run.task.stages) - 1
    display = _Display(watch, parts=last * len(members) + 1)
    trainers = [member.trainer(display.show, resume) for member in members]
    pool = lru_cache(maxsize=1)(partial(_pool, run, rounds))
    for number in range(last + 1):
        for member, trainer in list(zip(members, trainers, strict=True))[: None if number < last else 1]:
            if trainer.counters.lap <= number:  # else it is further already
                _train(member, trainer, rounds, number, pool)
            display.parts_done += 1
        if trainers[0].counters.lap == number:
            if number == 0:
                run.end(trainers[0].outcome())
            known = [each.round for each in rounds_of(read_metrics(run.path))]
            if number not in known:
                trainers[0].log(round=number, **_measured(run, rounds))
        if number < last and not pool_path(run.path, number + 1).is_file():
            if any(trainer.counters.lap > number for trainer in trainers):
                raise RunError(
                    f"{pool_path(run.path, number + 1)} is gone, and the models that made it have learned since; "
                    "train anew"
                )
            _label(members, trainers[0], rounds, number + 1)
    return trainers[0].outcome()


def pool_path(folder: Path, number: int) -> Path:
    """Return the file of what was labelled for a round."""
    return folder / POOLS / f"{number:02}.csv"


def own_rows(run: "ProblemRun", rounds: Rounds) -> int:
    """Return how many rows of a batch are self-labelled."""
    return round(rounds.share * run.settings.training.batch_size)


def questions(run: "ProblemRun", number: int, count: int) -> list[Question]:
    """Draw the questions of a round, on the training side, each once. They are drawn one by one: columns are solved."""
    rng, task = stream(run.settings.seed, "round", number), run.task.stages[number]
    return list(dict.fromkeys(task.sample(rng, "train").question for _ in range(count)))


def _voter(run: "ProblemRun", number: int) -> "ProblemRun":
    """Return one of the further models: the same settings with a seed of its own, in a folder of its own."""
    path = run.path / VOTERS / str(number + 1)
    path.mkdir(parents=True, exist_ok=True)
    seed = key_to_integer(run.settings.seed, "voter", number) % 2**32
    return type(run)(path, dataclasses.replace(run.settings, seed=seed))


def _train(
    member: "ProblemRun", trainer: Trainer, rounds: Rounds, number: int, pool: Callable[[int], FileStream]
) -> None:
    """Bring a model to the end of a round."""
    if trainer.counters.lap < number:
        trainer.extend(rounds.steps)
    if trainer.counters.finished:
        return
    if number:
        size = member.settings.training.batch_size - own_rows(member, rounds)
        true = ProblemStream(member.taught, member.codec, _seed(member, number), size)
        member.stream = PooledStream(true, pool(number))
    trainer.run()


def _pool(run: "ProblemRun", rounds: Rounds, number: int) -> FileStream:
    """Return what was labelled for the rounds up to this one; all models see it in the same order."""
    paths = [pool_path(run.path, each) for each in range(1, number + 1)]
    return FileStream(paths, run.task, run.codec, _seed(run, number), own_rows(run, rounds))


def _seed(member: "ProblemRun", number: int) -> int:
    # Streams of its own for each round: blocks of another size would repeat some of what was drawn before.
    return key_to_integer(member.settings.seed, "round", number) % 2**63


def _label(members: Sequence["ProblemRun"], trainer: Trainer, rounds: Rounds, number: int) -> None:
    """Let the models answer the questions of a round, and write down what is kept.

    Raises: RunError if that is nothing.
    """
    run = members[0]
    asked = questions(run, number, rounds.ask)
    ballots = [_answers(member, asked) for member in members]
    elected = agreed(asked, ballots, rounds.majority)
    kept = long_enough(elected, rounds.shorter)
    if not kept:
        raise RunError(
            f"round {number}: of {len(asked):,} answers none was kept; train longer before the rounds "
            "(training.steps), ask for fewer that agree (data.rounds.agree), or take smaller steps"
        )
    counts: dict[str, Any] = {"asked": len(asked), "agreed": len(elected), "kept": len(kept)}
    if rounds.measure:
        counts["for_the_report_only"] = {"right_of_kept": _right(run.task, kept)}
    # The line first: if the file is there, so is the line.
    if number not in [line.get("asked_for_round") for line in read_metrics(run.path)]:
        trainer.log(asked_for_round=number, **counts)
    write_pool(pool_path(run.path, number), kept)


def _answers(member: "ProblemRun", asked: Sequence[Question]) -> list[str | None]:
    generated = ask(member.kind, member.codec, asked)
    return [member.codec.answer(each.ids, question) for each, question in zip(generated, asked, strict=True)]


def _right(task: Task, labels: Sequence[Label]) -> int:
    """Count the true ones, for the report."""
    return sum(same_number(label.answer, task.problem(label.question).answer()) for label in labels)


def _measured(run: "ProblemRun", rounds: Rounds) -> dict[str, Any]:
    """Return how many held-out problems of each size are answered exactly, of how many, for the report."""
    if not rounds.measure:
        return {}
    side: SideChoice = "held_out" if run.watched_side == "held-out" else "train"
    problems: dict[Question, Problem] = {}
    for number, task in enumerate(run.task.stages):
        rng = stream(run.settings.seed, "measured", number)
        drawn = (task.sample(rng, side) for _ in range(rounds.measure))
        problems |= {problem.question: problem for problem in drawn}
    answers = ask(run.kind, run.codec, problems)
    marked = [mark(problem, answer, run.codec) for problem, answer in zip(problems.values(), answers, strict=True)]
    sizes = sorted({size(each) for each in marked})
    scores = {each: score([one for one in marked if size(one) == each]) for each in sizes}
    return {"for_the_report_only": {"by_size": {each: [s.correct, s.count] for each, s in scores.items()}}}


class _Display:
    """Turns the progress of one model's round into that of the whole."""

    def __init__(self, watch: Callable[[Progress], None], parts: int):
        self.watch, self.parts, self.parts_done = watch, parts, 0
        self._began: tuple[float, float] | None = None

    def show(self, progress: Progress) -> None:
        """Tell of the share of all rounds of all models, and of the time they will still take."""
        share, now = (self.parts_done + progress.share) / self.parts, time.perf_counter()
        if self._began is None:
            self._began = now, share
        clock, first = self._began
        left = (now - clock) / (share - first) * (1 - share) if share > first else progress.seconds_left
        self.watch(dataclasses.replace(progress, share=share, seconds_left=left))
