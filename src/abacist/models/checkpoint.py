"""Weights on disk: safetensors, written whole or not at all."""

import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from abacist.core.errors import DataError, RunError
from abacist.core.packing import DESCRIPTION, unpacked


def save_tensors(tensors: dict[str, Tensor], path: Path, about: dict[str, str] | None = None) -> None:
    """Write named tensors so that a crash leaves the old file or the new one, never half of one.

    Tensors that share storage (tied weights) are written once, under the first name. `about` is kept with them.
    """
    unique: dict[int, str] = {}
    for name, tensor in tensors.items():
        unique.setdefault(tensor.untyped_storage().data_ptr() if tensor.numel() else hash(name), name)
    kept = {name: tensors[name].detach().cpu().contiguous() for name in unique.values()}
    temporary = path.with_suffix(path.suffix + ".new")
    save_file(kept, temporary, about)
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read named tensors, packed ones as the numbers they stand for. Raises: RunError if the file is missing or broken.

    Form of packed ones: `core/packing.py`.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            if DESCRIPTION in (file.metadata() or {}):
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
                return {name: torch.from_numpy(each) for name, each in unpacked(arrays, file.metadata()).items()}
        return load_file(path)
    except FileNotFoundError:
        raise RunError(f"{path} is missing") from None
    except (OSError, SafetensorError, DataError) as error:
        raise RunError(f"{path} cannot be read: {error}") from None


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Fill a model with saved weights. Raises: RunError if they do not fit it."""
    fill(model, load_tensors(path), path)


def fill(model: torch.nn.Module, tensors: dict[str, Tensor], path: Path) -> None:
    """Fill a model with weights that were read from `path`. Raises: RunError if they do not fit it."""
    own = model.state_dict()
    missing = [name for name in own if name not in tensors and not _tied_to_saved(name, own, tensors)]
    unknown = [name for name in tensors if name not in own]
    wrong = [name for name, tensor in tensors.items() if name in own and own[name].shape != tensor.shape]
    if missing or unknown or wrong:
        raise RunError(f"{path} does not fit the model: missing {missing}, unknown {unknown}, wrong shape {wrong}")
    model.load_state_dict(tensors, strict=False)


def _tied_to_saved(name: str, own: dict[str, Tensor], saved: dict[str, Tensor]) -> bool:
    storage = own[name].untyped_storage().data_ptr()
    return any(other in saved and own[other].untyped_storage().data_ptr() == storage for other in own)
