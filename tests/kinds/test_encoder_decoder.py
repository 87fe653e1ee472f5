"""The encoder-decoder: its loss, and that what it writes with caches is what its logits say without."""

import numpy as np
import torch

from abacist.kinds.encoder_decoder import EncoderDecoder
from abacist.models.settings import ModelSettings
from abacist.text.batch import Batch, collate
from abacist.text.codec import Row
from abacist.text.coordinates import coordinates

CLASSES = np.array([0, 0, 0, *[1] * 10, 0])
ROWS = [Row([1, 4, 13, 5, 6, 7, 2], 3), Row([1, 4, 4, 5, 13, 5, 2], 5), Row([1, 13, 2], 2)]
PROMPTS = [[1, 4, 13], [1, 5, 6, 7, 13], [1, 3, 13], [1, 9, 9, 9, 9, 13], [1, 8, 8, 13]]


def new() -> EncoderDecoder:
    model = ModelSettings(d_model=16, n_layers=2, n_heads=2, d_ff=32, context_length=12)
    made = EncoderDecoder.new(EncoderDecoder.Settings(encoder_layers=1), model, CLASSES, end_id=2, seed=1)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.4, generator=generator)
    return made.eval()


def logits_after(made: EncoderDecoder, prompt: list[int], written: list[int]) -> torch.Tensor:
    """Return the logits after the last prompt token and each written one, from whole rows without a cache."""
    ids = np.array([[*prompt, *written]])
    both = torch.from_numpy(ids), torch.from_numpy(coordinates(ids, CLASSES))
    at = len(prompt)
    memory = made.model.read(*(part[:, :at] for part in both))
    return made.model(*(part[:, at - 1 :] for part in both), memory)[0]


def test_the_loss_is_the_cross_entropy_of_every_completion_token():
    made, total = new(), torch.zeros(())
    for row in ROWS:
        prompt, answer = row.ids[: row.prompt_length], row.ids[row.prompt_length :]
        chances = logits_after(made, prompt, answer).log_softmax(-1)
        total = total - sum(chances[place, token] for place, token in enumerate(answer))
    torch.testing.assert_close(made.loss(collate(ROWS, CLASSES, pad_id=0)), total)


@torch.inference_mode()
def test_it_writes_what_its_logits_say_without_a_cache():
    made = new()
    lengths = set()
    for prompt, answer in zip(PROMPTS, made.answer(PROMPTS), strict=True):
        logits = logits_after(made, prompt, answer.ids)[:-1]
        assert logits.argmax(-1).tolist() == answer.ids
        np.testing.assert_allclose(answer.probabilities, logits.softmax(-1).max(-1).values.numpy(), rtol=1e-4)
        lengths.add(len(answer.ids))
    assert len(lengths) > 1, "rows end at different times, so that caches are thinned out"
    assert [a.ids for a in made.answer(PROMPTS, rows=1)] == [a.ids for a in made.answer(PROMPTS)]


def test_a_row_of_text_is_cut_at_a_place_that_is_drawn():
    made = new()
    ids = np.tile(np.arange(1, 13), (500, 1))
    counts = np.ones(ids.shape, dtype=np.bool_)
    counts[:, 0] = False
    cut = made.prepare(Batch(ids, coordinates(ids, CLASSES), counts), np.random.default_rng(1)).loss_mask
    firsts = cut.argmax(axis=1)
    assert set(firsts.tolist()) == set(range(1, 12))
    assert (cut == (np.arange(12) >= firsts[:, None])).all()
