"""The model's inner steps with gradients worked out by hand: a third of the passes over memory that autograd makes.

On a CPU small models spend as long on such passes as on matrix products. Under autocast the results are
in its dtype, so that the products that follow need no copy.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn import functional as F

CHUNK = 128
"""Queries attended at once: keys after the last of them are left away."""

SHORT = 64
"""Up to this many tokens written-out products beat PyTorch's fused kernel in float32, in bfloat16 always."""


def rms_normalise(x: Tensor, epsilon: float) -> Tensor:
    """Return `x / sqrt(mean(x^2) + epsilon)` over the last dimension."""
    if x.device.type != "cpu":
        return F.rms_norm(x, x.shape[-1:], eps=epsilon)
    return _applied(_RMSNormalise, x, epsilon)


def squared_relu(x: Tensor) -> Tensor:
    """Return `relu(x)^2`."""
    if x.device.type != "cpu":
        return F.relu(x).square()
    return _applied(_SquaredReLU, x)


def attend(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    at: Tensor | None = None,
    dropout: float = 0.0,
    slopes: Tensor | None = None,
    bias: Callable[[slice, int], Tensor | None] | None = None,
) -> Tensor:
    """Return `softmax(q k^T / sqrt(d_head)) v`, each query over the keys up to its own.

    Shapes: query (batch, n_heads, new, d_head); key and value (batch, n_heads, seq, d_head), or with fewer heads
    that as many heads of queries in a row share; result like query. `at` (batch, new) says which key is each
    query's own; without it the queries are the last ones. With `slopes` (n_heads,) scores fall by a head's slope
    for each key from a query's own back. `bias` returns for some queries and the first so many keys what is added
    to their scores, (batch, n_heads, queries, keys), with a gradient, or None.
    """
    query, key = query.to(value.dtype), key.to(value.dtype)
    new, seq = query.shape[2], key.shape[2]
    biased = bias is not None and bias(slice(1), 1) is not None
    if key.shape[1] < query.shape[1]:
        if new == 1 and at is None and slopes is None and not biased:
            return _shared(query, key, value, dropout)
        key, value = (part.repeat_interleave(query.shape[1] // part.shape[1], 1) for part in (key, value))
    if bias is not None and biased:
        return _biased(query, key, value, at, dropout, slopes, bias)
    fused = seq > SHORT and value.dtype != torch.bfloat16 and slopes is None  # with a mask of its own it is slow
    if value.device.type != "cpu" or dropout or fused:
        if at is None and (1 < new < seq or slopes is not None):
            at = torch.arange(seq - new, seq, device=query.device)
        mask = None if at is None else _mask(at, seq, slopes, value.dtype)
        causal = mask is None and new > 1  # a single new token may see all that is cached, itself included
        return F.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal, dropout_p=dropout)
    batch, heads = query.shape[:2]
    query, key, value = (part.flatten(0, 1) for part in (query, key, value))
    if at is not None:
        mask = _mask(at, seq, slopes, value.dtype).expand(batch, heads, -1, -1).flatten(0, 1)
        mixed = _applied(_Attend, query, key, value, mask)
    else:
        pieces = []
        for start in range(0, new, CHUNK):
            chunk = query[:, start : start + CHUNK]
            seen = seq - new + start + chunk.shape[1]
            mask = _mask(torch.arange(seen - chunk.shape[1], seen), seen, slopes, value.dtype)
            if slopes is not None:
                mask = mask.expand(batch, -1, -1, -1).flatten(0, 1)
            pieces.append(_applied(_Attend, chunk, key[:, :seen], value[:, :seen], mask))
        mixed = pieces[0] if len(pieces) == 1 else torch.cat(pieces, 1)
    return mixed.unflatten(0, (batch, heads))


def attend_all(
    query: Tensor, key: Tensor, value: Tensor, added: Tensor | None = None, dropout: float = 0.0, blind: bool = False
) -> Tensor:
    """Return `softmax(q k^T / sqrt(d_head) + added) v`, each query over all keys, those after its own too.

    Shapes: those of `attend`; `added` (batch or 1, n_heads or 1, new or 1, seq), minus infinity where a query does
    not see a key. With `blind` some may see no key at all: these gather 0.
    """
    query, key = query.to(value.dtype), key.to(value.dtype)
    if key.shape[1] < query.shape[1]:
        key, value = (part.repeat_interleave(query.shape[1] // part.shape[1], 1) for part in (key, value))
    unseen = None
    if added is not None:
        added = added.to(value.dtype)
        if blind:
            unseen = added.isneginf().all(-1, keepdim=True)
            added = added.masked_fill(unseen, 0)
    shape = (*query.shape[:3], key.shape[2])
    fused = shape[3] > SHORT and value.dtype != torch.bfloat16 and not (added is not None and added.requires_grad)
    if value.device.type != "cpu" or dropout or fused:
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=added, dropout_p=dropout)
    else:
        bias = value.new_zeros(1, *shape[2:]) if added is None else added.expand(shape).flatten(0, 1)
        mixed = _applied(_Attend, *(part.flatten(0, 1) for part in (query, key, value)), bias)
        mixed = mixed.unflatten(0, shape[:2])
    return mixed if unseen is None else mixed.masked_fill(unseen, 0)


def _shared(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    """Attend with the newest token's queries, over keys that heads share: to a key they are several queries.

    So no key is copied for the heads that share it, which for long rows would cost more than attention itself.
    """
    groups = query.squeeze(2).unflatten(1, (key.shape[1], -1))
    return F.scaled_dot_product_attention(groups, key, value, dropout_p=dropout).flatten(1, 2).unsqueeze(2)


def _biased(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    at: Tensor | None,
    dropout: float,
    slopes: Tensor | None,
    bias: Callable[[slice, int], Tensor | None],
) -> Tensor:
    """Attend with a bias, a few queries at a time: for long rows a bias of all pairs at once is the largest tensor."""
    new, seq = query.shape[2], key.shape[2]
    pieces = []
    for start in range(0, new, CHUNK):
        part = slice(start, min(start + CHUNK, new))
        seen = seq if at is not None else seq - new + part.stop
        own = torch.arange(seen - part.stop + start, seen, device=query.device) if at is None else at[:, part]
        added = bias(part, seen)
        assert added is not None
        mask = added.to(value.dtype) + _mask(own, seen, slopes, value.dtype)
        queries, keys, values = query[:, :, part], key[:, :, :seen], value[:, :, :seen]
        if value.device.type != "cpu" or dropout:
            pieces.append(F.scaled_dot_product_attention(queries, keys, values, mask, dropout))
        else:
            mixed = _Attend.apply(*(each.flatten(0, 1) for each in (queries, keys, values, mask)))[0]
            pieces.append(mixed.unflatten(0, value.shape[:2]))
    return torch.cat(pieces, 2)


def _mask(own: Tensor, seq: int, slopes: Tensor | None, dtype: torch.dtype) -> Tensor:
    """Return what is added to scores: minus infinity for keys after a query's own, the slopes' fall before it.

    The fall is counted from the query: it is exact where it is small, also in bfloat16 and in long rows.
    Shapes: own (new,) or (batch, new); result (1 or n_heads, new, seq), or the same for each row.
    """
    distance = (own[..., None] - torch.arange(seq, device=own.device)).unsqueeze(-3)
    fall = torch.zeros(distance.shape, dtype=dtype, device=own.device)
    if slopes is not None:
        fall = (distance * -slopes[:, None, None]).to(dtype)
    return fall.masked_fill(distance < 0, float("-inf"))


def _applied(function: type[Function], *inputs: Any) -> Tensor:
    """Return a function's first result; where no gradient is wanted autograd's own 30 microseconds a call are saved."""
    result: Tensor = (function.apply if torch.is_grad_enabled() else function.forward)(*inputs)[0]
    return result


class _RMSNormalise(Function):
    """y = s x with s = (mean(x^2) + epsilon)^(-1/2), and dx = s (dy - y mean(y dy))."""

    generate_vmap_rule = True  # for ensembles

    @staticmethod
    def forward(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        length = torch.linalg.vector_norm(x, dim=-1, keepdim=True)
        scale = (length * length / x.shape[-1] + epsilon).rsqrt()
        normal = x * scale
        if torch.is_autocast_enabled("cpu"):
            normal = normal.to(torch.get_autocast_dtype("cpu"))
        return normal, scale

    @staticmethod
    def setup_context(ctx: Any, _inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(*output)
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: None) -> tuple[Tensor, None]:
        normal, scale = ctx.saved_tensors
        mean = torch.linalg.vecdot(slope, normal).unsqueeze(-1) / normal.shape[-1]
        return torch.addcmul(slope, normal, mean, value=-1) * scale, None


class _SquaredReLU(Function):
    """y = r^2 with r = max(x, 0), and dx = 2 r dy: r is already 0 where x is negative."""

    generate_vmap_rule = True  # for ensembles

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, Tensor]:
        positive = F.relu(x)
        return positive * positive, positive

    @staticmethod
    def setup_context(ctx: Any, _inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        ctx.save_for_backward(output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: None) -> Tensor:
        (positive,) = ctx.saved_tensors
        return torch.addcmul(slope.new_zeros(()), slope, positive, value=2)  # one pass, not two


class _Attend(Function):
    """p = softmax(q k^T / sqrt(d) + bias) and y = p v.

    With dp = dy v^T: dv = p^T dy, dbias = p (dp - sum(p dp)), ds = dbias / sqrt(d), dq = ds k, dk = ds^T q.
    Shapes: q (n, new, d); k and v (n, seq, d); bias (n, new, seq), or (1, new, seq) where it has no gradient.
    """

    generate_vmap_rule = True  # for ensembles

    @staticmethod
    def forward(query: Tensor, key: Tensor, value: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        scores = torch.baddbmm(bias, query, key.transpose(1, 2), alpha=query.shape[-1] ** -0.5)
        # Autocast would make a float32 copy of the scores; the kernel sums in float32 all the same.
        weights = torch._softmax(scores, -1, False)
        return weights @ value, weights

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
        query, key, value, _ = inputs
        ctx.save_for_backward(query, key, value, output[1])
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor, _: None) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        query, key, value, weights = ctx.saved_tensors
        change = torch._softmax_backward_data(slope @ value.transpose(1, 2), weights, -1, weights.dtype)
        bias = change.clone() if ctx.needs_input_grad[3] else None
        change.mul_(query.shape[-1] ** -0.5)
        return change @ key, change.transpose(1, 2) @ query, weights.transpose(1, 2) @ slope, bias
