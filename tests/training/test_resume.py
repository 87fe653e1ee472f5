"""An interrupted training, gone on with, ends with the same weights bit for bit."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from abacist.core.catalogue import own_names
from abacist.core.errors import RunError
from abacist.kind import FOLDER
from abacist.models.checkpoint import load_tensors
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings
from abacist.text.calls import CHARACTERS
from abacist.training.loop import METRICS, STATE, WEIGHTS, Interrupted, Progress
from abacist.training.state import read_counters

Settings = Callable[..., RunSettings]

KINDS_OF_RUN: dict[str, dict[str, Any]] = {
    "adamw": {},
    "muon": {"training__optimizer": "muon"},
    "dropout": {"model__dropout": 0.2},
    "muon and dropout": {"training__optimizer": {"name": "muon"}, "model__dropout": 0.1, "model__n_layers": 2},
    "random offsets": {"model__position": {"name": "coupled", "places": 9}},
    "a search without gradients": {
        "training__optimizer": {"name": "cma_es", "population": 6},
        "model__d_model": 4,
        "model__d_ff": 4,
        "model__dropout": 0.1,
    },
    "axes of all gradients": {
        "training__optimizer": {"name": "soap", "every": 3},
        "model__d_model": 4,
        "model__d_ff": 4,
    },
    "bfloat16": {"training__dtype": "bfloat16"},
    "experts and recurrence": {"model__feed_forward": "experts", "model__mixer": "recurrence"},
    "cells": {"model__feed_forward": "nmu", "training__optimizer": "muon"},
    "experts by operator": {"model__feed_forward": {"name": "experts", "router": "operator"}},
    **{name: {"kind": name, "text__tokenizer__characters": CHARACTERS} for name in own_names(FOLDER)},
    "experts by operator in an encoder-decoder": {
        "kind": "encoder_decoder",
        "model__feed_forward": {"name": "experts", "router": "operator"},
    },
    "masks drawn for each step": {"kind": {"name": "encoder", "rounds": 3}},
    "an encoder of rows, with dropout": {"kind": {"name": "encoder", "masking": "row"}, "model__dropout": 0.1},
}


def stop_at(step: int) -> Callable[[Progress], None]:
    """A watcher that presses Ctrl-C when a step is done."""

    def watch(progress: Progress) -> None:
        if progress.step == step:
            signal.raise_signal(signal.SIGINT)

    return watch


def same_training(one: Path, other: Path) -> None:
    """Compare best weights, last weights, optimizer and what was logged; clocks left out."""
    assert (one / WEIGHTS).read_bytes() == (other / WEIGHTS).read_bytes()
    states = [load_tensors(path / STATE) for path in (one, other)]
    assert states[0].keys() == states[1].keys()
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
    assert metrics(one) == metrics(other)


def metrics(path: Path) -> list[dict[str, float]]:
    lines = [json.loads(line) for line in (path / METRICS).read_text().splitlines()]
    return [{key: line[key] for key in line if key not in ("seconds", "tokens_per_second")} for line in lines]


@pytest.mark.parametrize("changes", KINDS_OF_RUN.values(), ids=KINDS_OF_RUN)
def test_a_training_stopped_by_ctrl_c_goes_on_as_if_it_never_had(
    tiny_settings: Settings, tmp_path: Path, changes: dict[str, Any]
):
    step = 20
    settings = tiny_settings(**changes)
    Run.create(tmp_path / "whole", settings).train()
    stopped = Run.create(tmp_path / "stopped", settings)
    with pytest.raises(Interrupted, match=f"stopped after step {step}; everything is saved"):
        stopped.train(watch=stop_at(step))
    counters = read_counters(tmp_path / "stopped" / STATE)
    assert counters is not None
    assert (counters.step, counters.finished) == (step, False)
    outcome = Run.open(tmp_path / "stopped").train(resume=True)
    assert outcome.step == outcome.steps == 40
    same_training(tmp_path / "whole", tmp_path / "stopped")


def test_a_training_stopped_twice_goes_on_too(tiny_settings: Settings, tmp_path: Path):
    Run.create(tmp_path / "whole", tiny_settings()).train()
    Run.create(tmp_path / "stopped", tiny_settings())
    for step in (10, 20):
        with pytest.raises(Interrupted):
            Run.open(tmp_path / "stopped").train(watch=stop_at(step), resume=True)
    Run.open(tmp_path / "stopped").train(resume=True)
    same_training(tmp_path / "whole", tmp_path / "stopped")


CHILD = """
import sys
from pathlib import Path
from abacist.runs.run import Run

def watch(progress):
    if progress.step == 30:
        print("here", flush=True)
        sys.stdin.read()

Run.open(Path(sys.argv[1])).train(watch=watch)
"""


def test_a_training_killed_between_two_saves_goes_on_from_the_last(tiny_settings: Settings, tmp_path: Path):
    settings = tiny_settings(training__optimizer="muon", training__save_every=12, model__dropout=0.1)
    Run.create(tmp_path / "whole", settings).train()
    Run.create(tmp_path / "killed", settings)
    command = [sys.executable, "-c", f"import torch; torch.set_num_threads(1)\n{CHILD}", str(tmp_path / "killed")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        child.kill()
    counters = read_counters(tmp_path / "killed" / STATE)
    assert counters is not None
    assert counters.step == 24
    assert metrics(tmp_path / "killed")[-1]["step"] == 30, "what came after the save is logged, and must be forgotten"
    run = Run.open(tmp_path / "killed")
    assert not run.finished()
    run.train(resume=True)
    assert run.finished()
    assert (tmp_path / "whole" / WEIGHTS).read_bytes() == (tmp_path / "killed" / WEIGHTS).read_bytes()
    states = [load_tensors(tmp_path / name / STATE) for name in ("whole", "killed")]
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []
    assert [line["step"] for line in metrics(tmp_path / "killed")] == [10, 10, 20, 20, 30, 30, 40, 40]


def test_a_training_killed_before_its_first_save_starts_anew(tiny_settings: Settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings())
    run.train(resume=True)
    assert run.finished()


def test_a_finished_training_stays_as_it_is(tiny_settings: Settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings())
    outcome = run.train()
    before = {path.name: path.read_bytes() for path in run.path.iterdir()}
    assert Run.open(run.path).train(resume=True) == outcome
    assert {path.name: path.read_bytes() for path in run.path.iterdir()} == before


@pytest.mark.parametrize("content", [b"", b"nothing of use"])
def test_a_broken_state_is_said(tiny_settings: Settings, tmp_path: Path, content: bytes):
    run = Run.create(tmp_path / "run", tiny_settings())
    (run.path / STATE).write_bytes(content)
    with pytest.raises(RunError, match=r"state\.safetensors"):
        run.train(resume=True)


def test_ctrl_c_is_python_s_own_again_after_a_training(tiny_settings: Settings, tmp_path: Path):
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(Interrupted):
        Run.create(tmp_path / "run", tiny_settings()).train(watch=stop_at(10))
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
