"""The decoder's loss: over the completions only, however few tokens the last block works on."""

from itertools import islice

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.kinds.decoder import Decoder, completion_indices
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch, collate
from abacist.text.codec import Row

CLASSES = np.array([0, 0, 0, *[1] * 10])
ROWS = {
    "short answers": [Row([1, 3, 4, 5, 6, 7, 8, 9, 2], 7), Row([1, 3, 4, 5, 6, 2], 4)],
    "one token, at both ends": [Row([1, 3, 4, 5, 6, 7, 8, 9, 2], 8), Row([1, 2], 1)],
    "long answers": [Row([1, 3, 4, 5, 6, 7, 2], 2), Row([1, 3, 4, 2], 2)],
}


def batch_of(rows: list[Row]) -> Batch:
    return collate(rows, CLASSES, pad_id=0)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("n_layers", [1, 2])
def test_the_loss_is_the_cross_entropy_of_every_completion_token(rows: list[Row], n_layers: int):
    model = ModelSettings(d_model=16, n_layers=n_layers, n_heads=2, d_ff=32, context_length=12)
    kind = Decoder.new(None, model, CLASSES, end_id=2, seed=1)
    batch = batch_of(rows)
    logits = kind.model(torch.from_numpy(batch.ids), torch.from_numpy(batch.coordinates))
    expected = sum(
        F.cross_entropy(logits[index, place - 1], torch.tensor(row.ids[place]))
        for index, row in enumerate(rows)
        for place in range(row.prompt_length, len(row.ids))
    )
    loss = kind.loss(batch)
    torch.testing.assert_close(loss, expected)
    names = [name for name, _ in kind.model.named_parameters()]
    slopes = (torch.autograd.grad(value, list(kind.model.parameters())) for value in (loss, expected))
    for name, ours, theirs in zip(names, *slopes, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4, msg=lambda text, name=name: f"{name}: {text}")


def test_the_window_covers_every_completion_and_has_one_even_width():
    mask = batch_of(ROWS["short answers"]).loss_mask[:, 1:]
    window = completion_indices(mask)
    assert window.shape == (2, 2)
    assert np.take_along_axis(mask, window, axis=1).sum() == mask.sum()


def test_writing_switches_to_evaluation_once_and_back():
    model = ModelSettings(d_model=16, n_layers=1, n_heads=2, d_ff=32, context_length=8, dropout=0.5)
    kind = Decoder.new(None, model, CLASSES, end_id=2, seed=1).train()
    modes: list[bool] = []
    kind.model.eval = lambda: modes.append(False) or kind.model.train(False)  # type: ignore[method-assign]
    one = list(islice(kind.write([1, 3], lambda logits: int(logits.argmax())), 20))
    assert (modes, kind.model.training) == ([False], True)
    assert one == list(islice(kind.write([1, 3], lambda logits: int(logits.argmax())), 20))


def test_where_nearly_everything_counts_there_is_no_window():
    assert completion_indices(batch_of(ROWS["long answers"]).loss_mask[:, 1:]) is None


def fixed(tokens: int = 2) -> Decoder:
    model = ModelSettings(d_model=16, n_layers=1, n_heads=2, d_ff=32, context_length=12)
    return Decoder.new(Decoder.Settings(answer_tokens=tokens), model, CLASSES, end_id=2, seed=1)


def test_answers_of_one_length_end_by_themselves_and_the_end_is_not_learned():
    rows = [Row([1, 3, 4, 5, 6, 7, 8, 9, 2], 6), Row([1, 3, 4, 5, 8, 2], 3), Row([1, 7, 7, 2], 1)]
    kind = fixed(2)
    batch = kind.prepare(batch_of([*rows[:1], Row([1, 3, 4, 5, 6, 7, 9, 9, 2], 6)]))
    assert batch.loss_mask.sum(axis=1).tolist() == [2, 2]
    assert kind.loss(batch).isfinite()
    assert Decoder.new(Decoder.Settings(), kind.model.settings, CLASSES, 2, 1).prepare(batch) is batch
    torch.nn.init.zeros_(kind.model.head.weight)  # so that it never writes the end itself
    for answer in kind.answer([row.ids[: row.prompt_length] for row in rows]):
        assert (answer.ids, answer.probabilities[-1]) == ([0, 0, 2], 1.0)


def test_an_answer_of_another_length_is_refused():
    with pytest.raises(SettingsError, match=r"kind\.answer_tokens: an answer of 3 tokens is there, and all should"):
        fixed(2).prepare(batch_of([Row([1, 3, 4, 5, 6, 2], 2)]))
    with pytest.raises(SettingsError, match="answer_tokens must be at least 1"):
        Decoder.Settings(answer_tokens=0)
