"""Low-rank adapters: a trained model learns something more by a few numbers beside its frozen matrices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.linear import Linear


@dataclass(frozen=True)
class LoRASettings:
    """Which matrices are adapted, and by how much."""

    rank: int = 8
    """Numbers between the two thin matrices; an adapter has rank * (inputs + outputs) weights."""
    alpha: float = 16.0
    """What an adapter adds is multiplied by alpha / rank."""
    dropout: float = 0.0
    """Share of an adapter's inputs left out in training."""
    targets: tuple[str, ...] = ("attention.qkv", "attention.out")
    """Ends of the names of the linear layers to adapt; `feed_forward.up`, `feed_forward.down` are others."""
    whole: tuple[str, ...] = ()
    """Names of modules that learn themselves, beside the adapters. Where the vocabulary grows these become `embedding`
    and `head`: the rows of new tokens hold nothing yet that an adapter elsewhere could build on."""

    def __post_init__(self) -> None:
        if self.rank < 1 or not self.targets:
            raise SettingsError(f"rank must be at least 1 and targets some, got {self.rank} and {self.targets}")
        if not 0 <= self.dropout < 1:
            raise SettingsError(f"dropout must be at least 0 and below 1, got {self.dropout}")


class Adapted(Linear):
    """`x W^T + b + (alpha / rank) x A^T B^T` with W and b frozen; B begins at 0, and so does what is added.

    Source: Hu et al. 2021, arXiv:2106.09685, section 4.1. Queries, keys and values are one matrix here and share
    their A.
    Shapes: A (rank, in_features), B (out_features, rank).
    """

    def __init__(self, base: nn.Linear, settings: LoRASettings):
        nn.Module.__init__(self)
        self.in_features, self.out_features = base.in_features, base.out_features
        self.weight, self.bias = base.weight, base.bias
        self.scale = settings.alpha / settings.rank
        self.dropout = nn.Dropout(settings.dropout)
        self.lora_a = nn.Parameter(base.weight.new_empty(settings.rank, self.in_features))
        self.lora_b = nn.Parameter(base.weight.new_zeros(self.out_features, settings.rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))

    def forward(self, x: Tensor, outputs: slice | None = None) -> Tensor:
        """Return all outputs or a slice of them, the adapter's part added."""
        back = self.lora_b if outputs is None else self.lora_b[outputs]
        return super().forward(x, outputs) + self.scale * F.linear(F.linear(self.dropout(x), self.lora_a), back)

    @torch.no_grad()
    def merged(self) -> Linear:
        """Return W + (alpha / rank) B A as one matrix, worked out in float64 and rounded once."""
        plain = Linear(self.in_features, self.out_features, bias=self.bias is not None, device="meta")
        added = self.scale * (self.lora_b.double() @ self.lora_a.double())
        self.weight.copy_(self.weight.double() + added)
        plain.weight, plain.bias = self.weight, self.bias
        return plain


def adapt(model: nn.Module, settings: LoRASettings, seed: int) -> None:
    """Put adapters beside the chosen matrices; from now on they learn, with what is to learn whole, and nothing else.

    The first A depend on the seed alone. Raises: SettingsError for a target that is no linear layer of the model,
    whose weights something else shares, or that is adapted already; and for a module to learn whole that there is not.
    """
    linear = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    if any(isinstance(module, Adapted) for module in linear.values()):
        raise SettingsError("the model has adapters already; merge them first")
    for target in settings.targets:
        if not any(_ends(name, target) for name in linear):
            kinds = sorted({".".join(name.split(".")[-2:]) for name in linear})
            raise SettingsError(f"no linear layer is called {target}; there are {', '.join(kinds)}")
    chosen = [name for name in linear if any(_ends(name, target) for target in settings.targets)]
    owners = [id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False)]
    for name in chosen:
        if owners.count(id(linear[name].weight)) > 1:
            raise SettingsError(f"{name} shares its weights with another layer; it cannot be adapted alone")
    modules = dict(model.named_children())
    if unknown := [name for name in settings.whole if name not in modules]:
        raise SettingsError(f"no module is called {unknown[0]}; there are {', '.join(modules)}")
    model.requires_grad_(False)
    for name in settings.whole:
        modules[name].requires_grad_(True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in chosen:
            _replace(model, name, Adapted(linear[name], settings).train(linear[name].training))


def merge(model: nn.Module) -> None:
    """Fold all adapters into their matrices; the model is a plain one again, and all of it can learn."""
    for name, module in list(_adapted(model)):
        _replace(model, name, module.merged().train(module.training))
    model.requires_grad_(True)


def adapters(model: nn.Module) -> dict[str, Tensor]:
    """Return the weights of the adapters alone, by name: two thin matrices a layer."""
    return {f"{name}.{part}": getattr(module, part) for name, module in _adapted(model) for part in PARTS}


PARTS = ("lora_a", "lora_b")


def _adapted(model: nn.Module) -> Iterator[tuple[str, Adapted]]:
    return ((name, module) for name, module in model.named_modules() if isinstance(module, Adapted))


def _ends(name: str, target: str) -> bool:
    return f".{name}".endswith(f".{target}")


def _replace(model: nn.Module, name: str, module: nn.Module) -> None:
    owner, _, own = name.rpartition(".")
    setattr(model.get_submodule(owner), own, module)
