"""The encoder: what it fills, round by round, and how its settings are settled and refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from abacist.core.errors import SettingsError
from abacist.core.settings import check
from abacist.kinds.encoder import Encoder
from abacist.models.settings import ModelSettings
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.text.coordinates import coordinates
from abacist.text.generated import Generated

CLASSES = np.array([0, 0, 0, *[1] * 10, 0])
PROMPTS = [[1, 4, 13], [1, 5, 6, 7, 13], [1, 3, 13], [1, 9, 9, 9, 9, 13], [1, 8, 8, 13]]


def new(**settings: object) -> Encoder:
    model = ModelSettings(d_model=16, n_layers=2, n_heads=2, d_ff=32, context_length=12)
    made = Encoder.new(check(Encoder.Settings, settings), model, CLASSES, end_id=2, seed=1)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.normal_(0, 0.4, generator=generator)
    return made.eval()


@torch.inference_mode()
def filled(made: Encoder, prompt: list[int], rounds: int) -> Generated:
    """Fill an answer as the paper tells it, one row and one token at a time."""
    width = min(made.settings.width or 99, 12 - len(prompt))
    tokens, chances = [made.mask_id] * width, [0.0] * width
    end = width
    for step in range(rounds):
        ids = np.array([[*prompt, *tokens]])
        logits = made.model(torch.from_numpy(ids), torch.from_numpy(coordinates(ids, made.classes)))[0, len(prompt) :]
        for place in range(width):
            if tokens[place] == made.mask_id:
                chance, choice = logits[place].softmax(-1).max(-1)
                tokens[place], chances[place] = int(choice), float(chance)
        end = tokens.index(2) + 1 if 2 in tokens else width
        if step < rounds - 1:
            unsure = sorted(range(end), key=chances.__getitem__)[: end * (rounds - 1 - step) // rounds]
            tokens = [made.mask_id if place >= end or place in unsure else tokens[place] for place in range(width)]
    return Generated(tokens[:end], chances[:end])


@pytest.mark.parametrize("rounds", [1, 2, 5])
@pytest.mark.parametrize("width", [None, 6])
def test_answers_are_filled_round_by_round_and_end_at_the_first_end(rounds: int, width: int | None):
    made = new(rounds=rounds, width=width)
    with torch.no_grad():
        made.model.head.weight[2] += 0.3  # so that some answers end
    answers = made.answer(PROMPTS)
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        expected = filled(made, prompt, rounds)
        assert answer.ids == expected.ids
        np.testing.assert_allclose(answer.probabilities, expected.probabilities, rtol=1e-4)
    if rounds > 1:
        once = new(rounds=1, width=width)
        once.model.load_state_dict(made.model.state_dict())
        assert answers != once.answer(PROMPTS)


def test_a_few_prompts_at_a_time_get_the_same_answers():
    made = new(width=5)
    assert [a.ids for a in made.answer(PROMPTS, rows=2)] == [a.ids for a in made.answer(PROMPTS)]


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"width": 0}, "width must be at least 1, got 0"),
        ({"rounds": 0}, "rounds must be at least 1, got 0"),
        ({"masking": "some"}, "masking"),
        ({"row_share": 1.0}, "row_share must be above 0 and below 1"),
        ({"rounds": 2, "masking": "answer"}, "masking: several rounds fill answers of which a part is seen"),
    ],
)
def test_wrong_settings_are_said(wrong: dict[str, object], complaint: str):
    with pytest.raises(SettingsError, match=complaint):
        check(Encoder.Settings, wrong)


def test_a_width_is_settled_by_the_answers_in_sight(tiny_settings, tmp_path: Path):
    run = Run.create(tmp_path / "run", tiny_settings(kind="encoder"))
    # Of two numbers up to 19 the longest sums have two digits, differences a sign and two digits; then the end.
    assert run.settings.kind.settings["width"] == 4 + 1 + 1
    assert {
        int((batch.ids == run.without_weights.mask_id).sum(axis=1).max()) for batch in map(run.batch, range(3))
    } == {6}


def test_an_answer_that_does_not_fit_is_told_before_there_is_a_folder(tiny_settings, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"kind\.width: an answer of \d tokens, its end included, does not fit 2"):
        Run.create(tmp_path / "run", tiny_settings(kind={"name": "encoder", "width": 2}))
    assert not (tmp_path / "run").exists()


def test_weights_to_begin_with_leave_the_width_open_and_not_what_they_were_taught_with(tiny_settings, tmp_path: Path):
    first = Run.create(tmp_path / "first", tiny_settings(kind="encoder", training__steps=1))
    first.train()
    began = {"start": {"weights": str(first.path)}, "training__steps": 1}
    same = Run.create(tmp_path / "same", tiny_settings(**began))
    assert same.settings.kind == first.settings.kind
    wider = Run.create(tmp_path / "wider", tiny_settings(kind={"name": "encoder", "width": 9}, **began))
    wider.train()
    assert wider.settings.kind.settings["width"] == 9
    with pytest.raises(SettingsError, match=r"kind: .*is not to be had"):
        Run.create(tmp_path / "other", tiny_settings(kind={"name": "encoder", "mask_is_digit": False}, **began))


def test_text_has_no_answers_to_mask(tmp_path: Path, tiny_settings):
    made = new(masking="share")
    ids = np.full((2, 13), 5)
    counts = np.ones(ids.shape, dtype=np.bool_)
    counts[:, 0] = False
    from_text = type(ProblemRun.planned(tmp_path / "run", tiny_settings()).batch(0))(ids, ids, counts)
    with pytest.raises(SettingsError, match=r"kind\.masking: share needs questions, and text has none"):
        made.prepare(from_text)
