"""A learned vector for every token, and another one for its logit."""

from dataclasses import dataclass

from torch import nn

from abacist.models.embedding import TokenEmbedding
from abacist.models.settings import ModelSettings


class Table(nn.Embedding, TokenEmbedding):
    """Look each token's vector up; a token's logit is the product of the hidden state with its vector in the head."""

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, settings: Settings, model: ModelSettings, vocab_size: int, numbers: object = None):
        super().__init__(vocab_size, model.d_model)

    def head(self) -> nn.Module:
        """Return one matrix without a bias."""
        return nn.Linear(self.embedding_dim, self.num_embeddings, bias=False)
