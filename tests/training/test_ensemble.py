"""Models trained at once against the same models trained alone."""

from pathlib import Path

import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.models.checkpoint import load_tensors
from abacist.runs.problems import train_together
from abacist.runs.run import Run
from abacist.training.loop import WEIGHTS, read_metrics

CHANGES = [
    {"seed": 1},
    {"seed": 2, "training__learning_rate": 3e-3},
    {"seed": 3, "training__steps": 20, "training__clip": 0.5},
]


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"model__position": "rope", "model__tied": True, "model__n_layers": 2},
        {"training__optimizer": "muon"},
        {"model__position": {"name": "coupled", "places": 9}},
        {"model__position": "alibi", "model__n_layers": 2},
        {"model__mixer": "recurrence"},
        {"model__feed_forward": "nalu"},
        {"model__feed_forward": "nmu"},
        {
            "model__mixer": "tied_attention",
            "model__embedding": "circular",
            "model__tied": True,
            "model__norm": {"name": "rms_norm", "scale": True},
            "model__shared_norms": True,
            "model__feed_forward": {"name": "swiglu", "down": "turned"},
            "training__optimizer": "grokfast",
            "data__curriculum": "scheduled",
        },
        {"kind": {"name": "encoder", "rounds": 2}},
        {"kind": "encoder_decoder", "model__position": "rope"},
    ],
)
def test_each_member_comes_to_the_weights_it_comes_to_alone(shape, tmp_path: Path, tiny_settings):
    def runs(folder: str) -> list[Run]:
        return [Run.create(tmp_path / folder / str(i), tiny_settings(**shape, **c)) for i, c in enumerate(CHANGES)]

    together, alone = runs("together"), runs("alone")
    outcomes = train_together(together)
    assert [outcome.step for outcome in outcomes] == [40, 40, 20]
    for run, other in zip(together, alone, strict=True):
        other.train()
        weights, others = load_tensors(run.path / WEIGHTS), load_tensors(other.path / WEIGHTS)
        for name, tensor in weights.items():
            torch.testing.assert_close(
                tensor, others[name], atol=2e-3, rtol=2e-3, msg=lambda text, n=name: f"{n}: {text}"
            )
        losses, theirs = ([x["loss"] for x in read_metrics(each.path) if "loss" in x] for each in (run, other))
        assert losses == pytest.approx(theirs, rel=1e-3)


def test_rows_that_a_kind_takes_apart_are_trained_in_turn(tmp_path: Path, tiny_settings):
    changes = {"kind": "encoder_decoder", "data__pack": 24}
    runs = [Run.create(tmp_path / str(seed), tiny_settings(**changes, seed=seed)) for seed in (1, 2)]
    with pytest.raises(SettingsError, match=r"data\.pack must be null where models of this kind are trained at once"):
        train_together(runs)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"training__batch_size": 8}, "training.batch_size must be the same"),
        ({"model__d_model": 32}, "the model's shape must be the same"),
        ({"training__dtype": "bfloat16"}, "training.dtype must be the same"),
        ({"model__dropout": 0.1}, "model.dropout must be 0"),
        ({"model__feed_forward": "experts"}, "model.feed_forward must not be experts"),
        ({"kind": "exact"}, "kind must not be exact"),
    ],
)
def test_what_one_pass_must_share_is_checked(change, complaint: str, tmp_path: Path, tiny_settings):
    runs = [Run.create(tmp_path / "a", tiny_settings()), Run.create(tmp_path / "b", tiny_settings(**change))]
    with pytest.raises(SettingsError, match=complaint):
        train_together(runs)
