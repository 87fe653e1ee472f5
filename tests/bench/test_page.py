"""The page and the picture from fixed results."""

import xml.etree.ElementTree as ElementTree

import pytest

from abacist.bench.curves import curves
from abacist.bench.page import cells, line, number, page
from abacist.bench.results import Results, Row

MACHINE = {
    "cpu": "Zilog Z80",
    "cores": 1,
    "threads": 1,
    "device": "cpu",
    "dtypes": ["float32"],
    "system": "CP/M z80",
    "python": "3.11.0",
    "torch": "2.13.0",
    "abacist": "0.1.0",
}
DATE = "2026-01-02T03:04:05+00:00"
RUN = {"started": DATE, "command": ["abacist", "bench", "my file"], "machine": MACHINE}


def row(measure: str, what: str, value: float | None, **more: object) -> Row:
    return Row(what, value, "tokens/s", measure=measure, date=DATE, run=DATE, **more)  # type: ignore[arg-type]


def point(name: str, x: int, y: float) -> Row:
    return row("growth", f"{name} {x}", y, spread=(0.9 * y, 1.1 * y), settings={"curve": name, "x": x})


ROWS = [
    row(
        "training",
        "width 8",
        12_345.6,
        spread=(12_000.0, 13_000.0),
        ratio=0.5,
        ratio_spread=(0.4, 0.6),
        against="the limit",
        rounds=7,
        settings={"width": 8, "threads": 1},
    ),
    row("training", "width 16", None, note="no | room"),
    point("width", 32, 1000.0),
    point("width", 64, 400.0),
    point("threads", 1, 400.0),
]


def test_the_page_names_machine_command_definition_and_every_figure():
    text = page(Results([RUN], ROWS), "images/performance.svg")
    assert "Zilog Z80, cores: 1, threads used: 1" in text
    assert "PyTorch 2.13.0, abacist 0.1.0" in text
    assert "`abacist bench 'my file'`" in text
    assert "`abacist bench training`, in the run of 2026-01-02 03:04." in text
    assert "Whole training steps: forward, backward" in text
    assert "| width 8 | 12,346 tokens/s | 12,000–13,000 | 0.5 × | 0.4–0.6 | the limit | 7 |" in text
    assert "| width 16 | missing |  |  |  | no \\| room |  |" in text
    assert "All rows: width 8, threads 1." in text
    assert "(images/performance.svg)" in text


def test_every_table_of_the_page_is_as_wide_as_its_head():
    for block in page(Results([RUN], ROWS)).split("\n\n"):
        lines = [each.replace("\\|", "") for each in block.splitlines() if each.startswith("|")]
        assert len({each.count("|") for each in lines}) <= 1


def test_a_terminal_gets_the_spread_in_percent():
    assert line(ROWS[0]) == ("width 8", "12,346 tokens/s", "±4 %", "0.5 ×", "the limit")
    assert line(ROWS[1])[:2] == ("width 16", "missing")


def test_a_note_stands_beside_what_was_measured():
    assert cells(row("training", "seed 3", 2.0, note="failed"))[0] == "seed 3; failed"


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.0, "1,234,567"), (123.4, "123"), (12.34, "12.3"), (0.01234, "0.0123"), (2.0, "2")]
)
def test_numbers_have_three_digits_that_count(value, text):
    assert number(value) == text


def test_the_picture_has_a_panel_for_each_curve():
    drawn = curves(ROWS)
    assert drawn is not None
    ElementTree.fromstring(drawn)
    assert ">width<" in drawn.replace("</text>", "<")
    assert "threads" in drawn
    assert "1,000" in drawn
    assert curves(ROWS) == drawn


def test_without_curves_there_is_no_picture():
    assert curves(ROWS[:2]) is None
