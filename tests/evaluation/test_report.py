"""The report: what it says, that it is safe, and that it needs nothing beside it."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from abacist.core.catalogue import Part
from abacist.data.certificate import Certificate
from abacist.evaluation import report
from abacist.evaluation.grading import Grade, Marked
from abacist.evaluation.report import RunFacts, render, write_report
from abacist.problems.problem import Problem
from abacist.problems.question import read_question
from abacist.problems.rounding import Rounding
from abacist.text.codec import Codec, TextSettings
from abacist.text.generated import Generated

SETTINGS: dict[str, Any] = {
    "task": {"mixture": [], "split": {"held_out": 0.1, "region": None}},
    "training": {
        "steps": 500,
        "batch_size": 256,
        "learning_rate": 0.004,
        "dtype": "float32",
        "optimizer": {"name": "adamw"},
        "schedule": {"name": "trapezoid"},
    },
    "recipe": "demo",
    "seed": 7,
    "model": {
        "d_model": 64,
        "n_layers": 2,
        "n_heads": 2,
        "d_ff": 256,
        "position": {"name": "places"},
        "norm": {"name": "rms_norm"},
        "feed_forward": {"name": "squared_relu"},
        "tied": False,
        "context_length": 23,
    },
    "kind": {"name": "decoder"},
}
FACTS = RunFacts(
    path="runs/my demo",
    command="abacist train 'runs/my demo/settings.json'",
    settings=SETTINGS,
    versions={"python": "3.11.7", "packages": {"torch": "2.13.0"}},
    parameters=102_208,
    weight_bytes=410_584,
    answers_per_second=1234.5,
    ideas=[("abacist train demo --set digits=7", "Longer numbers.")],
)
METRICS = [
    {"step": 250, "loss": 1.5, "seconds": 30.0},
    {"step": 500, "loss": 0.002, "seconds": 61.0},
    {"step": 500, "held_out_accuracy": 1.0, "held_out_loss": 0.0021, "seconds": 61.0},
]


@pytest.fixture
def codec() -> Codec:
    """All digits turned round, one token a sign."""
    return Codec.build(TextSettings(Part("reversed"), Part("character", {"characters": "0123456789+="})))


def posed(question: str) -> Problem:
    """Pose a typed sum."""
    return Problem(read_question(question), Rounding(), "addition")


def right(question: str) -> Marked:
    """Mark a sum as answered right."""
    truth = posed(question).answer()
    return Marked(posed(question), truth, truth, truth[::-1], True, 0.99)


def wrong(question: str, answer: str | None, written: str = "?") -> Marked:
    """Mark a sum as answered wrong."""
    return Marked(posed(question), posed(question).answer(), answer, written, False, 0.4)


def graded(marks: list[Marked], seen: int = 0, name: str = "held out") -> Grade:
    """Put marks into a grade."""
    return Grade(name, marks, Certificate(len(marks), seen), 2026)


PERFECT = graded([right(f"{left}+{left + 1}") for left in range(50)])


def text_of(page: str) -> str:
    """Return a page's visible words, spaces joined; fails if an element is not closed in its turn."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.open: list[str] = []
            self.words: list[str] = []

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

        def handle_data(self, data: str) -> None:
            if self.open and self.open[-1] != "style":
                self.words.append(data)

    reader = Reader()
    reader.feed(page)
    assert not reader.open
    return re.sub(r"\s+", " ", "".join(reader.words))


def test_verdict_counts_and_says_whether_the_problems_were_new() -> None:
    many = graded([right("1+2")] * 4999 + [wrong("1+2", "4")])
    assert report.verdict(many) == (
        "This model answers 4,999 of 5,000 problems it has never seen (99.98 %, 95 % interval 99.89 to 99.996)."
    )
    seen = report.verdict(graded([right("1+2")], seen=1))
    assert "never seen" not in seen
    assert "All 1 may have been seen in training." in seen


def test_a_perfect_run(codec: Codec) -> None:
    text = text_of(render(FACTS, codec, [PERFECT], METRICS))
    assert "This model answers 50 of 50 problems it has never seen" in text
    assert "None of the 50 can have been seen in training." in text
    assert "Not one mistake." in text
    assert "It read 128,000 solved problems" in text
    assert "A share of 10 % of all problems" in text
    assert "Training loss went from 1.5 at step 250 to 0.002 at step 500." in text
    assert "no sign of mere memory" in text
    assert "Every group is answered without a mistake." in text
    assert "None of the 50 cells holds a mistake." in text
    assert "102,208, in 410,584 bytes on disk" in text
    assert "500 in 1 min 1 s" in text
    assert "torch 2.13.0" in text


def test_the_page_asks_for_nothing_outside_and_runs_no_script(codec: Codec) -> None:
    page = render(FACTS, codec, [PERFECT], METRICS)
    links = re.findall(r"""(?:src|href|srcset|action|data)\s*=\s*["']([^"']*)""", page)
    assert links
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in links)
    assert all(target.startswith("#") for target in re.findall(r"url\(([^)]*)\)", page))
    assert not re.search(r"<(script|link|iframe|object|embed|base)\b|@import|\son\w+=", page)


def test_every_figure_has_words_for_those_who_cannot_see_it(codec: Codec) -> None:
    page = render(FACTS, codec, [PERFECT, graded([right("123+4")], name="longer")], METRICS)
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert page.count("<svg") == page.count("<figcaption>") == len(labels) == 5


def test_what_comes_from_data_is_escaped(codec: Codec) -> None:
    evil = '<script>alert("1")</script>'
    grade = Grade(evil, [wrong("1+2", None, evil), right("100+2")], Certificate(2, 0), 1, note=evil)
    facts = RunFacts(evil, evil, {**SETTINGS, "recipe": evil}, {"platform": evil}, 1, 1, 1.0, [(evil, evil)])
    page = render(facts, codec, [grade], METRICS)
    assert "<script" not in page
    assert evil in text_of(page)


def test_failures_stand_beside_their_truth_the_first_shown_and_all_at_hand(codec: Codec) -> None:
    failures = [wrong(f"{left}+1", str(left + 2)) for left in range(100, 125)]
    page = render(FACTS, codec, [graded([*failures, wrong("40+2", None, "4=2"), right("1+1")])], METRICS)
    text = text_of(page)
    assert "held out: 26 wrong of 27" in text
    assert "23 off in one place, 2 off in several places, 1 no number at all." in text
    before, after = page.split("<summary>All 26 mistakes</summary>")
    assert before.count('<td class="sum">') == report.SHOWN
    assert after.count('<td class="sum">') == 26
    assert re.search(r"103\+1 ?104 ?105 ?\? ?40\.0 %", text)
    assert re.search(r"40\+2 ?42 ?no number ?4=2 ?40\.0 %", text)
    assert "10<mark>5</mark>" in page


def test_malformed_answers_are_counted(codec: Codec) -> None:
    text = text_of(render(FACTS, codec, [graded([wrong("1+2", None), right("3+4")])], METRICS))
    assert re.search(r"held out ?1 of 2 ?50\.0 % ?9\.5 to 90\.5 ?1 ?2026", text)


def test_the_sample_is_written_as_the_model_reads_it(codec: Codec) -> None:
    page = render(FACTS, codec, [graded([right("48250+7731")])], METRICS)
    text = text_of(page)
    assert "48250+7731 = 55981" in text
    assert re.search(r"The model reads ?05284\+1377= ?It should write ?18955 ", text)
    assert "written from the last to the first" in text
    assert "turned round too" in text


def test_the_reason_for_turned_digits_is_given_only_where_they_are(codec: Codec) -> None:
    plain = Codec.build(TextSettings(Part("compact"), Part("character", {"characters": "0123456789+="})))
    text = text_of(render(FACTS, plain, [graded([right("48250+7731")])], METRICS))
    assert "from the last to the first" not in text
    assert "reading order" in text


def test_questions_for_show_are_marked_with_the_confidence_of_each_sign(codec: Codec) -> None:
    ids = codec.row(posed("19+23")).ids[-3:]
    asked = [
        (posed("19+23"), Generated(ids, [0.999, 0.5, 1.0])),
        (posed("1+1"), Generated(ids, [0.3, 0.3, 0.3])),
        (posed("2+2"), Generated([], [])),
    ]
    page = render(FACTS, codec, [PERFECT], METRICS, asked)
    text = text_of(page)
    assert re.search(r"19\+23 ?42 ?right", text)
    assert re.search(r"wrong, it is 2\b", text)
    assert "2<small>99+</small>" in page
    assert '<span class="token unsure">4<small>50</small>' in page
    assert "no number" in text


def test_what_to_try_next_fits_the_run(codec: Codec) -> None:
    commands = [command for command, _ in report.next_steps(FACTS, [PERFECT])]
    again = "abacist train 'runs/my demo/settings.json'"
    assert commands == [
        "abacist calc --run 'runs/my demo'",
        f"{again} --set model.d_model=32",
        f"{again} --set seed=8",
    ]
    poor = [command for command, _ in report.next_steps(FACTS, [graded([wrong("1+2", "4")])])]
    assert f"{again} --set training.steps=1000" in poor
    assert "abacist train demo --set digits=7" in text_of(render(FACTS, codec, [PERFECT], METRICS))


def test_a_gap_between_training_and_held_out_problems_is_named() -> None:
    lines = [{"step": 10, "loss": 0.01}, {"step": 10, "held_out_accuracy": 0.1, "held_out_loss": 1.0}]
    assert "a gap" in report.learning_found(lines, "held-out problems", 15)
    assert "memory" not in report.learning_found(lines, "problems of the training side", 15)


def test_a_region_is_told_and_outlined(codec: Codec) -> None:
    split = {"held_out": 0.0, "region": [10, 19]}
    settings = {**SETTINGS, "task": {"mixture": [], "split": split}}
    facts = RunFacts("r", "c", settings, {}, 1, 1, 1.0)
    text = text_of(render(facts, codec, [PERFECT], METRICS))
    assert "Problems with a number from 10 to 19 were never shown" in text
    assert "The dashed line encloses what was never trained on." in text


def test_lengths_that_training_can_have_shown_are_framed(codec: Codec) -> None:
    marks = [right("12+34"), right("123456789012+1"), wrong("123456789013+2", "123456789016")]
    page = render(FACTS, codec, [graded(marks)], METRICS, within=lambda question: len(question[0]) < 5)
    text = text_of(page)
    assert "The frame encloses lengths that training can have shown." in text
    assert "right at sizes that training can have shown: 1 of 1" in text
    assert "sizes beyond them: 1 of 2" in text
    assert "half of the first wrong digits stand at place 1 or below" in text


def test_curves_over_operands_and_depth_are_drawn_where_these_differ(codec: Codec) -> None:
    plain = Codec.build(TextSettings(Part("compact")))
    page = render(FACTS, plain, [graded([right("1+2"), right("1+2+3"), right("(1+2)+3")])], METRICS)
    assert "By the number of operands" in page
    assert "By depth" in page
    assert "By depth" not in render(FACTS, codec, [PERFECT], METRICS)


def test_a_run_without_metrics_or_grades_still_has_a_page(codec: Codec) -> None:
    text = text_of(render(FACTS, codec, [], []))
    assert "This model has not been graded." in text


def test_the_page_is_written_whole(codec: Codec, tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", FACTS, codec, [PERFECT], METRICS)
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page == render(FACTS, codec, [PERFECT], METRICS)
    assert page.startswith("<!doctype html>")
