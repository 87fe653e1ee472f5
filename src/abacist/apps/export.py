"""`abacist export`: a run's model in the form in which other programs read models."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from abacist.text.tokenizer import Tokenizer


def arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes, and what it does."""
    command.add_argument("run", type=Path, help="a run folder")
    command.add_argument(
        "--to", default="transformers", metavar="FORM", help="transformers or adderboard (default: %(default)s)"
    )
    command.add_argument(
        "-o", "--out", type=Path, required=True, metavar="PATH", help="a new or an empty folder, or a new .py file"
    )
    command.add_argument("--family", metavar="NAME", help="transformers: gpt2 or llama (default: the one that fits)")
    command.add_argument("--author", metavar="NAME", help="adderboard: who trained it (default: abacist)")

    def run(options: argparse.Namespace) -> None:
        from abacist.core.errors import AbacistError, UnknownName

        foreign = {"transformers": "author", "adderboard": "family"}
        if options.to not in foreign:
            raise UnknownName(f"--to {options.to}: there are {', '.join(foreign)}")
        if getattr(options, foreign[options.to]) is not None:
            raise AbacistError(f"--{foreign[options.to]} does not go with --to {options.to}")
        if options.to == "adderboard":
            from abacist.apps.adderboard_file import write_adderboard

            write_adderboard(options.run, options.out, options.author or "abacist")
            print(f"{options.out} holds the model and all that computes with it: it needs torch alone")
        else:
            export(options.run, options.out, options.family)

    command.set_defaults(command=run)


def export(path: Path, folder: Path, family: str | None = None) -> None:
    """Write the run's best weights, its shape and its tokenizer.

    Raises: RunError if the run has no weights or the folder holds something, SettingsError for what hinders.
    """
    from abacist.core.catalogue import names
    from abacist.core.errors import RunError, UnknownName
    from abacist.kinds.decoder import Decoder
    from abacist.kinds.guided import Guided
    from abacist.models.family import FAMILIES
    from abacist.models.pretrained import write
    from abacist.runs.run import Run

    if family is not None and family not in names(FAMILIES):
        raise UnknownName(f"--family {family}: there are {', '.join(names(FAMILIES))}")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RunError(f"{folder} exists; choose another --out")
    run = Run.open(path)
    kind = run.trained()
    if not (isinstance(kind, Decoder) and type(kind) in (Decoder, Guided)):
        raise RunError(f"{path} is no decoder; other kinds cannot be written")
    tokenizer = run.codec.tokenizer
    chosen = write(kind.model, folder, family, kind.end_id, tokenizer.start_id, tokenizer.pad_id)
    write_tokenizer(tokenizer, folder, kind.model.settings.context_length)
    print(f"{folder} holds a model of the family {chosen}: transformers.AutoModelForCausalLM.from_pretrained loads it")


def write_tokenizer(tokenizer: "Tokenizer", folder: Path, context_length: int) -> None:
    """Write a tokenizer so that `transformers.AutoTokenizer` takes it as it is, with its special tokens.

    Without its class being named, the library would take the family's own, which cuts text in another way.
    """
    from abacist.text.tokenizers.file import BESIDE, KEYS

    tokenizer.save(folder / "tokenizer.json")
    roles = {"pad": tokenizer.pad_id, "start": tokenizer.start_id, "end": tokenizer.end_id}
    about = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        **{KEYS[role]: tokenizer.vocabulary[index] for role, index in roles.items()},
        **({} if tokenizer.unknown_id is None else {"unk_token": tokenizer.vocabulary[tokenizer.unknown_id]}),
        "model_max_length": context_length,
        "clean_up_tokenization_spaces": False,
    }
    text = json.dumps(about, indent=2, ensure_ascii=False) + "\n"
    (folder / BESIDE).write_text(text, encoding="utf-8")
