"""Grokfast against its formula, written out."""

import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.training.optimizers.adamw import AdamW
from abacist.training.optimizers.grokfast import Grokfast


def test_the_step_is_that_of_adamw_on_the_amplified_gradient():
    ours, theirs = (torch.nn.Parameter(torch.ones(3, 2)) for _ in range(2))
    (grokfast,) = Grokfast(memory=0.9, strength=2.0, weight_decay=0.1).make([("w", ours)], 0.1)
    (adamw,) = AdamW(weight_decay=0.1).make([("w", theirs)], 0.1)
    slow, generator = None, torch.Generator().manual_seed(1)
    for _ in range(5):
        gradient = torch.randn(3, 2, generator=generator)
        slow = gradient if slow is None else 0.9 * slow + 0.1 * gradient
        ours.grad, theirs.grad = gradient.clone(), gradient + 2.0 * slow
        grokfast.step()
        adamw.step()
        torch.testing.assert_close(ours, theirs)


def test_without_strength_it_is_adamw_and_none_is_refused():
    with pytest.raises(SettingsError, match="strength must be at least 0"):
        Grokfast(strength=-1.0)
    with pytest.raises(SettingsError, match="memory must be at least 0 and below 1"):
        Grokfast(memory=1.0)
    ours, theirs = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    for parameter, choice in ((ours, Grokfast(strength=0.0)), (theirs, AdamW(weight_decay=0.0))):
        (optimizer,) = choice.make([("w", parameter)], 0.1)
        parameter.grad = torch.full((2, 2), 0.3)
        optimizer.step()
    assert torch.equal(ours, theirs)
