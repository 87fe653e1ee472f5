"""`abacist export`: a run's model in the form in which other programs read models."""

import argparse
import shutil
from pathlib import Path


def arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes, and what it does."""
    command.add_argument("run", type=Path, help="a run folder")
    command.add_argument("-o", "--out", type=Path, required=True, metavar="FOLDER", help="a new or an empty folder")
    command.add_argument("--family", metavar="NAME", help="gpt2 or llama (default: the one that fits)")
    command.set_defaults(command=lambda options: export(options.run, options.out, options.family))


def export(path: Path, folder: Path, family: str | None = None) -> None:
    """Write the run's best weights, its shape and its tokenizer.

    Raises: RunError if the run has no weights or the folder holds something, SettingsError for what hinders.
    """
    from abacist.core.catalogue import names
    from abacist.core.errors import RunError, UnknownName
    from abacist.kinds.decoder import Decoder
    from abacist.models.family import FAMILIES
    from abacist.models.pretrained import write
    from abacist.runs.folder import TOKENIZER
    from abacist.runs.run import Run

    if family is not None and family not in names(FAMILIES):
        raise UnknownName(f"--family {family}: there are {', '.join(names(FAMILIES))}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists; choose another --out")
    kind = Run.open(path).trained()
    if not isinstance(kind, Decoder):
        raise RunError(f"{path} is no decoder; other kinds cannot be written")
    chosen = write(kind.model, folder, family, kind.end_id)
    shutil.copyfile(path / TOKENIZER, folder / TOKENIZER)
    print(f"{folder} holds a model of the family {chosen}: transformers.AutoModelForCausalLM.from_pretrained loads it")
