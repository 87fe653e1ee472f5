"""Models that others have trained, in our transformer; and ours in the form in which others read models.

A folder in the form of Hugging Face's `transformers`: `config.json` has the shape, `model.safetensors` the weights,
or several such files that `model.safetensors.index.json` lists. Nothing is unpickled.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from abacist.core.catalogue import load, names
from abacist.core.errors import DataError, RunError, SettingsError
from abacist.core.settings import check
from abacist.models.checkpoint import fill, load_tensors, save_tensors
from abacist.models.family import FAMILIES, Family, not_alike
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer

CONFIG, WEIGHTS, INDEX, PICKLE = "config.json", "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin"
HEAD = "lm_head.weight"


@dataclass(frozen=True)
class Pretrained:
    """A model that was read, its shape in `model.settings`; `config` is the library's own, for special tokens."""

    model: Transformer
    config: dict[str, Any]

    @property
    def end_ids(self) -> list[int]:
        """Ids that end a text."""
        ids = self.config.get("eos_token_id")
        return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def read(source: str | Path) -> Pretrained:
    """Read a folder, or a model by its name on the Hugging Face Hub where there is a network.

    Weights become float32. Every token has class 0: the index in the row is all that its positions know. Dropout is
    0: it belongs to a training.
    Raises: DataError for what we would not compute as the library does, naming the config's key, and for weights
    that do not belong to the config; RunError for a folder or file that is missing or broken.
    """
    folder = folder_of(source)
    config, family, settings, vocab_size = _described(folder)
    model = Transformer(settings, torch.zeros(vocab_size, dtype=torch.long)).eval()
    tensors = _ours(_weights(folder), family, settings, folder)
    fill(model, {**tensors, "token_classes": model.token_classes}, folder)
    return Pretrained(model, config)


def shape(source: str | Path) -> ModelSettings:
    """Return the shape of a model that `read` would read, without its weights. Raises: as `read` does."""
    return _described(folder_of(source))[2]


def _described(folder: Path) -> tuple[dict[str, Any], Family, ModelSettings, int]:
    """Return what a folder's config says: the whole of it, the family, the shape, and how many tokens there are."""
    config = _read_json(folder / CONFIG)
    try:
        family = _family(config)
        values = family.settings(config)
        vocab_size = config["vocab_size"]
    except DataError as error:
        raise DataError(f"{folder / CONFIG}: {error}") from None
    except KeyError as error:
        raise DataError(f"{folder / CONFIG}: {error.args[0]} is missing") from None
    return config, family, check(ModelSettings, values), vocab_size


def write(
    model: Transformer,
    folder: Path,
    family: str | None = None,
    end_id: int | None = None,
    start_id: int | None = None,
    pad_id: int | None = None,
) -> str:
    """Write a model so that `transformers` loads it; return the family, which is found where none is named.

    The ids are those of the special tokens. Padding that is the end token goes unnamed: the library would let
    nothing be learnt of it, and so no end.
    Matrices without biases get zeros where the family has biases, norms without a scale get ones.
    Raises: SettingsError that names the setting which no family (or not the named one) has.
    """
    chosen = _fitting(model.settings, [family] if family else names(FAMILIES))
    theirs = _theirs(model, load(FAMILIES, chosen)())
    config = {
        "architectures": [load(FAMILIES, chosen).architecture],
        "model_type": chosen,
        "dtype": "float32",
        "vocab_size": len(model.token_classes),
        "tie_word_embeddings": model.settings.tied,
        "bos_token_id": start_id,
        "eos_token_id": end_id,
        "pad_token_id": None if pad_id == end_id else pad_id,
        **load(FAMILIES, chosen)().config(model.settings),
    }
    folder.mkdir(parents=True, exist_ok=True)
    save_tensors(theirs, folder / WEIGHTS, {"format": "pt"})
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return chosen


def _family(config: dict[str, Any]) -> Family:
    """Return the config's family. Raises: DataError for one that is not known or that computes something else."""
    name = config["model_type"]
    if name not in names(FAMILIES):
        raise not_alike("model_type", name, *names(FAMILIES))
    family: Family = load(FAMILIES, name)()
    architectures = config.get("architectures") or [family.architecture]
    if family.architecture not in architectures:
        raise not_alike("architectures", architectures, family.architecture)
    for key, values in {**family.computed, "quantization_config": (None,)}.items():
        value = config.get(key, values[0])
        if value not in values:
            raise not_alike(key, value, *values)
    return family


def _fitting(settings: ModelSettings, candidates: list[str]) -> str:
    """Return the first family that nothing hinders. Raises: SettingsError with the hindrance of the nearest one."""
    hindrances = {name: list(load(FAMILIES, name)().hindrances(settings)) for name in candidates}
    nearest = min(candidates, key=lambda name: len(hindrances[name]))
    if hindrances[nearest]:
        raise SettingsError(f"this model cannot be written as {nearest}: {'; '.join(hindrances[nearest])}")
    return nearest


def _ours(tensors: dict[str, Tensor], family: Family, settings: ModelSettings, folder: Path) -> dict[str, Tensor]:
    """Return their weights under our names."""
    if not any(name.startswith(family.prefix) for name in tensors):  # as in the first GPT-2 files
        tensors = {name if name == HEAD else family.prefix + name: tensor for name, tensor in tensors.items()}
    pairs = family.names(settings)
    if settings.tied:
        (embedding,) = pairs["embedding.weight"]
        if HEAD in tensors and embedding in tensors and not torch.equal(tensors[HEAD], tensors[embedding]):
            raise DataError(f"{folder}: tie_word_embeddings is true, but {HEAD} differs from {embedding}")
        tensors = {name: tensor for name, tensor in tensors.items() if name != HEAD}
    else:
        pairs["head.weight"] = (HEAD,)
    wanted = {name for theirs in pairs.values() for name in theirs}
    unknown = sorted(name for name in tensors.keys() - wanted if not re.search(family.without_weights, name))
    if missing := sorted(wanted - tensors.keys()):
        raise DataError(f"{folder}: {missing[0]} and {len(missing) - 1} other tensors are missing")
    if unknown:
        raise DataError(f"{folder}: {unknown[0]} and {len(unknown) - 1} other tensors have no place in the model")
    result = {}
    for ours, theirs in pairs.items():
        whole = torch.cat([tensors.pop(name).float() for name in theirs])
        result[ours] = whole.T if _is_turned(ours, whole, family) else whole
    return result


def _theirs(model: Transformer, family: Family) -> dict[str, Tensor]:
    """Return our weights under their names."""
    settings, state = model.settings, model.state_dict()
    pairs = family.names(settings)
    if not settings.tied:
        pairs["head.weight"] = (HEAD,)
    if unused := sorted(state.keys() - pairs.keys() - {"token_classes", "head.weight"}):
        raise SettingsError(f"{unused[0]} has no place in {family.architecture}; merge adapters before writing")
    result = {}
    for ours, theirs in pairs.items():
        if ours in state:
            whole = state[ours]
        elif ours.endswith("bias"):
            whole = torch.zeros(len(state[ours.removesuffix("bias") + "weight"]))
        else:
            whole = torch.ones(settings.d_model)
        whole = whole.T if _is_turned(ours, whole, family) else whole
        # Three are queries, keys and values, of which the last two may be narrower; two are of one size.
        sizes = [settings.d_model, settings.d_kv, settings.d_kv] if len(theirs) == 3 else len(whole) // len(theirs)
        for name, part in zip(theirs, whole.split(sizes), strict=True):
            result[name] = part.float().clone(memory_format=torch.contiguous_format)
    return result


def _is_turned(ours: str, tensor: Tensor, family: Family) -> bool:
    return family.transposed and tensor.dim() == 2 and ours.startswith("blocks.")


def _weights(folder: Path) -> dict[str, Tensor]:
    """Read every tensor of a folder."""
    if (folder / WEIGHTS).is_file():
        return load_tensors(folder / WEIGHTS)
    if (folder / INDEX).is_file():
        tensors: dict[str, Tensor] = {}
        for name in _shards(folder / INDEX):
            tensors |= load_tensors(folder / name)
        return tensors
    if (folder / PICKLE).is_file():
        raise RunError(f"{folder} holds {PICKLE}, a pickle, which is not read; save the model as {WEIGHTS} first")
    raise RunError(f"{folder} holds no weights: there is no {WEIGHTS}")


def _shards(file: Path) -> Iterator[str]:
    """Yield the files that an index lists; they lie beside it."""
    listed = _read_json(file).get("weight_map")
    if not isinstance(listed, dict) or not all(isinstance(name, str) for name in listed.values()):
        raise RunError(f"{file} cannot be read: it has no weight_map")
    for name in sorted(set(listed.values())):
        if Path(name).name != name:
            raise RunError(f"{file} lists {name!r}, which is no file beside it")
        yield name


def _read_json(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{file.parent} holds no {file.name}") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{file} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise RunError(f"{file} cannot be read: it holds no keys")
    return values


def folder_of(source: str | Path) -> Path:
    """Return a folder as it is; fetch a name from the Hub."""
    if isinstance(source, Path) or Path(source).is_dir():
        return Path(source)
    try:
        from huggingface_hub import snapshot_download  # an extra: local folders need none of it
    except ImportError:
        raise RunError(f"{source} is no folder; to fetch it from the Hub: pip install 'abacist[hub]'") from None
    try:
        return Path(
            snapshot_download(source, allow_patterns=[CONFIG, WEIGHTS, INDEX, "model-*.safetensors", "tokenizer*.json"])
        )
    except (OSError, ValueError, RuntimeError) as error:  # no such name, no network, or nothing kept from before
        first, _, _ = str(error).strip().partition("\n")
        reason = re.sub(r"^\W*Got:\W*", "", first) or type(error).__name__
        raise RunError(
            f"{source} is no folder, and not to be had from the Hub now ({reason}); "
            "name a folder that holds the model: --set weights=FOLDER"
        ) from None
