"""A table of pairs: what comes next follows from the last token alone."""

import torch
from torch import Tensor, nn


class Bigram(nn.Module):
    """The logits of the next token are the row of the last one.

    The smallest language model, and the measure of what others gain by looking further back.
    Shapes: ids (batch, seq); logits (batch, seq, vocab_size).
    """

    def __init__(self, vocab_size: int):
        super().__init__()
        self.table = nn.Embedding(vocab_size, vocab_size)
        nn.init.normal_(self.table.weight, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits of the token after each token."""
        logits: Tensor = self.table(ids)
        return logits


def new_bigram(vocab_size: int, seed: int) -> Bigram:
    """Make a table of random logits near 0 that depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Bigram(vocab_size)
