"""CMA-ES: against what is known of it, and as the finish of a training."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.models.checkpoint import load_tensors
from abacist.runs.problems import train_together
from abacist.runs.run import Run
from abacist.training.loop import METRICS, WEIGHTS
from abacist.training.optimizers.cma_es import MOST, CmaEs, Constants


def test_a_rotated_ellipsoid_is_minimised_within_the_evaluations_it_is_known_to_take():
    # A million times as steep along one axis as along another, and no axis is that of a number.
    n, rng = 10, np.random.default_rng(3)
    turn, _ = np.linalg.qr(rng.normal(size=(n, n)))
    curved = torch.from_numpy(turn @ np.diag(10 ** (6 * np.arange(n) / (n - 1))) @ turn.T)
    point = torch.nn.Parameter(torch.from_numpy(rng.normal(size=n)))
    (search,) = CmaEs().make([("point", point)], 0.5)
    asked = 0

    def height() -> float:
        nonlocal asked
        asked += 1
        return float(point.detach() @ curved @ point.detach())

    first = height()
    while height() > 1e-9 and asked < 20_000:
        search.step(height)
    # The paper's own figures for such functions of ten numbers are some five thousand.
    assert first > 1e5
    assert asked < 7_000


def test_the_constants_are_those_of_the_paper():
    made = Constants.of(n=10, population=10)
    assert made.parents == 5
    assert made.weights[:5].sum() == pytest.approx(1)
    assert made.mass == pytest.approx(1 / np.square(made.weights[:5]).sum())
    assert (made.weights[5:] < 0).all()
    assert (np.diff(made.weights) < 0).all()
    # The covariance stays positive, whatever is drawn: no more is taken away than is left of it.
    assert 1 - made.one_rate - made.many_rate + made.many_rate * 10 * made.weights[5:].sum() >= -1e-12
    rng = np.random.default_rng(1)
    assert made.length == pytest.approx(np.linalg.norm(rng.normal(size=(100_000, 10)), axis=1).mean(), rel=1e-2)


def test_losses_that_are_no_numbers_are_the_worst():
    point = torch.nn.Parameter(torch.full((3,), 0.1, dtype=torch.float64))
    (search,) = CmaEs(population=20).make([("point", point)], 0.5)

    def height() -> float:
        where = point.detach()
        return float("nan") if where.sum() < 0 else float(where.square().sum())

    for _ in range(60):
        search.step(height)
    assert torch.isfinite(point).all()
    assert point.detach().sum() > -1e-3


def test_it_goes_on_from_trained_weights_and_stays_near_them(tiny_settings, tmp_path: Path):
    shape = {
        "task__mixture": [{"operation": {"name": "addition", "left": [0, 9], "draw": "value"}}],
        "text__tokenizer": {"name": "character", "characters": "0123456789+= "},
        "model__d_model": 4,
        "model__n_heads": 1,
        "model__d_ff": 4,
        "model__tied": True,
        "training__evaluate_on": 50,
        "training__dtype": "float32",
        "training__threads": 1,
    }
    first = Run.create(tmp_path / "first", tiny_settings(**shape, training__steps=150, training__batch_size=64))
    first.train()
    finish = {
        "start": {"weights": str(first.path)},
        "training__optimizer": "cma_es",
        "training__learning_rate": 0.01,
        "training__batch_size": 256,
        "training__steps": 60,
    }
    run = Run.create(tmp_path / "finish", tiny_settings(**shape, **finish))
    run.train()
    lines = [[json.loads(line) for line in (each.path / METRICS).read_text().splitlines()] for each in (first, run)]
    before, after = ([line["held_out_loss"] for line in each if "held_out_loss" in line] for each in lines)
    # Each generation has its own batch, whose chance is as large as what is left to gain: no promise that it gains.
    assert after[-1] < 1.1 * before[-1]
    weights = [load_tensors(each.path / WEIGHTS) for each in (first, run)]
    assert any(not torch.equal(weights[0][name], tensor) for name, tensor in weights[1].items())


def test_what_it_cannot_do_is_told(tiny_settings, tmp_path: Path):
    with pytest.raises(SettingsError, match="population must be at least 4"):
        CmaEs(population=3)
    large = torch.nn.Parameter(torch.zeros(MOST + 1))
    with pytest.raises(SettingsError, match=r"models of up to 2,000 parameters, and this one learns 2,001"):
        CmaEs().make([("large", large)], 0.1)
    shape = {"training__optimizer": "cma_es", "model__d_model": 8, "model__d_ff": 16}
    runs = [Run.create(tmp_path / str(seed), tiny_settings(seed=seed, **shape)) for seed in (1, 2)]
    with pytest.raises(SettingsError, match=r"training\.optimizer must go by gradients"):
        train_together(runs)
