"""GPT-2 and DistilGPT-2."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from abacist.models.family import Family
from abacist.models.settings import ModelSettings

BLOCK = {
    "attention_norm": "ln_1",
    "attention.qkv": "attn.c_attn",
    "attention.out": "attn.c_proj",
    "feed_forward_norm": "ln_2",
    "feed_forward.up": "mlp.c_fc",
    "feed_forward.down": "mlp.c_proj",
}


@dataclass(frozen=True)
class GPT2(Family):
    """Learned positions, layer norm, GELU, biases in every matrix of the blocks; the head is most often tied.

    Source: Radford et al. 2019, "Language models are unsupervised multitask learners". Matrices inside blocks
    are kept as (inputs, outputs); queries, keys and values are one matrix, as here.
    """

    architecture = "GPT2LMHeadModel"
    computed = {  # noqa: RUF012
        "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
        "scale_attn_weights": (True,),
        "scale_attn_by_inverse_layer_idx": (False,),
        "add_cross_attention": (False,),
    }
    parts = {  # noqa: RUF012
        "embedding": "table",
        "position": "learned",
        "norm": "layer_norm",
        "feed_forward": "gelu",
        "mixer": "attention",
    }
    prefix = "transformer."
    without_weights = r"h\.\d+\.attn\.(masked_)?bias$"
    transposed = True

    def settings(self, config: dict[str, Any]) -> dict[str, Any]:
        """Read a config's shape."""
        return {
            "d_model": config["n_embd"],
            "n_layers": config["n_layer"],
            "n_heads": config["n_head"],
            "d_ff": config.get("n_inner") or 4 * config["n_embd"],
            "context_length": config["n_positions"],
            "position": "learned",
            "norm": {"name": "layer_norm", "epsilon": config.get("layer_norm_epsilon", 1e-5)},
            "feed_forward": "gelu",
            "bias": True,
            "tied": config.get("tie_word_embeddings", True),
        }

    def config(self, settings: ModelSettings) -> dict[str, Any]:
        """Write a shape as a config."""
        return {
            "n_embd": settings.d_model,
            "n_layer": settings.n_layers,
            "n_head": settings.n_heads,
            "n_inner": settings.d_ff,
            "n_positions": settings.context_length,
            "layer_norm_epsilon": settings.norm.settings.get("epsilon", 1e-5),
            "activation_function": "gelu_new",
            "resid_pdrop": settings.dropout,
            "embd_pdrop": settings.dropout,
            "attn_pdrop": settings.dropout,
        }

    def names(self, settings: ModelSettings) -> dict[str, tuple[str, ...]]:
        """Pair the tensors, biases too."""
        pairs = {"embedding.weight": "wte.weight", "position.index.weight": "wpe.weight"}
        modules = {"norm": "ln_f"}
        for layer in range(settings.n_layers):
            modules |= {f"blocks.{layer}.{ours}": f"h.{layer}.{theirs}" for ours, theirs in BLOCK.items()}
        for ours, theirs in modules.items():
            pairs |= {f"{ours}.{part}": f"{theirs}.{part}" for part in ("weight", "bias")}
        return {ours: (self.prefix + theirs,) for ours, theirs in pairs.items()}

    def hindrances(self, settings: ModelSettings) -> Iterator[str]:
        """Keys cannot be shared."""
        yield from super().hindrances(settings)
        if settings.kv_heads != settings.n_heads:
            yield f"model.n_kv_heads is {settings.n_kv_heads} and would have to be null"
