"""Trials of a comparison of runs of text: what a run that is measured came to."""

from abacist.evaluation.losses import TextLoss
from abacist.evaluation.text_comparison import TextTrial
from abacist.runs.folder import GRADES, read_json
from abacist.runs.texts import CORPUS, TextRun
from abacist.training.loop import STATE
from abacist.training.state import read_counters


def is_measured(run: TextRun) -> bool:
    """Tell whether a finished run's losses are there, on all validation text of all its sources."""
    if not (run.path / GRADES).is_file():
        return False
    measured = read_json(run.path / GRADES)
    whole = [each["name"] for each in measured if each["whole"] and "tokens_per_character" in each]
    return whole[: len(run.names)] == run.names


def text_result(run: TextRun) -> TextTrial:
    """Return what a measured run came to."""
    counters = read_counters(run.path / STATE)
    assert counters is not None
    losses = {
        each["name"]: TextLoss(each["tokens"], each["loss"], each["tokens_per_character"])
        for each in read_json(run.path / GRADES)
    }
    return TextTrial(
        str(run.path),
        run.settings.seed,
        counters.step,
        counters.seconds,
        vocabulary=len(run.codec.tokenizer.vocabulary),
        sources=read_json(run.path / CORPUS),
        losses=losses,
    )
