"""A trained run made smaller: fewer weights that are not zero, fewer bits a weight, and what that comes to."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from abacist.core.catalogue import file_hash
from abacist.core.errors import RunError, SettingsError
from abacist.core.packing import Array, Packing, described, packed, unpacked
from abacist.models.checkpoint import load_tensors
from abacist.runs import folder as folders
from abacist.runs.run import Run
from abacist.training.loop import METRICS, WEIGHTS

KEPT = (folders.SETTINGS, folders.VERSIONS, folders.TOKENIZER, folders.APART, METRICS)
"""The files that a shrunk run has as they were: what it is and how it learned."""


@dataclass(frozen=True)
class Shrinking:
    """What is done to the weights: pruned first, then quantized, by which zero stays zero."""

    bits: int | None = None
    """Bits of every number of a matrix, 2 to 8; None leaves float32."""
    group: int = 64
    """Neighbours in a row that share one scale of 16 bits."""
    prune: float = 0.0
    """Share of the numbers in the matrices of blocks that become zero: those of least magnitude over all of them."""

    def __post_init__(self) -> None:
        if not 0 <= self.prune < 1:
            raise SettingsError(f"prune must be at least 0 and below 1, got {self.prune}")
        if self.bits is not None:
            Packing(self.bits, self.group)  # it says what is wrong
        elif not self.prune:
            raise SettingsError("nothing would become smaller: give bits, a share to prune, or both")

    @property
    def name(self) -> str:
        """What a run is called by it, such as `4bits-pruned0.3`."""
        bits = f"{self.bits}bits" if self.bits is not None else ""
        return "-".join(filter(None, (bits, f"pruned{self.prune:g}" if self.prune else "")))


@dataclass(frozen=True)
class Size:
    """How large weights are. Numbers are those that were trained, each counted once; fixed ones are left aside."""

    numbers: int
    not_zero: int
    bits: int
    """Of all numbers as they are stored, scales included."""
    sparse_bits: int
    """Of all numbers if a matrix were a bit for each number, whether it is zero, and those that are not."""
    file_bytes: int
    """On disk, with names, shapes and fixed numbers."""

    @property
    def bits_a_number(self) -> float:
        """Bits in all, divided by the numbers."""
        return self.bits / self.numbers if self.numbers else 0.0

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {**asdict(self), "bits_a_number": self.bits_a_number}


def shrink(run: Run, path: Path, shrinking: Shrinking) -> Run:
    """Make a run folder with the best weights of another one, pruned and quantized; return it, not graded.

    Vectors and single numbers stay as they are: they are few, and much hangs on each.
    Raises: RunError if the run has no weights, was shrunk already or has nothing to prune, or the folder exists.
    """
    folders.check_free(path)
    check(run)
    arrays, trained = _weights(run)
    matrices = [name for name in trained if arrays[name].ndim >= 2]
    if shrinking.prune:
        inside = [name for name in matrices if "blocks." in name]
        if not inside:
            raise RunError(f"{run.path} has no blocks with matrices to prune")
        arrays |= pruned({name: arrays[name] for name in inside}, shrinking.prune)
    names = () if shrinking.bits is None else matrices
    stored, about = packed(arrays, names, Packing(shrinking.bits or 8, shrinking.group))
    path.mkdir(parents=True, exist_ok=True)
    try:
        for name in KEPT:
            if (run.path / name).is_file():
                shutil.copyfile(run.path / name, path / name)
        if (run.path / folders.PARTS).is_dir():
            shutil.copytree(run.path / folders.PARTS, path / folders.PARTS)
        save_file(stored, path / WEIGHTS, about)
        size = _size(stored, about, trained, (path / WEIGHTS).stat().st_size)
        origin = {"name": run.path.resolve().name, "weights_sha256": file_hash(run.path / WEIGHTS)}
        folders.write_json(path / folders.SHRUNK, {"of": origin, **asdict(shrinking), "size": size.as_json()})
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    return type(run).open(path)


def check(run: Run) -> None:
    """See whether a run can be shrunk. Raises: RunError if it has no weights or was shrunk already."""
    if not (run.path / WEIGHTS).is_file():
        raise RunError(f"{run.path} has no weights yet; abacist train --resume {run.path}")
    if (run.path / folders.SHRUNK).is_file():
        raise RunError(f"{run.path} was shrunk already; shrink the run that it was made of")


def pruned(arrays: Mapping[str, Array], share: float) -> dict[str, Array]:
    """Return arrays of which a share of all numbers, those of least magnitude wherever they stand, is zero.

    Source: Han et al. 2015, arXiv:1506.02626, with one threshold for all and no training after it.
    """
    sizes = [array.size for array in arrays.values()]
    magnitudes = np.concatenate([np.abs(array).ravel() for array in arrays.values()])
    kept = np.ones(magnitudes.size, dtype=bool)
    # By order, not by a threshold: of equal numbers no more become zero than were asked for.
    kept[np.argsort(magnitudes, kind="stable")[: round(share * magnitudes.size)]] = False
    masks = np.split(kept, np.cumsum(sizes)[:-1])
    return {
        name: np.where(mask.reshape(array.shape), array, array.dtype.type(0))
        for (name, array), mask in zip(arrays.items(), masks, strict=True)
    }


def size_of(run: Run) -> Size:
    """Return the size of a run's best weights as they lie on disk. Raises: RunError if it has none."""
    _, trained = _weights(run)
    with safe_open(run.path / WEIGHTS, framework="numpy") as file:
        stored = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
        return _size(stored, file.metadata(), trained, (run.path / WEIGHTS).stat().st_size)


def _weights(run: Run) -> tuple[dict[str, Array], list[str]]:
    """Return what lies in a run's file of weights, and the names of what was trained."""
    arrays = {name: tensor.numpy() for name, tensor in load_tensors(run.path / WEIGHTS).items()}
    # Under every name, as the file may have tied weights under another than the model's first.
    learned = {name for name, _ in run.kind.model.named_parameters(remove_duplicate=False)}
    trained = [name for name in arrays if name in learned]
    if broken := [name for name in trained if not np.isfinite(arrays[name]).all()]:
        raise RunError(f"{run.path / WEIGHTS}: {broken[0]} holds what is no number")
    return arrays, trained


def _size(stored: Mapping[str, Array], about: Mapping[str, str] | None, trained: list[str], file_bytes: int) -> Size:
    packs, arrays = described(stored, about), unpacked(stored, about)
    totals = np.zeros(4, dtype=np.int64)
    for name in trained:
        array = arrays[name]
        left = int(np.count_nonzero(array))
        width = packs[name].packing.bits if name in packs else 8 * array.itemsize
        dense = packs[name].bits if name in packs else array.nbytes * 8
        scales = dense - array.size * width
        totals += (array.size, left, dense, array.size + left * width + scales if array.ndim >= 2 else dense)
    numbers, not_zero, bits, sparse_bits = totals.tolist()
    return Size(numbers, not_zero, bits, sparse_bits, file_bytes)
