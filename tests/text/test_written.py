"""Text that comes token by token."""

import pytest

from abacist.text.tokenizers.bpe import Bpe
from abacist.text.tokenizers.character import Character
from abacist.text.written import Written

TEXT = "Größe: 5 €, 数学 and 🧮.\n  twice\n"


@pytest.fixture(scope="module")
def bpe() -> Bpe:
    return Bpe.learn([TEXT * 3], vocab_size=262)


def test_characters_of_several_tokens_come_when_they_are_whole(bpe: Bpe):
    ids = bpe.encode(TEXT)
    assert len(ids) > len(TEXT)  # bytes, mostly
    pieces = list(Written(bpe, bpe.encode("Gr"), ids))
    assert "".join(pieces) == TEXT
    assert "\N{REPLACEMENT CHARACTER}" not in "".join(pieces)
    assert len(pieces) < len(ids)


def test_what_is_cut_within_a_character_is_shown_as_such(bpe: Bpe):
    ids = bpe.encode("a€")
    assert "".join(Written(bpe, [], ids[:-1])) == "a\N{REPLACEMENT CHARACTER}"


def test_it_ends_at_the_end_token_and_tells_so():
    tokenizer = Character("ab")
    written = Written(tokenizer, [3], [3, 4, tokenizer.end_id, 3])
    assert list(written) == ["a", "b"]
    assert (written.ended, written.ids) == (True, [3, 4])
    stopped = Written(tokenizer, [], iter([4]))
    assert list(stopped) == ["b"]
    assert not stopped.ended
