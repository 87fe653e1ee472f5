"""The golden file of the shipped model, replayed by every runtime."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from abacist.evaluation.grading import grade
from abacist.models.cache import Cache
from abacist.problems.question import read_question
from abacist.runs.golden import GOLDEN
from abacist.runs.run import Run
from abacist.runtime.calculator import SHIPPED
from abacist.runtime.decoder import NumpyDecoder
from abacist.text.coordinates import coordinates

ENTRIES = json.loads((SHIPPED / GOLDEN).read_text())
TOLERANCE = 2e-4


@pytest.fixture(scope="module")
def run():
    return Run.open(SHIPPED)


@pytest.fixture(scope="module")
def model(run):
    return run.trained().model.eval()


@pytest.fixture(scope="module")
def on_numpy():
    return NumpyDecoder(SHIPPED)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["question"])
class TestGolden:
    def test_prompt_ids_and_coordinates(self, entry, run):
        question = read_question(entry["question"])
        assert run.codec.format.prompt(question) == entry["prompt"]
        assert run.codec.prompt(question) == entry["ids"][: entry["prompt_length"]]
        assert coordinates(np.array([entry["ids"]]), run.codec.classes)[0].tolist() == entry["coordinates"]

    def test_answer(self, entry, run, on_numpy):
        question = read_question(entry["question"])
        prompt, expected = run.codec.prompt(question), entry["ids"][entry["prompt_length"] :]
        (with_torch,) = run.trained().answer([prompt])
        assert with_torch.ids == expected
        assert on_numpy.answer(prompt).ids == expected
        assert run.codec.answer(expected, question) == entry["answer"]

    def test_torch_without_the_cache(self, entry, model):
        with torch.inference_mode():
            logits = model(torch.tensor([entry["ids"]]), torch.tensor([entry["coordinates"]]))[0]
        np.testing.assert_allclose(logits[entry["prompt_length"] - 1 : -1], entry["logits"], atol=TOLERANCE)

    def test_torch_with_the_cache(self, entry, model):
        ids, places = torch.tensor([entry["ids"]]), torch.tensor([entry["coordinates"]])
        start = entry["prompt_length"]
        cache = Cache(model.settings, 1, ids.shape[1], model.embedding.weight)
        with torch.inference_mode():
            rows = [model(ids[:, :start], places[:, :start], cache)[0, -1]]
            for step in range(start, ids.shape[1] - 1):
                rows.append(model(ids[:, step : step + 1], places[:, step : step + 1], cache)[0, -1])
        np.testing.assert_allclose(torch.stack(rows), entry["logits"], atol=TOLERANCE)

    def test_numpy(self, entry, on_numpy):
        logits = on_numpy.logits(entry["ids"])
        np.testing.assert_allclose(logits[entry["prompt_length"] - 1 : -1], entry["logits"], atol=TOLERANCE)


def test_the_shipped_model_comes_with_its_settings_log_grade_and_versions():
    names = {file.name for file in SHIPPED.iterdir()}
    assert names >= {"settings.json", "model.safetensors", "tokenizer.json", "metrics.jsonl", "grades.json"}
    assert (SHIPPED / "model.safetensors").stat().st_size < 4_000_000


def test_the_shipped_grade_is_what_the_weights_give(run):
    """A sample of the first set, graded anew: the score lies in the interval that was shipped."""
    first = run.settings.grading.sets[0]
    shipped = next(each for each in json.loads((SHIPPED / "grades.json").read_text()) if each["name"] == first.title)
    sample = dataclasses.replace(first, count=500)
    settings = run.settings
    result = grade(run.trained(), run.codec, settings.task, sample, seed=7, may_have_been_seen=run.may_have_been_seen)
    assert result.certificate.clean
    low, _ = result.score.interval
    assert low <= shipped["accuracy"] <= 1
    assert result.score.accuracy >= shipped["accuracy"] - 0.02
