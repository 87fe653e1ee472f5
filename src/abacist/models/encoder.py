"""A bidirectional transformer: token ids, some of them masked, to logits of each token itself."""

import torch
from torch import Tensor, nn

from abacist.core.catalogue import build, load
from abacist.core.errors import SettingsError
from abacist.models.embedding import TokenEmbedding
from abacist.models.mixer import picked
from abacist.models.mixers.attention import Attention
from abacist.models.operators import Operators
from abacist.models.position import PositionScheme
from abacist.models.settings import EMBEDDINGS, MIXERS, NORMS, POSITIONS, ModelSettings
from abacist.models.transformer import Block, draw_weights


class EncoderBlock(Block):
    """A block whose tokens see their whole row."""

    attention: Attention

    def forward(  # type: ignore[override]
        self,
        x: Tensor,
        coordinates: Tensor,
        position: PositionScheme,
        there: Tensor | None,
        step: int,
        wanted: Tensor | None = None,
        operators: Tensor | None = None,
    ) -> Tensor:
        """Map (batch, seq, d_model) to the same shape, or to that of the wanted tokens alone."""
        mixed = self.attention.over_all(self.attention_norm(x), coordinates, position, there, step, wanted)
        x = picked(x, wanted) + self.dropout(mixed)
        return self.fed(x, operators if operators is None or wanted is None else operators.gather(1, wanted))


class Encoder(nn.Module):
    """Embedding, blocks that see whole rows, a last norm, and the projection to the vocabulary.

    The mask is the token behind the last one of the vocabulary: it is read and never written.

    Source: Devlin et al. 2018, arXiv:1810.04805, on our blocks.
    Shapes: ids (batch, seq); coordinates (batch, seq, axes); there (batch, seq), false at padding; hidden
    (batch, seq, d_model), or (batch, n, d_model) for the `wanted` tokens; logits (batch, seq, vocab_size).
    """

    token_classes: Tensor
    """Class of each token of the vocabulary, (vocab_size,)."""

    def __init__(self, settings: ModelSettings, token_classes: Tensor, numbers: object = None):
        super().__init__()
        check_attends(settings, "encoder")
        self.settings = settings
        self.register_buffer("token_classes", token_classes)
        self.vocab_size = len(token_classes)
        self.embedding: TokenEmbedding = build(EMBEDDINGS, settings.embedding, settings, self.vocab_size, numbers)
        # Apart from the vocabulary's vectors, so that one that grows keeps them.
        self.mask = nn.Parameter(0.02 * torch.randn(settings.d_model))
        self.position: PositionScheme = build(POSITIONS, settings.position, settings)
        self.dropout = nn.Dropout(settings.dropout)
        self.blocks = nn.ModuleList(EncoderBlock(settings, layer) for layer in range(settings.n_layers))
        self.operators = Operators.wanted_by(self.blocks, self.vocab_size)
        self.norm = build(NORMS, settings.norm, settings.d_model)
        self.head = self.embedding.head()
        draw_weights(self, settings.n_layers)
        if settings.tied:
            self.embedding.tie(self.head)

    def hidden(
        self, ids: Tensor, coordinates: Tensor, there: Tensor | None = None, wanted: Tensor | None = None
    ) -> Tensor:
        """Return what the last norm gives for each token, or for the wanted ones."""
        masked = (ids == self.vocab_size).unsqueeze(-1)
        x = torch.where(masked, self.mask, self.embedding(ids.clamp(max=self.vocab_size - 1)))
        places = self.position.embed(coordinates)
        x = first = self.dropout(x if places is None else x + places)
        operators = None if self.operators is None else self.operators(ids)
        for step in range(self.settings.depth):
            loop, layer = divmod(step, len(self.blocks))
            if loop and not layer:
                x = x + first
            own = wanted if step == self.settings.depth - 1 else None
            x = self.blocks[layer](x, coordinates, self.position, there, step, own, operators)
        return self.norm(x)

    def forward(self, ids: Tensor, coordinates: Tensor, there: Tensor | None = None) -> Tensor:
        """Return the logits of what stands at each token's place."""
        logits: Tensor = self.head(self.hidden(ids, coordinates, there))
        return logits


def check_attends(settings: ModelSettings, kind: str) -> None:
    """Raise SettingsError unless every layer attends: other mixers know a row from its beginning alone."""
    for name in (settings.mixer_of(layer).name for layer in range(settings.n_layers)):
        if not issubclass(load(MIXERS, name), Attention):
            raise SettingsError(f"model.mixer: {name} reads from left to right; a model of kind {kind} needs attention")


def new_encoder(settings: ModelSettings, token_classes: object, seed: int, numbers: object = None) -> Encoder:
    """Make an encoder with random weights that depend on the seed alone; `numbers` as for a transformer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Encoder(settings, torch.as_tensor(token_classes), numbers)
