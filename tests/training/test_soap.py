"""Adam along the axes of the gradients' second moment, against its formula and on a valley that lies askew."""

import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.training.optimizers.soap import Soap


def test_along_weights_that_vary_apart_it_is_adam():
    ours, theirs = (torch.nn.Parameter(torch.tensor([3.0, -2.0])) for _ in range(2))
    (soap,) = Soap(beta2=0.98).make([("w", ours)], 0.1)
    adam = torch.optim.Adam([theirs], lr=0.1, betas=(0.9, 0.98))
    for step in range(8):
        # One weight at a time: the second moment is diagonal, so that the axes are the weights themselves.
        gradient = torch.tensor([1.0, 0.0]) if step % 2 else torch.tensor([0.0, -0.5])
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        soap.step()
        adam.step()
    torch.testing.assert_close(ours, theirs)


def test_it_goes_down_a_valley_askew_as_down_one_along_the_weights():
    def lowest(turn: float) -> float:
        """Least loss in 120 steps of a valley 1,000 times steeper across than along, turned by an angle."""
        cosine, sine = torch.cos(torch.tensor(turn)), torch.sin(torch.tensor(turn))
        axes = torch.stack((torch.stack((cosine, sine)), torch.stack((-sine, cosine)))).double()
        at = torch.nn.Parameter(axes.T @ torch.tensor([1.0, 1.0], dtype=torch.float64))
        (soap,) = Soap(every=1).make([("w", at)], 0.02)
        losses = []
        for _ in range(120):
            soap.zero_grad()
            loss = (axes @ at).square() @ torch.tensor([1000.0, 1.0], dtype=torch.float64)
            loss.backward()
            soap.step()
            losses.append(float(loss.detach()))
        return min(losses)

    assert lowest(0.6) < 1.5 * lowest(0.0) + 1e-3
    assert lowest(0.6) < 1.0


def test_a_model_that_is_too_large_and_settings_without_sense_are_refused():
    with pytest.raises(SettingsError, match="models of up to 1,000 parameters, and this one learns 1,600"):
        Soap().make([("w", torch.nn.Parameter(torch.zeros(40, 40)))], 0.1)
    with pytest.raises(SettingsError, match="every must be at least 1"):
        Soap(every=0)
    with pytest.raises(SettingsError, match="beta1 and beta2 must be at least 0 and below 1"):
        Soap(beta2=1.0)
