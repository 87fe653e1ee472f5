"""The transformer's pieces on numpy: one function for each part of `models`, by the part's name.

Shapes: x (seq, d_model); queries, keys and values (n_heads, seq, d_head), of keys and values
perhaps fewer heads; coordinates (seq, 3).
Everything is float32, as the weights are.
"""

import itertools
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from abacist.text.coordinates import INDEX, NUMBER, PLACE

Array = NDArray[np.float32]
Weights = dict[str, NDArray[Any]]
Options = dict[str, Any]


def softmax(x: Array) -> Array:
    """Normalise the last dimension to probabilities."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def rms_norm(x: Array, weights: Weights, name: str, options: Options) -> Array:
    """Divide by the root of the mean square, then scale where a scale was learned."""
    scale = np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(options["epsilon"]))
    return x / scale * weights[f"{name}.weight"] if options["scale"] else x / scale


def layer_norm(x: Array, weights: Weights, name: str, options: Options) -> Array:
    """Subtract the mean, divide by the standard deviation, then scale and shift."""
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt(np.mean(centred * centred, axis=-1, keepdims=True) + np.float32(options["epsilon"]))
    return centred / deviation * weights[f"{name}.weight"] + weights[f"{name}.bias"]


NORMS: dict[str, Callable[[Array, Weights, str, Options], Array]] = {"rms_norm": rms_norm, "layer_norm": layer_norm}


def linear(x: Array, weights: Weights, name: str) -> Array:
    """`x W^T`, and a bias where there is one."""
    product = x @ weights[f"{name}.weight"].T
    bias = weights.get(f"{name}.bias")
    return product if bias is None else product + bias


def swiglu(x: Array, weights: Weights, name: str) -> Array:
    """`down(silu(gate(x)) * up(x))`."""
    gate, up = np.split(linear(x, weights, f"{name}.gate_up"), 2, axis=-1)
    # silu(x) = x * sigmoid(x), the sigmoid written so that it cannot overflow
    silu = gate * np.float32(0.5) * (1 + np.tanh(gate * np.float32(0.5)))
    return linear(silu * up, weights, f"{name}.down")


def gelu(x: Array, weights: Weights, name: str) -> Array:
    """`down(gelu(up(x)))`, the tanh form."""
    up = linear(x, weights, f"{name}.up")
    curve = np.float32(np.sqrt(2 / np.pi)) * (up + np.float32(0.044715) * up**3)
    activated = np.float32(0.5) * up * (1 + np.tanh(curve))
    return linear(activated, weights, f"{name}.down")


def squared_relu(x: Array, weights: Weights, name: str) -> Array:
    """`down(relu(up(x)) ** 2)`."""
    up = np.maximum(linear(x, weights, f"{name}.up"), 0)
    return linear(up * up, weights, f"{name}.down")


FEED_FORWARDS: dict[str, Callable[[Array, Weights, str], Array]] = {
    "swiglu": swiglu,
    "gelu": gelu,
    "squared_relu": squared_relu,
}


def placed(options: Options, places: NDArray[np.int64], context_length: int) -> NDArray[np.int64]:
    """Return coordinates with the index spread evenly over the positions among which training drew those of a row."""
    size = options.get("spread")
    if size is None:
        return places
    spread = places.copy()
    spread[:, INDEX] = (2 * places[:, INDEX] + 1) * size // (2 * context_length)
    return spread


def embed_places(name: str, options: Options, weights: Weights, places: NDArray[np.int64], width: int) -> Array:
    """Return what the position scheme adds to token embeddings."""
    index, place, number = places[:, INDEX], places[:, PLACE], places[:, NUMBER]
    if name == "learned":
        return weights["position.index.weight"][index]
    if name == "sinusoidal":
        angle = index[:, None] * _speeds(options["base"], width)
        table = np.stack((np.sin(angle), np.cos(angle)), axis=-1).reshape(len(index), width)
        return (table * options["scale"]).astype(np.float32)
    if name == "places":
        by_place, by_number = weights["position.place.weight"], weights["position.number.weight"]
        added = by_place[np.minimum(place, len(by_place) - 1)] + by_number[np.minimum(number, len(by_number) - 1)]
        return added + weights["position.index.weight"][index] if options["index"] else added
    if name == "columns":
        lowest = options["lowest"]
        row, place = (np.clip(places[:, axis], lowest, options["highest"]) - lowest for axis in (4, 5))
        return weights["position.row.weight"][row] + weights["position.place.weight"][place]
    if name == "abacus":
        by_place = weights["position.place.weight"]
        return by_place[np.clip(place, 1, len(by_place)) - 1] * (place > 0)[:, None]
    if name == "coupled":
        shared = weights["position.position.weight"]
        return shared[np.where(index == 0, 0, np.minimum(1 + place, len(shared) - 1))]
    return np.zeros((len(index), width), dtype=np.float32)


def slopes(name: str, options: Options, n_heads: int) -> Array | None:
    """Return by how much each head's scores fall with every token from query back to key, (n_heads,)."""
    if name != "alibi" or options.get("spread") is not None:
        return None
    return _slopes(n_heads)


def _slopes(n_heads: int) -> Array:
    return np.float32(2) ** (np.float32(-8 / n_heads) * np.arange(1, n_heads + 1, dtype=np.float32))


def bias(
    name: str,
    options: Options,
    weights: Weights,
    n_heads: int,
    layer: int,
    query: NDArray[np.int64],
    key: NDArray[np.int64],
) -> Array | None:
    """Return what a layer adds to the scores of queries and keys, (n_heads, queries, keys), from their coordinates."""
    if name == "alibi" and options.get("spread") is not None:
        distance = query[:, None, INDEX] - key[None, :, INDEX]
        return -_slopes(n_heads)[:, None, None] * distance.astype(np.float32)
    if name == "relative":
        table = weights["position.table"][layer].copy()
        reach = table.shape[-1] // 2
        names, steps = AXES if options["axes"] == len(AXES) else PLAIN_AXES, np.arange(-reach, reach + 1)
        reaches = np.array([options.get("reaches", {}).get(axis, options["reach"]) for axis in names])
        for head, windows in zip(range(n_heads), itertools.cycle(options["sight"])):
            table[head] *= np.array([[axis in windows] for axis in names])
        itself = table[:, :, reach].sum(1)
        for head, windows in zip(range(n_heads), itertools.cycle(options["sight"])):
            for axis, (least, greatest) in windows.items():
                table[head, names.index(axis), (steps < least) | (steps > greatest)] = -np.inf
        distance = np.clip(key[None] - query[:, None], -reaches, reaches) + reach
        looked_up: Array = sum(table[:, axis][:, distance[..., axis]] for axis in range(options["axes"]))
        same = key[None, :, INDEX] == query[:, None, INDEX]
        return np.where(same, itself[:, None, None], looked_up)
    if name == "fire":
        i, j = query[:, None, INDEX].astype(np.float32), key[None, :, INDEX].astype(np.float32)
        growth = np.exp(weights["position.growth"])
        scale, threshold = growth[0] * np.float32(options["scale"]), growth[1] * np.float32(options["threshold"])
        distance = np.log1p(scale * np.maximum(i - j, 0)) / np.log1p(scale * np.maximum(i, threshold))
        factors, addends = weights["position.hidden"]
        added: Array = np.maximum(distance[..., None] * factors + addends, 0) @ weights["position.out.weight"].T
        return added.transpose(2, 0, 1)
    return None


def rotate(name: str, options: Options, x: Array, places: NDArray[np.int64]) -> Array:
    """Return queries or keys with their places turned in."""
    if name == "columns":
        angle = places @ _speeds_of_columns(tuple(tuple(options[axis]) for axis in AXES), x.shape[-1] // 2)
    elif name == "rope":
        periods = options.get("periods")  # settings of earlier runs name none
        speeds = _speeds(options["base"], x.shape[-1]) if periods is None else np.float32(2 * np.pi) / np.array(periods)
        angle = places[:, INDEX, None] * speeds
    else:
        return x
    cos, sin = (np.tile(part, 2).astype(np.float32) for part in (np.cos(angle), np.sin(angle)))
    first, second = np.split(x, 2, axis=-1)
    return x * cos + np.concatenate((-second, first), axis=-1) * sin


AXES = ("index", "column", "item", "line", "row", "place")
PLAIN_AXES = ("index", "place", "number")

POSITIONS = (
    *("abacus", "alibi", "columns", "coupled", "fire", "learned", "nope", "places", "relative", "rope"),
    "sinusoidal",
)


def _speeds(base: float, width: int) -> Array:
    """Radians a token of each of width / 2 rotations."""
    exponents = -(np.arange(0, width, 2, dtype=np.float32) / np.float32(width))
    return np.float32(base) ** exponents


@lru_cache
def _speeds_of_columns(axes: tuple[tuple[float, ...], ...], pairs: int) -> Array:
    """Radians a step along each coordinate of each pair, (6, pairs)."""
    speeds, start = np.zeros((len(axes), pairs), dtype=np.float32), 0
    for axis, own in enumerate(axes):
        speeds[axis, start : start + len(own)] = own
        start += len(own)
    return speeds
