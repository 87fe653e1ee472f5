"""Parameters counted without a weight: known models by their dials, and any kind part by part."""

from typing import Any

import pytest
import torch
from torch import nn

from abacist.core.catalogue import own_names
from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.kind import FOLDER
from abacist.models.settings import ModelSettings
from abacist.models.sizes import part_sizes
from abacist.models.transformer import count_parameters, new_transformer
from abacist.runs.run import kind_without_weights
from abacist.runs.settings import RunSettings

BARE = {"corpus": {"sources": []}, "training": {"steps": 1}}
GPT2 = {
    "position": "learned",
    "norm": "layer_norm",
    "feed_forward": "gelu",
    "bias": True,
    "tied": True,
    "context_length": 1024,
}
"""As OpenAI published it."""
PAPER = {
    "position": "sinusoidal",
    "norm": "layer_norm",
    "feed_forward": "gelu",
    "tied": True,
    "n_layers": 6,
    "context_length": 512,
}
"""As table 3 of "Attention Is All You Need" has it: one matrix for both embeddings and the projection.

Its ReLU with biases has as many parameters as our gelu, which has them always.
"""


def model(kind: str, vocab_size: int, **shape: Any) -> nn.Module:
    settings = check(RunSettings, {**BARE, "kind": kind, "model": shape})
    made = kind_without_weights(settings, vocab_size).model
    assert all(parameter.is_meta for parameter in made.parameters())
    return made


def total(made: nn.Module) -> int:
    whole = sum(part.parameters for part in part_sizes(made))
    assert whole == count_parameters(made)
    return whole


@pytest.mark.parametrize(
    ("d_model", "n_layers", "n_heads", "count"),
    [
        (768, 12, 12, 124_439_808),
        (1024, 24, 16, 354_823_168),
        (1280, 36, 20, 774_030_080),
        (1600, 48, 25, 1_557_611_200),
    ],
)
def test_the_four_sizes_of_gpt2(d_model: int, n_layers: int, n_heads: int, count: int):
    shape = {**GPT2, "d_model": d_model, "n_layers": n_layers, "n_heads": n_heads, "d_ff": 4 * d_model}
    assert total(model("decoder", 50_257, **shape)) == count


def test_tinymath_s_ten_millions():
    # nanoGPT's shape for characters, which says its size without positions; 16 characters and the end of a line.
    shape = {**GPT2, "bias": False, "feed_forward": "squared_relu", "context_length": 256}
    made = model("decoder", 17, **shape, d_model=384, n_layers=6, n_heads=6, d_ff=1536)
    parts = {part.path: part for part in part_sizes(made)}
    # Its norms have no biases, ours have: 384 numbers each, two a layer and one at the end.
    assert round((total(made) - parts["position"].parameters - 13 * 384) / 1e6, 2) == 10.63


@pytest.mark.parametrize(
    ("shape", "millions"),
    [({"d_model": 512, "n_heads": 8, "d_ff": 2048}, 65), ({"d_model": 1024, "n_heads": 16, "d_ff": 4096}, 213)],
)
def test_base_and_big_of_attention_is_all_you_need(shape: dict[str, int], millions: int):
    width, d_ff = shape["d_model"], shape["d_ff"]
    # Queries, keys, values and outputs, once in the encoder, twice in the decoder; norms, twice and three times.
    layer = 3 * 4 * width**2 + 2 * (2 * width * d_ff + d_ff + width) + 5 * 2 * width
    theirs = 6 * layer + 37_000 * width
    # Ours has one norm more at the end of either side, as norms stand before the sublayers.
    assert total(model("encoder_decoder", 37_000, **PAPER, **shape)) == theirs + 2 * 2 * width
    # The paper's vocabulary is "about 37000", and no one of them gives both of its figures: what is left beside the
    # layers is a matrix for 40.8 thousand tokens in the base model, for 35.9 thousand in the big one.
    assert abs(theirs / 1e6 / millions - 1) < 0.035


@pytest.mark.parametrize("kind", own_names(FOLDER))
@pytest.mark.parametrize("more", [{}, {"tied": True}, {"feed_forward": "experts"}, {"mixer": "recurrence"}])
def test_parts_add_up_to_the_whole_for_every_kind(kind: str, more: dict[str, Any]):
    shape = {"d_model": 16, "n_heads": 2, "n_layers": 2, "d_ff": 32, **more}
    if "mixer" in more and kind in ("encoder", "encoder_decoder"):
        with pytest.raises(SettingsError, match=f"a model of kind {kind} needs attention"):
            model(kind, 20, **shape)
        return
    made = model(kind, 20, **shape)
    parts = part_sizes(made)
    assert total(made) == sum(p.numel() for p in set(made.parameters()))
    assert sum(part.buffers for part in parts) == sum(b.numel() for b in made.buffers())
    assert len({part.path for part in parts}) == len(parts)


def test_layers_and_experts_are_told_apart_and_tied_weights_are_shared():
    shape = {"d_model": 16, "n_heads": 2, "n_layers": 3, "d_ff": 32, "tied": True, "attention_every": 3}
    made = model("decoder", 20, **shape, mixer="recurrence", feed_forward={"name": "experts", "count": 5})
    parts = {(part.path, part.name): part for part in part_sizes(made)}
    assert parts["blocks.*.attention", "Recurrence"].times == 2
    assert parts["blocks.*.attention", "Attention"].parameters == 4 * 16 * 16
    assert parts["blocks.*.feed_forward.experts.*", "SquaredReLU"].times == 15
    assert parts["blocks.*.feed_forward.experts.*", "SquaredReLU"].parameters == 15 * 2 * 16 * 32
    head = parts["head", "Linear"]
    assert (head.parameters, head.shared) == (0, 20 * 16)
    classes = parts["token_classes", "Buffer"]
    assert (classes.parameters, classes.buffers, classes.buffer_bytes) == (0, 20, 20 * 8)


def test_a_model_with_weights_counts_as_one_without():
    settings = check(ModelSettings, {"d_model": 16, "n_heads": 2})
    assert part_sizes(new_transformer(settings, torch.zeros(9, dtype=torch.int64), 1)) == part_sizes(
        model("decoder", 9, d_model=16, n_heads=2)
    )


class Tied(nn.Module):
    """Weights that share memory in every way there is."""

    def __init__(self, device: str = "cpu"):
        super().__init__()
        whole = torch.zeros(6, 4, device=device)
        self.whole = nn.Parameter(whole)
        self.again = self.whole
        self.turned = nn.Parameter(whole.T)
        self.rows = nn.Parameter(whole[2:4])
        self.every_other = nn.Parameter(whole[::2, 1])
        self.spread = nn.Parameter(torch.zeros(1, 3, device=device).expand(5, 3))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_numbers_in_memory_count_once_whatever_looks_at_them(device: str):
    assert count_parameters(Tied(device)) == 24 + 3
    assert sum(part.parameters for part in part_sizes(Tied(device))) == 24 + 3


def test_slices_of_one_tensor_count_for_what_they_cover():
    made, whole = nn.Module(), torch.zeros(10)
    made.first, made.second = nn.Parameter(whole[:4]), nn.Parameter(whole[2:8:2])
    assert count_parameters(made) == 4 + 2  # 0 to 3, 4 and 6
    made.nothing = nn.Parameter(torch.zeros(0, 3))
    assert count_parameters(made) == 6
    made.second.requires_grad_(False)
    assert (count_parameters(made), count_parameters(made, learning=True)) == (6, 4)


def test_a_rotation_of_a_matrix_is_one_weight_and_learned_positions_count():
    shape = {"d_model": 6, "n_heads": 1, "n_layers": 1, "d_ff": 4, "head_width": 4, "context_length": 9}
    mixer = {"name": "tied_attention", "gain": "none"}
    rotated = model("decoder", 5, **shape, mixer=mixer, position="rope")
    matrices = 2 * 5 * 6 + 6 * 4 + 2 * 6 * 4
    assert total(rotated) == matrices + 1
    learned = model("decoder", 5, **shape, mixer=mixer, position="learned")
    assert total(learned) == matrices + 1 + 9 * 6
    sinusoidal = model("decoder", 5, **shape, mixer=mixer, position="sinusoidal")
    assert total(sinusoidal) == matrices + 1
