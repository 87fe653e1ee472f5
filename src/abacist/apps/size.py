"""`abacist size`: how many parameters settings make, part by part, before a weight exists."""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from abacist.apps.argument_types import count

if TYPE_CHECKING:
    from abacist.runs.settings import RunSettings
    from abacist.runs.shrinking import Size


def arguments(command: argparse.ArgumentParser, settable: Callable[[argparse.ArgumentParser], None]) -> None:
    """Say what the command takes, and what it does; `settable` adds --set."""
    command.add_argument("recipe", help="a recipe, a .py file with one, a settings.json, or a run folder")
    command.add_argument("--vocab-size", type=count, metavar="N", help="how many tokens there are (default: its own)")
    command.add_argument("--json", action="store_true", help="print JSON")
    settable(command)

    def run(options: argparse.Namespace) -> None:
        from abacist.core.settings import read_assignment

        changes = [read_assignment(text) for text in options.changes]
        size(options.recipe, changes, options.vocab_size, options.json)

    command.set_defaults(command=run)


def size(source: str, changes: list[tuple[str, Any]], vocab_size: int | None = None, as_json: bool = False) -> None:
    """Print a table of the parts and what the whole takes. Raises: SettingsError for settings that make no model."""
    import json

    from rich.console import Console
    from rich.table import Table

    from abacist.apps.source import settings_from
    from abacist.evaluation.grading import percent
    from abacist.models.sizes import part_sizes
    from abacist.runs.run import kind_without_weights
    from abacist.runs.start import shaped
    from abacist.text.numbers import token_numbers

    settings = shaped(settings_from(source, changes))
    vocabulary = None if vocab_size else _vocabulary(source, settings)
    tokens = vocab_size or len(vocabulary or ())
    numbers = None if vocabulary is None else token_numbers(vocabulary)
    parts = part_sizes(kind_without_weights(settings, tokens, numbers).model)
    kept = None if changes else _kept(source)
    total, stored = sum(part.parameters for part in parts), sum(part.buffers for part in parts)
    if as_json:
        whole: dict[str, Any] = {
            "parameters": total,
            "buffers": stored,
            "buffer_bytes": sum(part.buffer_bytes for part in parts),
        }
        memory = {"float32": 4 * total, "bfloat16": 2 * total}
        on_disk = {} if kept is None else {"weights": kept.as_json()}
        whole |= {"bytes": memory, "vocab_size": tokens, **on_disk, "parts": [part.as_json() for part in parts]}
        print(json.dumps(whole))
        return
    table = Table(box=None, header_style="bold")
    table.add_column("part", no_wrap=True)
    table.add_column("made of")
    for heading in ("times", "parameters", "%", "shared", "fixed"):
        table.add_column(heading, justify="right")
    for part in parts:
        share = percent(part.parameters / total) if total else "0"
        besides = (f"{count:,}" if count else "" for count in (part.shared, part.buffers))
        table.add_row(part.path, part.name, str(part.times), f"{part.parameters:,}", share, *besides)
    console = Console(highlight=False)
    # The names of parts are longer than some windows are wide.
    Console(highlight=False, width=max(console.width, 100)).print(table)
    told = f"\n{total:,} parameters, each counted once, with {tokens:,} tokens; {stored:,} fixed numbers"
    console.print(told, soft_wrap=True)
    console.print(f"{_bytes(4 * total)} in float32, {_bytes(2 * total)} in bfloat16", soft_wrap=True)
    if kept is not None:
        console.print(
            f"its weights take {_bytes(kept.file_bytes)} on disk, {kept.bits_a_number:.2f} bits a number; "
            f"{kept.not_zero:,} of {kept.numbers:,} are not zero",
            soft_wrap=True,
        )


def _vocabulary(source: str, settings: "RunSettings") -> list[str]:
    """Return the tokens of a run folder, of weights to begin with, or of the tokenizer that the settings make."""
    from pathlib import Path

    from abacist.core.errors import SettingsError
    from abacist.runs.run import Run
    from abacist.runs.start import tokenizer_from
    from abacist.text.codec import Codec

    if settings.start is not None:
        return tokenizer_from(settings).vocabulary
    if settings.corpus is None:
        return Codec.build(settings.text).tokenizer.vocabulary
    kept = Run.open(Path(source)).kept_tokenizer() if Path(source).is_dir() else None
    if kept is None:
        raise SettingsError(f"{source} learns its tokens from its text; say how many there will be: --vocab-size N")
    return kept.vocabulary


def _kept(source: str) -> "Size | None":
    """Return how large the weights of a run folder are; None where there are none."""
    from pathlib import Path

    from abacist.runs.run import Run
    from abacist.runs.shrinking import size_of
    from abacist.training.loop import WEIGHTS

    return size_of(Run.open(Path(source))) if (Path(source) / WEIGHTS).is_file() else None


def _bytes(count: int) -> str:
    return f"{count:,} bytes" if count < 10**6 else f"{count / 10**6:,.1f} MB"
