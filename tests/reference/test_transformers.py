"""Our decoder against Hugging Face `transformers`, with our weights copied in."""

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from abacist.core.settings import check
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer

VOCABULARY, LENGTH = 23, 40
SHAPE = {"d_model": 32, "n_layers": 3, "n_heads": 4, "d_ff": 48, "context_length": LENGTH}


def our_model(**choice: object) -> Transformer:
    """Random weights of a size that makes logits differ clearly."""
    settings = check(ModelSettings, {**SHAPE, **choice})
    model = new_transformer(settings, torch.zeros(VOCABULARY, dtype=torch.long), seed=3).eval()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.7 if parameter.dim() == 1 else 0.0, 0.2, generator=generator)
    return model


def rows() -> tuple[torch.Tensor, torch.Tensor]:
    ids = torch.randint(VOCABULARY, (3, LENGTH), generator=torch.Generator().manual_seed(1))
    places = torch.zeros(3, LENGTH, 3, dtype=torch.long)
    places[..., 0] = torch.arange(LENGTH)
    return ids, places


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("base", [10_000.0, 50.0])
@torch.no_grad()
def test_llama(tied: bool, base: float):
    model = our_model(
        position={"name": "rope", "base": base},
        norm={"name": "rms_norm", "epsilon": 1e-5, "scale": True},
        feed_forward="swiglu",
        tied=tied,
    )
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=SHAPE["d_model"],
        intermediate_size=SHAPE["d_ff"],
        num_hidden_layers=SHAPE["n_layers"],
        num_attention_heads=SHAPE["n_heads"],
        num_key_value_heads=SHAPE["n_heads"],
        max_position_embeddings=LENGTH,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": base},
        tie_word_embeddings=tied,
        attn_implementation="eager",
    )
    other = LlamaForCausalLM(config).eval()
    weights = {"model.embed_tokens.weight": model.embedding.weight, "model.norm.weight": model.norm.weight}
    weights["lm_head.weight"] = model.head.weight
    for index, block in enumerate(model.blocks):
        layer = f"model.layers.{index}"
        query, key, value = block.attention.qkv.weight.chunk(3)
        gate, up = block.feed_forward.gate_up.weight.chunk(2)
        weights |= {
            f"{layer}.self_attn.q_proj.weight": query,
            f"{layer}.self_attn.k_proj.weight": key,
            f"{layer}.self_attn.v_proj.weight": value,
            f"{layer}.self_attn.o_proj.weight": block.attention.out.weight,
            f"{layer}.mlp.gate_proj.weight": gate,
            f"{layer}.mlp.up_proj.weight": up,
            f"{layer}.mlp.down_proj.weight": block.feed_forward.down.weight,
            f"{layer}.input_layernorm.weight": block.attention_norm.weight,
            f"{layer}.post_attention_layernorm.weight": block.feed_forward_norm.weight,
        }
    other.load_state_dict(weights)
    ids, places = rows()
    torch.testing.assert_close(model(ids, places), other(ids).logits, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_gpt2(tied: bool):
    model = our_model(position="learned", norm="layer_norm", feed_forward="gelu", tied=tied)
    config = GPT2Config(
        vocab_size=VOCABULARY,
        n_positions=LENGTH,
        n_embd=SHAPE["d_model"],
        n_layer=SHAPE["n_layers"],
        n_head=SHAPE["n_heads"],
        n_inner=SHAPE["d_ff"],
        activation_function="gelu_new",
        layer_norm_epsilon=1e-5,
        tie_word_embeddings=tied,
        attn_implementation="eager",
        bos_token_id=1,
        eos_token_id=2,
    )
    other = GPT2LMHeadModel(config).eval()
    weights = {
        "transformer.wte.weight": model.embedding.weight,
        "transformer.wpe.weight": model.position.index.weight,
        "transformer.ln_f.weight": model.norm.weight,
        "transformer.ln_f.bias": model.norm.bias,
        "lm_head.weight": model.head.weight,
    }
    for index, block in enumerate(model.blocks):
        layer = f"transformer.h.{index}"
        weights |= {
            # GPT-2 keeps its matrices transposed, and has biases where our attention has none.
            f"{layer}.attn.c_attn.weight": block.attention.qkv.weight.T,
            f"{layer}.attn.c_attn.bias": torch.zeros(3 * SHAPE["d_model"]),
            f"{layer}.attn.c_proj.weight": block.attention.out.weight.T,
            f"{layer}.attn.c_proj.bias": torch.zeros(SHAPE["d_model"]),
            f"{layer}.ln_1.weight": block.attention_norm.weight,
            f"{layer}.ln_1.bias": block.attention_norm.bias,
            f"{layer}.ln_2.weight": block.feed_forward_norm.weight,
            f"{layer}.ln_2.bias": block.feed_forward_norm.bias,
            f"{layer}.mlp.c_fc.weight": block.feed_forward.up.weight.T,
            f"{layer}.mlp.c_fc.bias": block.feed_forward.up.bias,
            f"{layer}.mlp.c_proj.weight": block.feed_forward.down.weight.T,
            f"{layer}.mlp.c_proj.bias": block.feed_forward.down.bias,
        }
    other.load_state_dict(weights)
    ids, places = rows()
    torch.testing.assert_close(model(ids, places), other(ids).logits, atol=1e-4, rtol=1e-4)
