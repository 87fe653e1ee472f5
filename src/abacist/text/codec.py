"""Format and tokenizer together: problems to rows of ids, and generated ids to answers."""

from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import Annotated

import numpy as np

from abacist.core.catalogue import Part, PartOf, build
from abacist.core.errors import SettingsError
from abacist.problems.columns import Group
from abacist.problems.problem import Problem
from abacist.problems.question import Question
from abacist.problems.rounding import Rounding
from abacist.text import format as formats
from abacist.text import tokenizer as tokenizers
from abacist.text.characters import Characters
from abacist.text.confidence import Chances
from abacist.text.coordinates import Integers, token_classes
from abacist.text.generated import Generated
from abacist.text.numbers import token_numbers
from abacist.text.rows import Rows


@dataclass(frozen=True)
class TextSettings:
    """How problems are written."""

    format: Annotated[Part, PartOf(formats.FOLDER)] = Part("reversed")
    tokenizer: Annotated[Part, PartOf(tokenizers.FOLDER)] = Part("character")


@dataclass(frozen=True)
class Row:
    """The ids of one example: start, prompt, completion, end."""

    ids: list[int]
    prompt_length: int
    """How many of the ids come before the completion."""


class Codec:
    """Rows in, answers out."""

    def __init__(self, format: formats.Format, tokenizer: tokenizers.Tokenizer):
        self.format = format
        self.tokenizer = tokenizer

    @classmethod
    def build(cls, settings: TextSettings, tokenizer: tokenizers.Tokenizer | None = None) -> "Codec":
        """Make format and tokenizer from their settings; a tokenizer that is there already is taken as it is.

        Raises: SettingsError if the format writes hints and the tokenizer knows none.
        """
        codec = cls(build(formats.FOLDER, settings.format), tokenizer or build(tokenizers.FOLDER, settings.tokenizer))
        if codec.format.hints and not len(codec.hints):
            raise SettingsError(
                f"text.tokenizer: {settings.tokenizer.name} knows no hints, which the format "
                f"{settings.format.name} writes; --set text.tokenizer=hints"
            )
        return codec

    def check_rows(self) -> None:
        """See whether rows of problems can be made. Raises: SettingsError if start or end has the id 0."""
        tokenizer = self.tokenizer
        lost = [role for role, index in (("start", tokenizer.start_id), ("end", tokenizer.end_id)) if index == 0]
        if lost:
            # A line's end is what others most often have between one line and the next.
            ends = tokenizer.encode("\n")
            other = tokenizer.vocabulary[ends[0]] if len(ends) == 1 and ends[0] else "TOKEN"
            wished = " ".join(f"--set text.tokenizer.{role}={other}" for role in lost)
            raise SettingsError(
                f"text.tokenizer: {tokenizer.vocabulary[0]!r}, its {' and '.join(lost)}, has the id 0, which stands "
                f"for no token in rows of problems; choose another: {wished}"
            )

    @cached_property
    def classes(self) -> Integers:
        """The class of every token, for coordinates."""
        return token_classes(self.tokenizer.vocabulary, self.format.hints)

    @cached_property
    def numbers(self) -> Integers:
        """The whole number that every token stands for, -1 for none."""
        return token_numbers(self.tokenizer.vocabulary)

    @cached_property
    def hints(self) -> Integers:
        """The ids of the hints that the tokenizer knows, in their order."""
        ids = {token: index for index, token in enumerate(self.tokenizer.vocabulary)}
        return np.array([ids[sign] for sign in takewhile(ids.__contains__, self.format.hints)], dtype=np.int64)

    def prompt(self, question: Question) -> list[int]:
        """Return the ids of a question, up to where the model goes on."""
        return [self.tokenizer.start_id, *self.tokenizer.encode(self.format.prompt(question))]

    def row(self, problem: Problem) -> Row:
        """Return the ids of a problem with its answer."""
        return self.example(self.format.render(problem))

    def rows(self, group: Group, rounding: Rounding) -> Rows:
        """Return the ids of many problems with their answers, each as `row` returns them."""
        return self.joined(*self.format.render_group(group, rounding))

    def joined(self, prompts: Characters, completions: Characters) -> Rows:
        """Return the ids of many examples."""
        encode = self.tokenizer.encode_batch
        return Rows.of(encode(prompts), encode(completions), self.tokenizer.start_id, self.tokenizer.end_id)

    def example(self, example: formats.Example) -> Row:
        """Return the ids of an example."""
        prompt = [self.tokenizer.start_id, *self.tokenizer.encode(example.prompt)]
        return Row([*prompt, *self.tokenizer.encode(example.completion), self.tokenizer.end_id], len(prompt))

    def chances(self, generated: Generated) -> Chances:
        """Sort the probabilities of what was written by whether another token could have stood there."""
        free = self.format.undecided([self.tokenizer.vocabulary[index] for index in generated.ids])
        pairs = [*enumerate(generated.probabilities)]
        return Chances([p for place, p in pairs if place not in free], [p for place, p in pairs if place in free])

    def answer(self, ids: list[int], question: Question = ()) -> str | None:
        """Return the answer to a question that generated ids hold; None if they are malformed or never ended."""
        tokenizer = self.tokenizer
        *written, last = ids or [tokenizer.pad_id]
        if last != tokenizer.end_id or not {tokenizer.pad_id, tokenizer.start_id, last}.isdisjoint(written):
            return None
        return self.format.parse(tokenizer.decode(ids), question)
