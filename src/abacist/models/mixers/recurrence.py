"""A gated linear recurrence: a state of one size stands for all that was read."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from abacist.core.errors import SettingsError
from abacist.models.cache import Cache
from abacist.models.kernels import rms_normalise
from abacist.models.mixer import Mixer, heads_of, picked
from abacist.models.position import PositionScheme
from abacist.models.settings import ModelSettings

EPSILON = 1e-6


class Recurrence(Mixer):
    """Each head keeps a matrix of what was read, lets it fade by a gate, adds to it, and reads it with a query.

    state_t = a_t state_(t-1) + k_t v_t^T and y_t = state_t^T q_t, with a_t = sigmoid(w x_t + b) in 0..1, one number
    a head. y is normalised a head, multiplied by a gate silu(W x), and projected. Queries, keys and values are seen
    through a short convolution over the token and those just before it. Where a token stands it learns from what
    positions add to the embedding; what they do to attention's scores has no place here.

    Chunks of rows are computed by matrix products as attention is, with the fading in place of the softmax, and
    hand their state on; answering costs the same for every token, however many were read.

    Source: Dao and Gu 2024, arXiv:2405.21060 (state space duality, section 6: the chunks; Mamba-2: the parts
    around it); Yang et al. 2023, arXiv:2312.06635 (gated linear attention).
    Units: fading is kept as its logarithm, in float32, and only differences of one sign are raised to a power, so
    that nothing overflows in bfloat16.
    """

    @dataclass(frozen=True)
    class Settings:
        """`chunk`: tokens computed at once; `convolution`: tokens that queries, keys and values are seen through."""

        chunk: int = 64
        convolution: int = 4

        def __post_init__(self) -> None:
            for name in ("chunk", "convolution"):
                if getattr(self, name) < 1:
                    raise SettingsError(f"{name} must be at least 1, got {getattr(self, name)}")

    def __init__(self, settings: Settings, model: ModelSettings):
        super().__init__()
        if model.kv_heads != model.n_heads:
            raise SettingsError("model.n_kv_heads must be null where model.mixer is recurrence: heads share no state")
        self.n_heads, self.chunk, self.reach = model.n_heads, settings.chunk, settings.convolution
        width = model.d_model
        self.qkv = nn.Linear(width, 3 * width, bias=model.bias)
        # As if there were none, at first: the newest token alone. Three axes, for no optimizer takes it for a matrix.
        self.convolution = nn.Parameter(torch.eye(self.reach)[-1].repeat(3 * width, 1).T.unsqueeze(1).contiguous())
        self.fade = nn.Linear(width, model.n_heads)
        # From heads that keep all but a 400th of their state at each token to some that lose a quarter of it.
        self.fade.bias = nn.Parameter(torch.linspace(6, 1, model.n_heads))
        self.gate = nn.Linear(width, width, bias=model.bias)
        self.out = nn.Linear(width, width, bias=model.bias)

    def forward(
        self,
        x: Tensor,
        coordinates: tuple[Tensor, Tensor],
        position: PositionScheme,
        cache: Cache | None = None,
        step: int = 0,
        wanted: Tensor | None = None,
    ) -> Tensor:
        """Mix the tokens of each row; the cache holds the state and the convolution's last inputs."""
        states = {} if cache is None else cache.states
        inputs = self.qkv(x)
        before = states.get(("inputs", step))
        inputs = F.pad(inputs, (0, 0, self.reach - 1, 0)) if before is None else torch.cat((before, inputs), dim=1)
        weights, seq = self.convolution.to(inputs.dtype), x.shape[1]
        seen = weights[-1] * inputs[:, self.reach - 1 :]
        for back in range(self.reach - 1):
            seen = torch.addcmul(seen, weights[back], inputs[:, back : back + seq])
        query, key, value = heads_of(F.silu(seen), 3, self.n_heads)
        fades = F.logsigmoid(self.fade(x).float()).transpose(1, 2)
        read, state = scan(query, key, value, fades, states.get(("state", step)), self.chunk)
        if cache is not None:
            states["inputs", step], states["state", step] = inputs[:, seq:], state
        read = rms_normalise(read, EPSILON).transpose(1, 2).flatten(2)
        return self.out(picked(read, wanted) * F.silu(self.gate(picked(x, wanted))))


def scan(
    query: Tensor, key: Tensor, value: Tensor, fades: Tensor, state: Tensor | None, chunk: int
) -> tuple[Tensor, Tensor]:
    """Return what the queries read, and the state after the last token.

    Within a chunk, read_t = sum over s <= t of (q_t . k_s) exp(fades_(s+1) + ... + fades_t) v_s.
    Shapes: query, key, value (batch, n_heads, seq, d_head); fades (batch, n_heads, seq), at most 0; state
    (batch, n_heads, d_head, d_head), rows by keys, or None for nothing read yet; what is read is like value.
    """
    read, seq = [], query.shape[2]
    for start in range(0, seq, chunk):
        part = slice(start, start + chunk)
        q, k, v, faded = query[:, :, part], key[:, :, part], value[:, :, part], fades[:, :, part].cumsum(-1)
        later = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device).triu(1)
        between = (faded[..., :, None] - faded[..., None, :]).masked_fill(later, float("-inf")).exp()
        y = (q @ k.transpose(2, 3) * between.to(q.dtype)) @ v
        if state is not None:
            y = y + (q * faded.exp()[..., None].to(q.dtype)) @ state.to(q.dtype)
        read.append(y)
        left = (faded[..., -1:] - faded).exp()[..., None]
        added = ((k * left.to(k.dtype)).transpose(2, 3) @ v).float()
        state = added if state is None else state * faded[..., -1:, None].exp() + added
    assert state is not None
    return torch.cat(read, 2), state
