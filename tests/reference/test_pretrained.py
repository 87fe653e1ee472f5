"""Models of `transformers` read here, and models of ours read there: the same logits and the same greedy text."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from abacist.core.settings import check
from abacist.kinds.decoder import Decoder
from abacist.models.cache import Cache
from abacist.models.pretrained import read, write
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer

VOCABULARY, LENGTH, END = 23, 40, 2
GPT2 = {"n_positions": LENGTH, "n_embd": 32, "n_layer": 3, "n_head": 4}
LLAMA = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4}
LLAMA |= {"max_position_embeddings": LENGTH}
SMOLLM2 = {"num_key_value_heads": 1, "tie_word_embeddings": True, "rms_norm_eps": 1e-5}
SMOLLM2 |= {"rope_parameters": {"rope_type": "default", "rope_theta": 100_000.0}}
THEIRS = [
    ("gpt2", {}),
    ("gpt2", {"n_inner": 40, "layer_norm_epsilon": 1e-3, "activation_function": "gelu_pytorch_tanh"}),
    ("gpt2", {"tie_word_embeddings": False, "resid_pdrop": 0.0}),
    ("llama", {}),
    ("llama", {"num_key_value_heads": 2, "attention_bias": True, "mlp_bias": True}),
    ("llama", SMOLLM2),
]
SHAPE = {"d_model": 32, "n_layers": 3, "n_heads": 4, "d_ff": 48, "context_length": LENGTH}
LIKE_GPT2 = {"position": "learned", "norm": {"name": "layer_norm", "epsilon": 1e-4}, "feed_forward": "gelu"}
LIKE_LLAMA = {"position": {"name": "rope", "base": 50.0}, "norm": "rms_norm", "feed_forward": "swiglu"}
OURS = [
    ("gpt2", LIKE_GPT2),
    ("gpt2", {**LIKE_GPT2, "bias": True, "tied": True, "dropout": 0.1}),
    ("llama", LIKE_LLAMA),
    ("llama", {**LIKE_LLAMA, "norm": {"name": "rms_norm", "scale": True}, "n_kv_heads": 2, "tied": True}),
    ("llama", {**LIKE_LLAMA, "n_kv_heads": 1, "bias": True}),
]


def told_apart(model: Any) -> Any:
    """Fill a model with weights of a size that makes logits differ clearly."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.7 if parameter.dim() == 1 else 0.0, 0.2, generator=generator)
    return model.eval()


def their_model(family: str, changes: dict[str, Any]) -> Any:
    common = {"vocab_size": VOCABULARY, "bos_token_id": 1, "eos_token_id": END, "attn_implementation": "eager"}
    if family == "gpt2":
        return told_apart(GPT2LMHeadModel(GPT2Config(**{**common, **GPT2, **changes})))
    return told_apart(LlamaForCausalLM(LlamaConfig(**{**common, **LLAMA, **changes})))


def our_model(choice: dict[str, Any]) -> Transformer:
    settings = check(ModelSettings, {**SHAPE, **choice})
    return told_apart(new_transformer(settings, torch.zeros(VOCABULARY, dtype=torch.long), seed=3))


def agree(ours: Transformer, theirs: Any) -> None:
    """Logits of whole rows, logits with our cache, and greedy text until the end of the context."""
    ids = torch.randint(VOCABULARY, (3, LENGTH), generator=torch.Generator().manual_seed(1))
    places = torch.zeros(3, LENGTH, 3, dtype=torch.long)
    places[..., 0] = torch.arange(LENGTH)
    with torch.no_grad():
        expected = theirs(ids).logits
        torch.testing.assert_close(ours(ids, places), expected, atol=1e-4, rtol=1e-4)
        cache = Cache(ours.settings, 3, LENGTH, ours.embedding.weight)
        steps = [slice(0, 7), *(slice(place, place + 1) for place in range(7, LENGTH))]
        cached = torch.cat([ours(ids[:, step], places[:, step], cache) for step in steps], dim=1)
        torch.testing.assert_close(cached, expected, atol=1e-4, rtol=1e-4)
        assert cache.keys.shape[2] == ours.settings.kv_heads
    prompts = ids[:, :5].tolist()
    for prompt, answer in zip(prompts, Decoder(ours, END).answer(prompts), strict=True):
        told = {"max_length": LENGTH, "do_sample": False, "eos_token_id": END, "pad_token_id": 0}
        row = theirs.generate(torch.tensor([prompt]), attention_mask=torch.ones(1, 5, dtype=torch.long), **told)
        assert prompt + answer.ids == row[0].tolist()


@pytest.mark.parametrize(("family", "changes"), THEIRS, ids=str)
def test_their_model_computes_the_same_here(family: str, changes: dict[str, Any], tmp_path: Path):
    theirs = their_model(family, changes)
    theirs.save_pretrained(tmp_path)
    found = read(tmp_path)
    agree(found.model, theirs)
    assert found.end_ids == [END]
    assert found.model.settings.d_ff == changes.get("n_inner", 128 if family == "gpt2" else 48)


@pytest.mark.parametrize(("family", "choice"), OURS, ids=str)
def test_our_model_computes_the_same_there(family: str, choice: dict[str, Any], tmp_path: Path):
    ours = our_model(choice)
    assert write(ours, tmp_path, end_id=END) == family
    theirs, about = AutoModelForCausalLM.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(about.values()), about
    assert theirs.config.model_type == family
    agree(ours, theirs.eval())


@pytest.mark.parametrize(("family", "changes"), THEIRS, ids=str)
def test_what_was_read_is_written_as_it_was(family: str, changes: dict[str, Any], tmp_path: Path):
    their_model(family, changes).save_pretrained(tmp_path / "theirs")
    assert write(read(tmp_path / "theirs").model, tmp_path / "ours") == family
    before, after = (load_file(tmp_path / name / "model.safetensors") for name in ("theirs", "ours"))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_weights_in_several_files(family: str, tmp_path: Path):
    theirs = their_model(family, {})
    theirs.save_pretrained(tmp_path, max_shard_size="20KB")
    assert len(list(tmp_path.glob("*.safetensors"))) > 1
    agree(read(tmp_path).model, theirs)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_weights_of_half_the_width_are_read_as_they_are(family: str, tmp_path: Path):
    their_model(family, {}).bfloat16().save_pretrained(tmp_path)
    agree(read(tmp_path).model, AutoModelForCausalLM.from_pretrained(tmp_path, dtype=torch.float32).eval())


def test_the_first_gpt2_files(tmp_path: Path):
    """Names without a prefix, the causal mask among the weights, few keys in the config."""
    theirs = their_model("gpt2", {})
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in theirs.state_dict().items()}
    del tensors["lm_head.weight"]
    tensors |= {f"h.{layer}.attn.bias": torch.ones(1, 1, LENGTH, LENGTH) for layer in range(3)}
    save_file(tensors, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2", "vocab_size": VOCABULARY, **GPT2}))
    agree(read(tmp_path).model, theirs)


def test_a_llama_of_before_release_5(tmp_path: Path):
    """The rotations' base beside the other keys, and rotations' speeds among the weights."""
    theirs = their_model("llama", SMOLLM2)
    tensors = {name: tensor for name, tensor in theirs.state_dict().items() if name != "lm_head.weight"}
    tensors |= {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": torch.ones(4) for layer in range(3)}
    save_file(tensors, tmp_path / "model.safetensors")
    config = {**LLAMA, **SMOLLM2, "model_type": "llama", "vocab_size": VOCABULARY, "is_llama_config": True}
    del config["rope_parameters"]
    config |= {"rope_theta": 100_000, "rope_scaling": None, "rope_interleaved": False, "torch_dtype": "bfloat16"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    agree(read(tmp_path).model, theirs)
