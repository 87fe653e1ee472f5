"""The figures of a report on text."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from abacist.evaluation.course import Metrics, training_losses
from abacist.evaluation.drawing import BLUE, INK, ORANGE, SERIES, WIDTH, as_svg


def validation_losses(metrics: Metrics) -> list[tuple[int, float]]:
    """Return (step, nats a token) of the looks at validation text."""
    return [(line["step"], line["held_out_loss"]) for line in metrics if "held_out_loss" in line]


def smoothed(losses: Sequence[tuple[int, float]], points: int = 200) -> list[tuple[float, float]]:
    """Return means of neighbouring losses, at most so many: single batches of text scatter."""
    size = max(1, math.ceil(len(losses) / points))
    groups = [losses[start : start + size] for start in range(0, len(losses), size)]
    return [tuple(sum(values) / len(group) for values in zip(*group, strict=True)) for group in groups]


@as_svg
def text_losses(metrics: Metrics, measures: Mapping[str, float]) -> Figure | None:
    """Draw loss over the steps: in training, on validation text, and what simpler models reach, as lines across."""
    losses, looks = training_losses(metrics), validation_losses(metrics)
    if not losses and not looks:
        return None
    figure = Figure(figsize=(WIDTH, 3.6), layout="constrained")
    axes = figure.subplots()
    look: Any = {"linewidth": 1.2}
    if losses:
        axes.plot(*zip(*smoothed(losses), strict=True), color=BLUE, alpha=0.7, label="training", **look)
    if looks:
        axes.plot(*zip(*looks, strict=True), color=ORANGE, marker="o", markersize=3, label="validation", **look)
    for place, (name, value) in enumerate(measures.items()):
        axes.axhline(value, color=SERIES[2 + place], linestyle="--", linewidth=0.9, label=name)
    axes.set(xlabel="step", ylabel="nats a token")
    axes.legend(loc="upper right")
    return figure


@as_svg
def bits_over_training(metrics: Metrics) -> Figure | None:
    """Draw bits a character on validation text over the steps."""
    bits = [(line["step"], line["bits_per_character"]) for line in metrics if line.get("bits_per_character")]
    if not bits:
        return None
    figure = Figure(figsize=(WIDTH, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.plot(*zip(*bits, strict=True), color=ORANGE, marker="o", markersize=3, linewidth=1.2)
    axes.annotate(f"{bits[-1][1]:.3f}", bits[-1], textcoords="offset points", xytext=(-4, 8), ha="right", color=INK)
    axes.set(xlabel="step", ylabel="bits a character")
    return figure
