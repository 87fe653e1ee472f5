"""A decoder that is told what it should know on the way: where values stand, and that nothing of it is left over."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.core.seeds import generator
from abacist.core.settings import check
from abacist.data.stream import ProblemStream
from abacist.kinds.decoder import Decoder
from abacist.kinds.guided import Guided
from abacist.models.settings import ModelSettings
from abacist.problems.question import read_question
from abacist.problems.task import Task, TaskSettings
from abacist.recipe import settings_of
from abacist.runs.problems import ProblemRun
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.codec import Codec, TextSettings

TEXT = {
    "format": {"name": "padded", "width": 2, "answer_width": 4, "reverse": True},
    "tokenizer": {"name": "character", "characters": "0123456789*="},
}
CODEC = Codec.build(check(TextSettings, TEXT))
TASK = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "multiplication", "left": [0, 99]}}]}))
BESIDE = {"column_units": 1, "column_totals": 2}
SHAPE = check(ModelSettings, {"d_model": 16, "n_layers": 3, "n_heads": 2, "d_ff": 32, "context_length": 16})


def new(**settings: Any) -> Guided:
    return Guided.new(Guided.Settings(**settings), SHAPE, CODEC.classes, CODEC.tokenizer.end_id, seed=1)


def stream(targets: tuple[str, ...] = tuple(BESIDE)) -> ProblemStream:
    return ProblemStream(TASK, CODEC, 1, 12, targets=targets)


def test_weights_and_answers_are_those_of_a_decoder():
    plain = Decoder.new(None, SHAPE, CODEC.classes, CODEC.tokenizer.end_id, seed=1)
    guided = new(besides=BESIDE)
    assert {name: p.shape for name, p in guided.named_parameters()} == {
        name: p.shape for name, p in plain.named_parameters()
    }
    plain.model.load_state_dict(guided.model.state_dict())
    prompts = [CODEC.prompt(read_question(text)) for text in ("1*2", "12*34", "99*99")]
    assert guided.answer(prompts) == plain.answer(prompts)


def test_what_it_asks_for_is_the_squared_error_at_the_token_from_which_a_digit_is_predicted():
    scale, weight, batch = 10.0, 3.0, stream().batch(0)
    made, free = new(besides=BESIDE, scale=scale, weight=weight), new()
    states: dict[int, torch.Tensor] = {}
    for after in (1, 2):
        made.model.blocks[after - 1].register_forward_hook(lambda _m, _i, out, after=after: states.update({after: out}))
    asked = float((made.train().loss(batch) - free.train().loss(batch)).detach())
    expected = 0.0
    for row, problem in enumerate(stream().problems(0)):
        equals = len(CODEC.prompt(problem.question)) - 1
        for channel, (name, after) in enumerate(BESIDE.items()):
            for place, value in enumerate(value for value in batch.targets[name][row] if value >= 0):
                expected += weight * (float(states[after][row, equals + place, channel].detach()) - value / scale) ** 2
    assert asked == pytest.approx(expected, rel=1e-4)


def test_nothing_is_asked_where_nothing_is_trained():
    batch = stream().batch(0)
    assert torch.equal(new(besides=BESIDE).eval().loss(batch), new().eval().loss(batch))


def test_training_without_the_targets_says_what_to_set():
    line = r"kind.besides: batches hold no column_units; --set 'data.targets=\[\"column_units\",\"column_totals\"\]'"
    with pytest.raises(SettingsError, match=line):
        new(besides=BESIDE).prepare(stream(()).batch(0), generator(1, "kind", 0))


@pytest.mark.parametrize("after", [0, 3])
def test_a_layer_that_nothing_can_be_read_behind_is_an_error(after: int):
    with pytest.raises(SettingsError, match=f"kind.besides: behind {after} of 3 layers .*; from 1 to 2 there can"):
        new(besides={"column_units": after})


def test_values_beyond_a_row_are_left_away():
    batch = stream().batch(0)
    long = np.pad(batch.targets["column_units"], [(0, 0), (0, 40)], constant_values=9)
    made = new(besides={"column_units": 1}).train()
    longer = replace(batch, targets={"column_units": long})
    assert torch.isfinite(made.loss(longer))


def test_a_run_learns_the_values_it_is_told(tmp_path: Path):
    plain = [("digits", 1), ("training.steps", 150), ("training.evaluate_every", 150), ("training.batch_size", 64)]
    run = ProblemRun.create(tmp_path / "run", settings_of("products", [*plain, ("model.d_model", 32)]))
    assert isinstance(run, ProblemRun)
    run.train()
    kind, batch = run.kind.train(), run.batch(1000)
    assert isinstance(kind, Guided)
    with torch.no_grad():
        kind.model.hidden(*(torch.from_numpy(each[:, :-1]) for each in (batch.ids, batch.coordinates)))
    equals = int(batch.loss_mask[0, 1:].argmax())
    read = kind.model.seen[1][:, equals, 0].numpy() * kind.settings.scale
    wanted = batch.targets["column_units"][:, 0]
    assert np.corrcoef(read, wanted)[0, 1] > 0.98
    prompt = run.codec.prompt(read_question("7*8"))
    assert NumpyDecoder(run.path).answer(prompt).ids == run.trained().answer([prompt])[0].ids
