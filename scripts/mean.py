"""Make a run of the mean of several runs' weights: models that were trained on from one another.

    python scripts/mean.py runs/NEW runs/FIRST runs/LAST

What the new run is otherwise (settings, tokenizer, log) is the last one's; grade it next.
Source: Izmailov et al. 2018, arXiv:1803.05407; Wortsman et al. 2022, arXiv:2203.05482.
"""

import shutil
import sys
from pathlib import Path

import torch

from abacist.models.checkpoint import load_tensors, save_tensors
from abacist.runs.folder import APART, SETTINGS, TOKENIZER, VERSIONS
from abacist.training.loop import METRICS, WEIGHTS


def mean(made: Path, runs: list[Path]) -> None:
    """Write the folder; it must not be there."""
    weights = [load_tensors(run / WEIGHTS) for run in runs]
    made.mkdir()
    for name in (SETTINGS, TOKENIZER, METRICS, VERSIONS, APART):
        if (runs[-1] / name).is_file():
            shutil.copyfile(runs[-1] / name, made / name)
    last = weights[-1]
    averaged = {
        name: torch.stack([each[name].double() for each in weights]).mean(0).to(last[name].dtype) for name in last
    }
    save_tensors(averaged, made / WEIGHTS)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(f"name the new run and at least two others: {__doc__ or ''}")
    mean(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
