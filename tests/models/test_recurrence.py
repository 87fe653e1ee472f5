"""The recurrence in chunks is the recurrence token by token, and what it keeps does not grow."""

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.models.cache import Cache
from abacist.models.mixers.recurrence import Recurrence, scan
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, new_transformer
from abacist.text.coordinates import coordinates

CLASSES = np.array([0, 0, 0, 1, 1, 1, 0, 0])


def model(**more: Any) -> Transformer:
    shape = {"d_model": 16, "n_layers": 2, "n_heads": 2, "d_ff": 32, "mixer": "recurrence", "context_length": 4096}
    return new_transformer(check(ModelSettings, shape | more), CLASSES, seed=1).eval()


def drawn(seq: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn(2, 3, seq, 5, generator=generator, dtype=torch.float64) for _ in range(3))
    return query, key, value, F.logsigmoid(torch.randn(2, 3, seq, generator=generator, dtype=torch.float64))


@pytest.mark.parametrize("chunk", [1, 4, 11, 64])
def test_chunks_give_what_the_state_gives_token_by_token(chunk: int):
    query, key, value, fades = drawn(11)
    state, expected = torch.zeros(2, 3, 5, 5, dtype=torch.float64), []
    for t in range(11):
        outer = key[:, :, t, :, None] * value[:, :, t, None, :]
        state = fades[:, :, t, None, None].exp() * state + outer
        expected.append((query[:, :, t, None, :] @ state)[:, :, 0])
    read, last = scan(query, key, value, fades, None, chunk)
    # The state is kept in float32.
    torch.testing.assert_close(read, torch.stack(expected, dim=2), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(last.double(), state, atol=1e-5, rtol=1e-5)


def test_what_is_forgotten_at_once_or_never_is_finite_in_bfloat16():
    query, key, value, fades = (part.bfloat16() for part in drawn(200))
    for each in (torch.full_like(fades, -1e4), torch.zeros_like(fades)):
        given = [part.clone().requires_grad_() for part in (query, key, value, each.float())]
        read, state = scan(*given, None, 64)
        assert read.isfinite().all()
        assert state.isfinite().all()
        read.float().square().sum().backward()
        assert all(part.grad is not None and part.grad.isfinite().all() for part in given)


def test_what_the_cache_holds_is_of_one_size_however_many_tokens_were_read():
    made, ids = model(), torch.from_numpy(np.random.default_rng(1).integers(3, 6, (1, 300)))
    places = torch.from_numpy(coordinates(ids.numpy(), CLASSES))
    sizes = []
    cache = Cache(made.settings, 1, 10, made.embedding.weight)
    with torch.inference_mode():
        for start in range(0, 300, 100):
            made(ids[:, start : start + 100], places[:, start : start + 100], cache)
            sizes.append(sum(state.numel() for state in cache.states.values()))
    assert len(set(sizes)) == 1
    assert cache.keys.numel() == cache.values.numel() == 0
    assert cache.filled == 300


def test_gates_of_a_fresh_model_range_from_long_memory_to_short():
    mixer = model(n_heads=4).blocks[0].attention
    assert isinstance(mixer, Recurrence)
    kept = mixer.fade.bias.sigmoid()
    assert kept[0] > 0.997
    assert kept[-1] < 0.75
    assert mixer.convolution[:, 0, 0].tolist() == [0, 0, 0, 1]


def test_shared_keys_and_chunks_of_nothing_are_refused():
    with pytest.raises(SettingsError, match="n_kv_heads must be null"):
        model(n_kv_heads=1)
    with pytest.raises(SettingsError, match="chunk must be at least 1"):
        model(mixer={"name": "recurrence", "chunk": 0})
    with pytest.raises(SettingsError, match="attention_every must be at least 1"):
        model(attention_every=0)
