"""Models that see whole rows: in any company, under every position scheme, with the cache and without."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from abacist.core.catalogue import own_names
from abacist.core.settings import check
from abacist.models.cache import Cache
from abacist.models.encoder import new_encoder
from abacist.models.encoder_decoder import new_encoder_decoder
from abacist.models.settings import POSITIONS, ModelSettings
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates
from abacist.text.masking import with_mask

PLAIN = Codec.build(check(TextSettings, {"format": "reversed"}))
WORKED = Codec.build(check(TextSettings, {"format": "steps", "tokenizer": "signs"}))
LENGTH = 16
CHOICES: list[dict[str, Any]] = [
    *({"position": name} for name in own_names(POSITIONS)),
    {"position": {"name": "relative", "sight": [{"place": [-1, 1]}, {"number": [1, 1]}]}},
    {"position": {"name": "alibi", "spread": 50}},
    {"position": "relative", "loops": 2, "n_kv_heads": 1, "tied": True},
]
over_every_choice = pytest.mark.parametrize("choice", CHOICES, ids=json.dumps)


def settings_of(choice: dict[str, Any]) -> ModelSettings:
    wide = {"d_model": 60} if choice["position"] == "columns" else {}
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 24, "context_length": LENGTH}
    return check(ModelSettings, {**shape, **wide, **choice})


def codec_of(choice: dict[str, Any]) -> Codec:
    return WORKED if choice["position"] == "columns" else PLAIN


def stirred(model: nn.Module) -> Any:
    """Return the model with weights of a size at which each of them matters."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.5 if parameter.dim() == 1 else 0.0, 0.4, generator=generator)
    return model.eval()


def row(codec: Codec, text: str, masks: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    classes = with_mask(codec.classes, is_digit=True)
    ids = np.array([[1, *codec.tokenizer.encode(text), *[len(codec.classes)] * masks]])
    return torch.from_numpy(ids), torch.from_numpy(coordinates(ids, classes))


def padded(part: torch.Tensor, seq: int) -> torch.Tensor:
    return torch.cat([part, part.new_full((1, seq - part.shape[1], *part.shape[2:]), 3)], 1)


@over_every_choice
@torch.inference_mode()
def test_an_encoder_s_tokens_see_their_whole_row_and_no_padding(choice: dict[str, Any]):
    codec = codec_of(choice)
    model = stirred(new_encoder(settings_of(choice), codec.classes, seed=1))
    short, long = row(codec, "1+2=", 3), row(codec, "12+3405=", 5)
    alone = model(*short)
    assert alone.shape == (1, 8, len(codec.tokenizer.vocabulary))
    seq = long[0].shape[1]
    both = [torch.cat([padded(one, seq), other]) for one, other in zip(short, long, strict=True)]
    there = torch.arange(seq) < torch.tensor([[short[0].shape[1]], [seq]])
    together = model(*both, there)
    torch.testing.assert_close(together[:1, :8], alone, atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(together[1:], model(*long), atol=2e-4, rtol=2e-4)
    wanted = torch.tensor([[5, 6, 7], [9, 12, 13]])
    some = model.head(model.hidden(*both, there, wanted))
    torch.testing.assert_close(
        some, torch.stack([together[0, wanted[0]], together[1, wanted[1]]]), atol=2e-4, rtol=2e-4
    )
    if "sight" not in json.dumps(choice):
        assert (model(*row(codec, "1+7=", 3)) != alone).any(dim=-1).all(), "also tokens before the changed one differ"


@over_every_choice
@torch.inference_mode()
def test_an_encoder_decoder_sees_the_prompt_alone_and_what_is_written(choice: dict[str, Any]):
    codec = codec_of(choice)
    model = stirred(new_encoder_decoder(settings_of(choice), codec.classes, 1, seed=1))
    prompts, cut = ["1+2=", "12+3405="], 5
    alone = []
    for prompt in prompts:
        (ids, places), at = row(codec, prompt + "30127"), len(prompt) + 1
        memory = model.read(ids[:, :at], places[:, :at])
        logits = model(ids[:, at - 1 :], places[:, at - 1 :], memory)
        cache = Cache(model.settings, 1, 2, model.embedding.weight)
        steps = [model(ids[:, i : i + 1], places[:, i : i + 1], memory, cache) for i in range(at - 1, ids.shape[1])]
        torch.testing.assert_close(torch.cat(steps, 1), logits, atol=2e-4, rtol=2e-4)
        changed = ids.clone()
        changed[0, at + 2] = 5
        later = model(changed[:, at - 1 :], places[:, at - 1 :], memory)
        assert torch.equal(later[:, :3], logits[:, :3])
        alone.append((ids, places, at, logits))
    seq = max(at for *_, at, _ in alone)
    read = [torch.cat([padded(each[part][:, : each[2]], seq) for each in alone]) for part in (0, 1)]
    there = torch.arange(seq) < torch.tensor([[at] for *_, at, _ in alone])
    written = [torch.cat([each[part][:, each[2] - 1 :] for each in alone]) for part in (0, 1)]
    memory = model.read(*read, there)
    together = model(*written, memory)
    torch.testing.assert_close(together, torch.cat([logits for *_, logits in alone]), atol=2e-4, rtol=2e-4)
    kept = model(written[0][1:], written[1][1:], memory.keep(torch.tensor([1])))
    torch.testing.assert_close(kept, together[1:], atol=2e-4, rtol=2e-4)
    assert together.shape[1] == cut + 1
    if "sight" not in json.dumps(choice):
        other = row(codec, "1+7=")
        assert (model(*(part[:1] for part in written), model.read(*other)) != together[:1]).any(dim=-1).all()


@over_every_choice
def test_every_parameter_learns(choice: dict[str, Any]):
    codec = codec_of(choice)
    ids, places = row(codec, "12+34=", 4)
    encoder = stirred(new_encoder(settings_of(choice), codec.classes, seed=1))
    encoder(ids, places).square().sum().backward()
    both = stirred(new_encoder_decoder(settings_of(choice), codec.classes, None, seed=1))
    ids, places = row(codec, "12+34=64")
    both(ids[:, 6:], places[:, 6:], both.read(ids[:, :7], places[:, :7])).square().sum().backward()
    for model in (encoder, both):
        assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0] == []


def test_an_encoder_decoder_has_the_layers_that_are_asked_for():
    settings = ModelSettings(n_layers=2)
    same, more = (new_encoder_decoder(settings, PLAIN.classes, layers, seed=1) for layers in (None, 3))
    assert (len(same.encoder_blocks), len(more.encoder_blocks), len(more.blocks)) == (2, 3, 2)
