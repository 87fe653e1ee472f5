"""The floating-point operations that a training step needs."""

import numpy as np
from torch import nn

from abacist.kinds.decoder import completion_indices
from abacist.models.transformer import Transformer
from abacist.text.batch import Batch

FORWARD_AND_BACKWARD = 3
"""A product's two gradients cost what the product itself does, each."""


def training_flops(model: Transformer, batch: Batch, masked: bool = False) -> int:
    """Return the operations of a training step's matrix products, multiplications and additions counted apart.

    That is 6 for each weight of a matrix and token that passes it, and attention's two products over the
    keys that a query may see. Of the last block, queries, output projection and feed-forward, and then the
    head, are needed for the tokens alone that the decoder asks for. Element by element work, the optimizer
    and whatever a kernel computes twice are not counted; `masked` adds attention's products with the keys
    that a query may not see. Padding passes through the model as any token does.
    """
    width = model.settings.d_model
    rows, seq = batch.ids.shape[0], batch.ids.shape[1] - 1
    window = completion_indices(batch.loss_mask[:, 1:])
    every = np.broadcast_to(np.arange(seq), (rows, seq))
    asked = every if window is None else window
    products = 0
    for layer, block in enumerate(model.blocks):
        assert isinstance(block, nn.Module)
        queries = asked if layer == len(model.blocks) - 1 else every
        pairs = queries.size * seq if masked else int((queries + 1).sum())
        projections = 2 * width * width  # queries and output
        products += queries.size * (projections + matrix_weights(block.get_submodule("feed_forward")))
        products += every.size * 2 * width * model.settings.d_kv  # keys and values
        products += pairs * 2 * width  # scores, then the weighted sum of values
    products += asked.size * matrix_weights(model.head)
    return 2 * FORWARD_AND_BACKWARD * products


def matrix_weights(module: nn.Module) -> int:
    """Count the weights of a module's matrices."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.dim() == 2)
