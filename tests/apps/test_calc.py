"""`abacist calc` as its user meets it: steps, the short output, the prompt, and whether it is sure."""

import json
import sys
from pathlib import Path

import pytest

from abacist.apps import calc as command
from abacist.apps.calc import WITHOUT_STEPS, calc, show
from abacist.core.settings import check
from abacist.problems.task import Task, TaskSettings
from abacist.runtime.calculator import Calculator
from abacist.text.codec import Codec, TextSettings
from abacist.text.confidence import CALIBRATION, Calibration, Counts
from abacist.text.generated import Generated

WORK = "④₈⁰₄⁰₀③₀¹₄⁰₀804"
PAPER = "  12*34\n     12*34\n    4   48\n    3  408\n= 408\n"


class Works:
    """A model that works 12*34 out, whatever it is asked."""

    context_length = 200

    def __init__(self, work: str = WORK):
        self.codec = Codec.build(check(TextSettings, {"format": "steps", "tokenizer": "signs"}))
        self.task = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "multiplication", "left": [0, 99]}}]}))
        self.ids = [*self.codec.tokenizer.encode(work), self.codec.tokenizer.end_id]

    def inside(self, prompt: list[int]) -> list[str]:
        return []

    def answer(self, prompt: list[int]) -> Generated:
        return Generated(self.ids, [0.9] * len(self.ids))


@pytest.fixture
def works(monkeypatch):
    """Let every run be a model that works 12*34 out."""
    monkeypatch.setattr(command, "_decoder", lambda path: Works())


def test_steps_come_before_the_answer(works, capsys, tmp_path: Path):
    assert calc(["--run", str(tmp_path), "--steps", "12*34"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(PAPER)
    assert "\n12*34 = 408   right\n" in out
    calc(["--run", str(tmp_path), "12*34"])
    assert PAPER not in capsys.readouterr().out


def test_steps_are_in_the_json(works, capsys, tmp_path: Path):
    calc(["--run", str(tmp_path), "--json", "12*34"])
    reply = json.loads(capsys.readouterr().out)
    assert reply["steps"] == PAPER.splitlines()
    assert (reply["sure"], reply["doubt"]) == (None, None)
    assert reply["digits"] == [["4", 0.9], ["0", 0.9], ["8", 0.9]]


def test_a_model_without_steps_says_so(capsys, monkeypatch, tmp_path: Path):
    plain = Works()
    plain.codec = Codec.build(check(TextSettings, {"format": "compact"}))
    plain.ids = [*plain.codec.tokenizer.encode("46"), plain.codec.tokenizer.end_id]
    monkeypatch.setattr(command, "_decoder", lambda path: plain)
    assert calc(["--run", str(tmp_path), "--steps", "12+34"]) == 0
    assert capsys.readouterr().out.startswith(f"{WITHOUT_STEPS}\n12+34 = 46")


def test_a_question_that_cannot_be_put_has_no_steps(works, capsys, tmp_path: Path):
    assert calc(["--run", str(tmp_path), "--steps", "1+"]) == 1
    assert capsys.readouterr().out.startswith("no answer: ")


def test_hundreds_of_tokens_are_counted_and_the_answer_s_digits_shown():
    text = show(Calculator(Works()).reply("12*34"))
    assert "(4 90.00 % 0 90.00 % 8 90.00 %)" in text
    assert f"{len(WORK) + 1} tokens in " in text
    assert "⁰" not in text
    long = show(Calculator(Works("1234567890123")).reply("12*34"))
    assert "(" not in long.splitlines()[1]


def test_it_says_that_it_is_not_sure(works, capsys, tmp_path: Path):
    values = {"slope": 1, "guessing": 0, "intercept": 0, "highest": 0.9, "threshold": 0.8}
    (tmp_path / CALIBRATION).write_text(json.dumps({**values, "below": {"correct": 70, "count": 100}}))
    calc(["--run", str(tmp_path), "12*34"])
    assert "\nnot sure: 30 of 100 such answers were wrong · confidence 18.53 %" in capsys.readouterr().out
    sure = Calculator(Works(), Calibration(1, 0, 0, 0.9, 0.1, Counts(30, 100))).reply("12*34")
    assert "not sure" not in show(sure)


def test_steps_at_the_prompt(works, capsys, monkeypatch, tmp_path: Path):
    typed = iter(["12*34", "steps", "12*34", "STEPS", "12*34", "quit"])
    monkeypatch.setattr("builtins.input", lambda _: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(command, "_remember_history", lambda: None)
    assert calc(["--run", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert out.count("12*34 = 408   right") == 3
    assert out.count(PAPER) == 1
    assert out.index("steps are shown") < out.index(PAPER) < out.index("steps are hidden")
