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
# # 2. Contexts, targets and batches
#
# A book is one long row of ids. How does it become something to learn from? At the end of this notebook you will know
# what a context and its target are, why one row of text holds as many lessons as it has tokens, what a batch is, why
# a part of the text must never be shown, and how a mask says which lessons count. Reading takes a quarter of an hour,
# running a few seconds.

# %%
import os
import tempfile
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np

from abacist.core.catalogue import build
from abacist.core.seeds import stream
from abacist.core.settings import check
from abacist.data.sides import TextSplit
from abacist.data.texts import TextStream, Validation
from abacist.data.tokens import encoded
from abacist.problems.task import Task, TaskSettings
from abacist.text.batch import collate
from abacist.text.codec import Codec, TextSettings
from abacist.text.coordinates import token_classes
from abacist.text.corpus import corpus_at, texts
from abacist.text.tokenizers.character import Character

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
BOOK = os.environ.get("ABACIST_BOOK", "")  # or write the path of a text or a folder of your own here

# %% [markdown]
# ## The book as ids
# Our book is the prose of Python's language reference, unless you named another. It is read, cut into characters
# (notebook 1), and kept on disk as one long row of small numbers, with the last tenth set apart.

# %%
home = Path(tempfile.mkdtemp())
if not BOOK:
    paragraphs = dict.fromkeys(" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = [part for part in paragraphs if part.endswith(".") and len(part) > 80 and part.isascii()]
    (home / "reference.txt").write_text("\n".join(prose), encoding="utf-8")

corpus = build("text.corpora", corpus_at([BOOK or str(home / "reference.txt")]))
tokenizer = Character.learn(texts(corpus))
book = encoded(home / "tokens", corpus, tokenizer, TextSplit(by="last", validation=0.1))
print(f"to learn from: {len(book.train):,} ids; to validate with: {len(book.validation):,}")
print(book.train.take(0, 20), "->", repr(tokenizer.decode(book.train.take(0, 20).tolist())))
assert len(book.train) + len(book.validation) == sum(len(piece) for piece in texts(corpus))

# %% [markdown]
# ## One row, many lessons
# The task is always the same: *what comes next?* What is known is called the context, what comes next the target.
# Take nine characters in a row. They hold eight lessons, from a context of one character to a context of eight.

# %%
row = book.train.take(0, 9).tolist()
for length in range(1, len(row)):
    context, target = tokenizer.decode(row[:length]), tokenizer.decode(row[length : length + 1])
    print(f"after {context!r:<12} comes {target!r}")

# %% [markdown]
# Nobody writes these lessons out. The same row is used twice, without its last token as *inputs* and without its
# first as *targets*: at every place the target is the input of the next place. That is all there is to "shifted by
# one". A model that may look only to the left then answers all eight questions in one pass.

# %%
inputs, targets = row[:-1], row[1:]
assert targets[:-1] == inputs[1:]

fig, ax = plt.subplots(figsize=(8, 2))
for line, (name, part) in enumerate((("targets", targets), ("inputs", inputs))):
    for place, index in enumerate(part):
        ax.text(place, line, repr(tokenizer.decode([index]))[1:-1], ha="center", va="center", fontsize=14)
    ax.text(-1.2, line, name, ha="right", va="center")
for place in range(len(inputs)):
    ax.annotate("", (place, 0.25), (place, 0.75), arrowprops={"arrowstyle": "->", "color": "tab:orange"})
    if place:
        ax.plot([place, place - 1], [0.8, 0.2], color="lightgrey", zorder=0)
ax.set(xlim=(-3, 8), ylim=(-0.6, 1.6), title="Each place predicts the next; grey joins the same character")
ax.axis("off")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## A batch
# Rows are taken from anywhere in the book and put under each other. Their contexts know nothing of each other; they
# are side by side only because processors like large tables, and because a step that listens to many rows is
# steadier.

# %%
CONTEXT, ROWS = 32, 16
classes = token_classes(tokenizer.vocabulary)
batches = TextStream([book.train], [1.0], tokenizer, classes, seed=1, size=ROWS, context=CONTEXT)
batch = batches.batch(0)
print("ids", batch.ids.shape, "- 16 rows of 32 inputs, and one more token that is only a target")
for line in batch.ids[:4]:
    print("  ", repr(tokenizer.decode(line.tolist())))
print("lessons in this batch:", batch.loss_mask.sum())
assert batch.ids.shape == (ROWS, CONTEXT + 1)
assert batch.loss_mask.sum() == ROWS * CONTEXT

# %% [markdown]
# Which rows are in batch 7? Here a batch is a *function* of a seed and its number. Ask again and you get the same
# one, in any order, on any day. So a training that was interrupted goes on exactly, and a result can be repeated.

# %%
again = TextStream([book.train], [1.0], tokenizer, classes, seed=1, size=ROWS, context=CONTEXT)
assert (batches.batch(7).ids == again.batch(7).ids).all()
assert (batches.batch(7).ids != batches.batch(8).ids).any()

# %% [markdown]
# ## How often is a place read?
# Rows begin anywhere, so after a while every place of the book has been read a few times: about as often as tokens
# have been drawn for each token of the book. One round of the book is called an epoch. With random rows some places
# come up more often than others; that does no harm.

# %%
steps = 300 if SMALL else 1500
drawn = np.zeros(len(book.train))
flat = book.train.take(0, len(book.train))
where = {flat[start : start + CONTEXT + 1].tobytes(): start for start in range(len(flat) - CONTEXT)}
for number in range(steps):
    for line in batches.batch(number).ids:
        start = where[line.tobytes()]
        drawn[start + 1 : start + CONTEXT + 1] += 1
epochs = steps * ROWS * CONTEXT / len(book.train)
print(f"{steps} batches are {epochs:.1f} epochs; the mean place was read {drawn.mean():.1f} times")
assert abs(drawn.mean() - epochs) < 0.05 * epochs + 0.05

fig, ax = plt.subplots(figsize=(7, 3))
ax.hist(drawn, bins=np.arange(drawn.max() + 2) - 0.5, density=True)
ax.axvline(epochs, color="tab:orange", label=f"{epochs:.1f} epochs")
ax.set(xlabel="times a place was a target", ylabel="share of the places", title="Random rows read evenly enough")
ax.legend()
fig.tight_layout()
plt.show()

# %% [markdown]
# ## What is never shown
# A model can learn its text by heart. To see whether it has learnt the language instead, we ask it about text that it
# was never shown. Here that is the last tenth. It is cut into rows that cover it once, so that every model and every
# seed is asked the same questions.

# %%
validation = Validation(book.validation, tokenizer, classes, CONTEXT)
asked = sum(int(each.loss_mask.sum()) for each in validation.batches())
print(f"{len(validation.rows):,} rows ask for {asked:,} tokens; the first token of all has no context")
assert asked == len(book.validation) - 1

# %% [markdown]
# Why the last tenth, and not a tenth of all rows, drawn at random? Because rows overlap. A row that begins three
# characters after another shares all but three of its lessons with it. Held-out rows would be full of what training
# has shown.

# %%
rng = np.random.default_rng(1)
starts = rng.integers(0, len(flat) - CONTEXT, size=2000)
apart = np.sort(starts)
near = np.diff(apart) < CONTEXT
print(f"of 2,000 rows drawn at random {100 * near.mean():.0f} % overlap with the next one")

# %% [markdown]
# ## Lessons that do not count
# In a book every token is worth learning. In a problem it is not: `12+34=` is a question, and nobody could guess its
# digits; only the answer can be known. So a batch carries a *mask*, true at the tokens that count. Rows of problems
# also differ in length; short ones are filled up with padding, which counts as little as the question does.
#
# Numbers are written from their last digit here, for a reason that is notebook 6.

# %%
task = Task(check(TaskSettings, {"mixture": [{"operation": {"name": "addition", "left": [0, 999]}}]}))
codec = Codec.build(TextSettings())
rng = stream(1, "shown")
problems = [task.sample(rng) for _ in range(5)]
sums = collate([codec.row(problem) for problem in problems], codec.classes, codec.tokenizer.pad_id)

signs = np.array(codec.tokenizer.vocabulary)[sums.ids]
fig, ax = plt.subplots(figsize=(9, 2.6))
ax.imshow(
    np.where(sums.loss_mask, 1.0, np.where(sums.ids == 0, 0.0, 0.4)), cmap="Oranges", vmin=0, vmax=2, aspect="auto"
)
for (line, place), sign in np.ndenumerate(signs):
    ax.text(place, line, sign, ha="center", va="center", fontsize=9 if len(sign) > 1 else 13)
ax.set_yticks(range(len(problems)), [str(problem) for problem in problems])
ax.set_xticks([])
ax.set_title("Dark: counts for the loss. Light: the question. White: padding")
fig.tight_layout()
plt.show()

# %%
print(f"{sums.ids.size} tokens, of which {sums.loss_mask.sum()} count")
assert not sums.loss_mask[sums.ids == codec.tokenizer.pad_id].any()
assert (signs[:, 0] == "<start>").all()
ends = [line[mask][-1] for line, mask in zip(signs, sums.loss_mask, strict=True)]
assert set(ends) == {"<end>"}  # where to stop is a part of the answer

# %% [markdown]
# ## What we saw
# - A row of n + 1 tokens is n lessons: inputs without the last token, targets without the first.
# - A batch is rows from anywhere, side by side; a function of a seed and a number.
# - Text that validates is never trained on, and stands apart from what is, as overlapping rows would not.
# - A mask says which targets count: all of a book, of a problem only the answer and its end.
#
# ## Next
# [3. The bigram model and its loss](03_bigram.py): the smallest model that learns from such batches.

# %% [markdown]
# ## Exercises
# 1. Set `CONTEXT` to 128. How many batches make an epoch now? Predict before you run. Hint: a batch has four times
#    the lessons.
# 2. Make a split by blocks, `TextSplit(by="block", block=1000)`. On which side is the beginning of the book? Is that
#    so with another book? Hint: a hash of the document's name and the block's number decides.
# 3. What is the shortest context in a batch, and what share of all lessons has less than eight tokens to go by? Hint:
#    each row has one lesson of each length.
# 4. Change one line so that the question counts as well, and say which of its tokens could be predicted at all. Hint:
#    `sums.loss_mask[:, 1:] = True`; the signs `+` and `=` come somewhere.
#
# *What to expect, in words.* 1: a quarter as many. 2: the hash of the file's name decides, so another book may fall
# the other way. 3: one token; 7 of 32, more than a fifth, which is one reason for longer contexts. 4: that a sign
# comes at all, and that `=` follows two numbers; never the digits.
