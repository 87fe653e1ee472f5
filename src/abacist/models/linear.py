"""A matrix, of whose outputs some can be asked for alone."""

from torch import Tensor, nn
from torch.nn import functional as F


class Linear(nn.Linear):
    """`x W^T + b`.

    Shapes: x (..., in_features), result (..., out_features), or as many as `outputs` names.
    """

    def forward(self, x: Tensor, outputs: slice | None = None) -> Tensor:
        """Return all outputs, or a slice of them for no more than its share of the work."""
        if outputs is None:
            return F.linear(x, self.weight, self.bias)
        return F.linear(x, self.weight[outputs], None if self.bias is None else self.bias[outputs])
