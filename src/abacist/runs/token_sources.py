"""Sources that bring their tokens: which tokenizer a run then has."""

from collections.abc import Sequence
from pathlib import Path

from abacist.core.catalogue import Part
from abacist.core.errors import SettingsError
from abacist.data.token_files import ids_there
from abacist.runs.settings import RunSettings
from abacist.runs.start import tokenizer_from
from abacist.text.corpus import TokenCorpus
from abacist.text.tokenizer import Tokenizer, learnt
from abacist.text.tokenizers.file import File
from abacist.text.tokenizers.word import Word, WordSettings

NUMBER = " [0-9]+"
"""How an id is written of which nobody knows what it stands for: as a number behind a space."""


def first_id(tokenizer: Tokenizer) -> int:
    """Return the id that 0 in token files stands for: the first that is none of the tokenizer's own special ones."""
    return 0 if isinstance(tokenizer, File) else 1 + max(tokenizer.end_id, tokenizer.unknown_id or 0)


def brought(corpora: Sequence[TokenCorpus], settings: RunSettings, kept: Path) -> tuple[Part, Tokenizer]:
    """Return the tokenizer of a run with sources that bring their tokens, and the setting that names it.

    It is, in this order: that of the weights to begin with; a `file` that `text.tokenizer` names; what a source
    has beside its tokens; and where there is nothing, numbers.
    Raises: SettingsError if another one is chosen, or if sources differ in what their ids stand for.
    """
    chosen, own = settings.text.tokenizer, [each.tokenizer() for each in corpora]
    known = [each for each in own if each is not None]
    if settings.start is not None:
        found: tuple[Part, Tokenizer] = chosen, tokenizer_from(settings)
    elif chosen.name == "file":
        found = chosen, learnt(chosen, [])
    else:
        found = known[0] if known else _numbers(max(ids_there(each, kept) for each in corpora))
        if chosen.name not in ("character", found[0].name):
            raise SettingsError(
                f"text.tokenizer: {corpora[0].files()[0].parent} has tokens and no text, so {chosen.name} has "
                "nothing to cut; leave it away"
            )
    for corpus, each in zip(corpora, own, strict=True):
        if not _stand_for(each and each[1], found[1]):
            raise SettingsError(
                f"{corpus.files()[0].parent}: its ids stand for other tokens than those of "
                f"{settings.start.weights if settings.start else 'the other sources, or of text.tokenizer'}"
            )
    return found


def _stand_for(own: Tokenizer | None, chosen: Tokenizer) -> bool:
    """Tell whether ids stand for the tokens that were chosen; those of which nothing is said cannot be characters."""
    if own is None:
        return isinstance(chosen, File | Word)
    mine, theirs = (each.vocabulary[first_id(each) :] for each in (own, chosen))
    return mine == theirs[: len(mine)]


def _numbers(size: int) -> tuple[Part, Tokenizer]:
    settings = WordSettings(max(5, size + 4), NUMBER)
    part = Part("word", {"vocab_size": settings.vocab_size, "pattern": settings.pattern})
    return part, Word(settings, [f" {index}" for index in range(size)])
