"""The contract of optimizers: each takes all parameters, lowers a loss, and goes on from a saved state bit for bit.

One that wants the loss is handed it in place of gradients. A step of it is a draw from around the weights, which may
lower the loss or not; so it has to have lowered it after ten, and far after twice as many as the others are given.
"""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from abacist.core.catalogue import Part, build, load, own_names, settings_class
from abacist.core.settings import check, dump
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer
from abacist.training.settings import OPTIMIZERS
from abacist.training.state import Counters, load_state, read_counters, save_state

over_every_optimizer = pytest.mark.parametrize("name", own_names(OPTIMIZERS))


def searches(name: str) -> bool:
    """Tell one that goes by losses alone."""
    wants: bool = load(OPTIMIZERS, name).wants_loss
    return wants


def tiny_model(width: int = 8) -> Transformer:
    shape = ModelSettings(
        norm=Part("layer_norm"),
        feed_forward=Part("swiglu"),
        d_model=width,
        n_layers=1,
        n_heads=2,
        d_ff=2 * width,
        context_length=8,
    )
    return new_transformer(check(ModelSettings, dump(shape)), torch.zeros(6, dtype=torch.long), seed=1)


def loss_of(model: nn.Module) -> Tensor:
    ids = torch.tensor([[1, 2, 3, 4, 5], [5, 4, 3, 2, 1]])
    places = torch.zeros(2, 5, 3, dtype=torch.long)
    places[..., 0] = torch.arange(5)
    return nn.functional.cross_entropy(model(ids, places)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def step(name: str, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> float:
    if searches(name):
        return search(model, optimizers)
    loss = loss_of(model)
    loss.backward()
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return float(loss.detach())


@torch.no_grad()
def search(model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> float:
    before = float(loss_of(model))
    for optimizer in optimizers:
        optimizer.step(lambda: float(loss_of(model)))
    return before


@over_every_optimizer
def test_every_parameter_belongs_to_one_group_of_one_optimizer(name: str):
    model = tiny_model()
    optimizers = build(OPTIMIZERS, name).make(model.named_parameters(), 1e-2)
    held = [p for optimizer in optimizers for group in optimizer.param_groups for p in group["params"]]
    assert len(held) == len({id(p) for p in held})
    assert {id(p) for p in held} == {id(p) for p in model.parameters()}


@over_every_optimizer
def test_one_step_lowers_the_loss_and_forty_lower_it_far(name: str):
    if searches(name):
        model, rate, steps, soon = tiny_model(4), 5e-2, 80, 10
    else:
        model, rate, steps, soon = tiny_model(), 1e-2, 40, 1
    optimizers = build(OPTIMIZERS, name).make(model.named_parameters(), rate)
    losses = [step(name, model, optimizers) for _ in range(steps)]
    assert losses[soon] < losses[0]
    assert losses[-1] < 0.7 * losses[0]


@over_every_optimizer
def test_losses_are_taken_by_those_that_want_them_and_gradients_by_all_others(name: str):
    model = tiny_model(4)
    optimizers = build(OPTIMIZERS, name).make(model.named_parameters(), 1e-2)
    before = [p.detach().clone() for p in model.parameters()]
    if searches(name):
        search(model, optimizers)
        assert all(p.grad is None for p in model.parameters())
    else:
        step(name, model, optimizers)
    assert all(not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


@over_every_optimizer
def test_a_saved_state_goes_on_bit_for_bit(name: str, tmp_path: Path):
    def fresh() -> tuple[Transformer, list[torch.optim.Optimizer]]:
        model = tiny_model()
        return model, build(OPTIMIZERS, name).make(model.named_parameters(), 1e-2)

    model, optimizers = fresh()
    for _ in range(3):
        step(name, model, optimizers)
    counters = Counters(step=3, steps=9, seconds=1.5, best_accuracy=0.25, best_loss=2.0, best_step=2)
    save_state(tmp_path / "state", model, optimizers, counters)
    other, others = fresh()
    assert load_state(tmp_path / "state", other, others) == counters
    assert read_counters(tmp_path / "state") == counters
    for _ in range(3):
        assert step(name, model, optimizers) == step(name, other, others)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), other.parameters(), strict=True))


@over_every_optimizer
def test_settings_survive_dump_and_check(name: str):
    cls = settings_class(OPTIMIZERS, name)
    assert check(cls, dump(cls())) == cls()


def test_muon_takes_the_matrices_inside_blocks_alone():
    model = tiny_model()
    muon, rest = build(OPTIMIZERS, "muon").make(model.named_parameters(), 1e-2)
    held = {id(p) for group in muon.param_groups for p in group["params"]}
    names = {name for name, p in model.named_parameters() if id(p) in held}
    assert names == {
        "blocks.0.attention.qkv.weight",
        "blocks.0.attention.out.weight",
        "blocks.0.feed_forward.gate_up.weight",
        "blocks.0.feed_forward.down.weight",
    }
    assert {group["lr"] for group in rest.param_groups} == {3e-3}


def test_adamw_decays_matrices_and_spares_norms():
    model = tiny_model()
    (optimizer,) = build(OPTIMIZERS, {"name": "adamw", "weight_decay": 0.3}).make(model.named_parameters(), 1e-2)
    decays = {group["weight_decay"]: {p.dim() for p in group["params"]} for group in optimizer.param_groups}
    assert decays == {0.3: {2}, 0.0: {1}}
