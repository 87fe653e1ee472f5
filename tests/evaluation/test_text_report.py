"""The report of a run of text."""

import math
from typing import Any

import pytest

from abacist.core.settings import check, dump
from abacist.evaluation.losses import TextLoss
from abacist.evaluation.report import RunFacts
from abacist.evaluation.text_figures import smoothed
from abacist.evaluation.text_report import TextFacts, course, render_text, verdict
from abacist.runs.settings import RunSettings

SETTINGS = check(RunSettings, {"corpus": {"sources": []}, "training": {"steps": 40}})
FACTS = RunFacts("runs/x", "abacist train runs/x/settings.json", dump(SETTINGS), {"python": "3.x"}, 1234, 5678)
SIDES = {"train": {"tokens": 900}, "validation": {"tokens": 100}}
SOURCE = {"name": "a<b>.txt", "share": 1.0, "documents": 2, "characters": 1000, "faults": 3, "sides": SIDES}
METRICS: list[dict[str, Any]] = [
    {"step": 10, "loss": 3.0, "seconds": 1.0},
    {"step": 10, "held_out_loss": 2.5, "bits_per_character": 3.6, "sample": "first <b>", "seconds": 1.0},
    {"step": 20, "loss": 2.0, "seconds": 2.0},
    {"step": 20, "held_out_loss": 2.25, "bits_per_character": 3.2, "sample": "second", "seconds": 2.0},
    {"step": 30, "held_out_loss": 2.4, "bits_per_character": 3.5, "sample": "third", "seconds": 3.0},
]


def page(counted: float | None = 2.5, metrics=METRICS, loss: TextLoss | None = None) -> str:
    text = TextFacts([SOURCE], {"a<b>.txt": loss or TextLoss(99, 2.25, 0.99)}, counted, 40)
    return render_text(FACTS, text, metrics, ["written & <i>kept</i>"])


def test_it_tells_the_loss_the_text_and_the_samples():
    html = page()
    for expected in ("2.2500", "9.488", f"{2.25 * 0.99 / math.log(2):.4f}", "least at step 20, 2.2500", "1,234", "900"):
        assert expected in html, expected
    assert "has 2.5000, and this model 2.2500, 0.2500 nats below it" in html
    assert html.count("<svg") == 2
    assert "2 documents" not in html


def test_a_sampled_loss_is_called_one_and_counting_held_against_the_whole():
    metrics = [{**line, "tokens_validated": 40} if "sample" in line else line for line in METRICS]
    html = page(metrics=metrics, loss=TextLoss(1000, 2.3, 0.99))
    assert "on an even sample of 40 tokens, was least at step 20, 2.2500" in html
    assert "has 2.5000, and this model 2.3000, 0.2000 nats below it" in html
    assert "even sample" not in page(metrics=[{**line, "tokens_validated": 99} for line in METRICS])


def test_it_always_tells_what_of_the_validation_text_was_trained_on():
    told = {"window": 50, "windows": 800, "looked_for": 800, "found": 4}
    text = TextFacts([{**SOURCE, "overlap": told}], {"a": TextLoss(99, 2.25, 0.99)}, None, 40)
    html = render_text(FACTS, text, METRICS)
    assert "0.50%" in html
    assert "4 of 800" in html


def test_unknown_tokens_are_told_and_bits_are_not():
    html = page(loss=TextLoss(99, 2.25, None, 0.125))
    assert "12.50% of the tokens are unknown to the vocabulary" in html
    assert "of the tokens are unknown to the vocabulary" not in page()


def test_what_comes_from_data_is_escaped():
    html = page()
    assert "a&lt;b&gt;.txt" in html
    assert "written &amp; &lt;i&gt;kept&lt;/i&gt;" in html
    assert "first &lt;b&gt;" in html
    assert "a<b>" not in html


def test_nothing_known_is_no_error():
    html = page(counted=None, metrics=[], loss=TextLoss(7, 1.0))
    assert "unknown" in html
    assert "pairs, counted" not in html
    assert "<svg" not in html


def test_the_verdict_is_a_sentence():
    assert verdict(TextLoss(1000, math.log(2), 1.0)) == (
        "On 1,000 tokens of text that it was not trained on this model needs 1.000 bits a character: it is as unsure "
        "as among 2.00 tokens."
    )
    assert "0.6931 nats a token" in verdict(TextLoss(1000, math.log(2)))


@pytest.mark.parametrize(("count", "steps"), [(1, [1]), (3, [1, 2, 3]), (11, [1, 3, 5, 7, 9, 11])])
def test_the_course_has_the_first_and_the_last_look(count: int, steps: list[int]):
    lines = [{"step": n, "held_out_loss": 1.0, "sample": str(n)} for n in range(1, count + 1)]
    assert [step for step, _, _ in course(lines)] == steps


def test_smoothing_keeps_the_mean():
    losses = [(step, float(step % 7)) for step in range(1000)]
    means = smoothed(losses, 200)
    assert len(means) == 200
    assert sum(value for _, value in means) / 200 == pytest.approx(sum(value for _, value in losses) / 1000)
    assert smoothed(losses[:3]) == [(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)]
