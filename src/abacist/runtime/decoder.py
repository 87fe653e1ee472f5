"""A trained decoder on numpy and safetensors alone: the same answers as with torch, started in a blink."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from abacist.core.catalogue import Part, build, is_path, load
from abacist.core.errors import DataError, RunError
from abacist.core.packing import unpacked
from abacist.problems.rounding import Rounding
from abacist.problems.splits import Split
from abacist.problems.task import Task, TaskSettings, Weighted
from abacist.runtime import layers
from abacist.runtime.layers import Array
from abacist.text import format as formats
from abacist.text import tokenizer as tokenizers
from abacist.text.codec import Codec
from abacist.text.coordinates import Integers, advance, coordinates
from abacist.text.generated import Generated


class NeedsTorch(RunError):
    """The run has a part that is not written on numpy, such as a user's own."""


class NumpyDecoder:
    """Reads a run folder (settings, tokenizer, weights) and answers prompts.

    Raises: RunError if the folder is no run or its files are broken, NeedsTorch if numpy cannot run it.
    """

    def __init__(self, path: Path):
        self.path = path
        try:
            self._open()
        except (KeyError, TypeError, AttributeError) as error:
            raise RunError(f"{path}: settings and weights do not belong together: {error!r}") from None

    def _open(self) -> None:
        path = self.path
        self.settings = self._read_settings()
        model = self.settings["model"]
        self.n_layers, self.n_heads, self.d_model = model["n_layers"], model["n_heads"], model["d_model"]
        self.kv_heads = model.get("n_kv_heads") or self.n_heads
        self.context_length, self.depth = model["context_length"], self.n_layers * model.get("loops", 1)
        self.norm, self.position = Part.read(model["norm"]), Part.read(model["position"])
        self.feed_forward = Part.read(model["feed_forward"])
        mixer = Part.read(model.get("mixer", "attention"))  # settings of earlier runs name none
        known = (
            (self.settings["kind"]["name"], ("decoder", "guided")),
            (self.norm.name, tuple(layers.NORMS)),
            (self.position.name, layers.POSITIONS),
            (self.feed_forward.name, tuple(layers.FEED_FORWARDS)),
            (mixer.name, ("attention",)),
            (Part.read(model.get("embedding", "table")).name, ("table",)),
        )
        for name, names in known:
            if name not in names:
                raise NeedsTorch(f"{path}: {name!r} runs with torch only; on numpy there are {', '.join(names)}")
        # Settings of earlier runs lack those that were not there yet.
        others = {
            "model.shared_norms": model.get("shared_norms", False),
            "model.feed_forward.down": self.feed_forward.settings.get("down", "own") != "own",
            "kind.answer_tokens": self.settings["kind"].get("answer_tokens") is not None,
        }
        if asked := [name for name, value in others.items() if value]:
            raise NeedsTorch(f"{path}: {asked[0]!r} runs with torch only")
        self.weights = self._read_weights()
        self.classes: Integers = self.weights["token_classes"]
        self.head = self.weights.get("head.weight", self.weights["embedding.weight"])

    @cached_property
    def codec(self) -> Codec:
        """Format and tokenizer."""
        text = self.settings["text"]
        tokenizer = load(tokenizers.FOLDER, text["tokenizer"]["name"]).load(self.path / "tokenizer.json")
        return Codec(build(formats.FOLDER, text["format"]), tokenizer)

    @cached_property
    def task(self) -> Task:
        """What the model was trained on."""
        task = self.settings["task"]
        mixture = [Weighted(Part.read(item["operation"]), item["weight"]) for item in task["mixture"]]
        return Task(TaskSettings(mixture, Rounding(**task["rounding"]), Split(**task["split"])))

    def logits(self, ids: list[int]) -> Array:
        """Return the logits after every token of a row, without the cache. Shape: (seq, vocab_size)."""
        places = coordinates(np.array([ids]), self.classes)[0]
        return self._forward(np.array(ids), places, _Cache(self.depth)) @ self.head.T

    def inside(self, prompt: list[int]) -> list[str]:
        """Return nothing: decoders on numpy have no unit inside."""
        return []

    def answer(self, prompt: list[int]) -> Generated:
        """Write after a prompt, greedily, until the end token or the end of the context."""
        written: list[int] = []
        chances: list[float] = []
        cache = _Cache(self.depth)
        places = coordinates(np.array([prompt]), self.classes)[0]
        here, here_class = places[-1:], self.classes[prompt[-1:]]
        ids = np.array(prompt)
        for _ in range(self.context_length - len(prompt)):
            probabilities = layers.softmax(self._forward(ids, places, cache)[-1] @ self.head.T)
            choice = int(probabilities.argmax())
            written.append(choice)
            chances.append(float(probabilities[choice]))
            if choice == self.codec.tokenizer.end_id:
                break
            here, here_class = advance(here, here_class, self.classes[[choice]]), self.classes[[choice]]
            ids, places = np.array([choice]), here
        return Generated(written, chances)

    def _forward(self, ids: Integers, places: Integers, cache: "_Cache") -> Array:
        """Return what the last norm gives for new tokens. Shapes: ids (seq,), places (seq, 3)."""
        weights, norm = self.weights, layers.NORMS[self.norm.name]
        slopes = layers.slopes(self.position.name, self.position.settings, self.n_heads)
        position, options = self.position.name, self.position.settings
        feed_forward = layers.FEED_FORWARDS[self.feed_forward.name]
        places = layers.placed(options, places, self.context_length)
        x = weights["embedding.weight"][ids]
        x = first = x + layers.embed_places(position, options, weights, places, self.d_model)
        seen = cache.arrive(places)
        for step in range(self.depth):
            loop, layer = divmod(step, self.n_layers)
            if loop and not layer:
                x = x + first
            block = f"blocks.{layer}"
            normed = norm(x, weights, f"{block}.attention_norm", self.norm.settings)
            qkv = layers.linear(normed, weights, f"{block}.attention.qkv")
            heads = qkv.reshape(len(ids), self.n_heads + 2 * self.kv_heads, -1).transpose(1, 0, 2)
            query, key, value = np.split(heads, (self.n_heads, self.n_heads + self.kv_heads))
            query, key = (layers.rotate(position, options, part, places) for part in (query, key))
            key, value = cache.extend(step, key, value)
            bias = layers.bias(position, options, weights, self.n_heads, layer, places, seen)
            mixed = _attend(query, key, value, slopes, bias).transpose(1, 0, 2).reshape(len(ids), -1)
            x = x + layers.linear(mixed, weights, f"{block}.attention.out")
            normed = norm(x, weights, f"{block}.feed_forward_norm", self.norm.settings)
            x = x + feed_forward(normed, weights, f"{block}.feed_forward")
        return norm(x, weights, "norm", self.norm.settings)

    def _read_settings(self) -> dict[str, Any]:
        file = self.path / "settings.json"
        try:
            settings: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.path} is no run: it holds no settings.json") from None
        except (OSError, ValueError) as error:
            raise RunError(f"{file} cannot be read: {error}") from None
        try:
            places = [*settings["task"]["mixture"], settings["text"]]
        except (KeyError, TypeError):
            if isinstance(settings, dict) and settings.get("corpus"):
                raise RunError(f"{self.path} is a run of text, which abacist sample lets write") from None
            raise RunError(f"{file} cannot be read: it holds no settings of a run") from None
        for item in places:
            for part in item.values():
                # A user's own part lies beside the settings, named relative to them.
                if isinstance(part, dict) and is_path(part.get("name", "")):
                    part["name"] = str(self.path / part["name"])
        split = settings["task"].get("split", {})
        if split.get("apart") is not None:  # likewise
            split["apart"] = str(self.path / split["apart"])
        return settings

    def _read_weights(self) -> layers.Weights:
        file = self.path / "model.safetensors"
        try:
            with safe_open(file, framework="numpy") as opened:
                stored = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 (no mapping)
                return unpacked(stored, opened.metadata())
        except FileNotFoundError:
            raise RunError(f"{self.path} has no weights yet; train it first") from None
        except (OSError, SafetensorError, DataError) as error:
            raise RunError(f"{file} cannot be read: {error}") from None


class _Cache:
    """Keys and values of every layer so far, each (n_kv_heads, seq, d_head), in memory that doubles when it is full.

    A layer that is gone through again has keys and values of its own.
    """

    def __init__(self, depth: int):
        self.layers: list[tuple[Array, Array] | None] = [None] * depth
        self.filled = [0] * depth
        self.coordinates: Integers | None = None

    def arrive(self, coordinates: Integers) -> Integers:
        """Note where the new tokens stand; return it of all tokens so far."""
        known = self.coordinates
        self.coordinates = coordinates if known is None else np.concatenate((known, coordinates))
        return self.coordinates

    def extend(self, layer: int, key: Array, value: Array) -> tuple[Array, Array]:
        start, end = self.filled[layer], self.filled[layer] + key.shape[1]
        kept = self.layers[layer]
        if kept is None or end > kept[0].shape[1]:
            heads, _, d_head = key.shape
            kept = new = (np.empty((heads, 2 * end, d_head), key.dtype), np.empty((heads, 2 * end, d_head), key.dtype))
            for old, fresh in zip(self.layers[layer] or (), new, strict=False):
                fresh[:, :start] = old[:, :start]
            self.layers[layer] = kept
        for part, fresh in zip(kept, (key, value), strict=True):
            part[:, start:end] = fresh
        self.filled[layer] = end
        return kept[0][:, :end], kept[1][:, :end]


def _attend(query: Array, key: Array, value: Array, slopes: Array | None = None, bias: Array | None = None) -> Array:
    """Causal attention of the last tokens over all so far, per head; scores fall with distance by its slope."""
    if len(key) < len(query):
        key, value = (np.repeat(part, len(query) // len(part), axis=0) for part in (key, value))
    scores = query @ key.transpose(0, 2, 1) * np.float32(key.shape[-1] ** -0.5)
    new, seen = scores.shape[-2:]
    if slopes is not None:
        distance = np.arange(seen - new, seen)[:, None] - np.arange(seen)
        scores = scores - slopes[:, None, None] * distance.astype(np.float32)
    if bias is not None:
        scores = scores + bias
    future: NDArray[np.bool_] = np.triu(np.ones((new, seen), dtype=bool), seen - new + 1)
    return layers.softmax(np.where(future, np.float32(-np.inf), scores)) @ value
