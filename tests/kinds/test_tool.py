"""The tool: a calculator that is called, whose answers are given and never learned."""

from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from abacist.core import arithmetic
from abacist.core.errors import SettingsError
from abacist.core.seeds import stream
from abacist.core.settings import check
from abacist.kind import IGNORED
from abacist.kinds.tool import Tool
from abacist.models.settings import ModelSettings
from abacist.problems.question import read_question
from abacist.problems.task import Task, TaskSettings
from abacist.text import calls
from abacist.text.batch import Batch, collate
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import coordinates

TEXT = {"format": "calls", "tokenizer": {"name": "character", "characters": calls.CHARACTERS}}
CODEC = Codec.build(check(TextSettings, TEXT))
ENCODE, DECODE = CODEC.tokenizer.encode, CODEC.tokenizer.decode
OPERATIONS = ("addition", "subtraction", "multiplication", "division")
MIXTURE = [{"operation": {"name": name, "left": [0, 9], "right": [1, 9], "draw": "value"}} for name in OPERATIONS]
TASK = Task(check(TaskSettings, {"mixture": MIXTURE}))
PROMPTS = [CODEC.prompt(read_question(text)) for text in ("1+2", "8/3", "9-4", "7*8", "(1+2)*3", "2/7")]


def new(**model: Any) -> Tool:
    shape = {"d_model": 32, "n_layers": 2, "n_heads": 2, "d_ff": 64, "context_length": 48}
    settings = check(ModelSettings, shape | model)
    made = Tool.new(Tool.Settings(), settings, CODEC.classes, CODEC.tokenizer.end_id, seed=1)
    assert isinstance(made, Tool)
    return made.read_vocabulary(CODEC.tokenizer.vocabulary)


def batch(size: int, first: int = 0) -> Batch:
    rows = [CODEC.row(TASK.sample(stream(1, first + index), "any")) for index in range(size)]
    return collate(rows, CODEC.classes, CODEC.tokenizer.pad_id)


def of_texts(*texts: str) -> Batch:
    ids = np.zeros((len(texts), max(map(len, texts))), dtype=np.int64)
    for row, text in zip(ids, texts, strict=True):
        row[: len(text)] = ENCODE(text)
    return Batch(ids, coordinates(ids, CODEC.classes), ids > 0)


@pytest.fixture(scope="module")
def taught() -> Tool:
    """A tool that has learned to call on one digit, in a few seconds."""
    made = new(position="relative")
    optimizer = torch.optim.AdamW(made.parameters(), lr=1e-2)
    for step in range(160):
        rows = made.prepare(batch(32, 32 * step))
        (made.loss(rows) / int(rows.loss_mask.sum())).backward()
        optimizer.step()
        optimizer.zero_grad()
    return made.eval()


class Scripted(Tool):
    """Writes what it is told, whatever its weights say; tokens that are given are not in its script."""

    script: str

    def texts(self, prompt: str = "1=") -> str:
        """Return all that stands behind the prompt, to the end of the script."""
        left = iter([*ENCODE(self.script), self.end_id])
        written: list[int] = []
        for token in self.write([1, *ENCODE(prompt)], lambda logits: next(left)):
            if token == self.end_id:
                break
            written.append(token)
        return DECODE(written)


def scripted(script: str, context_length: int = 64) -> Scripted:
    made = new(context_length=context_length)
    made.__class__ = Scripted
    assert isinstance(made, Scripted)
    made.script = script
    return made


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1=[7*12>84]84", "84]"),
        ("(3+4)*12=[3+4>7][7*12>84]84", "7]84]"),
        ("1=[7*>]5", "]"),
        ("1=7>8]9", ""),  # no call is open
        ("1=[7]8>9]", ""),
        ("1=[7>8>9]5]", "8>"),  # no calculator wrote this
        ("[7*12>84", "84"),
        (">1]", ""),
        ("1=[7[8>9]2", "9]"),
    ],
)
def test_what_the_calculator_writes_is_not_learned(text: str, given: str):
    made, rows = new(), of_texts(text, "1+2=")
    kept = made.prepare(rows).loss_mask
    assert DECODE(rows.ids[0][rows.loss_mask[0] & ~kept[0]].tolist()) == given
    assert kept[1].tolist() == rows.loss_mask[1].tolist()


def test_the_loss_is_that_of_the_tokens_it_writes_itself():
    made, rows = new().eval(), batch(6)
    prepared = made.prepare(rows)
    assert 0 < prepared.loss_mask.sum() < rows.loss_mask.sum()
    assert (made.prepare(prepared).loss_mask == prepared.loss_mask).all()
    ids, places = torch.from_numpy(rows.ids), torch.from_numpy(rows.coordinates)
    chances = made.model(ids, places).log_softmax(-1)
    by_hand = sum(-chances[r, t - 1, rows.ids[r, t]] for r, t in zip(*prepared.loss_mask.nonzero(), strict=True))
    torch.testing.assert_close(made.loss(rows), by_hand)
    torch.testing.assert_close(made.loss(prepared), by_hand)
    assert int((made.inputs(rows)["targets"] != IGNORED).sum()) == prepared.loss_mask.sum()


@pytest.mark.parametrize(
    ("script", "written"),
    [
        ("[7*12>84", "[7*12>84]84"),
        ("[3+4>[7*12>84", "[3+4>7][7*12>84]84"),
        ("[27/86>0.31", "[27/86>0.313953488372]0.31"),
        ("[3-10>[--7>7", "[3-10>-7][--7>7]7"),
        ("[8%>0.08", "[8%>0.08]0.08"),
        ("[27/86:2>0.31", "[27/86:2>0.31]0.31"),
        ("[1/0>5", "[1/0>]5"),
        ("[>5", "[>]5"),
        ("[7*>[7**2>[1+2+3>[1.>5", "[7*>][7**2>][1+2+3>][1.>]5"),
        ("7*12>84", "7*12>84"),
        ("[7*12]>84", "[7*12]>84"),
        ("[7[2*3>6", "[7[2*3>6]6"),
        ("[2*3>>6", "[2*3>6]>6"),
    ],
)
def test_what_is_asked_is_answered_at_once(script: str, written: str):
    assert scripted(script).texts() == written


def test_a_call_may_begin_in_what_it_goes_on_with():
    assert scripted("6").texts("1+[2*3>") == "6]6"
    assert scripted(">6").texts("1+[2*3") == ">6]6"


def test_beyond_the_context_calls_go_on():
    assert scripted("[7*12>" * 20, context_length=24).texts() == "[7*12>84]" * 20


def test_answers_are_those_of_the_calculator_with_certainty(taught: Tool):
    for prompt, answer in zip(PROMPTS, taught.answer(PROMPTS), strict=True):
        rows = of_texts(DECODE([*prompt, *answer.ids]))
        given = (rows.loss_mask & ~taught.prepare(rows).loss_mask)[0][len(prompt) - 1 :]
        assert given.any()
        assert all(answer.probabilities[place] == 1.0 for place in given.nonzero()[0])
        for call in DECODE(answer.ids).split("]")[:-1]:
            question, _, result = call.removeprefix("[").partition(">")
            assert result == calls.result(question)


def test_it_learns_to_call(taught: Tool):
    problems = [TASK.sample(stream(2, index), "any") for index in range(100)]
    answers = taught.answer([CODEC.prompt(problem.question) for problem in problems])
    rows = [CODEC.row(problem) for problem in problems]
    true = [DECODE(row.ids[row.prompt_length :]).partition("]")[0] for row in rows]
    assert sum(DECODE(a.ids).startswith(call) for a, call in zip(answers, true, strict=True)) >= 70


@pytest.mark.parametrize("broken", [lambda sign, *numbers: None, lambda sign, *numbers: Fraction(46)])
def test_without_the_calculator_it_has_other_answers(taught: Tool, monkeypatch: pytest.MonkeyPatch, broken: Any):
    before = [DECODE(answer.ids) for answer in taught.answer(PROMPTS[:4])]
    monkeypatch.setattr(arithmetic, "applied", broken)
    after = [DECODE(answer.ids) for answer in taught.answer(PROMPTS[:4])]
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert [one.partition(">")[0] for one in before] == [other.partition(">")[0] for other in after]


def test_a_calculator_that_fails_is_missed(taught: Tool, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the calculator was asked")

    monkeypatch.setattr(arithmetic, "applied", refuse)
    with pytest.raises(AssertionError, match="the calculator was asked"):
        taught.answer(PROMPTS)


def test_alone_together_and_token_by_token_it_writes_the_same(taught: Tool):
    for made in (taught, new().eval()):
        together = made.answer(PROMPTS)
        for prompt, answer in zip(PROMPTS, together, strict=True):
            assert made.answer([prompt])[0].ids == answer.ids
            free = islice(made.write(prompt, lambda logits: int(logits.argmax())), len(answer.ids))
            assert list(free) == answer.ids


def test_what_it_writes_itself_is_what_its_logits_say_without_a_cache(taught: Tool):
    for prompt, answer in zip(PROMPTS, taught.answer(PROMPTS), strict=True):
        ids = np.array([[*prompt, *answer.ids]])
        rows = Batch(ids, coordinates(ids, CODEC.classes), np.ones(ids.shape, dtype=np.bool_))
        logits = taught.model(torch.from_numpy(ids), torch.from_numpy(rows.coordinates))[0]
        own = taught.prepare(rows).loss_mask[0]
        for place in range(len(prompt), ids.shape[1]):
            if own[place]:
                assert int(logits[place - 1].argmax()) == ids[0, place]


@pytest.mark.parametrize("lost", ["[", "]", ">", "-", ".", "7"])
def test_a_vocabulary_that_lacks_a_sign_is_one_clear_line(lost: str):
    vocabulary = [token for token in CODEC.tokenizer.vocabulary if token != lost]
    with pytest.raises(SettingsError) as refused:
        new().read_vocabulary(vocabulary)
    assert str(refused.value) == (
        f"text.tokenizer: {lost!r} is no token, and a model of kind tool calls with [ > ] and is answered in digits; "
        "--set text.format=calls --set text.tokenizer.name=character "
        "--set 'text.tokenizer.characters=\"0123456789+-*/()=.%:[>]\"'"
    )


def test_numbers_have_to_be_written_in_single_digits():
    with pytest.raises(SettingsError, match=r"text\.tokenizer: '12' is one token"):
        new().read_vocabulary([*CODEC.tokenizer.vocabulary, "12"])
