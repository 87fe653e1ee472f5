"""How far a run's skill reaches: its model asked beyond the sizes it was trained on."""

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Callable, Sequence

import torch

from abacist.core.catalogue import build, load
from abacist.core.errors import SettingsError
from abacist.core.memory import keep_freed_memory
from abacist.evaluation.far import AXES, Asked, Plan, Reach, draw_far, measure, reaches_of_json
from abacist.models.settings import POSITIONS, ModelSettings
from abacist.problems.expression import canonical
from abacist.problems.question import Question
from abacist.runs.folder import FAR_KEPT, read_json, write_json
from abacist.runs.problems import ProblemRun

SPARE = 64
"""Room is advised in steps of so many tokens, so that an answer that is too long can be seen to be."""


def reach_far(run: ProblemRun, plan: Plan, watch: Callable[[int, int], None] = lambda _done, _of: None) -> list[Reach]:
    """Ask what a plan names, axis by axis; `watch` is told how many of how many have been answered.

    Numbers beyond Python's own limit need `sys.set_int_max_str_digits`, as the command line calls it.

    Raises: SettingsError if the run has no operation for it, or a question with its answer does not fit the model.
    """
    kind = run.trained()
    looked_at = itertools.chain(run.watched_problems(), *run.watched_by_entry())
    chosen_by = {canonical(problem.question) for problem in looked_at}

    def may_be_known(question: Question) -> bool:
        return run.may_have_been_seen(question) or canonical(question) in chosen_by

    asked = draw_far(run.task, plan, may_be_known)
    _check_room(run, asked)
    keep_freed_memory()
    total = sum(len(each.problems) for each in asked)
    cells = measure(kind, run.codec, asked, lambda done: watch(done, total))
    room = run.settings.model.context_length
    return [
        Reach(axis, tuple(cell for cell in cells if cell.axis == axis), plan.count, plan.seed, room)
        for axis in AXES
        if getattr(plan, axis)
    ]


def reach_once(run: ProblemRun, plan: Plan, watch: Callable[[int, int], None] = lambda _done, _of: None) -> list[Reach]:
    """Ask what a plan names unless its answers lie in the run's folder already; they are kept there.

    Each plan has a file of its own, so that asking can be stopped between two of them and gone on with.
    Raises: RunError if the file is broken; what `reach_far` raises.
    """
    asked = {"plan": dataclasses.asdict(plan), "context_length": run.settings.model.context_length}
    name = hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:12]
    file = run.path / FAR_KEPT / f"{name}.json"
    if file.is_file():
        return reaches_of_json(read_json(file), str(file))
    reaches = reach_far(run, plan, watch)
    file.parent.mkdir(exist_ok=True)
    write_json(file, {**asked, **{reach.axis: reach.as_json() for reach in reaches}})
    return reaches


def widened(run: ProblemRun, context_length: int) -> ProblemRun:
    """Return the run with a model that reads rows of another length, its folder as it is.

    Raises: SettingsError if the positions end where the trained rows did.
    """
    model = run.settings.model
    if context_length > model.context_length and positions_end(model):
        raise SettingsError(f"model.context_length: {_their_end(model)}")
    wider = dataclasses.replace(model, context_length=context_length)
    return ProblemRun(run.path, dataclasses.replace(run.settings, model=wider))


def positions_end(model: ModelSettings) -> bool:
    """Tell whether a longer row would need positions that were never learned."""
    longer = dataclasses.replace(model, context_length=model.context_length + 1)
    with torch.device("meta"):
        # Tables that are reckoned, not learned, are in no state.
        own, other = (build(POSITIONS, each.position, each).state_dict() for each in (model, longer))
    return any(own[name].shape != other[name].shape for name in own)


def last_place(model: ModelSettings) -> int | None:
    """Return the digit place beyond which the model's positions tell no places apart; None where there is none."""
    scheme = load(POSITIONS, model.position.name)
    place: int | None = scheme.last_place(scheme.Settings(**model.position.settings))
    return place


def _their_end(model: ModelSettings) -> str:
    return (
        f"its positions ({model.position.name}) were learned for rows of {model.context_length:,} tokens "
        "and end there; ask for less, or train with a larger model.context_length"
    )


def _check_room(run: ProblemRun, asked: Sequence[Asked]) -> None:
    """See that every question fits the model together with its true answer."""
    model = run.settings.model
    needs = [max(len(run.codec.row(problem).ids) for problem in each.problems) for each in asked]
    wide = [(need, each) for need, each in zip(needs, asked, strict=True) if need > model.context_length]
    if not wide:
        return
    most, first = max(needs), wide[0]
    what = f"{first[1]} takes {first[0]:,} tokens, and this model reads and writes {model.context_length:,}"
    if positions_end(model):
        raise SettingsError(f"{what}: {_their_end(model)}")
    raise SettingsError(
        f"{what}; ask for less, or give it room for everything: "
        f"--set model.context_length={SPARE * (most // SPARE + 1)}"
    )
