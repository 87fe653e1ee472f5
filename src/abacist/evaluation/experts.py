"""What experts do: which tokens each of them gets, by operation and layer, and what goes wrong without it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from abacist.evaluation.drawing import WIDTH, shortened
from abacist.evaluation.grading import Score, ask, mark, percent, score
from abacist.kind import Kind
from abacist.models.feed_forwards.experts import Experts, ablated
from abacist.problems.problem import Problem
from abacist.text.batch import collate
from abacist.text.codec import Codec

Counts = dict[str, list[list[int]]]
"""For each operation, layer by layer, how many tokens each expert got."""


@dataclass(frozen=True)
class ExpertUse:
    """What the experts of a model came to do. Experts and layers count from 0."""

    names: list[str]
    """The experts, with their operator where a fixed router gives them one."""
    tokens: Counts
    whole: Mapping[str, Score]
    """Of each operation, how many problems are answered exactly with all experts at work."""
    without: Sequence[Mapping[str, Score]]
    """The same without each expert."""

    def shares(self, layer: int) -> list[list[float]]:
        """Return of each operation the share of a layer's tokens that each expert gets; 0 where none gets any."""
        counts = [layers[layer] for layers in self.tokens.values()]
        return [[count / (sum(own) or 1) for count in own] for own in counts]

    @property
    def layers(self) -> int:
        """How many layers have experts."""
        return len(next(iter(self.tokens.values())))

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "experts": self.names,
            "tokens": self.tokens,
            "shares": [dict(zip(self.tokens, self.shares(layer), strict=True)) for layer in range(self.layers)],
            "whole": {name: value.as_json() for name, value in self.whole.items()},
            "without": [{name: value.as_json() for name, value in each.items()} for each in self.without],
        }


def expert_use(kind: Kind, codec: Codec, problems: Sequence[Problem], most: int = 200) -> ExpertUse | None:
    """Measure it on up to so many problems of each operation; None of a model without experts."""
    layers = experts_of(kind)
    if not layers or not problems:
        return None
    groups = {
        name: [p for p in problems if p.operation == name][:most] for name in sorted({p.operation for p in problems})
    }
    names = [
        f"{place} ({layers[0].signs[place]})" if layers[0].signs else str(place) for place in range(layers[0].count)
    ]
    without = []
    for expert in range(layers[0].count):
        with ablated(kind.model, expert):
            without.append(right(kind, codec, groups))
    tokens = {name: traffic(kind, codec, group) for name, group in groups.items()}
    return ExpertUse(names, tokens, right(kind, codec, groups), without)


def experts_of(kind: Kind) -> list[Experts]:
    """Return the experts of every layer that has some."""
    return [part for part in kind.model.modules() if isinstance(part, Experts)]


def right(kind: Kind, codec: Codec, groups: Mapping[str, Sequence[Problem]]) -> dict[str, Score]:
    """Return how many problems of each group are answered exactly."""
    found = {}
    for name, problems in groups.items():
        answers = ask(kind, codec, [problem.question for problem in problems])
        found[name] = score([mark(*pair, codec) for pair in zip(problems, answers, strict=True)])
    return found


@torch.inference_mode()
def traffic(kind: Kind, codec: Codec, problems: Sequence[Problem]) -> list[list[int]]:
    """Count for each layer the tokens that each expert gets while the problems are read with their true answers.

    Rows of one length go together, so that no padding is counted. A layer's tokens are those it works on: the last
    one of a decoder, where it pays, on no others than those that an answer is written at.
    """
    by_length: dict[tuple[int, int], list[Any]] = {}
    for problem in problems:
        row = codec.row(problem)
        by_length.setdefault((row.prompt_length, len(row.ids)), []).append(row)
    was_training = kind.training
    kind.eval()
    with _watched(experts_of(kind)) as counts:
        for rows in by_length.values():
            kind.loss(collate(rows, codec.classes, codec.tokenizer.pad_id))
    kind.train(was_training)
    return [count.tolist() for count in counts]


@contextmanager
def _watched(layers: Sequence[Experts]) -> Iterator[list[Tensor]]:
    """Count the tokens that each expert of each layer gets."""
    counts = [torch.zeros(layer.count, dtype=torch.int64) for layer in layers]

    def look(layer: nn.Module, arguments: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, Experts)
        x, *operators = arguments
        chosen, _, _ = layer.choose(x.flatten(0, -2), *(each.flatten() for each in operators))
        place = next(place for place, each in enumerate(layers) if each is layer)
        counts[place] += torch.bincount(chosen[chosen >= 0].cpu(), minlength=layer.count)

    hooks = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        yield counts
    finally:
        for hook in hooks:
            hook.remove()


def experts_figure(use: ExpertUse | None) -> Figure | None:
    """Draw shares of tokens, operations by experts, a panel a layer, and the share answered without each expert."""
    if use is None:
        return None
    operations = [shortened(name, 16) for name in use.tokens]
    panels = [(f"layer {layer}: tokens it gets, %", use.names, use.shares(layer)) for layer in range(use.layers)]
    rows = [[use.whole[name].accuracy, *(each[name].accuracy for each in use.without)] for name in use.tokens]
    panels.append(("answered exactly without it, %", ["all work", *use.names], rows))
    height = 0.9 + 0.3 * len(operations)
    figure = Figure(figsize=(WIDTH, height * -(-len(panels) // 2)), layout="constrained")
    grid = figure.subplots(-(-len(panels) // 2), 2, squeeze=False)
    for axes in grid.flat[len(panels) :]:
        axes.set_axis_off()
    for axes, (title, columns, values) in zip(grid.flat, panels, strict=False):
        axes.imshow(np.array(values), cmap="cividis", vmin=0, vmax=1, aspect="auto")
        axes.set_title(title)
        axes.grid(visible=False)
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(operations)), operations)
        axes.tick_params(length=0)
        for row, line in enumerate(values):
            for column, value in enumerate(line):
                color = "#ffffff" if value < 0.6 else "#000000"
                axes.text(column, row, f"{100 * value:.0f}", ha="center", va="center", color=color, fontsize=8)
    return figure


def experts_found(use: ExpertUse | None) -> str:
    """Say where operations go apart most, and which fall without which expert."""
    if use is None:
        return ""
    apart = [sum(max(line) for line in use.shares(layer)) for layer in range(use.layers)]
    layer = max(range(use.layers), key=apart.__getitem__)
    said = []
    for name, line in zip(use.tokens, use.shares(layer), strict=True):
        most = max(range(len(line)), key=line.__getitem__)
        said.append(f"{percent(line[most])} % of {name} to expert {use.names[most]}")
    told = [f"Operations go apart most in layer {layer}: {', '.join(said)}."]
    for name, scores in zip(use.names, use.without, strict=True):
        falls = [
            f"{operation} falls from {percent(before.accuracy)} % to {percent(scores[operation].accuracy)} %"
            for operation, before in use.whole.items()
            if scores[operation].interval[1] < before.interval[0]
        ]
        told.append(f"Without expert {name} {' and '.join(falls) if falls else 'no operation clearly falls'}.")
    return " ".join(told)
