"""`abacist text`: what is in a corpus, and how tokenizers cut it."""

import dataclasses
import json
from typing import Any, cast

from rich.markup import escape
from rich.table import Table

from abacist.apps.console import bar, page, reading
from abacist.core.catalogue import Part, build, settings_class
from abacist.core.errors import SettingsError
from abacist.core.settings import check, dump, override
from abacist.data.overlap import Overlap, overlap
from abacist.data.sides import By, TextSplit
from abacist.text import corpus as corpora
from abacist.text import tokenizer as tokenizers
from abacist.text.corpus import Corpus, Survey, TokenCorpus, corpus_at, survey, texts

SHOWN = 20
"""Faults shown; `--json` has all."""


@dataclasses.dataclass(frozen=True)
class Cut:
    """What a tokenizer makes of a corpus."""

    tokenizer: str
    vocabulary: int
    tokens: int
    characters: int
    unknown: int | None
    """Tokens for text that is lost; None where none can be."""

    @property
    def characters_per_token(self) -> float:
        """How much of the text a token is, on average."""
        return self.characters / self.tokens if self.tokens else 0.0


def look(
    paths: list[str],
    corpus: str | None,
    changes: list[tuple[str, Any]],
    names: list[str],
    vocab_size: int | None,
    split: tuple[str | None, float],
    as_json: bool,
) -> None:
    """Read a corpus, let each tokenizer learn from it and encode it, and print what there is to know."""
    source: Corpus | TokenCorpus = build(corpora.FOLDER, _chosen(paths, corpus, changes))
    if isinstance(source, TokenCorpus):
        raise SettingsError(f"{paths[0]} holds tokens, not text; a run learns from them: --set corpus={paths[0]}")
    parts = [_tokenizer(name, vocab_size) for name in names]
    divided = None if split[0] is None else TextSplit(cast(By, split[0]), split[1])
    console = page(stderr=as_json)
    with reading(console) as told:
        surveyed = survey(source, lambda done: told(f"reading {', '.join(paths)}", done))
    if not as_json:
        _print_survey(surveyed)
    # One after the other: what is known is shown while the next is learning.
    cuts: list[Cut] = []
    with bar(console, "tokenizers", len(parts)) as tick:
        for done, part in enumerate(parts):
            tick(done)
            cuts.append(_cut(source, part, surveyed.characters))
    found = None if divided is None else _overlap(source, divided, surveyed)
    if as_json:
        print(json.dumps(_as_json(surveyed, cuts, found)))
        return
    console.print(_table(cuts))
    if found is not None and divided is not None:
        nothing = None if found.windows else _nothing_validates(source, divided, surveyed)
        console.print(nothing or str(found), soft_wrap=True)


def _chosen(paths: list[str], name: str | None, changes: list[tuple[str, Any]]) -> Part:
    """Return the corpus with its settings checked."""
    part = corpus_at(paths, name)
    cls = settings_class(corpora.FOLDER, part.name)
    return Part(part.name, dump(check(cls, override(part.settings, changes))))


def _tokenizer(name: str, vocab_size: int | None) -> Part:
    cls = settings_class(tokenizers.FOLDER, name)
    sized = vocab_size is not None and any(field.name == "vocab_size" for field in dataclasses.fields(cls))
    return Part(name, dump(check(cls, {"vocab_size": vocab_size} if sized else {})))


def _cut(corpus: Corpus, part: Part, characters: int) -> Cut:
    try:
        tokenizer = tokenizers.learnt(part, texts(corpus))
    except SettingsError as error:
        raise SettingsError(f"{part.name}: {error}") from None
    unknown_id, tokens, unknown = tokenizer.unknown_id, 0, 0
    for text in texts(corpus):
        ids = tokenizer.encode_array(text)
        tokens += len(ids)
        unknown += 0 if unknown_id is None else int((ids == unknown_id).sum())
    size = len(tokenizer.vocabulary)
    return Cut(part.name, size, tokens, characters, None if unknown_id is None else unknown)


def _overlap(corpus: Corpus, split: TextSplit, surveyed: Survey) -> Overlap:
    return overlap(lambda: split.sided(corpus.documents([]), surveyed.characters))


def _nothing_validates(corpus: Corpus, split: TextSplit, surveyed: Survey) -> str | None:
    """Say why there is no validation text, and how to have some; None where there is some."""
    if any(each.side == "validation" for each in split.sided(corpus.documents([]), surveyed.characters)):
        return None
    if not split.validation:
        return "Nothing is on the validation side: --validation is 0."
    others = "--split last or, for longer documents, --split block" if split.by == "document" else "--split last"
    expected = f"where a share of {split.validation:g} of them is expected"
    return f"No {split.by} fell on the validation side, {expected}; choose {others}."


def _print_survey(surveyed: Survey) -> None:
    console = page()
    console.print(
        f"{surveyed.documents:,} document{'s' * (surveyed.documents != 1)}, {surveyed.characters:,} characters, "
        f"{surveyed.utf8_bytes:,} bytes of UTF-8, {len(surveyed.faults):,} fault{'s' * (len(surveyed.faults) != 1)}"
    )
    for fault in surveyed.faults[:SHOWN]:
        console.print(f"  {escape(str(fault))}", soft_wrap=True)
    if len(surveyed.faults) > SHOWN:
        console.print(f"  and {len(surveyed.faults) - SHOWN:,} more; --json has all of them")


def _table(cuts: list[Cut]) -> Table:
    table = Table("tokenizer", *(["vocabulary", "tokens", "characters a token", "unknown"]))
    for column in table.columns[1:]:
        column.justify = "right"
    for cut in cuts:
        lost = "–" if cut.unknown is None else f"{cut.unknown / max(1, cut.tokens):.2%}"
        row = (f"{cut.vocabulary:,}", f"{cut.tokens:,}", f"{cut.characters_per_token:.2f}", lost)
        table.add_row(escape(cut.tokenizer), *row)
    return table


def _as_json(surveyed: Survey, cuts: list[Cut], found: Overlap | None) -> dict[str, Any]:
    values = dataclasses.asdict(surveyed)
    values["tokenizers"] = [
        {**dataclasses.asdict(cut), "characters_per_token": cut.characters_per_token} for cut in cuts
    ]
    if found is not None:
        values["overlap"] = {**dataclasses.asdict(found), "share": found.share}
    return values
