from typing import Any

import pytest
import torch
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.models.lora import LoRASettings, adapt, adapters, merge
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, count_parameters, new_transformer

SHAPE = {"d_model": 16, "n_layers": 2, "n_heads": 4, "d_ff": 24, "context_length": 12, "position": "rope"}
EVERY = ("attention.qkv", "attention.out", "feed_forward.up", "feed_forward.down")
IDS = torch.randint(7, (3, 12), generator=torch.Generator().manual_seed(1))
PLACES = torch.zeros(3, 12, 3, dtype=torch.long)
PLACES[..., 0] = torch.arange(12)


def plain(**choice: Any) -> Transformer:
    return new_transformer(check(ModelSettings, {**SHAPE, **choice}), torch.zeros(7, dtype=torch.long), seed=1).eval()


def learned(model: Transformer, seed: int = 3) -> Transformer:
    """Adapters as some training could have left them."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in adapters(model).values():
            tensor.normal_(0.0, 0.2, generator=generator)
    return model


@torch.no_grad()
def logits(model: Transformer) -> Tensor:
    return model(IDS, PLACES)


@pytest.mark.parametrize("choice", [{}, {"bias": True, "feed_forward": "gelu"}, {"n_kv_heads": 1, "tied": True}])
def test_new_adapters_change_nothing_and_merged_ones_nothing_more(choice: dict[str, Any]):
    model = plain(**choice)
    before = logits(model)
    adapt(model, LoRASettings(rank=2, targets=EVERY), seed=2)
    torch.testing.assert_close(logits(model), before, atol=0, rtol=0)
    adapted = logits(learned(model))
    assert (adapted - before).abs().max() > 0.1
    merge(model)
    torch.testing.assert_close(logits(model), adapted, atol=1e-5, rtol=1e-5)
    assert model.state_dict().keys() == plain(**choice).state_dict().keys()
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_a_merged_matrix_is_the_sum_to_the_last_bit():
    model = plain()
    frozen = model.blocks[1].attention.qkv.weight.detach().clone()
    adapt(model, LoRASettings(rank=2, alpha=3.0), seed=2)
    parts = {
        name.rsplit(".", 1)[1]: part for name, part in adapters(learned(model)).items() if "1.attention.qkv" in name
    }
    exact = frozen.double() + 3.0 / 2 * parts["lora_b"].double() @ parts["lora_a"].double()
    merge(model)
    assert torch.equal(model.blocks[1].attention.qkv.weight, exact.float())


def test_the_formula_of_the_paper():
    model = plain()
    adapt(model, LoRASettings(rank=3, alpha=6.0), seed=2)
    layer = learned(model).blocks[0].attention.qkv
    x = torch.randn(5, 16, generator=torch.Generator().manual_seed(1))
    expected = x @ layer.weight.T + 6.0 / 3 * (layer.lora_b @ (layer.lora_a @ x.T)).T
    torch.testing.assert_close(layer(x), expected, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(layer(x, slice(4, 20)), expected[:, 4:20], atol=1e-5, rtol=1e-5)


def test_only_adapters_learn():
    model = plain()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    adapt(model, LoRASettings(rank=2), seed=2)
    learned(model)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    model.hidden(IDS, PLACES, wanted=torch.tensor([[3, 11]] * 3)).square().sum().backward()
    was = {name: tensor.clone() for name, tensor in adapters(model).items()}
    optimizer.step()
    assert all(torch.equal(before[name], model.state_dict()[name]) for name in before)
    assert not any(torch.equal(was[name], tensor) for name, tensor in adapters(model).items())


def test_what_learns_is_counted_apart():
    model = plain()
    whole = count_parameters(model)
    assert count_parameters(model, learning=True) == whole
    adapt(model, LoRASettings(rank=2, targets=("attention.qkv",)), seed=2)
    added = 2 * 2 * (16 + 48)
    assert count_parameters(model, learning=True) == added
    assert count_parameters(model) == whole + added


def test_dropout_leaves_inputs_out_while_it_trains():
    model = plain()
    adapt(model, LoRASettings(dropout=0.5), seed=2)
    still = logits(learned(model))
    assert torch.equal(logits(model), still)
    torch.manual_seed(1)
    assert not torch.equal(logits(model.train()), still)


def test_first_adapters_depend_on_the_seed_alone():
    torch.manual_seed(5)
    models = [plain() for _ in range(3)]
    for model, seed in zip(models, (1, 1, 2), strict=True):
        adapt(model, LoRASettings(), seed)
    one, same, other = (adapters(model)["blocks.0.attention.qkv.lora_a"] for model in models)
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("tied", [False, True])
def test_modules_may_learn_whole_beside_adapters(tied: bool):
    model = plain(tied=tied)
    adapt(model, LoRASettings(rank=2, whole=("embedding", "head")), seed=2)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert learning == {*adapters(model), "embedding.weight", *([] if tied else ["head.weight"])}


@pytest.mark.parametrize(
    ("choice", "settings", "complaint"),
    [
        ({}, {"targets": ("attention.query",)}, "no linear layer is called attention.query; there are attention.out"),
        ({}, {"targets": ()}, "targets some"),
        ({}, {"rank": 0}, "rank must be at least 1"),
        ({}, {"dropout": 1.0}, "dropout must be at least 0 and below 1"),
        ({}, {"whole": ("heads",)}, "no module is called heads; there are embedding"),
        ({"tied": True}, {"targets": ("head",)}, "head shares its weights with another layer"),
    ],
)
def test_wrong_settings_are_said(choice: dict[str, Any], settings: dict[str, Any], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        adapt(plain(**choice), LoRASettings(**settings), seed=1)


def test_adapters_are_put_once():
    model = plain()
    adapt(model, LoRASettings(), seed=1)
    with pytest.raises(SettingsError, match="has adapters already"):
        adapt(model, LoRASettings(targets=("feed_forward.up",)), seed=1)
