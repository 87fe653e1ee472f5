"""A run of text: corpora turned into token files, blocks or documents, a loss in bits a character, and samples."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from abacist.core.catalogue import Part, build
from abacist.core.errors import DataError, RunError, SettingsError
from abacist.core.seeds import generator
from abacist.data.curriculum import Shares
from abacist.data.texts import CorpusSettings, TextStream, Validation
from abacist.data.token_files import opened
from abacist.data.tokens import TokenFolder, encoded
from abacist.evaluation.losses import TextLoss, summed_loss
from abacist.runs import folder as folders
from abacist.runs.run import Reading, Run
from abacist.runs.settings import RunSettings
from abacist.runs.start import for_grown, tokenizer_from
from abacist.runs.token_sources import brought, first_id
from abacist.text import corpus as corpora
from abacist.text.batch import Batch
from abacist.text.choice import Choice, Floats
from abacist.text.codec import Codec
from abacist.text.corpus import Corpus, Survey, TokenCorpus, survey
from abacist.text.tokenizer import Tokenizer, learnt
from abacist.text.tokenizers.character import Character
from abacist.text.written import Written
from abacist.training.loop import Evaluation

CORPUS = "corpus.json"
"""What the text of a run is: counts, digests, and how many faults."""

TOKENS = ".tokens"
"""Beside the run folders: corpora as token ids, shared by all runs that read the same."""

NO_TEXT = (
    "corpus.sources: there is no text to learn from; name a file, a folder, a .tex file or an address, "
    "such as --set corpus=book.txt"
)


@dataclass(frozen=True)
class Look:
    """What a look at a text run in training, or a last one at all of its validation text, finds."""

    name: str
    """Of the source; several have a mean too, by their shares, called `all`."""
    loss: TextLoss
    whole: bool
    """Of all validation text, not of an even sample."""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values, with what follows from it."""
        return {"name": self.name, "whole": self.whole, **self.loss.as_json()}


class TextRun(Run):
    """Reads corpora, validates on a side of them, and writes."""

    material = "text"

    def __init__(self, path: Path, settings: RunSettings, is_new: bool = False):
        super().__init__(path, settings, is_new)
        assert settings.corpus is not None
        self.corpus: CorpusSettings = settings.corpus
        self.tell: Callable[[str], None] = lambda _: None
        """Told each sample that is written during training."""

    @property
    def watched_side(self) -> str:
        """The side of the text that is not trained on."""
        return "validation"

    @cached_property
    def _corpora(self) -> list[Corpus | TokenCorpus]:
        if not self.corpus.sources:
            raise SettingsError(NO_TEXT)
        return [build(corpora.FOLDER, source.text) for source in self.corpus.sources]

    @cached_property
    def _found(self) -> list[Survey | TokenFolder]:
        """Each source as it is now: a survey of its text, or the tokens that it brings.

        Raises: RunError if it is other text than the run began with.
        """
        found = [self._look(name, each) for name, each in zip(self.names, self._corpora, strict=True)]
        if not self.is_new and (self.path / CORPUS).is_file():
            known = [each["digest"] for each in folders.read_json(self.path / CORPUS)]
            for name, digest, each in zip(self.names, known, found, strict=True):
                if digest != each.digest:
                    raise RunError(f"{name} is not the text any more that {self.path} began with; train anew")
        return found

    def _look(self, name: str, corpus: Corpus | TokenCorpus) -> Survey | TokenFolder:
        told = partial(self.reading, f"reading {name}")
        if isinstance(corpus, Corpus):
            return survey(corpus, lambda done: told(done, None))
        tokenizer = self.codec.tokenizer
        return opened(corpus, tokenizer, first_id(tokenizer), self._kept, told)

    @property
    def _kept(self) -> Path:
        """Where tokens lie, and what was found in those that were brought."""
        return self.path.parent / TOKENS

    @property
    def names(self) -> list[str]:
        """What the sources are called: their files or folders, without what they lie in."""
        named = [source.text.settings for source in self.corpus.sources]
        paths = [each.get("paths") or [each.get("url") or each.get("path", "")] for each in named]
        short = [", ".join(Path(path).name for path in each) for each in paths]
        return [name or source.text.name for name, source in zip(short, self.corpus.sources, strict=True)]

    @cached_property
    def codec(self) -> Codec:
        """The tokenizer in the run folder; before there is one, that of the weights to begin with, or learnt."""
        return Codec.build(self.settings.text, self.kept_tokenizer() or self._tokenizer())

    @cached_property
    def _brought(self) -> tuple[Part, Tokenizer] | None:
        """The tokenizer of sources that bring their tokens, and the setting that names it; None where none does."""
        bringing = [each for each in self._corpora if isinstance(each, TokenCorpus)]
        return brought(bringing, self.settings, self._kept) if bringing else None

    def _tokenizer(self) -> Tokenizer:
        if self._brought is not None:
            return self._brought[1]
        read = self._texts()
        if self.settings.start is None:
            return learnt(self.settings.text.tokenizer, read)
        tokenizer = tokenizer_from(self.settings)
        if not isinstance(tokenizer, Character):
            return tokenizer
        return tokenizer_from(self.settings, "".join({character for text in read for character in text}))

    def _texts(self) -> Iterator[str]:
        """Yield the text that a tokenizer learns from: the side that is trained on.

        Of the other side it learns nothing but which further characters there are, so that none is unknown.
        """
        of, done = sum(found.characters for found in self._found if isinstance(found, Survey)), 0
        known, others = set[str](), set[str]()
        for each, found in zip(self._corpora, self._found, strict=True):
            if not (isinstance(each, Corpus) and isinstance(found, Survey)):
                continue
            for stretch in self.corpus.split.sided(each.documents([]), found.characters):
                if stretch.side == "train":
                    known.update(stretch.text)
                    yield stretch.text
                else:
                    others.update(stretch.text)
                done += len(stretch.text)
                self.reading(f"learning tokens ({self.settings.text.tokenizer.name})", done, of)
        yield from sorted(others - known)

    @cached_property
    def tokens(self) -> list[TokenFolder]:
        """The sources as ids on disk, each with its two sides."""
        tokenizer, split = self.codec.tokenizer, self.corpus.split
        folders = []
        for name, each, found in zip(self.names, self._corpora, self._found, strict=True):
            if isinstance(each, Corpus) and isinstance(found, Survey):
                told = partial(self.reading, f"encoding {name}")
                folders.append(encoded(self._kept, each, tokenizer, split, found, told))
            elif isinstance(found, TokenFolder):
                folders.append(found)
        return folders

    @property
    def context(self) -> int:
        """Tokens of a row, without the one behind it that is only predicted."""
        return self.corpus.length or self.settings.model.context_length

    @cached_property
    def stream(self) -> TextStream:
        """The training batches. Raises: DataError for a source of which too little is trained on."""
        self._check_sides()
        return TextStream(
            [each.train for each in self.tokens],
            self.corpus.shares,
            self.codec.tokenizer,
            self.codec.classes,
            self.settings.seed,
            self.settings.training.batch_size,
            self.context,
            self.corpus.rows,
        )

    def _check_sides(self) -> None:
        least = self.context + 1 if self.corpus.rows == "blocks" else 1
        split = self.corpus.split
        for name, each, corpus in zip(self.names, self.tokens, self._corpora, strict=True):
            if len(each.train) + len(each.validation) < 2 * least:
                raise DataError(
                    f"{name} is too short: it has {len(each.train) + len(each.validation):,} tokens, and training and "
                    f"validation need {least:,} each; give more text, or --set model.context_length to less"
                )
            for side, count in (("train on", len(each.train)), ("validate with", len(each.validation))):
                if count < least and isinstance(corpus, TokenCorpus):
                    raise DataError(f"{name} has {count:,} tokens to {side}, and a row needs {least:,}")
                if count < least:
                    raise DataError(
                        f"{name}: a split by {split.by} leaves {count:,} tokens to {side}, and a row needs {least:,}; "
                        + ("" if split.by == "last" else "--set corpus.split.by=last, or ")
                        + "choose another corpus.split.validation"
                    )

    def check(self) -> None:
        """Read the text, learn the tokenizer, encode. Raises: AbacistError for what would fail later."""
        if self._brought is not None:
            self.settings = replace(self.settings, text=replace(self.settings.text, tokenizer=self._brought[0]))
        room = self.settings.model.context_length
        if self.context > room:
            raise SettingsError(f"corpus.length: rows of {self.context} tokens do not fit model.context_length {room}")
        # What is wrong with the model is told before long texts are encoded.
        self.check_model()
        self.prompt(self.corpus.sample.prompt)
        self.batch(0)
        self.settings = for_grown(self.settings, self.codec.tokenizer)

    def batch(self, index: int, shares: Shares | None = None) -> Batch:
        """Make a training batch."""
        return self.drawn(self.stream.batch(index), index)

    def keep(self, folder: Path) -> None:
        """Write the tokenizer, and what the text is."""
        super().keep(folder)
        folders.write_json(folder / CORPUS, self.facts())

    def facts(self) -> list[dict[str, Any]]:
        """Return what each source holds, as plain values."""
        return [
            {
                "name": name,
                "overlap": tokens.header.get("overlap"),
                "share": share,
                "digest": found.digest,
                **found.facts(),
                "sides": tokens.header["sides"],
            }
            for name, share, found, tokens in zip(self.names, self.corpus.shares, self._found, self.tokens, strict=True)
        ]

    def validations(self, most: int | None = None) -> list[Validation]:
        """Return the rows that validate, of each source; all of them, or an even sample."""
        codec, rows = self.codec, self.corpus.rows
        sides = [each.validation for each in self.tokens]
        return [Validation(side, codec.tokenizer, codec.classes, self.context, most, rows) for side in sides]

    def evaluation(self) -> Callable[[], Evaluation]:
        """Choose the rows that validate; return what measures the loss on them, and writes a sample."""
        validations = self.validations(self.settings.training.evaluate_on)

        def evaluate() -> Evaluation:
            looks = self._looks(validations)
            mean = looks[-1].loss
            notes: dict[str, Any] = {
                "tokens_validated": mean.tokens,
                "bits_per_character": mean.bits_per_character,
            }
            if self.kind.writes:
                own = self.corpus.sample
                notes["sample"] = self.sample(own, own.prompt, own.tokens)
                self.tell(notes["sample"])
            if len(looks) > 1:
                notes["by_source"] = {look.name: look.loss.loss for look in looks[:-1]}
            return Evaluation(None, mean.loss, notes=notes)

        return evaluate

    def _looks(self, validations: Sequence[Validation], reading: Reading | None = None) -> list[Look]:
        """Return the loss on each source, and of several the mean by their shares; `reading` is told how far it is."""
        looks = []
        for name, each in zip(self.names, validations, strict=True):
            batches = each.batches() if reading is None else _told(each, partial(reading, f"validating on {name}"))
            total, count = summed_loss(self.kind, batches)
            # What is known of tokens on both sides says nothing of the text as a whole.
            per_character = each.tokens_per_character if self.kind.writes else None
            loss = TextLoss(count, total / count, per_character, each.unknown)
            looks.append(Look(name, loss, each.whole))
        return looks if len(looks) == 1 else [*looks, _mean(looks, self.corpus.shares)]

    def validated(self) -> list[Look]:
        """Measure the best weights on all validation text."""
        self.trained()
        return self._looks(self.validations(), self.reading)

    def prompt(self, text: str) -> list[int]:
        """Return the ids that a text is gone on with from. Raises: DataError for what the vocabulary lacks.

        Documents begin with the start token; a block may begin anywhere, and where there is no text it does so
        behind a line's end.
        """
        tokenizer = self.codec.tokenizer
        if self.corpus.rows == "documents":
            return [tokenizer.start_id, *tokenizer.encode(text)]
        try:
            return tokenizer.encode(text or "\n") or [tokenizer.start_id]
        except DataError:
            if text:
                raise
            return [tokenizer.start_id]

    def written(self, choice: Choice, prompt: str, tokens: int, number: int = 0, seed: int | None = None) -> Written:
        """Begin to write after a prompt with the weights as they are; texts of other numbers are other draws."""
        rng = generator(self.settings.seed if seed is None else seed, "sample", number)
        ids = self.prompt(prompt)
        # Blocks have taught nothing of tokens that no text has: what a model thinks of them is chance.
        barred = sorted(self.codec.tokenizer.unwritten) if self.corpus.rows == "blocks" else []

        def choose(logits: Floats) -> int:
            possible = logits.copy()
            possible[barred] = -np.inf
            return choice.pick(possible, rng)

        return Written(self.codec.tokenizer, ids, islice(self.kind.write(ids, choose), tokens))

    def sample(self, choice: Choice, prompt: str, tokens: int, number: int = 0) -> str:
        """Write after a prompt with the weights as they are; return the prompt and what follows."""
        return prompt + "".join(self.written(choice, prompt, tokens, number))

    def samples(self, count: int) -> Iterator[str]:
        """Write for show with the best weights; nothing from a kind that writes no text."""
        settings, kind = self.corpus.sample, self.trained()
        for number in range(count if kind.writes else 0):
            yield self.sample(settings, settings.prompt, 4 * settings.tokens, number)


def _told(validation: Validation, tell: Callable[[int, int], None]) -> Iterator[Batch]:
    """Yield the rows that validate, and tell how many have been."""
    done = 0
    for batch in validation.batches():
        yield batch
        done += len(batch.ids)
        tell(done, len(validation.rows))


def _mean(looks: Sequence[Look], shares: Sequence[float]) -> Look:
    loss = sum(share * look.loss.loss for share, look in zip(shares, looks, strict=True))
    per = [look.loss.tokens_per_character for look in looks]
    per_character = None
    if None not in per:
        # Such that bits a character have the same mean.
        per_character = (
            sum(s * look.loss.loss * (p or 0.0) for s, look, p in zip(shares, looks, per, strict=True)) / loss
        )
    whole = all(look.whole for look in looks)
    unknown = sum(share * look.loss.unknown for share, look in zip(shares, looks, strict=True))
    return Look("all", TextLoss(sum(look.loss.tokens for look in looks), loss, per_character, unknown), whole)
