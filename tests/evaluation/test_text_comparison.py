"""Comparisons of runs of text: what compares tokenizers, which text it was, and what is not known."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from abacist.evaluation import text_comparison_figure
from abacist.evaluation.losses import TextLoss
from abacist.evaluation.text_comparison import TextComparison, TextRow, TextTrial
from abacist.evaluation.text_comparison_figure import write_text_plot


def source(name: str, characters: int | None, tokens: int, unknown: int = 0, digest: str = "d") -> dict[str, Any]:
    side = {"tokens": tokens, "characters": characters, "unknown": unknown}
    return {"name": name, "digest": digest, "sides": {"train": side, "validation": side}}


def trial(seed: int, loss: float, per: float | None = 0.5, **more: Any) -> TextTrial:
    """A model of a text of two characters a token."""
    sources = more.get("sources") or [source("book", None if per is None else 200, 100)]
    losses = {each["name"]: TextLoss(99, loss, per) for each in sources}
    if len(sources) > 1:
        losses["all"] = TextLoss(99, 2 * loss, per)
    return TextTrial(f"runs/x_seed-{seed}", seed, 100, 10.0 * seed, 40, sources, losses)


def row(*trials: TextTrial, **more: Any) -> TextRow:
    return TextRow({"tokenizer": "bpe", "d_model": "32"}, 1234, trials, **more)


def compared(*rows: TextRow, seeds: int = 3) -> TextComparison:
    return TextComparison("character_gpt", "abacist compare character_gpt", seeds, rows)


def cells(whole: TextComparison, each: TextRow) -> dict[str, str]:
    return dict(zip(whole.headings(), whole.cells(each), strict=True))


def test_the_median_counts_and_the_least_is_best():
    one = row(trial(1, 4.0), trial(2, 2.0), trial(3, 2.4))
    bits = one.spread("bits a character")
    assert bits is not None
    assert (bits.median, bits.worst, bits.best) == tuple(
        pytest.approx(loss / 2 / math.log(2)) for loss in (2.4, 4.0, 2.0)
    )
    found = cells(compared(one), one)
    assert found["bits a character"] == "1.7312 [1.4427..2.8854]"
    assert (found["nats a token"], found["perplexity"]) == ("2.4000", "11.023")
    assert (found["vocabulary"], found["characters a token"], found["parameters"]) == ("40", "2.00", "1,234")
    assert (found["seeds"], found["seconds"], found["steps"]) == ("3 of 3", "20", "100")


def test_of_several_sources_the_mean_counts_and_each_is_kept():
    sources = [source("a", 300, 100), source("b", 100, 100)]
    one = row(trial(1, 1.0, sources=sources))
    whole = compared(one, seeds=1)
    assert cells(whole, one)["nats a token"] == "2.0000"
    assert cells(whole, one)["characters a token"] == "2.00"
    (values,) = json.loads(json.dumps(whole.as_json()))["rows"]
    assert [(each["name"], each["loss"]) for each in values["trials"][0]["losses"]] == [("a", 1), ("b", 1), ("all", 2)]
    assert values["bits_per_character"]["median"] == pytest.approx(1 / math.log(2))
    assert any("mean by their shares" in remark for remark in whole.remarks())


def test_which_text_it_was_is_told():
    other = [source("book", 200, 100, digest="e")]
    same, mixed = (
        compared(row(trial(1, 1.0)), row(trial(1, 2.0))),
        compared(row(trial(1, 1.0), trial(2, 1.0, sources=other))),
    )
    assert "book: 200 characters to validate with." in same.remarks()
    assert "Not all rows read the same text." not in same.remarks()
    assert "Not all rows read the same text." in mixed.remarks()


def test_text_that_is_lost_is_told():
    lossy = row(trial(1, 1.0, None, sources=[source("book", 200, 100, unknown=3)]))
    both = compared(lossy, row(trial(1, 2.0)))
    assert any(remark.startswith("bpe · 32: 3.00% of its tokens stand for text") for remark in both.remarks())
    assert cells(both, lossy)["bits a character"] == "unknown"
    assert "unknown" in texts(both)


def test_where_nobody_knows_the_characters_tokens_count():
    one = row(trial(1, 2.0, None), trial(2, 3.0, None))
    found = cells(compared(one), one)
    assert (found["bits a character"], found["characters a token"]) == ("unknown", "unknown")
    assert found["nats a token"] == "2.5000 [2.0000..3.0000]"


def test_what_has_no_result_says_why():
    rows = [row(trial(1, 1.0)), row(cannot="no such word"), row(faults={1: "no number"})]
    whole = compared(*rows, seeds=1)
    assert [cells(whole, each)["bits a character"] for each in rows] == ["0.7213", "cannot", "failed"]
    assert cells(whole, rows[1])["vocabulary"] == "–"
    assert "| bpe | 32 | cannot: no such word |" in whole.markdown()


def texts(comparison: TextComparison) -> list[str]:
    figure = text_comparison_figure._figure(comparison)
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_picture_has_each_row_and_says_which_way_is_better(tmp_path: Path):
    whole = compared(
        row(trial(1, 4.0), trial(2, 2.0)), row(trial(1, 3.0, None)), row(cannot="why"), row(faults={1: "no"})
    )
    assert {"2.164", "unknown", "cannot be built", "failed"} <= set(texts(whole))
    first = text_comparison_figure._figure(whole).axes[0]
    assert first.get_xlabel() == "bits a character, lower is better"
    low, high = first.get_xlim()
    assert low < 2 / 2 / math.log(2) < 4 / 2 / math.log(2) < high
    write_text_plot(whole, tmp_path / "compare.png")
    assert (tmp_path / "compare.png").read_bytes().startswith(b"\x89PNG")


def test_the_picture_shows_tokens_where_no_characters_are_known():
    figure = text_comparison_figure._figure(compared(row(trial(1, 2.0, None))))
    assert figure.axes[0].get_xlabel() == "nats a token, lower is better"


def test_a_picture_of_nothing_trained_is_drawn(tmp_path: Path):
    write_text_plot(compared(row(), row(cannot="why")), tmp_path / "compare.png")
