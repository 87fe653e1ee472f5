"""What is refused, and in which words; that what is read is right stands in `tests/reference`."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from abacist.core.errors import AbacistError, DataError, RunError, SettingsError
from abacist.core.settings import check
from abacist.models.lora import LoRASettings, adapt
from abacist.models.pretrained import read, write
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer

SHAPE = {"d_model": 16, "n_layers": 2, "n_heads": 4, "d_ff": 24, "context_length": 12}
LIKE = {
    "gpt2": {"position": "learned", "norm": "layer_norm", "feed_forward": "gelu", "tied": True},
    "llama": {"position": "rope", "norm": "rms_norm", "feed_forward": "swiglu", "n_kv_heads": 2},
}


def our_model(**choice: Any) -> Transformer:
    return new_transformer(check(ModelSettings, {**SHAPE, **choice}), torch.zeros(7, dtype=torch.long), seed=1)


def folder(path: Path, family: str, **keys: Any) -> Path:
    """A folder with a model of a family, some of the config's keys changed, or left out where None."""
    write(our_model(**LIKE[family]), path)
    config = {**json.loads((path / "config.json").read_text()), **keys}
    (path / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    return path


@pytest.mark.parametrize(
    ("family", "keys", "complaint"),
    [
        ("gpt2", {"model_type": "mistral"}, "model_type 'mistral' is not computed here; known: 'gpt2', 'llama'"),
        ("gpt2", {"model_type": None}, "model_type is missing"),
        ("gpt2", {"architectures": ["GPT2ForSequenceClassification"]}, "architectures .* known: 'GPT2LMHeadModel'"),
        ("gpt2", {"activation_function": "gelu"}, "activation_function 'gelu' is not computed here; known: 'gelu_new'"),
        ("gpt2", {"scale_attn_weights": False}, "scale_attn_weights False"),
        ("gpt2", {"scale_attn_by_inverse_layer_idx": True}, "scale_attn_by_inverse_layer_idx True"),
        ("gpt2", {"n_embd": None}, "n_embd is missing"),
        ("gpt2", {"n_head": 3}, "d_model 16 must be a multiple of n_heads 3"),
        ("gpt2", {"n_layer": "two"}, "n_layers: input should be a valid integer"),
        ("gpt2", {"quantization_config": {"bits": 4}}, "quantization_config"),
        ("llama", {"hidden_act": "gelu"}, "hidden_act 'gelu' is not computed here; known: 'silu'"),
        ("llama", {"mlp_bias": True}, "mlp_bias True is not computed here; known: False"),
        (
            "llama",
            {"head_dim": 8},
            "head_dim 8 is not computed here; known: 'hidden_size / num_attention_heads, 16 / 4",
        ),
        ("llama", {"num_key_value_heads": 3}, "n_heads 4 must be a multiple of n_kv_heads 3"),
        ("llama", {"rope_parameters": {"rope_type": "llama3", "factor": 8.0}}, "rope_parameters.rope_type 'llama3'"),
        ("llama", {"rope_parameters": None, "rope_scaling": {"type": "linear"}}, "rope_scaling.rope_type 'linear'"),
        ("llama", {"rope_interleaved": True}, "rope_interleaved True"),
        ("llama", {"vocab_size": 8}, r"does not fit the model: .* wrong shape \['embedding.weight', 'head.weight'\]"),
        ("llama", {"num_hidden_layers": 3}, "layers.2.input_layernorm.weight and 8 other tensors are missing"),
        ("llama", {"num_hidden_layers": 1}, "layers.1.input_layernorm.weight and 8 other tensors have no place"),
    ],
)
def test_what_is_not_computed_alike_is_refused_by_its_key(
    family: str, keys: dict[str, Any], complaint: str, tmp_path: Path
):
    with pytest.raises(AbacistError, match=complaint) as caught:
        read(folder(tmp_path, family, **keys))
    assert "\n" not in str(caught.value)


def test_a_head_that_is_tied_and_differs_is_refused(tmp_path: Path):
    tensors = load_file(folder(tmp_path, "gpt2") / "model.safetensors")
    head = {"lm_head.weight": tensors["transformer.wte.weight"] + 1}
    save_file({**tensors, **head}, tmp_path / "model.safetensors")
    with pytest.raises(DataError, match=r"tie_word_embeddings is true, but lm_head.weight differs"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({}, "holds no config.json"),
        ({"config.json": "{"}, "config.json cannot be read"),
        ({"config.json": "[]"}, "config.json cannot be read"),
        ({"config.json": None}, "holds no weights: there is no model.safetensors"),
        ({"config.json": None, "pytorch_model.bin": ""}, "pytorch_model.bin, a pickle, which is not read"),
        ({"config.json": None, "model.safetensors": "?"}, "model.safetensors cannot be read"),
        ({"config.json": None, "model.safetensors.index.json": "{}"}, "it has no weight_map"),
        (
            {"config.json": None, "model.safetensors.index.json": '{"weight_map": {"a": "../b.safetensors"}}'},
            "lists '../b.safetensors', which is no file beside it",
        ),
    ],
)
def test_a_broken_folder_is_said(files: dict[str, str | None], complaint: str, tmp_path: Path):
    whole = folder(tmp_path / "whole", "gpt2")
    made = tmp_path / "made"
    made.mkdir()
    for name, content in files.items():
        (made / name).write_text((whole / name).read_text() if content is None else content)
    with pytest.raises(RunError, match=complaint) as caught:
        read(made)
    assert "\n" not in str(caught.value)


def test_a_name_is_fetched_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder(tmp_path, "llama")
    asked = []

    def give(name: str, allow_patterns: list[str]) -> str:
        asked.append((name, "pytorch_model.bin" in allow_patterns))
        return str(tmp_path)

    monkeypatch.setattr("huggingface_hub.snapshot_download", give)
    assert read("somebody/small").model.settings.n_kv_heads == 2
    assert asked == [("somebody/small", False)]


@pytest.mark.parametrize(
    "error", [OSError("no network\nat all"), ValueError("no network"), OSError("**Got:** no network\nat all")]
)
def test_where_there_is_no_network_one_line_says_so(error: Exception, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", fail)
    told = (
        "gpt2 is no folder, and not to be had from the Hub now (no network); "
        "name a folder that holds the model: --set weights=FOLDER"
    )
    with pytest.raises(RunError, match=f"^{re.escape(told)}$"):
        read("gpt2")


def test_where_the_hub_s_package_is_missing_one_line_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(RunError, match=r"gpt2 is no folder; .* pip install 'abacist\[hub\]'"):
        read("gpt2")


@pytest.mark.parametrize(
    ("family", "choice", "complaint"),
    [
        ("gpt2", {"feed_forward": "squared_relu"}, "as gpt2: model.feed_forward is squared_relu and would .* be gelu"),
        ("gpt2", {"position": "places"}, "as gpt2: model.position is places and would have to be learned"),
        (
            "gpt2",
            {"position": {"name": "learned", "spread": 50}},
            "as gpt2: model.position.spread would have to be null",
        ),
        ("gpt2", {"n_kv_heads": 2}, "as gpt2: model.n_kv_heads is 2 and would have to be null"),
        ("llama", {"loops": 2}, "as llama: model.loops is 2 and would have to be 1"),
        ("llama", {"norm": "layer_norm"}, "as llama: model.norm is layer_norm and would have to be rms_norm"),
    ],
)
def test_a_shape_that_no_family_has_is_refused_by_its_setting(
    family: str, choice: dict[str, Any], complaint: str, tmp_path: Path
):
    for named in (None, family):
        with pytest.raises(SettingsError, match=complaint) as caught:
            write(our_model(**{**LIKE[family], **choice}), tmp_path, named)
        assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_every_hindrance_of_a_named_family_is_said_at_once(tmp_path: Path):
    with pytest.raises(
        SettingsError, match=r"model.position is rope .*; model.norm is rms_norm .*; model.feed_forward"
    ):
        write(our_model(**LIKE["llama"]), tmp_path, "gpt2")


def test_adapters_are_merged_before_a_model_is_written(tmp_path: Path):
    model = our_model(**LIKE["gpt2"])
    adapt(model, LoRASettings(), seed=1)
    with pytest.raises(SettingsError, match="merge adapters before writing"):
        write(model, tmp_path)
