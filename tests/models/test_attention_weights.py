"""The weights that are shown are those that attention uses."""

import numpy as np
import pytest
import torch

from abacist.core.catalogue import Part
from abacist.core.errors import SettingsError
from abacist.models.attention_weights import attention_weights
from abacist.models.settings import ModelSettings
from abacist.models.transformer import new_transformer
from abacist.text.coordinates import coordinates

CLASSES = np.array([0, 0, 0, 1, 1, 1, 0, 0])


def shown(position: str, seq: int, **more):
    settings = ModelSettings(16, 2, 2, d_ff=32, position=Part(position), context_length=seq, **more)
    model = new_transformer(settings, CLASSES, seed=1).eval()
    ids = np.random.default_rng(1).integers(0, len(CLASSES), size=(3, seq))
    places = torch.from_numpy(coordinates(ids, CLASSES))
    return model, torch.from_numpy(ids), places, attention_weights(model, torch.from_numpy(ids), places)


# Beyond 64 tokens another kernel computes attention.
@pytest.mark.parametrize("seq", [7, 70])
@pytest.mark.parametrize("position", ["nope", "rope", "alibi", "fire", "places"])
def test_values_mixed_by_the_weights_are_what_attention_gives(position: str, seq: int):
    model, ids, places, weights = shown(position, seq)
    assert weights.shape == (2, 3, 2, seq, seq)
    assert torch.allclose(weights.sum(-1), torch.ones(()), atol=1e-5)
    assert not weights.triu(1).any()
    # The first layer by hand: its values, mixed by the weights that are shown.
    block = model.blocks[0]
    added = model.position.embed(places)
    x = block.attention_norm(model.embedding(ids) + (0 if added is None else added))
    value = block.attention.qkv(x)[..., 32:].unflatten(-1, (2, 8)).transpose(1, 2)
    by_hand = block.attention.out((weights[0] @ value).transpose(1, 2).flatten(2))
    assert torch.allclose(by_hand, block.attention(x, (places, places), model.position), atol=1e-5)


def test_shared_keys_and_layers_gone_through_again():
    _, _, _, weights = shown("rope", 6, n_kv_heads=1, loops=2)
    assert weights.shape == (4, 3, 2, 6, 6)


def test_the_model_is_left_as_it_was():
    model, ids, places, _ = shown("rope", 6)
    assert not any(block.attention._forward_pre_hooks for block in model.blocks)
    before = model(ids, places)
    attention_weights(model, ids, places)
    assert torch.equal(before, model(ids, places))


def test_layers_that_do_not_attend_are_left_away():
    assert len(shown("places", 5, mixer=Part("recurrence"), attention_every=2)[-1]) == 1
    with pytest.raises(SettingsError, match="has no attention to show"):
        shown("places", 5, mixer=Part("recurrence"))
