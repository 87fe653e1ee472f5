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
# # 3. The bigram model and its loss
#
# The smallest language model that learns: a table that says, for each token, how likely each token is to come next.
# At the end of this notebook you will know what a model's output means, how one number, the loss, says how good it
# is, what that number would be for a model that knows nothing, how gradients bring it down, and how text is drawn
# from probabilities. Every larger model here is trained by the same loss. Reading takes twenty minutes, running one.

# %%
import math
import os
import tempfile
from itertools import islice, pairwise
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as F

from abacist.core.catalogue import build
from abacist.core.seeds import generator
from abacist.data.sides import TextSplit
from abacist.data.texts import TextStream, Validation
from abacist.data.tokens import encoded
from abacist.evaluation.losses import TextLoss, mean_loss
from abacist.kinds.bigram import Bigram
from abacist.models.bigram import new_bigram
from abacist.text.choice import Choice
from abacist.text.coordinates import token_classes
from abacist.text.corpus import corpus_at, texts
from abacist.text.tokenizers.character import Character

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
BOOK = os.environ.get("ABACIST_BOOK", "")  # or write the path of a text or a folder of your own here
torch.set_num_threads(1)

# %% [markdown]
# The book is the prose of Python's language reference, unless you named another; a character is a token, and the last
# tenth is never trained on (notebooks 1 and 2).

# %%
home = Path(tempfile.mkdtemp())
if not BOOK:
    paragraphs = dict.fromkeys(" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = [part for part in paragraphs if part.endswith(".") and len(part) > 80 and part.isascii()]
    (home / "reference.txt").write_text("\n".join(prose), encoding="utf-8")

corpus = build("text.corpora", corpus_at([BOOK or str(home / "reference.txt")]))
tokenizer = Character.learn(texts(corpus))
book = encoded(home / "tokens", corpus, tokenizer, TextSplit(by="last", validation=0.1))
classes = token_classes(tokenizer.vocabulary)
size = len(tokenizer.vocabulary)
train, held_out = (side.take(0, len(side)) for side in (book.train, book.validation))
print(f"{len(train):,} tokens to learn from, {len(held_out):,} to be asked, {size} different ones")

# %% [markdown]
# ## Counting
# How often does each character follow each other one? Count all neighbours of the training text into a square table;
# divide each row by its sum, and a row says what comes next, in probabilities. Every model in this book gives such a
# row; they only differ in what they look at before they give it.

# %%
table = np.zeros((size, size))
np.add.at(table, (train[:-1], train[1:]), 1)
chances = (table + 0.01) / (table + 0.01).sum(axis=1, keepdims=True)  # nothing is quite impossible

often = sorted(np.argsort(-table.sum(axis=1))[:28], key=lambda index: tokenizer.vocabulary[index])
names = [{" ": "␣", "\n": "⏎"}.get(tokenizer.vocabulary[index], tokenizer.vocabulary[index]) for index in often]
fig, ax = plt.subplots(figsize=(6, 5.4))
shown = ax.imshow(chances[np.ix_(often, often)], cmap="Blues")
ax.set_xticks(range(len(often)), names)
ax.set_yticks(range(len(often)), names)
ax.set(xlabel="next character", ylabel="character", title="What follows what")
fig.colorbar(shown, label="probability")
fig.tight_layout()
plt.show()
after_q = chances[tokenizer.encode("q")[0]]
print("after q comes u with probability", round(after_q[tokenizer.encode("u")[0]], 3))
assert np.allclose(chances.sum(axis=1), 1)

# %% [markdown]
# ## One number that says how good it is
# Ask the model about the real next token. It gave that token some probability p. Its penalty is -log p: nothing if it
# was sure and right, a little if it thought it likely, much if it had ruled it out. The mean over all tokens is the
# *cross-entropy*, in nats; we call it the loss.

# %%
ids = tokenizer.encode("queue")
for now, after in pairwise(ids):
    p = chances[now, after]
    print(f"{tokenizer.decode([now])} -> {tokenizer.decode([after])}   p = {p:.4f}   -log p = {-math.log(p):.2f}")

# %% [markdown]
# A model that knows nothing gives each of the V tokens 1/V, and its loss is log V whatever the text. That is where
# every training should begin: a first loss far above it means that something is wrong before anything was learnt. A
# model that knows how frequent characters are, but not what follows what, comes halfway.

# %%
knows_nothing = math.log(size)
frequent = (np.bincount(train, minlength=size) + 0.01) / (len(train) + 0.01 * size)
alone = -np.log(frequent[held_out]).mean()
counted = -np.log(chances[held_out[:-1], held_out[1:]]).mean()
print(f"knows nothing           {knows_nothing:.3f}")
print(f"knows the frequencies   {alone:.3f}")
print(f"knows the pairs         {counted:.3f}")
assert counted < alone < knows_nothing

# %% [markdown]
# Two ways to read a loss. *Perplexity*, e to the loss: as unsure as if so many tokens were equally likely. *Bits per
# character*, the loss over log 2, times the tokens of a character: how many yes-or-no questions each character costs.
# Bits do not depend on how the text was cut.

# %%
measured = TextLoss(len(held_out) - 1, counted, tokens_per_character=1.0)
print(f"perplexity {measured.perplexity:.1f} of {size}; {measured.bits_per_character:.2f} bits a character")
assert measured.perplexity < size / 4

# %% [markdown]
# ## Learning instead of counting
# Counting works for pairs. For longer contexts it does not: most contexts of ten characters occur once. So we learn
# to learn: begin with random numbers, and change them a little wherever that lowers the loss. For the table we know
# where this must lead, which makes it a good first test.
#
# The model is a table of *logits*, one row a token. `softmax` turns a row into probabilities: e to each number,
# divided by their sum. Fresh logits are near 0, so the first loss is about log V.

# %%
kind = Bigram(new_bigram(size, seed=1), tokenizer.end_id, context_length=32)
batches = TextStream([book.train], [1.0], tokenizer, classes, seed=1, size=64, context=32)
batch = batches.batch(0)
logits = kind.model(torch.from_numpy(batch.ids[:, :-1]))
first_loss = float(kind.loss(batch).detach()) / batch.loss_mask.sum()
print("ids", tuple(batch.ids[:, :-1].shape), "-> logits", tuple(logits.shape))
print(f"first loss {first_loss:.3f}, log V {knows_nothing:.3f}")
assert abs(first_loss - knows_nothing) < 0.01

# %% [markdown]
# What is the gradient? For softmax and cross-entropy it is as simple as one could wish: *the probability that the
# model gave, less 1 at the token that came*. Each step takes a little from every token that did not come, and gives
# it to the one that did. Where the model is right already, nothing is left to change. Let us see it.

# %%
example = torch.randn(1, 5, generator=torch.Generator().manual_seed(1)).requires_grad_()
came = torch.tensor([2])
F.cross_entropy(example, came).backward()
by_hand = example.softmax(-1) - F.one_hot(came, 5)
print("gradient        ", [round(value, 4) for value in example.grad[0].tolist()])
print("p, less 1 at 2  ", [round(value, 4) for value in by_hand[0].tolist()])
assert torch.allclose(example.grad, by_hand, atol=1e-6)

# %% [markdown]
# The loop that trains every model has four lines: make a batch, compute the loss, compute gradients, take a step. How
# large the steps are, each number for itself, is the optimizer's business; Adam is the usual one.

# %%
steps = 120 if SMALL else 1000
optimizer = torch.optim.Adam(kind.parameters(), lr=0.1 if SMALL else 0.05)
validation = Validation(book.validation, tokenizer, classes, 32)
course, looks = [], []
for number in range(steps):
    batch = batches.batch(number)
    loss = kind.loss(batch) / batch.loss_mask.sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    course.append(loss.item())
    if (number + 1) % (steps // 20) == 0:
        looks.append((number + 1, mean_loss(kind, validation.batches())))
learnt = looks[-1][1]
print(f"loss on text that was never shown: {learnt:.3f} learnt, {counted:.3f} counted")
assert abs(learnt - counted) < 0.1  # it comes to what counting gives
assert learnt < alone

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
ax.plot(course, color="lightsteelblue", linewidth=0.8, label="each batch")
ax.plot(*zip(*looks, strict=True), "o-", color="tab:blue", markersize=4, label="text never shown")
for name, value, colour in (
    ("knows nothing", knows_nothing, "grey"),
    ("frequencies", alone, "tab:green"),
    ("pairs, counted", counted, "tab:orange"),
):
    ax.axhline(value, color=colour, linestyle=":", label=f"{name}: {value:.2f}")
ax.set(xlabel="step", ylabel="loss, nats a character", title="From knowing nothing to knowing all pairs")
ax.legend(fontsize=8)
fig.tight_layout()
plt.show()

# %% [markdown]
# The curve falls to the dotted line and stays there. No amount of training brings a table of pairs below what pairs
# can tell. To get further one has to *look* further back; that is what the rest of this book is about.
#
# ## Writing
# A model of what comes next can write: ask for the probabilities, draw a token, add it to the context, ask again.

# %%
rng = generator(1, "sample")
written = list(islice(kind.write(tokenizer.encode("The "), lambda logits: Choice().pick(logits, rng)), 200))
print("The " + tokenizer.decode(written))

# %% [markdown]
# Nearly every pair is fine, and hardly a word is. Before drawing, logits may be divided by a *temperature*. Below 1
# likely tokens become likelier, and near 0 it is always the likeliest; above 1 all become alike. It changes how
# boldly one draws, not what the model knows.

# %%
row = kind.model.table.weight[tokenizer.encode("t")[0]].detach().double().numpy()
top = np.argsort(-row)[:10]
fig, ax = plt.subplots(figsize=(8, 3))
for shift, temperature in enumerate((0.5, 1.0, 2.0)):
    drawn = Choice(temperature=temperature).probabilities(row)
    ax.bar(np.arange(10) + 0.27 * (shift - 1), drawn[top], width=0.27, label=f"temperature {temperature}")
ax.set_xticks(range(10), [repr(tokenizer.vocabulary[index]) for index in top])
ax.set(ylabel="probability", title="What follows t, at three temperatures")
ax.legend()
fig.tight_layout()
plt.show()
cold, warm = (Choice(temperature=value).probabilities(row).max() for value in (0.5, 2.0))
assert cold > warm

# %% [markdown]
# Always taking the likeliest token is no good way to write: the table comes back to a token it has been at, and from
# there on turns in a circle.

# %%
circle = tokenizer.decode(list(islice(kind.write(tokenizer.encode("T"), lambda logits: int(logits.argmax())), 60)))
print("T" + circle)
assert len(set(circle[-30:])) < len(set(tokenizer.decode(written)[-30:]))

# %% [markdown]
# ## What we saw
# - A model gives a probability for every token that may come next. Its loss is the mean of -log p of what came.
# - log V is the loss of knowing nothing, and the first loss of a healthy training.
# - The gradient is what the model believed less what happened. Small steps against it come to what counting gives.
# - Pairs have a floor. A model that beats it must have used more than one token of the past: a test for all that
#   follow.
#
# The same model is a recipe of the package; `abacist train bigram --set corpus=book.txt` trains it with a report, and
# the report of every larger model shows its loss as a line.
#
# ## Next
# [4. Averaging the past, and self-attention](04_attention.py): looking back, further than one token.

# %% [markdown]
# ## Exercises
# 1. Start with logits five hundred times as far from 0, `new_bigram(size, seed=1).table.weight.data *= 500`. What is
#    the first loss, and why is it above log V? Hint: what does -log p cost where the model is sure and wrong?
# 2. Count triples: what comes after two characters. What is its loss on the training text, and on the other? Hint: a
#    dictionary of `Counter`s; and how many pairs of the validation text has training never seen?
# 3. Train with batches of one row, `size=1`, and the same steps. Where does the curve end, and how does it look on
#    the way? Hint: a step that listens to 32 tokens hears much noise.
# 4. Halve and double the learning rate until training fails. What does failing look like? Hint: look at the first
#    hundred steps.
#
# *What to expect, in words.* 1: far above, for random certainty is mostly wrong. 2: lower than pairs on both, but the
# gap between the two grows: that is learning by heart. 3: higher and rough. 4: too small is slow, too large jumps
# about above the floor and may never settle.
