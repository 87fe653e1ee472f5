"""An encoder of what is asked and a decoder of the answer, which looks at it through cross-attention."""

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from abacist.core.catalogue import build
from abacist.models.cache import Cache
from abacist.models.embedding import TokenEmbedding
from abacist.models.encoder import EncoderBlock, check_attends
from abacist.models.linear import Linear
from abacist.models.mixer import heads_of
from abacist.models.mixers.attention import Attention, gathered
from abacist.models.operators import Operators
from abacist.models.position import PositionScheme
from abacist.models.settings import EMBEDDINGS, NORMS, POSITIONS, ModelSettings
from abacist.models.transformer import Block, draw_weights


@dataclass(frozen=True)
class Memory:
    """What a decoder looks at: the prompts, as keys and values of each of its layers.

    Shapes: keys and values (batch, n_kv_heads, seq, d_head); coordinates (batch, seq, axes); there (batch, seq),
    false at padding, or None where there is none; operators (batch, 1), the newest of each prompt, or None where no
    part goes by them.
    """

    layers: tuple[tuple[Tensor, Tensor], ...]
    coordinates: Tensor
    there: Tensor | None
    operators: Tensor | None = None

    def keep(self, rows: Tensor) -> "Memory":
        """Return it without all rows but those of the given indices."""
        there, operators = (None if part is None else part[rows] for part in (self.there, self.operators))
        layers = tuple((key[rows], value[rows]) for key, value in self.layers)
        return Memory(layers, self.coordinates[rows], there, operators)


class CrossAttention(nn.Module):
    """Each token of the answer gathers from all tokens of the prompt, by several heads.

    Source: Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3; positions as in self-attention, as the answer's
    coordinates go on where the prompt's end. A head from which a scheme hides every token gathers nothing.
    Shapes: x (batch, seq, d_model), returned unchanged in shape.
    """

    def __init__(self, settings: ModelSettings, first: int):
        super().__init__()
        self.n_heads, self.kv_heads, self.n_layers = settings.n_heads, settings.kv_heads, settings.n_layers
        self.first, self.dropout = first, settings.dropout
        self.query = nn.Linear(settings.d_model, settings.d_model, bias=settings.bias)
        self.kv = Linear(settings.d_model, 2 * settings.d_kv, bias=settings.bias)
        self.out = nn.Linear(settings.d_model, settings.d_model, bias=settings.bias)

    def seen(self, prompt: Tensor, coordinates: Tensor, position: PositionScheme) -> tuple[Tensor, Tensor]:
        """Return keys and values of a prompt: worked out once, however long the answer."""
        key, value = heads_of(self.kv(prompt), 2, self.kv_heads)
        return position.rotate(key, coordinates), value

    def forward(self, x: Tensor, coordinates: Tensor, position: PositionScheme, memory: Memory, step: int) -> Tensor:
        """Mix the prompt's tokens for each token."""
        layer = step % self.n_layers
        (query,) = heads_of(self.query(x), 1, self.n_heads)
        both, dropout = (coordinates, memory.coordinates), self.dropout if self.training else 0.0
        query = position.rotate(query, coordinates)
        mixed = gathered(query, *memory.layers[layer], both, position, self.first + layer, memory.there, dropout)
        return self.out(mixed.transpose(1, 2).flatten(2))


class CrossBlock(Block):
    """Causal attention, cross-attention, then feed-forward, each on a normalised copy and added back (pre-norm)."""

    attention: Attention

    def __init__(self, settings: ModelSettings, layer: int, first: int):
        super().__init__(settings, layer)
        self.attention.first = first
        self.cross_norm = build(NORMS, settings.norm, settings.d_model)
        self.cross = CrossAttention(settings, first + settings.n_layers)

    def forward(  # type: ignore[override]
        self,
        x: Tensor,
        coordinates: tuple[Tensor, Tensor],
        position: PositionScheme,
        cache: Cache | None,
        step: int,
        memory: Memory,
        operators: Tensor | None = None,
    ) -> Tensor:
        """Map (batch, seq, d_model) to the same shape."""
        x = x + self.dropout(self.attention(self.attention_norm(x), coordinates, position, cache, step))
        x = x + self.dropout(self.cross(self.cross_norm(x), coordinates[0], position, memory, step))
        return self.fed(x, operators)


class EncoderDecoder(nn.Module):
    """A bidirectional encoder and a causal decoder over one embedding and one position scheme.

    The scheme counts the encoder's layers first, then those of the decoder's own attention, then those of its
    cross-attention: what it learns for a layer it learns for each of these apart.

    Source: Vaswani et al. 2017, arXiv:1706.03762, with norms before the sublayers, and the last token of the prompt
    in the place of their start token.
    Shapes: ids (batch, seq) of prompts, then of answers; coordinates (batch, seq, axes); logits
    (batch, seq, vocab_size).
    """

    token_classes: Tensor
    """Class of each token, (vocab_size,)."""

    def __init__(self, settings: ModelSettings, token_classes: Tensor, encoder_layers: int, numbers: object = None):
        super().__init__()
        self.settings = settings
        self.reading = dataclasses.replace(settings, n_layers=encoder_layers)
        for stack in (self.reading, settings):
            check_attends(stack, "encoder_decoder")
        everything = dataclasses.replace(settings, n_layers=encoder_layers + 2 * settings.n_layers)
        self.register_buffer("token_classes", token_classes)
        self.embedding: TokenEmbedding = build(EMBEDDINGS, settings.embedding, settings, len(token_classes), numbers)
        self.position: PositionScheme = build(POSITIONS, settings.position, everything)
        self.dropout = nn.Dropout(settings.dropout)
        self.encoder_blocks = nn.ModuleList(EncoderBlock(self.reading, layer) for layer in range(encoder_layers))
        self.encoder_norm = build(NORMS, settings.norm, settings.d_model)
        self.blocks = nn.ModuleList(CrossBlock(settings, layer, encoder_layers) for layer in range(settings.n_layers))
        self.operators = Operators.wanted_by(self, len(token_classes))
        self.norm = build(NORMS, settings.norm, settings.d_model)
        self.head = self.embedding.head()
        draw_weights(self, settings.n_layers)
        if settings.tied:
            self.embedding.tie(self.head)

    def read(self, ids: Tensor, coordinates: Tensor, there: Tensor | None = None) -> Memory:
        """Encode prompts; `there` (batch, seq) is false at padding."""
        x = first = self._embedded(ids, coordinates)
        operators = None if self.operators is None else self.operators(ids)
        for step in range(self.reading.depth):
            loop, layer = divmod(step, len(self.encoder_blocks))
            if loop and not layer:
                x = x + first
            x = self.encoder_blocks[layer](x, coordinates, self.position, there, step, None, operators)
        x = self.encoder_norm(x)
        layers = [
            block.cross.seen(x, coordinates, self.position) for block in self.blocks if isinstance(block, CrossBlock)
        ]
        if operators is not None:  # from where the answer goes on
            operators = operators[:, -1:] if there is None else operators.gather(1, there.sum(1, keepdim=True) - 1)
        return Memory(tuple(layers), coordinates, there, operators)

    def hidden(self, ids: Tensor, coordinates: Tensor, memory: Memory, cache: Cache | None = None) -> Tensor:
        """Return what the last norm gives for each token of the answers; with a cache, ids are the new ones only."""
        x = first = self._embedded(ids, coordinates)
        keys_at = coordinates if cache is None else cache.arrive(coordinates)
        operators = None if self.operators is None else self.operators(ids, cache, memory.operators)
        for step in range(self.settings.depth):
            loop, layer = divmod(step, len(self.blocks))
            if loop and not layer:
                x = x + first
            x = self.blocks[layer](x, (coordinates, keys_at), self.position, cache, step, memory, operators)
        if cache is not None:
            cache.advance(ids.shape[1])
        return self.norm(x)

    def forward(self, ids: Tensor, coordinates: Tensor, memory: Memory, cache: Cache | None = None) -> Tensor:
        """Return the logits of the token after each token of the answers."""
        logits: Tensor = self.head(self.hidden(ids, coordinates, memory, cache))
        return logits

    def _embedded(self, ids: Tensor, coordinates: Tensor) -> Tensor:
        x, places = self.embedding(ids), self.position.embed(coordinates)
        return self.dropout(x if places is None else x + places)


def new_encoder_decoder(
    settings: ModelSettings, token_classes: object, encoder_layers: int | None, seed: int, numbers: object = None
) -> EncoderDecoder:
    """Make one with random weights that depend on the seed alone; without a number as many layers on both sides.

    `numbers` as for a transformer.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EncoderDecoder(settings, torch.as_tensor(token_classes), encoder_layers or settings.n_layers, numbers)
