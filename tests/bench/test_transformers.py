"""The transformers library as a peer, where it is installed."""

import pytest
import torch

from abacist.bench import peers
from abacist.bench.measure import FOLDER, Bench
from abacist.core.catalogue import build

pytest.importorskip("transformers")

FORM = {"d_model": 12, "n_layers": 1, "n_heads": 2, "d_ff": 48}


@pytest.mark.parametrize("make", [peers.gpt2, peers.llama])
def test_a_step_lowers_the_loss_of_the_same_batch(make):
    ids = torch.randint(5, (2, 9), generator=torch.Generator().manual_seed(1))
    step = make(FORM, 5, 8).step(lambda _: ids, "float32")
    losses = [step() for _ in range(20)]
    assert losses[-1] < losses[0]


def test_llama_generates_for_all_prompts_together():
    measure = build(FOLDER, {"name": "answers", "count": 6, "singles": 1, "rounds": 1})
    rows = list(measure.rows(Bench()))
    assert any(row.against.startswith("transformers Llama") and row.ratio for row in rows)
