"""A decoder-only transformer: token ids to logits of the next token."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from abacist.core.catalogue import build
from abacist.models.cache import Cache
from abacist.models.embedding import TokenEmbedding
from abacist.models.mixer import Mixer, picked
from abacist.models.operators import Operators
from abacist.models.position import PositionScheme
from abacist.models.settings import EMBEDDINGS, FEED_FORWARDS, MIXERS, NORMS, POSITIONS, ModelSettings
from abacist.models.sizes import Storages


class Block(nn.Module):
    """A mixer, then feed-forward, each on a normalised copy and added back (pre-norm).

    The mixer is called attention, whichever it is: so are the weights that are saved.
    """

    def __init__(self, settings: ModelSettings, layer: int = 0):
        super().__init__()
        self.attention_norm = build(NORMS, settings.norm, settings.d_model)
        self.attention: Mixer = build(MIXERS, settings.mixer_of(layer), settings)
        self.feed_forward_norm = build(NORMS, settings.norm, settings.d_model)
        self.feed_forward = build(FEED_FORWARDS, settings.feed_forward, settings)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self,
        x: Tensor,
        coordinates: tuple[Tensor, Tensor],
        position: PositionScheme,
        cache: Cache | None,
        step: int,
        wanted: Tensor | None = None,
        operators: Tensor | None = None,
    ) -> Tensor:
        """Map (batch, seq, d_model) to the same shape, or to that of the wanted tokens alone.

        `operators` (batch, seq) are for a feed-forward part that goes by them.
        """
        mixed = self.attention(self.attention_norm(x), coordinates, position, cache, step, wanted)
        x = picked(x, wanted) + self.dropout(mixed)
        return self.fed(x, operators if operators is None or wanted is None else operators.gather(1, wanted))

    def fed(self, x: Tensor, operators: Tensor | None) -> Tensor:
        """Add what the feed-forward part makes of each token; `operators` are those of the same tokens."""
        told = () if operators is None else (operators,)
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x), *told))


class Transformer(nn.Module):
    """Embedding, blocks, a last norm, and the projection to the vocabulary.

    Shapes: ids (batch, seq); coordinates (batch, seq, 3); hidden (batch, seq, d_model);
    logits (batch, seq, vocab_size).
    """

    token_classes: Tensor
    """Class of each token, (vocab_size,): stored with the weights, so that coordinates can be made from ids."""

    def __init__(self, settings: ModelSettings, token_classes: Tensor, numbers: object = None):
        super().__init__()
        self.settings = settings
        self.register_buffer("token_classes", token_classes)
        self.embedding: TokenEmbedding = build(EMBEDDINGS, settings.embedding, settings, len(token_classes), numbers)
        self.position: PositionScheme = build(POSITIONS, settings.position, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList(Block(settings, layer) for layer in range(settings.n_layers))
        self.operators = Operators.wanted_by(self.blocks, len(token_classes))
        self.norm = build(NORMS, settings.norm, settings.d_model)
        if settings.shared_norms:
            # Weights are shared, not modules: a module that stands in two places cannot be given an ensemble's weights.
            for norm in (norm for block in self.blocks for norm in (block.attention_norm, block.feed_forward_norm)):
                for name, parameter in self.norm.named_parameters():
                    setattr(norm, name, parameter)
        self.head = self.embedding.head()
        draw_weights(self, settings.n_layers)
        if settings.tied:
            self.embedding.tie(self.head)

    def hidden(
        self, ids: Tensor, coordinates: Tensor, cache: Cache | None = None, wanted: Tensor | None = None
    ) -> Tensor:
        """Return what the last norm gives for each token; with a cache, ids are the new tokens only.

        `wanted` (batch, n) names the tokens whose result is asked for: the last block computes no others.
        """
        x = self.embedding(ids)
        places = self.position.embed(coordinates)
        x = first = self.dropout(x if places is None else x + places)
        keys_at = coordinates if cache is None else cache.arrive(coordinates)
        operators = None if self.operators is None else self.operators(ids, cache)
        noted = None
        for step in range(self.settings.depth):
            loop, layer = divmod(step, len(self.blocks))
            if loop and not layer:  # what was read is given anew at each pass, so that many do not wash it out
                x = x + first
            seen = self.entered(x, step, cache)
            noted = noted if seen is None else seen
            own = wanted if step == self.settings.depth - 1 else None
            x = self.blocks[layer](x, (coordinates, keys_at), self.position, cache, step, own, operators)
        if cache is not None:
            cache.advance(ids.shape[1])
        return self.left(self.norm(x), noted, wanted)

    def entered(self, x: Tensor, step: int, cache: Cache | None) -> Any:
        """See what enters a layer, for models that do more than pass it on; return what they make of it."""
        return None

    def left(self, x: Tensor, noted: Any, wanted: Tensor | None) -> Tensor:
        """Return what the head is given, from what the last norm gives and what was made on the way."""
        return x

    def forward(self, ids: Tensor, coordinates: Tensor, cache: Cache | None = None) -> Tensor:
        """Return the logits of the token after each token."""
        logits: Tensor = self.head(self.hidden(ids, coordinates, cache))
        return logits


def draw_weights(model: nn.Module, n_layers: int) -> None:
    """Draw normal weights: embeddings of 0.02, matrices of 0.7 / sqrt(inputs).

    Matrices that write into the residual stream are smaller with depth, as in GPT-2; 0.7 / sqrt(768)
    is about its 0.02, and narrow models need the larger values.
    """
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            std = 0.7 / math.sqrt(parameter.shape[1]) if "blocks." in name else 0.02
            if name.endswith(("out.weight", "down.weight")):
                std /= math.sqrt(2 * n_layers)
            nn.init.normal_(parameter, std=std)


def count_parameters(model: nn.Module, learning: bool = False) -> int:
    """Count trained numbers by unique storage: tied weights once, learned positions included, buffers not.

    Frozen ones too, or of those that still learn alone.
    """
    counted = Storages()
    return sum(counted.add(p) for p in model.parameters() if p.requires_grad or not learning)


def new_transformer(settings: ModelSettings, token_classes: object, seed: int, numbers: object = None) -> Transformer:
    """Make a transformer with random weights that depend on the seed alone.

    `numbers` are those that tokens stand for, -1 for none; embeddings that know numbers need them.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Transformer(settings, torch.as_tensor(token_classes), numbers)
