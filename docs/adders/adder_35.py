"""tiny_adder: a decoder that adds, in one file.

35 trained parameters, counted by unique storage; positions are computed, not trained, and not counted.
`build_model()` returns the model and what there is to say of it, `add(model, a, b)` lets it write the sum of two
numbers: the question as text, one token after another, each the likeliest, until the answer ends.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

VOCABULARY = ["<pad>", "<start>", "<end>", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "+", "="]
START, END = 1, 2
ANSWER_TOKENS = 11  # then an answer has ended
CONTEXT = 37
D_MODEL, N_LAYERS, N_HEADS, D_HEAD, D_FF = 3, 1, 1, 2, 2
NUMBERS = [-1, -1, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1]  # that tokens stand for, -1 for none


class Norm(nn.Module):
    """Divide by the root of the mean square."""

    def forward(self, x: Tensor) -> Tensor:
        normal = x * (x.square().mean(-1, keepdim=True) + 1e-06).rsqrt()
        return normal


class Position(nn.Module):
    """Rotary: turn each pair (x_i, x_{i + D_HEAD/2}) of queries and keys by an angle proportional to position."""

    def __init__(self) -> None:
        super().__init__()
        speed = 2 * math.pi / torch.tensor([12.0])
        angle = torch.arange(CONTEXT, dtype=torch.float32)[:, None] * speed
        self.register_buffer("cos", angle.cos().repeat(1, 2))
        self.register_buffer("sin", angle.sin().repeat(1, 2))

    def embed(self, x: Tensor, ids: Tensor) -> Tensor:
        return x

    def rotate(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        turned = torch.cat((-second, first), dim=-1)
        return x * self.cos[: x.shape[-2]] + turned * self.sin[: x.shape[-2]]


class Embedding(nn.Module):
    """The number n is radius (cos a, sin a, 0, ...) with a = start + n stride: the three are learned.

    Other tokens are read as the number 0, and never written.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("numbers", torch.tensor(NUMBERS))

    def vectors(self) -> Tensor:
        radius, start, stride = self.weight.unbind()
        angle = start + stride * self.numbers.clamp(min=0)
        arc = F.pad(radius * torch.stack((angle.cos(), angle.sin()), dim=-1), (0, D_MODEL - 2))
        return arc

    def forward(self, ids: Tensor) -> Tensor:
        return F.embedding(ids, self.vectors())

    def logits(self, hidden: Tensor) -> Tensor:
        return F.linear(hidden, 10.0 * self.vectors()).masked_fill(self.numbers < 0, -1e4)


class Turn(nn.Module):
    """Turn each pair (x_i, x_{i + width/2}) by one learned angle."""

    def __init__(self) -> None:
        super().__init__()
        self.angle = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=-1)
        cos, sin = self.angle.cos(), self.angle.sin()
        return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


class Product(nn.Module):
    """One matrix, or one that is a product of two narrow ones."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.factors = nn.ParameterList(torch.zeros(later, earlier) for earlier, later in zip(widths, widths[1:]))

    def forward(self, x: Tensor) -> Tensor:
        for factor in self.factors:
            x = x @ factor.T
        return x

    def transposed(self, x: Tensor) -> Tensor:
        for factor in reversed(list(self.factors)):
            x = x @ factor
        return x


class Attention(nn.Module):
    """Causal softmax attention whose matrices are those of one another: keys turned, values own, way out queries."""

    def __init__(self) -> None:
        super().__init__()
        self.query = Product(D_MODEL, N_HEADS * D_HEAD)
        self.value = Product(D_MODEL, N_HEADS * D_HEAD)
        self.turn = Turn()
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor, position: nn.Module) -> Tensor:
        query = self.heads(self.query(x))
        key = self.turn(query)
        value = self.heads(self.value(x))
        query, key = self.normal(query) * self.gain, self.normal(key) * self.gain
        mixed = self.attend(query, key, value, position)
        return self.query.transposed(mixed)

    def heads(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (N_HEADS, D_HEAD)).transpose(1, 2)

    def normal(self, x: Tensor) -> Tensor:
        return x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt()

    def attend(self, query: Tensor, key: Tensor, value: Tensor, position: nn.Module) -> Tensor:
        """Return what each token gathers from itself and those before it, (batch, seq, heads * width)."""
        query, key = position.rotate(query), position.rotate(key)
        scores = query @ key.transpose(2, 3) / math.sqrt(D_HEAD)
        later = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        shares = scores.masked_fill(later, -math.inf).softmax(-1)
        return (shares @ value).transpose(1, 2).flatten(2)


class FeedForward(nn.Module):
    """down(silu(gate(x)) * up(x))."""

    def __init__(self) -> None:
        super().__init__()
        self.gate_up = nn.Linear(D_MODEL, 2 * D_FF, bias=False)
        self.down = nn.Linear(D_FF, D_MODEL, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        hidden = F.silu(gate) * up
        return self.down(hidden)


class Block(nn.Module):
    """Attention, then feed-forward, each on a normalised copy and added back."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = Norm()
        self.attention = Attention()
        self.feed_forward_norm = Norm()
        self.feed_forward = FeedForward()

    def forward(self, x: Tensor, position: nn.Module) -> Tensor:
        x = x + self.attention(self.attention_norm(x), position)
        return x + self.feed_forward(self.feed_forward_norm(x))


class Model(nn.Module):
    """Token ids (batch, seq) to the logits of each next token (batch, seq, vocabulary)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = Embedding()
        self.position = Position()
        self.blocks = nn.ModuleList(Block() for _ in range(N_LAYERS))
        self.norm = Norm()

    def forward(self, ids: Tensor) -> Tensor:
        x = self.position.embed(self.embedding(ids), ids)
        for block in self.blocks:
            x = block(x, self.position)
        return self.embedding.logits(self.norm(x))  # tied: read by the vectors that tokens are written with


def question(a: int, b: int) -> str:
    """Write both numbers with 11 digits, the last one first."""
    left, right = (str(number).rjust(11, "0")[::-1] for number in (a, b))
    return f"{left}+{right}="


def read(answer: str) -> int:
    """Read a number whose last digit comes first."""
    return int(answer[::-1])


@torch.no_grad()
def generate(model: nn.Module, ids: list[int]) -> list[int]:
    """Go on with a row of tokens: the likeliest one each time, fed back, until the answer ends."""
    written: list[int] = []
    while len(ids) + len(written) < CONTEXT and len(written) != ANSWER_TOKENS:
        token = int(model(torch.tensor([ids + written]))[0, -1].argmax())
        if token == END:
            break
        written.append(token)
    return written


def add(model: nn.Module, a: int, b: int) -> int:
    """Ask the model; raises ValueError where what it writes is no number."""
    ids = [START, *map(VOCABULARY.index, question(a, b))]
    return read("".join(VOCABULARY[token] for token in generate(model, ids)))


def count(model: nn.Module) -> int:
    """Count the trained numbers, those in one storage once."""
    return sum({p.untyped_storage().data_ptr(): p.numel() for p in model.parameters()}.values())


def build_model() -> tuple[nn.Module, dict[str, object]]:
    """Return the model with its trained weights, and what there is to say of it."""
    model = Model()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.tensor(WEIGHTS[name]).reshape(parameter.shape))
    assert count(model) == 35
    metadata = {
        "name": "tiny_adder",
        "author": "abacist",
        "params": 35,
        "architecture": "1L decoder, d=3, 1h/1kv, hd=2, ff=2: circular, rope, rms_norm, swiglu, tied_attention",
        "tricks": ["digits reversed", "numbers padded to 11 digits", "answers of one length", "embedding of three weights", "tied head", "chosen rotary periods", "keys tied to queries, turned", "out tied to queries"],
        "buffers": {name: buffer.numel() for name, buffer in model.named_buffers()},
    }
    return model.eval(), metadata


WEIGHTS = {
    "embedding.weight": [
        68.70355, -1.531516, 0.12610924,
    ],
    "blocks.0.attention.gain": [
        4.9965324,
    ],
    "blocks.0.attention.query.factors.0": [
        4.525613, 0.12868817, 16.205475, 24.654034, 0.71025187, -9.012043,
    ],
    "blocks.0.attention.value.factors.0": [
        -11.773625, -6.94545, 0.1687191, 6.174338, -4.8874555, 0.13102418,
    ],
    "blocks.0.attention.turn.angle": [
        -0.38450858,
    ],
    "blocks.0.feed_forward.gate_up.weight": [
        3.065546, 3.133664, 6.9333363, 6.99936, 8.376735, 15.673589,
        14.353235, 36.746796, 64.1446, 5.248617, -43.458908, -32.790752,
    ],
    "blocks.0.feed_forward.down.weight": [
        -5.648539, 35.018665, -74.77064, -39.429806, 12.806146, 4.0775046,
    ],
}
