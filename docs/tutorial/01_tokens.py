# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1. Tokens: characters, words, byte pairs
#
# A language model never sees text. It sees whole numbers, and each number stands for a piece of text: a *token*. At
# the end of this notebook you will know three ways to cut text into tokens, what each of them costs, how byte pairs
# are learnt from nothing but counting, and why numbers should be cut into single digits. Reading takes a quarter of
# an hour, running a few seconds.

# %%
import os
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
from tokenizers.pre_tokenizers import ByteLevel

from abacist.core.catalogue import build
from abacist.core.errors import DataError
from abacist.text.corpus import corpus_at, survey, texts
from abacist.text.tokenizers.bpe import Bpe
from abacist.text.tokenizers.character import Character
from abacist.text.tokenizers.word import Word

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
BOOK = os.environ.get("ABACIST_BOOK", "")  # or write the path of a text or a folder of your own here

# %% [markdown]
# ## A book
# Any text will do, and every Python brings one along: its language reference. We keep its paragraphs of prose, each
# on a line, and drop those that stand there twice. Put a path of your own into `BOOK` above, and everything below is
# about your text; the figures in the prose are then a little off.

# %%
home = Path(tempfile.mkdtemp())
if not BOOK:
    paragraphs = dict.fromkeys(" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = [part for part in paragraphs if part.endswith(".") and len(part) > 80 and part.isascii()]
    (home / "reference.txt").write_text("\n".join(prose), encoding="utf-8")

corpus = build("text.corpora", corpus_at([BOOK or str(home / "reference.txt")]))
found = survey(corpus)
text = "".join(texts(corpus))
print(f"{found.documents} document, {found.characters:,} characters, {len(set(text))} different ones\n")
print(text[:300], "...")

# %% [markdown]
# Some characters are everywhere, others hardly occur. This is so in every language, and it is the reason why there is
# something to learn already before we look at any order.

# %%
counts = Counter(text).most_common(50)
fig, ax = plt.subplots(figsize=(9, 3))
ax.bar(range(len(counts)), [100 * count / len(text) for _, count in counts], color="tab:blue")
ax.set_xticks(range(len(counts)), [{" ": "␣", "\n": "⏎"}.get(sign, sign) for sign, _ in counts], fontsize=8)
ax.set(ylabel="% of the text", title="The 50 most frequent characters")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## One token a character
# The simplest tokenizer gives every character a number. Ids 0, 1 and 2 are taken already: *padding* fills up short
# rows, *start* and *end* stand around an answer or a document. They are no text, so they can never be confused with
# it.

# %%
characters = Character.learn([text])
print(len(characters.vocabulary), "tokens, the first of them:", characters.vocabulary[:12])
sentence = text[: text.index(" ", 60)]
ids = characters.encode(sentence)
print(sentence)
print(ids)
assert characters.decode(ids) == sentence  # nothing is lost
assert len(ids) == len(sentence)

# %% [markdown]
# What is not in the vocabulary cannot be written. This tokenizer says so, and where, instead of leaving something out
# without a word.

# %%
try:
    characters.encode("the word 猫 means cat")
except DataError as error:
    print(error)

# %% [markdown]
# ## One token a word
# Words are what we think in. So why not give every word a number? Because there is no end to them. A few words make
# up most of a text, and a long tail of words occurs once or twice. Drawn on scales where every step multiplies, the
# counts fall along a straight line: Zipf's law.

# %%
words = Word.learn([text], vocab_size=1000)
all_words = Word.learn([text], vocab_size=10**6)
frequency = Counter(all_words.encode(text))
ranked = sorted(frequency.values(), reverse=True)
once = sum(count == 1 for count in ranked)
print(f"{len(ranked):,} different words; {once:,} of them occur once")

covered = [sum(ranked[:size]) / sum(ranked) for size in range(1, len(ranked) + 1)]
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3))
left.loglog(range(1, len(ranked) + 1), ranked)
left.set(xlabel="rank of the word", ylabel="times it occurs", title="A few words are very frequent")
right.semilogx(range(1, len(ranked) + 1), covered)
right.axvline(1000, color="grey", linestyle=":")
right.set(xlabel="words that are known", ylabel="share of the text", title="The tail is long")
fig.tight_layout()
plt.show()

# %% [markdown]
# With a vocabulary of 1,000 tokens the sequence is about four times shorter than with characters. But every word
# outside of it becomes one and the same token, `<unk>`, and what it was is lost.

# %%
lost = words.encode(text).count(words.unknown_id)
print(f"{len(text):,} characters become {len(words.encode(text)):,} tokens; {lost:,} of them are unknown")
strange = "The tokenizer met a zyzzyva."
print(strange, "->", words.decode(words.encode(strange)))
assert words.decode(words.encode(strange)) != strange
assert lost > 0

# %% [markdown]
# ## Byte pairs: between the two
# Byte-pair encoding starts with single bytes, so that there is nothing it cannot write. Then it looks for the two
# tokens that most often stand side by side, makes them one token, and begins again. Frequent words become single
# tokens after a while; rare ones stay in pieces.
#
# The first step by hand: cut the text into words (a space belongs to the word behind it, and is written `Ġ`), and
# count all neighbours.

# %%
cut = Counter(word for line in text.splitlines(keepends=True) for word, _ in ByteLevel(False).pre_tokenize_str(line))
pairs = Counter()
for word, count in cut.items():
    for pair in pairwise(word):
        pairs[pair] += count
print("the most frequent neighbours:", pairs.most_common(5))

bpe = Bpe.learn([text], vocab_size=2000)
first = bpe.vocabulary[3 + 256]  # behind three special tokens and 256 bytes
print("the first token that BPE learnt:", repr(first))
best = pairs.most_common(1)[0][1]
assert pairs[tuple(first)] == best  # our count finds the same pair

# %% [markdown]
# The more merges, the longer the pieces. Here is one sentence under vocabularies of several sizes, a bar between two
# tokens. With 259 tokens there is no merge yet.

# %%
sizes = [259, 300, 500, 1000, 2000] if SMALL else [259, 300, 500, 1000, 2000, 4000, 8000]
learnt = {size: Bpe.learn([text], vocab_size=size) for size in sizes}


def pieces(tokenizer, text):
    """Show where a tokenizer cuts."""
    return "|".join(tokenizer.decode([index]) for index in tokenizer.encode(text))


for size, tokenizer in learnt.items():
    print(f"{size:>5}  {pieces(tokenizer, sentence)}")
assert all(tokenizer.decode(tokenizer.encode(strange)) == strange for tokenizer in learnt.values())  # nothing is lost

# %% [markdown]
# ## What a vocabulary costs
# A longer vocabulary makes shorter sequences: the model sees more text at once, and takes fewer steps to write it.
# The price is a table with a row for every token, and fewer examples of each. Byte pairs trade one for the other
# smoothly.

# %%
lengths = [len(text) / len(tokenizer.encode(text)) for tokenizer in learnt.values()]
fig, ax = plt.subplots(figsize=(6, 3.5))
ax.semilogx(sizes, lengths, "o-", label="byte pairs")
ax.plot(len(characters.vocabulary), 1, "s", label="characters")
ax.plot(len(words.vocabulary), len(text) / len(words.encode(text)), "^", label="words (loses some)")
ax.plot(len(all_words.vocabulary), len(text) / len(all_words.encode(text)), "v", label="all words of this text")
ax.set(xlabel="tokens in the vocabulary", ylabel="characters a token", title="Longer vocabulary, shorter sequence")
ax.legend()
fig.tight_layout()
plt.show()
assert lengths == sorted(lengths)

# %% [markdown]
# Because sequences differ in length, the loss *per token* of two tokenizers cannot be compared: a longer piece is
# harder to guess. Whoever compares models reckons in bits per character, which you will meet in notebook 3.

# %%
for size in (sizes[0], sizes[-1]):
    print(f"vocabulary {size}: {len(learnt[size].encode(text)):,} tokens for {len(text):,} characters")

# %% [markdown]
# ## Numbers
# Now the reason why a book about arithmetic begins with tokens. Frequent numbers become tokens of their own, others
# are cut wherever a merge happened to be. The same digit is then a different token from one number to the next, and
# the place of a digit, which is all that matters for adding, is hidden inside.

# %%
sums = "\n".join(f"{a}+{b}={a + b}" for a in range(0, 1000, 7) for b in range(0, 1000, 31))
on_sums = Bpe.learn([sums], vocab_size=600)
for example in ("123+456=579", "124+456=580", "1234+4567=5801"):
    print(f"{pieces(on_sums, example):<24} digits: {pieces(Character(), example)}")
cuts = Counter(len(on_sums.encode(str(number))) for number in range(100, 1000))
print("tokens of a number with three digits:", dict(sorted(cuts.items())))
assert len(cuts) > 1  # numbers of the same length are cut in different ways

# %% [markdown]
# With single digits a model has to learn ten tables, and a place is a place. Tokenizers that cut digits into groups
# of three, counted from the *last* digit, keep places too; this package has one.

# %%
groups = build("text.tokenizers", {"name": "digit_group", "size": 3})
for example in ("1234567", "234567", "1000007"):
    print(f"{example:>8} -> {[groups.vocabulary[index] for index in groups.encode(example)]}")

# %% [markdown]
# ## What we saw
# - Text becomes ids, and back. Characters and byte pairs lose nothing; words lose what they do not know.
# - Byte pairs are learnt by counting neighbours. A vocabulary of 2,000 halves the length of this text more than once.
# - A vocabulary is a bargain: shorter sequences against a larger table and fewer examples of each token.
# - Pieces of numbers hide places. For arithmetic one token a digit is the honest choice.
#
# ## Next
# [2. Contexts, targets and batches](02_batches.py): how a long row of ids becomes something to learn from.

# %% [markdown]
# ## Exercises
# 1. Learn byte pairs from half of the text and cut the other half. Is a token worth as many characters there? Hint:
#    `Bpe.learn([text[: len(text) // 2]])`; what fits one text too well fits the next less.
# 2. Set `BOOK` to a text in another language and compare the curves. Which language needs the longer vocabulary?
#    Hint: languages that join words have more different ones.
# 3. How does `learnt[2000]` cut `"  return"` with two spaces in front, and `"Return"`? Predict first. Hint: a space
#    belongs to the word behind it, and a capital letter is another byte.
# 4. Make a tokenizer that loses nothing and has fewer tokens than there are characters. Hint: 16 tokens can write
#    every byte as two. What would it do to the length?
#
# *What to expect, in words.* 1: a little fewer, for words of the second half alone are in pieces. 2: German and
# Finnish need longer ones than English. 3: the second space stays with the word, the first is a token by itself;
# `Return` at the beginning of a text has no `Ġ`. 4: it doubles the length; the model would have to learn characters
# again.
