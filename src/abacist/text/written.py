"""Text from tokens that come one by one."""

from collections.abc import Iterable, Iterator

from abacist.text.tokenizer import Tokenizer

UNFINISHED = "\N{REPLACEMENT CHARACTER}"

BEFORE = 8
"""Tokens decoded again with each new one: what a token reads as may depend on those before it."""


class Written(Iterable[str]):
    """The text that follows a prompt, a piece for each token that finishes one; it ends where the end token comes."""

    def __init__(self, tokenizer: Tokenizer, prompt: list[int], following: Iterable[int]):
        self.tokenizer, self.prompt, self.following = tokenizer, prompt, following
        self.ids: list[int] = []
        """The tokens so far, without the end token."""
        self.ended = False
        """The end token came."""

    def __iter__(self) -> Iterator[str]:
        """Yield the pieces. A token may be a part of a character only: then the piece comes with the last part."""
        decode = self.tokenizer.decode
        whole = list(self.prompt)
        first, told = max(0, len(whole) - BEFORE), len(whole)
        for token in self.following:
            if token == self.tokenizer.end_id:
                self.ended = True
                break
            self.ids.append(token)
            whole.append(token)
            before, now = decode(whole[first:told]), decode(whole[first:])
            if not now.endswith(UNFINISHED):
                yield now[len(before) :]
                first, told = max(first, len(whole) - BEFORE), len(whole)
        rest = decode(whole[first:])[len(decode(whole[first:told])) :]
        if rest:
            yield rest
