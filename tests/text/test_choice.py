"""Choosing the next token."""

import numpy as np
import pytest

from abacist.core.errors import SettingsError
from abacist.text.choice import Choice

LOGITS = np.log(np.array([0.4, 0.1, 0.3, 0.2]))


def test_all_probabilities_are_the_model_s_at_temperature_1():
    np.testing.assert_allclose(Choice().probabilities(LOGITS), [0.4, 0.1, 0.3, 0.2])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(temperature=0), [1, 0, 0, 0]),
        (Choice(temperature=0.5), np.array([16, 1, 9, 4]) / 30),
        (Choice(top_k=2), [4 / 7, 0, 3 / 7, 0]),
        (Choice(top_k=9), [0.4, 0.1, 0.3, 0.2]),
        (Choice(top_p=0.69), [4 / 7, 0, 3 / 7, 0]),
        (Choice(top_p=0.71), [4 / 9, 0, 3 / 9, 2 / 9]),
        (Choice(top_p=0.1), [1, 0, 0, 0]),
        (Choice(top_p=1.0), [0.4, 0.1, 0.3, 0.2]),
        (Choice(top_k=3, top_p=0.5), [4 / 7, 0, 3 / 7, 0]),
    ],
)
def test_what_is_left_of_the_probabilities(choice, expected):
    np.testing.assert_allclose(choice.probabilities(LOGITS), expected, atol=1e-12)


def test_tokens_come_as_often_as_they_should_and_never_what_is_left_out():
    rng, choice = np.random.default_rng(1), Choice(top_k=3)
    counts = np.bincount([choice.pick(LOGITS, rng) for _ in range(9000)], minlength=4)
    assert counts[1] == 0
    np.testing.assert_allclose(counts / 9000, [4 / 9, 0, 3 / 9, 2 / 9], atol=0.02)


def test_large_logits_are_no_matter():
    assert Choice(temperature=0.01).pick(np.array([-1e6, 1e6, 0.0]), np.random.default_rng(1)) == 1


@pytest.mark.parametrize("wrong", [{"temperature": -1}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_what_is_no_choice_is_refused(wrong):
    with pytest.raises(SettingsError, match=next(iter(wrong))):
        Choice(**wrong)


@pytest.mark.parametrize("temperature", [1e-320, 5e-324, 1e-300])
def test_a_temperature_near_nothing_takes_the_likeliest(temperature: float):
    logits = np.array([-700.0, 3.0, -np.inf, 2.9999])
    assert Choice(temperature).probabilities(logits).tolist() == [0.0, 1.0, 0.0, 0.0]
