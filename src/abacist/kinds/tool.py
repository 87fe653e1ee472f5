"""A decoder with a calculator at hand: it writes calls, the calculator answers them, and it goes on."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from torch import Tensor

from abacist.core.errors import SettingsError
from abacist.kinds.decoder import Decoder
from abacist.models.transformer import Transformer
from abacist.text.batch import Batch
from abacist.text.calls import ANSWERS, ASKS, CHARACTERS, CLOSES, OPENS, asked, of_calculator, result


class Tool(Decoder):
    """A decoder that writes calls of a calculator and is given the answers.

    Once it has written `>` in a call such as `[7*12>`, the tokens of `84]` are given, with probability 1, and it goes
    on after them; a call that is malformed or has no value gets `]` alone. In training the loss does not fall on
    what is given. The answers are those of `text/calls.py`, which also wrote those that training shows.

    Source: Schick et al. 2023, arXiv:2302.04761: calls in the text, and decoding that stops for an answer; there a
    model finds out for itself where calls help, here the format `calls` says so.
    """

    @dataclass(frozen=True)
    class Settings:
        """Nothing to set."""

    def __init__(self, model: Transformer, end_id: int):
        super().__init__(model, end_id)
        self.vocabulary: Sequence[str] = ()
        self.ids: dict[str, int] = {}

    def read_vocabulary(self, vocabulary: Sequence[str]) -> Self:
        """Note which token is which sign. Raises: SettingsError if one of a call is none, or numbers are not digits."""
        ids = {token: index for index, token in enumerate(vocabulary)}
        missing = [sign for sign in (OPENS, ASKS, CLOSES, *ANSWERS) if sign not in ids]
        if missing:
            raise SettingsError(
                f"text.tokenizer: {missing[0]!r} is no token, and a model of kind tool calls with {OPENS} {ASKS} "
                f"{CLOSES} and is answered in digits; --set text.format=calls --set text.tokenizer.name=character "
                f"--set 'text.tokenizer.characters=\"{CHARACTERS}\"'"
            )
        groups = [token for token in vocabulary if len(token) > 1 and token.isdecimal()]
        if groups:
            raise SettingsError(
                f"text.tokenizer: {groups[0]!r} is one token, and a model of kind tool reads and writes single digits; "
                "--set text.tokenizer=character"
            )
        self.vocabulary, self.ids = vocabulary, ids
        super().read_vocabulary(vocabulary)
        return self

    def prepare(self, batch: Batch, rng: np.random.Generator | None = None) -> Batch:
        """Return the batch with no loss on what the calculator writes."""
        if not self.ids:
            return batch
        given = of_calculator(batch.ids, *(self.ids[sign] for sign in (OPENS, ASKS, CLOSES)))
        return dataclasses.replace(batch, loss_mask=batch.loss_mask & ~given)

    def inputs(self, batch: Batch) -> dict[str, Tensor]:
        """Return what a decoder's are, of the prepared batch."""
        return super().inputs(self.prepare(batch))

    def given_after(self, row: Sequence[int]) -> list[int]:
        """Return the calculator's answer where a row has just asked."""
        if not self.ids or row[-1] != self.ids[ASKS]:
            return []
        call = asked([self.vocabulary[index] for index in row])
        return [] if call is None else [self.ids[sign] for sign in (*result(call), CLOSES)]
