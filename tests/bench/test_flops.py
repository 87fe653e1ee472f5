"""The operations counted by formula against those that PyTorch sees."""

import dataclasses

import numpy as np
import pytest
from torch.utils.flop_counter import FlopCounterMode

from abacist.bench.flops import training_flops
from abacist.bench.workload import long, shape, short
from abacist.core.catalogue import Part
from abacist.kind import Kind
from abacist.kinds.decoder import Decoder
from abacist.text.batch import Batch


def counted(kind: Kind, batch: Batch) -> int:
    with FlopCounterMode(display=False) as counter:
        kind.loss(batch).backward()
    return counter.get_total_flops()


@pytest.mark.parametrize("layers", [1, 3])
def test_short_rows_up_to_the_masked_half_of_attention(layers):
    kind, batch = short(shape(64, layers), 8)
    assert counted(kind, batch) == training_flops(kind.model, batch, masked=True)


@pytest.mark.parametrize("feed_forward", ["squared_relu", "swiglu", "gelu"])
def test_long_rows_up_to_the_masked_half_of_attention(feed_forward):
    kind, batch = long(shape(32, 2), 2, 40)
    settings = dataclasses.replace(kind.model.settings, feed_forward=Part(feed_forward))
    kind = Decoder.new(Decoder.Settings(), settings, kind.model.token_classes, 2, 1)
    assert counted(kind, batch) == training_flops(kind.model, batch, masked=True)


def test_without_the_masked_half_a_query_at_place_t_has_t_keys():
    kind, batch = long(shape(32, 1), 3, 10)
    saved = training_flops(kind.model, batch, masked=True) - training_flops(kind.model, batch)
    masked_pairs = 3 * (10 * 10 - 10 * 11 // 2)
    assert saved == masked_pairs * 2 * 32 * 6


def test_a_window_over_the_answer_costs_less():
    kind, batch = long(shape(32, 1), 2, 20)
    late = np.zeros_like(batch.loss_mask)
    late[:, -3:] = True
    assert training_flops(kind.model, dataclasses.replace(batch, loss_mask=late)) < training_flops(kind.model, batch)
