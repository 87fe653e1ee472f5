"""How much each token gathers from each other one: attention made visible."""

from typing import Any

import torch
from torch import Tensor, nn

from abacist.core.errors import SettingsError
from abacist.models.mixers.attention import Attention
from abacist.models.transformer import Transformer


@torch.no_grad()
def attention_weights(model: Transformer, ids: Tensor, coordinates: Tensor) -> Tensor:
    """Return what every head of every layer gives to each token, as the model computes it, positions and all.

    Shapes: ids (batch, seq); coordinates (batch, seq, axes); result (depth, batch, n_heads, queries, keys). Each
    row of the last axis sums to 1 and is 0 at keys after the query. Layers that mix otherwise are left away.
    Raises: SettingsError if no layer attends.
    """
    found: list[Tensor] = []

    def look(attention: nn.Module, arguments: tuple[Any, ...]) -> None:
        assert isinstance(attention, Attention)
        x, (places, _), position, _, step, _ = arguments
        found.append(attention.weights(x, places, position, step))

    if not any(isinstance(part, Attention) for part in model.blocks.modules()):
        raise SettingsError(f"model.mixer: a model of {model.settings.mixer.name} alone has no attention to show")
    hooks = [part.register_forward_pre_hook(look) for part in model.blocks.modules() if isinstance(part, Attention)]
    try:
        model.hidden(ids, coordinates)
    finally:
        for hook in hooks:
            hook.remove()
    return torch.stack(found)
