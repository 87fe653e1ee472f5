"""Llama, and others of its architecture, such as SmolLM2 and TinyLlama."""

from dataclasses import dataclass
from typing import Any

from abacist.models.family import Family, not_alike
from abacist.models.settings import ModelSettings

BLOCK = {
    "attention_norm": ("input_layernorm",),
    "attention.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention.out": ("self_attn.o_proj",),
    "feed_forward_norm": ("post_attention_layernorm",),
    "feed_forward.gate_up": ("mlp.gate_proj", "mlp.up_proj"),
    "feed_forward.down": ("mlp.down_proj",),
}


@dataclass(frozen=True)
class Llama(Family):
    """Rotary positions, root-mean-square norm with a scale, SwiGLU; keys may be shared by several heads.

    Source: Touvron et al. 2023, arXiv:2302.13971 and 2307.09288. Rotated pairs are those of the library, the
    first half of a head's width with the second, as here.
    """

    architecture = "LlamaForCausalLM"
    computed = {  # noqa: RUF012
        "hidden_act": ("silu", "swish"),
        "rope_interleaved": (False,),
        "quantization_config": (None,),
    }
    parts = {  # noqa: RUF012
        "embedding": "table",
        "position": "rope",
        "norm": "rms_norm",
        "feed_forward": "swiglu",
        "mixer": "attention",
    }
    prefix = "model."
    without_weights = r"rotary_emb\.inv_freq$"

    def settings(self, config: dict[str, Any]) -> dict[str, Any]:
        """Read a config's shape."""
        d_model, n_heads = config["hidden_size"], config["num_attention_heads"]
        bias, mlp_bias, d_head = (config.get(key) for key in ("attention_bias", "mlp_bias", "head_dim"))
        if bool(bias) != bool(mlp_bias):
            raise not_alike("mlp_bias", mlp_bias, bool(bias))
        if d_head is not None and d_head * n_heads != d_model:
            raise not_alike("head_dim", d_head, f"hidden_size / num_attention_heads, {d_model} / {n_heads}")
        return {
            "d_model": d_model,
            "n_layers": config["num_hidden_layers"],
            "n_heads": n_heads,
            "n_kv_heads": config.get("num_key_value_heads"),
            "d_ff": config["intermediate_size"],
            "context_length": config["max_position_embeddings"],
            "position": {"name": "rope", "base": _base(config)},
            "norm": {"name": "rms_norm", "epsilon": config.get("rms_norm_eps", 1e-6), "scale": True},
            "feed_forward": "swiglu",
            "bias": bool(bias),
            "tied": config.get("tie_word_embeddings", False),
        }

    def config(self, settings: ModelSettings) -> dict[str, Any]:
        """Write a shape as a config."""
        base = settings.position.settings.get("base", 10_000.0)
        return {
            "hidden_size": settings.d_model,
            "num_hidden_layers": settings.n_layers,
            "num_attention_heads": settings.n_heads,
            "num_key_value_heads": settings.kv_heads,
            "head_dim": settings.d_head,
            "intermediate_size": settings.d_ff,
            "max_position_embeddings": settings.context_length,
            "rope_parameters": {"rope_type": "default", "rope_theta": base},
            "rope_theta": base,  # where releases of the library before 5 look for it
            "rms_norm_eps": settings.norm.settings.get("epsilon", 1e-6),
            "hidden_act": "silu",
            "attention_bias": settings.bias,
            "mlp_bias": settings.bias,
        }

    def names(self, settings: ModelSettings) -> dict[str, tuple[str, ...]]:
        """Pair the tensors."""
        pairs: dict[str, tuple[str, ...]] = {"embedding.weight": ("embed_tokens.weight",)}
        pairs["norm.weight"] = ("norm.weight",)
        for layer in range(settings.n_layers):
            for ours, theirs in BLOCK.items():
                for part in ("weight", "bias") if settings.bias and not ours.endswith("norm") else ("weight",):
                    pairs[f"blocks.{layer}.{ours}.{part}"] = tuple(f"layers.{layer}.{name}.{part}" for name in theirs)
        return {ours: tuple(self.prefix + name for name in theirs) for ours, theirs in pairs.items()}


def _base(config: dict[str, Any]) -> float:
    """Return the rotations' base; the library has kept it in two places, and scaling in one of three."""
    key = "rope_parameters" if config.get("rope_parameters") else "rope_scaling"
    rope = config.get(key) or {}
    kind = rope.get("rope_type", rope.get("type", "default"))
    if kind != "default":
        raise not_alike(f"{key}.rope_type", kind, "default")
    if rope.get("partial_rotary_factor", 1.0) != 1.0:
        raise not_alike(f"{key}.partial_rotary_factor", rope["partial_rotary_factor"], 1.0)
    return rope.get("rope_theta", config.get("rope_theta", 10_000.0))
