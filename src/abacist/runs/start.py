"""Weights to begin with: those of another run, or of a model that others have trained."""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from abacist import kind as kinds
from abacist.core.catalogue import Part, build, load
from abacist.core.errors import RunError, SettingsError
from abacist.core.settings import check, dump
from abacist.models import pretrained
from abacist.models.checkpoint import fill
from abacist.models.settings import ModelSettings
from abacist.runs import folder as folders
from abacist.runs.settings import RunSettings, StartSettings
from abacist.text import tokenizer as tokenizers
from abacist.text.tokenizer import Tokenizer
from abacist.text.tokenizers.character import Character
from abacist.text.tokenizers.file import KEYS, File, FileSettings

BARE = {"corpus": {"sources": []}, "training": {"steps": 1}}
"""The least that settings must say."""


@dataclass(frozen=True)
class Origin:
    """What is there to begin with: a run folder, or one in the form of the `transformers` library."""

    source: str

    @property
    def is_run(self) -> bool:
        """Tell a run folder."""
        return (Path(self.source) / folders.SETTINGS).is_file()

    def settings(self) -> tuple[Part, ModelSettings, Part]:
        """Return the kind, the model's shape and the choice of its tokenizer."""
        if self.is_run:
            known = folders.read_settings(Path(self.source))
            return known.kind, known.model, known.text.tokenizer
        folder = pretrained.folder_of(self.source)
        return Part("decoder"), pretrained.shape(folder), Part("file", {"path": str(folder)})

    def tokenizer(self, like: Tokenizer | None = None) -> Tokenizer:
        """Return its tokenizer, a file's with the start, end and pad of another. Raises: RunError if it has none."""
        path = (Path(self.source) if self.is_run else pretrained.folder_of(self.source)) / folders.TOKENIZER
        if not path.is_file():
            raise RunError(f"{self.source} holds no {folders.TOKENIZER}: weights mean nothing without their tokens")
        if isinstance(like, File):
            return File(FileSettings(str(path), **like.special))
        _, _, part = self.settings()
        made: Tokenizer = load(tokenizers.FOLDER, part.name).load(path)
        return made

    def tensors(self) -> dict[str, Tensor]:
        """Return its weights, adapters merged."""
        if not self.is_run:
            return pretrained.read(self.source).model.state_dict()
        from abacist.runs.run import Run  # which begins from here

        return Run.open(Path(self.source)).trained().model.state_dict()


def shaped(settings: RunSettings) -> RunSettings:
    """Return settings in which kind, shape and tokenizer are those of the weights to begin with, if there are any.

    Of the model's settings dropout stays, which belongs to a training, and a context that is shorter than theirs.
    Raises: SettingsError if nothing is named, and with a line for each setting beside it that asks for another shape,
    kind or tokenizer: it could not be granted.
    """
    if settings.start is None:
        return settings
    if not settings.start.weights:
        raise SettingsError(
            "start.weights: name what to begin with, a run folder or one of a GPT-2 or Llama, "
            "such as --set weights=runs/character_gpt"
        )
    theirs, model, tokenizer = Origin(settings.start.weights).settings()
    kind = _with_wishes(theirs, settings.kind)
    if lines := list(_not_granted(settings, kind, model, tokenizer)):
        raise SettingsError("\n".join(lines))
    return dataclasses.replace(
        settings,
        kind=kind,
        model=dataclasses.replace(
            model, dropout=settings.model.dropout, context_length=_context(settings.model, model)
        ),
        text=dataclasses.replace(settings.text, tokenizer=_with_roles(tokenizer, settings.text.tokenizer)),
    )


def _with_wishes(kind: Part, wished: Part) -> Part:
    """Return the weights' kind; of its settings those that weights do not depend on are the wished ones."""
    if kind.name != wished.name:
        return kind
    free = {name: wished.settings[name] for name in load(kinds.FOLDER, kind.name).unbound if name in wished.settings}
    return Part(kind.name, {**kind.settings, **free})


def _context(wished: ModelSettings, theirs: ModelSettings) -> int:
    """Return the context of a run: that of the weights, or the one asked for, which is no longer."""
    is_asked = wished.context_length != ModelSettings().context_length
    return wished.context_length if is_asked else theirs.context_length


def _not_granted(settings: RunSettings, kind: Part, model: ModelSettings, tokenizer: Part) -> Iterator[str]:
    """Yield what was asked for and is otherwise in the weights to begin with.

    What stands at its default was not asked for; where a recipe gives something else, the recipe asks for it.
    """
    # Checked once more, so that the settings of all parts are filled in alike.
    plain = check(RunSettings, {**BARE, "model": {}, "text": {}})
    wished = check(RunSettings, {**BARE, **{name: dump(getattr(settings, name)) for name in ("model", "kind", "text")}})
    text = {"tokenizer": dump(tokenizer)}
    own = check(RunSettings, {**BARE, "model": dump(model), "kind": dump(kind), "text": text})
    names = [field.name for field in dataclasses.fields(ModelSettings) if field.name != "dropout"]
    asked: list[tuple[str, Any, Any, Any]] = [
        (f"model.{name}", *(getattr(each.model, name) for each in (wished, plain, own))) for name in names
    ]
    asked.append(("kind", wished.kind, plain.kind, own.kind))
    asked.append(("text.tokenizer", wished.text.tokenizer, plain.text.tokenizer, own.text.tokenizer))
    for name, given, default, theirs in asked:
        if name == "model.context_length" and given < theirs:
            continue
        if given in (default, theirs) or (name == "text.tokenizer" and _differs_in_roles(given, theirs)):
            continue
        told = " (corpus.length makes rows shorter)" if name == "model.context_length" and settings.corpus else ""
        yield (
            f"{name}: {_shown(given)} is not to be had, the weights to begin with have {_shown(theirs)}; "
            f"leave it away{told}"
        )


def _shown(value: Any) -> str:
    if isinstance(value, Part):
        return json.dumps(dump(value), ensure_ascii=False) if value.settings else value.name
    return json.dumps(value)


def _differs_in_roles(wished: Part, theirs: Part) -> bool:
    """Tell whether a wish for the same file of tokens differs in nothing but which of them start, end and pad."""
    path = wished.settings.get("path")
    same = not path or Path(path).resolve() == Path(theirs.settings.get("path", "")).resolve()
    return wished.name == theirs.name == "file" and same


def _with_roles(tokenizer: Part, wished: Part) -> Part:
    """Return the choice of a tokenizer; in a file's, the wish for which tokens start, end and pad is granted."""
    if tokenizer.name != wished.name or tokenizer.name != "file":
        return tokenizer
    return Part("file", {**wished.settings, **{"path": tokenizer.settings["path"]}})


def for_grown(settings: RunSettings, tokenizer: Tokenizer) -> RunSettings:
    """Return settings by which embedding and head learn beside adapters, if a vocabulary has grown.

    The settings say so from then on, as what they were made from may be gone when a run is gone on with.
    """
    start = settings.start
    if start is None or start.lora is None:
        return settings
    known = Origin(start.weights).tokenizer(tokenizer).vocabulary
    if len(tokenizer.vocabulary) <= len(known):
        return settings
    lora = dataclasses.replace(start.lora, whole=tuple(dict.fromkeys([*start.lora.whole, "embedding", "head"])))
    return dataclasses.replace(settings, start=dataclasses.replace(start, lora=lora))


def tokenizer_from(settings: RunSettings, characters: str = "") -> Tokenizer:
    """Return the tokenizer of the weights to begin with; `settings` are shaped by them.

    One of characters gets further ones behind its own, so that a model can learn an alphabet larger than its first.
    """
    assert settings.start is not None
    origin = Origin(settings.start.weights)
    if not origin.is_run:
        made: Tokenizer = build(tokenizers.FOLDER, settings.text.tokenizer)
        return made
    tokenizer = origin.tokenizer()
    if isinstance(tokenizer, File):
        chosen = settings.text.tokenizer.settings
        roles = {role: chosen.get(role) for role in KEYS}
        return File(FileSettings(str(Path(origin.source) / folders.TOKENIZER), **roles))
    if not isinstance(tokenizer, Character):
        return tokenizer
    known = set(tokenizer.characters)
    return Character(tokenizer.characters + "".join(sorted(set(characters) - known)))


def fill_from(start: StartSettings, model: nn.Module, tokenizer: Tokenizer) -> None:
    """Fill a model with the weights to begin with; tokens they do not know keep the random ones of the model.

    Raises: RunError if they do not fit it.
    """
    source = Origin(start.weights)
    known, count = source.tokenizer(tokenizer).vocabulary, len(tokenizer.vocabulary)
    if tokenizer.vocabulary[: len(known)] != known:
        raise RunError(f"{start.weights} has other tokens than this run")
    tensors, own = source.tensors(), model.state_dict()
    # An embedding may have more rows than there are tokens: nobody has ever written those.
    size = len(own["token_classes"]) if "token_classes" in own else count
    for name, tensor in tensors.items():
        if name.startswith("position.") and name in own and tensor.shape[1:] == own[name].shape[1:]:
            tensors[name] = tensor[: len(own[name])]  # a shorter context needs fewer
        elif name in own and tensor.shape != own[name].shape and len(own[name]) == size:
            whole = own[name].clone()
            part = tuple(slice(min(there, here)) for there, here in zip(tensor.shape, whole.shape, strict=True))
            whole[part] = tensor[part].to(whole)
            tensors[name] = whole
    if "token_classes" in own:
        tensors["token_classes"] = own["token_classes"]
    # What adapters add is there already, and is nothing yet.
    tensors |= {name: tensor for name, tensor in own.items() if "lora_" in name}
    with torch.no_grad():
        fill(model, tensors, Path(start.weights))
