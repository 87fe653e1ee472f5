"""The report of a run of text, from its folder and its losses."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from abacist.core.settings import dump
from abacist.data.pairs import counted_loss
from abacist.evaluation.report import RunFacts
from abacist.evaluation.text_report import TextFacts, write_text_report
from abacist.models.transformer import count_parameters
from abacist.runs import folder as folders
from abacist.runs.texts import CORPUS, Look, TextRun
from abacist.training.loop import WEIGHTS, read_metrics

SAMPLES = 3
"""Texts that the report shows of the weights that were kept."""


def write(run: TextRun, looks: Sequence[Look], samples: Sequence[str]) -> Path:
    """Write the run's report beside its weights; return its path."""
    path, command = shlex.quote(str(run.path)), f"abacist train {shlex.quote(str(run.path / folders.SETTINGS))}"
    longer = f"{command} --set training.steps={2 * (run.settings.training.steps or 1)}"
    facts = RunFacts(
        path=str(run.path),
        command=command,
        settings=dump(run.settings),
        versions=folders.read_json(run.path / folders.VERSIONS),
        parameters=count_parameters(run.kind.model),
        weight_bytes=(run.path / WEIGHTS).stat().st_size,
        ideas=(
            *([(f"abacist sample {path} --num 3 --temperature 0.7", "Let it write.")] if samples else []),
            (longer, "Train twice as long."),
            (f"{command} --set seed={run.settings.seed + 1}", "See how much was luck: the same run from another seed."),
        ),
    )
    vocab_size = len(run.codec.tokenizer.vocabulary)
    counted = None
    if len(run.tokens) == 1:
        counted = counted_loss(run.tokens[0].train, run.tokens[0].validation, vocab_size)
    sources = folders.read_json(run.path / CORPUS)
    text = TextFacts(sources, {look.name: look.loss for look in looks}, counted, vocab_size)
    write_text_report(run.path / folders.REPORT, facts, text, read_metrics(run.path), samples)
    return run.path / folders.REPORT
