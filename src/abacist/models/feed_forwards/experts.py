"""A mixture of experts: several feed-forward parts, of which each token passes a few."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Annotated, Literal

import torch
from torch import Tensor, nn

from abacist.core.catalogue import Part, PartOf, build
from abacist.core.errors import SettingsError
from abacist.models.settings import FEED_FORWARDS, ModelSettings


class Experts(nn.Module):
    """Parts side by side, each d_ff wide, and a router that says which of them a token passes.

    The learned router gives each token to the `top_k` experts with the largest p = softmax(W x), and adds what they
    return, weighted with p: as it is for one expert, so that the router learns (Switch), else divided by the sum of
    those chosen (GShard). So that none lies idle, training adds `balance` times count * sum_i f_i p_i to the loss a
    token, where f_i is the share of the assignments that go to expert i and p_i its mean probability: 1 where all get
    the same. `z` times the mean square of log sum exp W x keeps the logits small (ST-MoE). Both are means over the
    tokens computed at once, padding with them: where training.accumulate cuts a step, each part is balanced by itself.

    The fixed router gives each token to the expert of its operator, the newest of `operators` at or before it. What
    stands before any of them passes no expert, so that each expert sees its own operation alone.

    Tokens are sorted by expert, stably, and each expert computes its own alone.

    Source: Fedus et al. 2021, arXiv:2101.03961 (Switch); Lepikhin et al. 2020, arXiv:2006.16668 (GShard); Zoph et
    al. 2022, arXiv:2202.08906 (ST-MoE, z).
    Shapes: x (..., d_model), returned unchanged in shape; operators (...), an index of a sign or -1.
    Raises: SettingsError for settings that do not fit together.
    """

    @dataclass(frozen=True)
    class Settings:
        """`expert` is the part that each expert is, `count` of them; the other settings are told above."""

        count: int = 4
        top_k: int = 2
        router: Literal["learned", "operator"] = "learned"
        expert: Annotated[Part, PartOf(FEED_FORWARDS)] = Part("squared_relu")
        balance: float = 0.01
        z: float = 0.001
        operators: list[str] = field(default_factory=lambda: ["+", "-", "*", "/"])

        def __post_init__(self) -> None:
            if not 1 <= self.top_k <= self.count:
                raise SettingsError(f"top_k must be between 1 and count, {self.count}, got {self.top_k}")
            if self.balance < 0 or self.z < 0:
                raise SettingsError("balance and z must be at least 0")
            if self.router == "operator" and self.count != len(set(self.operators)):
                raise SettingsError(
                    f"count must be {len(set(self.operators))}, an expert for each of operators, got {self.count}"
                )
            if Part.read(self.expert).name == "experts":
                raise SettingsError("expert must be another feed-forward part than experts")

    shapes_follow_data = "model.feed_forward must not be experts"
    """How many tokens an expert computes differs from batch to batch: models cannot be trained in one pass."""

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        self.settings, self.count = settings, settings.count
        self.signs = settings.operators if settings.router == "operator" else None
        """The signs by which tokens are given away, where the router goes by them."""
        self.router = None if self.signs else nn.Linear(model.d_model, self.count, bias=False)
        self.experts = nn.ModuleList(build(FEED_FORWARDS, settings.expert, model) for _ in range(self.count))
        self.silent: int | None = None
        self.auxiliary: list[Tensor] = []
        """What training is to add to the loss of a token, for each time gone through since it was last taken."""

    def choose(self, x: Tensor, operators: Tensor | None = None) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Return each token's experts, their weights, and the router's logits.

        Shapes: x (tokens, d_model), operators (tokens,); experts and weights (tokens, top_k), (tokens, 1) from the
        fixed router, which has neither weights nor logits and whose -1 stands for no expert; logits (tokens, count).
        """
        if self.router is None:
            assert operators is not None, "the model hands on each token's operator"
            return operators[:, None], None, None
        with torch.autocast(x.device.type, enabled=False):  # close decisions are made in float32
            logits = self.router(x.float())
        weights, chosen = logits.softmax(-1).topk(self.settings.top_k)
        if self.settings.top_k > 1:
            weights = weights / weights.sum(-1, keepdim=True)
        return chosen, weights, logits

    def forward(self, x: Tensor, operators: Tensor | None = None) -> Tensor:
        """Map each token by its experts."""
        rows = x.reshape(-1, x.shape[-1])
        chosen, weights, logits = self.choose(rows, None if operators is None else operators.reshape(-1))
        if logits is not None and self.training and torch.is_grad_enabled():
            self.auxiliary.append(self._asked(logits, chosen))
        mapped = self._mapped(rows, chosen)
        mixed = mapped[:, 0] if weights is None else (mapped * weights[..., None].to(mapped.dtype)).sum(1)
        return mixed.view(x.shape)

    def _mapped(self, rows: Tensor, chosen: Tensor) -> Tensor:
        """Return what each token's experts make of it, (tokens, experts a token, d_model)."""
        order = chosen.flatten().argsort(stable=True)
        sizes = torch.bincount(chosen.flatten() + 1, minlength=self.count + 1).tolist()
        # Sorted by a permutation, which no two tokens share a place in: sums need no order, gradients neither.
        none, *shares = rows.repeat_interleave(chosen.shape[1], 0)[order].split(sizes)
        made = []
        for number, (expert, share) in enumerate(zip(self.experts, shares, strict=True)):
            # Without tokens an expert still has a gradient of zeros, so that optimizers treat all alike.
            result = expert(share) if len(share) or torch.is_grad_enabled() else share
            made.append(torch.zeros_like(result) if number == self.silent else result)
        sorted_results = torch.cat([none.new_zeros(none.shape, dtype=made[0].dtype), *made])
        return sorted_results[order.argsort()].unflatten(0, chosen.shape)

    def _asked(self, logits: Tensor, chosen: Tensor) -> Tensor:
        """Return the loss a token that keeps the router even and its logits small."""
        shares = torch.bincount(chosen.flatten(), minlength=self.count) / chosen.numel()
        evenness = self.count * (shares * logits.softmax(-1).mean(0)).sum()
        return self.settings.balance * evenness + self.settings.z * logits.logsumexp(-1).square().mean()


@contextmanager
def ablated(model: nn.Module, expert: int) -> Iterator[None]:
    """Let one expert of every layer return zero for a while.

    Raises: SettingsError if no layer of the model has such an expert.
    """
    layers = [part for part in model.modules() if isinstance(part, Experts)]
    if not any(0 <= expert < part.count for part in layers):
        raise SettingsError(f"model.feed_forward: there is no expert {expert} in this model to ablate")
    for part in layers:
        part.silent = expert
    try:
        yield
    finally:
        for part in layers:
            part.silent = None
