"""The contract of positions, norms, feed-forwards and mixers: any model of them is causal, caches and saves whole."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from abacist.core.catalogue import Part, build, own_names, settings_class
from abacist.core.errors import RunError, SettingsError
from abacist.core.settings import check, dump
from abacist.kinds.decoder import Decoder
from abacist.models.cache import Cache
from abacist.models.checkpoint import load_weights, save_tensors
from abacist.models.settings import FEED_FORWARDS, MIXERS, NORMS, POSITIONS, ModelSettings
from abacist.models.transformer import Transformer, count_parameters, new_transformer
from abacist.runs import folder as folders
from abacist.runs.settings import RunSettings
from abacist.runtime import layers
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates
from abacist.training.loop import WEIGHTS

MORE: dict[str, list[dict[str, Any]]] = {
    "abacus": [{"places": 2}],
    "alibi": [{"spread": 50}],
    "coupled": [{"places": 2}],
    "fire": [{"hidden": 3, "scale": 2.0, "threshold": 5.0}, {"spread": 50}],
    "learned": [{"max_offset": None}, {"spread": 50}],
    "places": [{"places": 3, "numbers": 2, "index": True}, {"place_offset": 3, "number_offset": 2}],
    "relative": [
        {"reach": 1},
        {"axes": 6},
        {"sight": [{"place": [-1, 2]}, {"number": [-1, -1]}]},
        {"axes": 6, "sight": [{"line": [-1, 0]}, {}]},
        {"axes": 6, "reach": 2, "reaches": {"item": 4, "line": 1}, "sight": [{"item": [-3, 0]}, {"line": [0, 1]}]},
    ],
    "rope": [{"base": 3.0}, {"periods": [11.0, 5.0, 3.0, 20.0]}, {"spread": 50}],
    "sinusoidal": [{"base": 50.0, "scale": 1.0}, {"spread": 20, "scale": 1.0}],
    "experts": [{"router": "operator"}, {"top_k": 1, "expert": "swiglu"}],
    "nalu": [{"inputs": 4, "epsilon": 0.2, "largest": 5.0}],
    "nmu": [{"inputs": 6, "sparsity": 0.5}],
    "recurrence": [{"chunk": 3, "convolution": 1}, {"chunk": 7, "convolution": 6}],
    "layer_norm": [{"epsilon": 0.1}],
    "rms_norm": [{"epsilon": 0.1}, {"scale": True}],
    "swiglu": [{"down": "gate"}, {"down": "up"}, {"down": "turned"}],
    "tied_attention": [
        {"keys": "own", "values": "own", "out": "values", "gain": "each"},
        {"keys": "queries", "values": "keys", "out": "own", "gain": "none", "rank": 3},
    ],
}
MIXED: list[dict[str, Any]] = [{"position": {"name": "rope"}}, {"n_layers": 3, "attention_every": 3}, {"loops": 2}]
"""Beside what other mixers than attention are tried."""

LENGTH = 20
TEXT = "12+340=00.5-(7*89)/1"
WORK = "21+7~A9=@②₄⁰>７₉<|B3("
"""The same for positions that need the signs of worked steps."""

SHARED: dict[str, dict[str, Any]] = {"rms_norm": {"scale": True}, "layer_norm": {}}
"""Norms that learn something, of which there may be one for all places."""

SPREADING = [name for name in own_names(POSITIONS) if any("spread" in settings for settings in MORE.get(name, []))]


def parts(folder: str) -> list[dict[str, Any]]:
    return [{"name": name, **settings} for name in own_names(folder) for settings in ({}, *MORE.get(name, []))]


def every_model() -> list[Any]:
    """Every combination by name, and the further settings of a part once each."""
    by_name = [[{"name": name} for name in own_names(folder)] for folder in (POSITIONS, NORMS, FEED_FORWARDS)]
    choices = [
        dict(zip(("position", "norm", "feed_forward"), three, strict=True)) for three in itertools.product(*by_name)
    ]
    folders = (("position", POSITIONS), ("norm", NORMS), ("feed_forward", FEED_FORWARDS), ("mixer", MIXERS))
    for key, folder in folders:
        choices += [{key: part} for part in parts(folder) if len(part) > 1]
    mixers = [{"mixer": {"name": name}} for name in own_names(MIXERS) if name != "attention"]
    choices += [{**mixer, **more} for mixer in mixers for more in MIXED]
    choices += [{"tied": True}, {"tied": False}, {"n_heads": 1}, {"n_layers": 1}, {"loops": 3}]
    choices += [{"head_width": 3}, {"head_width": 12, "n_kv_heads": 1, "bias": True}, {"shared_norms": True}]
    choices += [{"shared_norms": True, "norm": {"name": name, **more}} for name, more in SHARED.items()]
    choices += [{"loops": 2, "position": {"name": "relative"}}]
    wide = {"columns": {"d_model": 60, "n_heads": 2}}
    choices += [{"n_kv_heads": 1, "position": {"name": name}, **wide.get(name, {})} for name in own_names(POSITIONS)]
    choices += [{"bias": True, "feed_forward": {"name": name}} for name in own_names(FEED_FORWARDS)]
    return [pytest.param(choice, id=json.dumps(choice).replace('"name": ', "").strip("{}")) for choice in choices]


over_every_model = pytest.mark.parametrize("choice", every_model())

PLAIN = {"format": "reversed", "tokenizer": "character"}
WORKED = {"format": "steps", "tokenizer": "signs"}
CODECS = {text["format"]: Codec.build(check(TextSettings, text)) for text in (PLAIN, WORKED)}


def is_worked(choice: dict[str, Any]) -> bool:
    position = choice.get("position", {})
    return position.get("name") == "columns" or position.get("axes") == 6


def codec_of(choice: dict[str, Any]) -> Codec:
    return CODECS[(WORKED if is_worked(choice) else PLAIN)["format"]]


def text_of(choice: dict[str, Any]) -> str:
    return WORK if is_worked(choice) else TEXT


def settings_of(choice: dict[str, Any]) -> ModelSettings:
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "context_length": LENGTH}
    return check(ModelSettings, {**shape, **({"d_model": 30, "n_heads": 1} if is_worked(choice) else {}), **choice})


def new(choice: dict[str, Any], seed: int) -> Transformer:
    codec = codec_of(choice)
    kind = Decoder(new_transformer(settings_of(choice), codec.classes, seed).eval(), codec.tokenizer.end_id)
    kind.read_vocabulary(codec.tokenizer.vocabulary)
    return kind.model


def model_of(choice: dict[str, Any]) -> Transformer:
    """A model whose every weight matters: random ones of a size that makes logits differ clearly."""
    model = new(choice, seed=1)
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.5 if parameter.dim() == 1 else 0.0, 0.4, generator=generator)
    return model


def row(choice: dict[str, Any], text: str = "") -> tuple[Tensor, Tensor]:
    codec = codec_of(choice)
    ids = np.array([codec.tokenizer.encode(text or text_of(choice))])
    return torch.from_numpy(ids), torch.from_numpy(coordinates(ids, codec.classes))


@over_every_model
@torch.inference_mode()
def test_logits_have_their_shape_and_are_finite(choice: dict[str, Any]):
    ids, places = row(choice)
    logits = model_of(choice)(ids.repeat(3, 1), places.repeat(3, 1, 1))
    assert logits.shape == (3, LENGTH, len(codec_of(choice).tokenizer.vocabulary))
    assert logits.isfinite().all()
    assert logits.std() > 0.1


@over_every_model
@torch.inference_mode()
def test_a_later_token_never_changes_earlier_logits(choice: dict[str, Any]):
    model = model_of(choice)
    # A product over other numbers of rows, as an expert's are, may be rounded otherwise.
    by_data = any(getattr(part, "shapes_follow_data", "") for part in model.modules())
    near = 1e-5 if by_data else 0.0
    before = model(*row(choice))
    for place in (1, 5, 12, LENGTH - 1):
        text = text_of(choice)
        text = text[:place] + ("9" if text[place] != "9" else "+") + text[place + 1 :]
        after = model(*row(choice, text))
        torch.testing.assert_close(after[:, :place], before[:, :place], atol=near, rtol=near)
        assert not torch.equal(before[:, place:], after[:, place:])


@over_every_model
@pytest.mark.parametrize("prompt", [1, 7, LENGTH - 1])
@torch.inference_mode()
def test_decoding_with_the_cache_gives_the_same_logits(choice: dict[str, Any], prompt: int):
    model = model_of(choice)
    ids, places = (part.repeat(2, *[1] * (part.dim() - 1)) for part in row(choice))
    ids[1] = ids[1].flip(0)
    places[1] = torch.from_numpy(coordinates(ids.numpy(), codec_of(choice).classes))[1]
    whole = model(ids, places)
    cache = Cache(model.settings, 2, LENGTH, model.embedding.weight)
    pieces = [model(ids[:, :prompt], places[:, :prompt], cache)]
    pieces += [model(ids[:, i : i + 1], places[:, i : i + 1], cache) for i in range(prompt, LENGTH)]
    assert cache.filled == LENGTH
    # Heads of columns are wider, and with weights of this size their logits are larger.
    near = 1e-4 if is_worked(choice) else 1e-5
    torch.testing.assert_close(torch.cat(pieces, dim=1), whole, atol=near, rtol=near)


@over_every_model
@torch.inference_mode()
def test_saved_weights_give_the_same_logits_bit_for_bit(choice: dict[str, Any], tmp_path: Path):
    model = model_of(choice)
    save_tensors(model.state_dict(), tmp_path / WEIGHTS)
    other = new(choice, seed=2)
    assert not torch.equal(other(*row(choice)), model(*row(choice)))
    load_weights(other, tmp_path / WEIGHTS)
    assert torch.equal(other(*row(choice)), model(*row(choice)))
    assert count_parameters(other) == count_parameters(model)


@over_every_model
def test_settings_survive_json(choice: dict[str, Any]):
    settings = settings_of(choice)
    assert check(ModelSettings, json.loads(json.dumps(dump(settings)))) == settings


@over_every_model
def test_every_parameter_learns(choice: dict[str, Any]):
    model, text = model_of(choice), text_of(choice)
    # Several rows, so that each of several experts gets some token.
    rows = [row(choice, text[place:] + text[:place]) for place in range(0, LENGTH, 3)]
    ids, places = (torch.cat(each) for each in zip(*rows, strict=True))
    model(ids, places).square().sum().backward()
    learning, all_names = set[str](), set[str]()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        alike = re.sub(r"experts\.\d+", "experts.*", name)  # a learned router may leave one out
        all_names.add(alike)
        if parameter.grad.abs().sum() > 0:
            learning.add(alike)
    assert all_names - learning == set()


@over_every_model
@torch.inference_mode()
def test_the_runtime_without_torch_agrees(choice: dict[str, Any], tmp_path: Path):
    model = model_of(choice)
    values = {"task": {"mixture": [{"operation": "addition"}]}, "training": {"steps": 1}, "model": dump(model.settings)}
    values["text"] = WORKED if is_worked(choice) else PLAIN
    folders.create(tmp_path / "run", check(RunSettings, values))
    codec_of(choice).tokenizer.save(tmp_path / "run" / folders.TOKENIZER)
    save_tensors(model.state_dict(), tmp_path / "run" / WEIGHTS)
    shape = model.settings
    names = (shape.position.name, shape.norm.name, shape.feed_forward.name, shape.mixer.name)
    runs = zip(names, (layers.POSITIONS, layers.NORMS, layers.FEED_FORWARDS, ("attention",)), strict=True)
    unknown = [name for name, known in runs if name not in known]
    unknown += ["model.shared_norms"] * shape.shared_norms
    unknown += ["model.feed_forward.down"] * (shape.feed_forward.settings.get("down", "own") != "own")
    if unknown:
        with pytest.raises(RunError, match=f"{unknown[0]!r} runs with torch only"):
            NumpyDecoder(tmp_path / "run")
        return
    runtime = NumpyDecoder(tmp_path / "run")
    ids, places = row(choice)
    np.testing.assert_allclose(runtime.logits(ids[0].tolist()), model(ids, places)[0].numpy(), atol=1e-4, rtol=1e-4)
    prompts = [[1, *codec_of(choice).tokenizer.encode(text)] for text in ("1+2=", "99+(1-5)=", "=", "7" * (LENGTH - 2))]
    for prompt, answer in zip(prompts, Decoder(model, 2).answer(prompts), strict=True):
        ours = runtime.answer(prompt)
        assert ours.ids == answer.ids
        np.testing.assert_allclose(ours.probabilities, answer.probabilities, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", own_names(POSITIONS))
@torch.inference_mode()
def test_a_position_scheme_returns_its_shapes(name: str):
    choice = {"position": {"name": name}}
    settings = settings_of(choice)
    scheme = build(POSITIONS, settings.position, settings)
    _, places = row(choice)
    added = scheme.embed(places)
    assert added is None or added.shape == (1, LENGTH, settings.d_model)
    x = torch.randn(1, settings.n_heads, LENGTH, settings.d_head, generator=torch.Generator().manual_seed(1))
    turned = scheme.rotate(x, places)
    assert turned.shape == x.shape
    torch.testing.assert_close(turned.norm(dim=-1), x.norm(dim=-1))


@pytest.mark.parametrize("name", own_names(NORMS))
@torch.inference_mode()
def test_a_norm_keeps_shapes_and_forgets_the_scale_of_its_input(name: str):
    norm = build(NORMS, name, 8)
    x = torch.randn(2, 3, 8, generator=torch.Generator().manual_seed(1))
    assert norm(x).shape == x.shape
    torch.testing.assert_close(norm(x), norm(1000 * x), atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(norm(x).square().mean(-1), torch.ones(2, 3), atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", own_names(FEED_FORWARDS))
@torch.inference_mode()
def test_a_feed_forward_treats_each_token_alone(name: str):
    settings = settings_of({"feed_forward": name})
    block = build(FEED_FORWARDS, settings.feed_forward, settings)
    x = torch.randn(2, 5, settings.d_model, generator=torch.Generator().manual_seed(1))
    assert block(x).shape == x.shape
    torch.testing.assert_close(block(x)[1, 3], block(x[1, 3]))
    assert not torch.allclose(block(2 * x), 2 * block(x))


@pytest.mark.parametrize("name", SPREADING)
def test_a_spread_is_no_smaller_than_the_context(name: str):
    with pytest.raises(SettingsError, match=r"spread must be at least model\.context_length, 64, got 63"):
        build(POSITIONS, {"name": name, "spread": 63}, ModelSettings())


@pytest.mark.parametrize("folder", [POSITIONS, NORMS, FEED_FORWARDS, MIXERS])
def test_default_settings_survive_dump_and_check(folder: str):
    for name in own_names(folder):
        cls = settings_class(folder, name)
        assert check(cls, dump(cls())) == cls()


@pytest.mark.parametrize(
    ("name", "shape"), [("rope", {"d_model": 6, "n_heads": 2}), ("sinusoidal", {"d_model": 7, "n_heads": 1})]
)
def test_odd_widths_are_refused_where_pairs_are_needed(name: str, shape: dict[str, int]):
    with pytest.raises(SettingsError, match="need an even"):
        build(POSITIONS, name, ModelSettings(**shape, position=Part(name)))
