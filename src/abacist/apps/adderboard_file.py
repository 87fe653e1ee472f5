"""A run that adds as one Python file that needs torch alone, in the form of the public contest for small adders."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from abacist.core.catalogue import Part
from abacist.core.errors import RunError, SettingsError
from abacist.kinds.decoder import Decoder
from abacist.models.settings import ModelSettings
from abacist.models.transformer import Transformer, count_parameters
from abacist.problems.operations.addition import Addition
from abacist.runs.problems import ProblemRun
from abacist.runs.run import Run
from abacist.runs.settings import RunSettings

TEMPLATES = Path(__file__).parent / "adderboard"
"""A template for each part that can be written, in a folder for each seam."""

PARTS = ("embedding", "position", "norm", "feed_forward", "mixer")

IN_A_LINE = 6
"""Weights in a line of the file."""


def write_adderboard(path: Path, file: Path, author: str) -> None:
    """Write a run's best weights and all that computes with them into one file.

    Raises: RunError if the run is none of addition or the file is there, SettingsError for what hinders.
    """
    if file.exists():
        raise RunError(f"{file} exists; choose another --out")
    if file.suffix != ".py":
        raise RunError(f"--out {file}: a file of this form ends in .py")
    run = Run.open(path)
    if not isinstance(run, ProblemRun) or not any(type(each) is Addition for each in run.task.operations):
        raise RunError(f"{path} has not learned to add two numbers, which this form is for")
    kind = run.trained()
    if type(kind) is not Decoder or type(kind.model) is not Transformer:
        raise RunError(f"{path} is no decoder; other kinds cannot be written")
    file.write_text(source(run, kind, author), encoding="utf-8")


def source(run: ProblemRun, decoder: Decoder, author: str) -> str:
    """Return the file's text. Raises: SettingsError with a line for each setting that hinders."""
    settings, model = run.settings, run.settings.model
    _check(settings)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    tokenizer = run.codec.tokenizer
    format = settings.text.format
    parameters = dict(decoder.model.named_parameters())
    return environment.get_template("file.py.j2").render(
        name=run.path.resolve().name,
        author=author,
        model=model,
        parameters=count_parameters(decoder.model),
        fixed=model.position.name == "rope",
        vocabulary=json.dumps(tokenizer.vocabulary),
        start=tokenizer.start_id,
        end=tokenizer.end_id,
        answer_tokens=decoder.answer_tokens,
        numbers=run.codec.numbers.tolist(),
        needs_numbers=decoder.model.embedding.knows_numbers,
        format={"name": format.name, **format.settings},
        answer_reversed=(format.name == "reversed" or format.settings["reverse"])
        and "+" not in format.settings["plain_for"],
        architecture=architecture(model),
        tricks=json.dumps(tricks(settings), ensure_ascii=False),
        weights=[(name, list(_lines(value))) for name, value in parameters.items()],
        **{part: getattr(model, part).settings for part in PARTS},
    )


def _check(settings: RunSettings) -> None:
    """See whether there is a template for every part. Raises: SettingsError with a line for each that there is not."""
    model, lines = settings.model, []
    places = [(f"model.{part}", f"{part}s", getattr(model, part)) for part in PARTS]
    for path, folder, part in [*places, ("text.format", "formats", settings.text.format)]:
        if not (TEMPLATES / folder / f"{part.name}.py.j2").is_file():
            known = sorted(each.name.removesuffix(".py.j2") for each in (TEMPLATES / folder).glob("*.py.j2"))
            lines.append(
                f"{path} is {part.name}; this form has {', '.join(each for each in known if each != 'attend')}"
            )
    if settings.text.tokenizer.name != "character":
        lines.append(f"text.tokenizer is {settings.text.tokenizer.name}; this form has character")
    if model.position.settings.get("spread") is not None:
        lines.append("model.position.spread must be null; this form has positions that are their index")
    if model.loops != 1 or model.attention_every is not None:
        lines.append("model.loops must be 1 and model.attention_every null; this form goes through each layer once")
    if lines:
        raise SettingsError("\n".join(lines))


def architecture(model: ModelSettings) -> str:
    """Say in a line what a model is made of."""
    shape = f"d={model.d_model}, {model.n_heads}h/{model.kv_heads}kv, hd={model.d_head}, ff={model.d_ff}"
    return f"{model.n_layers}L decoder, {shape}: " + ", ".join(getattr(model, part).name for part in PARTS)


def tricks(settings: RunSettings) -> list[str]:
    """Name what makes a model small or its task easy, as its settings tell."""
    model, format = settings.model, settings.text.format
    found = {
        "digits reversed": format.name == "reversed" or format.settings.get("reverse"),
        f"numbers padded to {format.settings.get('width')} digits": format.name == "padded",
        "answers of one length": settings.kind.settings.get("answer_tokens") is not None,
        "embedding of three weights": model.embedding.name == "circular",
        "tied head": model.tied,
        "chosen rotary periods": bool(model.position.settings.get("periods")),
        "norms share weights": model.shared_norms,
        **{f"{name} tied to {of}": tied for name, of, tied in _ties(model.mixer)},
        "attention matrices of low rank": model.mixer.settings.get("rank") is not None,
        "way down tied": model.feed_forward.settings.get("down", "own") != "own",
    }
    return [name for name, there in found.items() if there]


def _ties(mixer: Part) -> Iterator[tuple[str, str, bool]]:
    for name in ("keys", "values", "out"):
        of = mixer.settings.get(name, "own")
        yield name, "queries, turned" if of == "turned" else str(of), of != "own"


def _lines(values: torch.Tensor) -> Iterator[str]:
    """Write float32 numbers in the fewest digits that read back as the same numbers."""
    flat = values.detach().cpu().float().numpy().ravel()
    # By way of float64, which is how the file is read, the fewest digits of float32 may in theory miss it.
    texts = [short if np.float32(float(short := str(value))) == value else repr(float(value)) for value in flat]
    for start in range(0, len(texts), IN_A_LINE):
        yield ", ".join(texts[start : start + IN_A_LINE])
