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
# # 5. The transformer and training
#
# Attention gathers; something has to think about what was gathered, and both several times over. At the end of this
# notebook you will know the parts of a transformer and what each is for, how many parameters they take, how a
# training is begun, watched and judged, and what a longer look back is worth. You will have a model that writes like
# a book. Reading takes half an hour, running two to four minutes.

# %%
import math
import os
import tempfile
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch.nn import functional as F

from abacist.models.attention_weights import attention_weights
from abacist.models.transformer import count_parameters
from abacist.recipe import settings_of
from abacist.runs.texts import TextRun
from abacist.text.choice import Choice
from abacist.text.coordinates import coordinates
from abacist.training.loop import read_metrics

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
BOOK = os.environ.get("ABACIST_BOOK", "")  # or write the path of a text or a folder of your own here
torch.set_num_threads(1)

# %% [markdown]
# ## Settings first
# An experiment of this package is a tree of settings, and a *recipe* is a function that returns one. `character_gpt`
# is the recipe for a transformer that learns to write like a text, character by character. What we change is named by
# its path; a name that does not exist is an error that says which one was meant.
#
# The book is the prose of Python's language reference, unless you named another.

# %%
home = Path(tempfile.mkdtemp())
if not BOOK:
    paragraphs = dict.fromkeys(" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = [part for part in paragraphs if part.endswith(".") and len(part) > 80 and part.isascii()]
    (home / "reference.txt").write_text("\n".join(prose), encoding="utf-8")

shape = {"model.d_model": 32, "model.n_layers": 2, "model.d_ff": 128, "context": 32} if SMALL else {"context": 64}
length = {"training.steps": 250, "training.learning_rate": 0.03, "training.schedule.warmup": 10}
if not SMALL:
    length = {"training.steps": 1000}
settings = settings_of(
    "character_gpt",
    [
        ("corpus", BOOK or str(home / "reference.txt")),
        ("training.dtype", "float32"),
        ("training.threads", 1),
        ("training.evaluate_every", length["training.steps"] // 10),
        ("corpus.sample.prompt", "The "),
        ("corpus.sample.tokens", 60),
        *shape.items(),
        *length.items(),
    ],
)
run = TextRun.create(home / "book", settings)
model, tokenizer, width = run.kind.model, run.codec.tokenizer, settings.model.d_model
print(f"{settings.model.n_layers} layers, {width} wide, {settings.model.n_heads} heads; rows of {run.context} tokens")

# %% [markdown]
# ## The parts
# ```
# ids -> embedding -> [ + attention(norm(x))  + feed_forward(norm(x)) ] x layers -> norm -> head -> logits
# ```
# - The **embedding** gives each token a vector. It is a table, like that of pairs, but only `d_model` wide.
# - **Attention** lets tokens gather from those before them (notebook 4), by several heads: each looks for something
#   else. It is the only place where tokens meet.
# - The **feed-forward** layer works on each token by itself: wider, a bend, narrow again. What was gathered is worked
#   out here, and most parameters are here.
# - Both are **added** to what was there. So the vectors form a stream from the first layer to the last, which each
#   layer reads and writes into, and gradients flow back along it undisturbed.
# - **Norms** bring vectors to a common length before they are read, so that no layer shouts.
# - The **head** turns the last vector of each token into logits of the next one.

# %%
ids = tokenizer.encode("The value ")
places = torch.from_numpy(coordinates(np.array([ids]), run.codec.classes))
tokens = torch.tensor([ids])
with torch.no_grad():
    embedded, hidden, logits = model.embedding(tokens), model.hidden(tokens, places), model(tokens, places)
for name, each in (("ids", tokens), ("embedded", embedded), ("hidden", hidden), ("logits", logits)):
    print(f"{name:<9} {tuple(each.shape)}")
assert logits.shape == (1, len(ids), len(tokenizer.vocabulary))

# %%
parts = {"embedding": model.embedding, "head": model.head}
for number, block in enumerate(model.blocks, start=1):
    parts |= {f"attention {number}": block.attention, f"feed-forward {number}": block.feed_forward}
sizes = {name: count_parameters(part) for name, part in parts.items()}
total = count_parameters(model)
assert sum(sizes.values()) == total  # norms and rotary positions have nothing to learn here
assert sizes["attention 1"] == 4 * width**2  # queries, keys, values, and the way out

fig, ax = plt.subplots(figsize=(7, 3.6))
colours = ["tab:orange" if "att" in name else "tab:blue" if "feed" in name else "grey" for name in sizes]
ax.barh(list(sizes), list(sizes.values()), color=colours)
ax.invert_yaxis()
ax.set(xlabel="parameters", title=f"Where the {total:,} parameters are")
fig.tight_layout()
plt.show()

# %% [markdown]
# Two small tests of what was said. A normed vector has length sqrt(d_model). And if attention and feed-forward write
# nothing, a block hands on what it got: at its beginning a deep network is nearly a shallow one.

# %%
block = model.blocks[0]
normed = block.attention_norm(10 * torch.randn(1, 5, width))
assert torch.allclose(normed.norm(dim=-1), torch.tensor(math.sqrt(width)), rtol=1e-3)
silent = TextRun.create(home / "silent", settings).kind.model
with torch.no_grad():
    for each in silent.blocks:
        each.attention.out.weight.zero_()
        each.feed_forward.down.weight.zero_()
    assert torch.allclose(silent.hidden(tokens, places), silent.norm(silent.embedding(tokens)), atol=1e-5)

# %% [markdown]
# ## Before the first step
# A fresh model should know nothing, and its loss should say so: log V, as for the table in notebook 3. Much more
# would mean that it is sure of something at random.

# %%
batch = run.batch(0)
first = float(run.kind.loss(batch).detach()) / int(batch.loss_mask.sum())
print(f"first loss {first:.3f}, log V {math.log(len(tokenizer.vocabulary)):.3f}")
assert abs(first - math.log(len(tokenizer.vocabulary))) < 0.1

# %% [markdown]
# And the mark to beat: a table of pairs, counted on the same text.

# %%
train, held_out = (each.take(0, len(each)) for each in (run.tokens[0].train, run.tokens[0].validation))
table = np.full((len(tokenizer.vocabulary),) * 2, 0.01)
np.add.at(table, (train[:-1], train[1:]), 1)
counted = -np.log((table / table.sum(1, keepdims=True))[held_out[:-1], held_out[1:]]).mean()
print(f"a table of pairs has {counted:.3f} nats a character on text that was never shown")

# %% [markdown]
# ## Training
# The loop is that of notebook 3 with a little care around it: the learning rate rises at first and falls towards the
# end, gradients that are too long are cut, the weights that did best on text never shown are kept, and everything is
# saved so that an interrupted training goes on exactly. At every look it writes a line. Watch it learn: spaces and
# frequent letters first, then short words, then longer ones.

# %%
run.tell = lambda sample: print("  ", sample.replace("\n", "⏎"))
outcome = run.train()
print(f"best at step {outcome.best_step}: {outcome.best.loss:.3f} nats a character")
assert outcome.best.loss < counted - 0.05  # it must have looked back further than one token

# %%
lines = read_metrics(run.path)
trained = [(line["step"], line["loss"]) for line in lines if "loss" in line]
looks = [(line["step"], line["held_out_loss"]) for line in lines if "held_out_loss" in line]
fig, ax = plt.subplots(figsize=(8, 3.6))
ax.plot(*zip(*trained, strict=True), color="lightsteelblue", label="text it learns from")
ax.plot(*zip(*looks, strict=True), "o-", color="tab:blue", label="text never shown")
ax.axhline(counted, color="tab:orange", linestyle=":", label=f"pairs, counted: {counted:.2f}")
ax.set(xlabel="step", ylabel="loss, nats a character", title="Below what pairs can tell")
ax.legend()
fig.tight_layout()
plt.show()

# %% [markdown]
# Two curves, for a reason. While both fall, the model learns the language. Where the lower one falls on and the other
# one rises, it begins to learn its text by heart. A short book and a large model come there soon.
#
# ## What a look back is worth
# One row asks as many questions as it has tokens, the first with one token to go by, the last with all of them. So
# the loss *by place in the row* shows what context is worth. At the first place a transformer has no more to go by
# than a table of pairs, and does no better than one.

# %%
kind = run.trained()
by_place = np.zeros(run.context)
asked = np.zeros(run.context)
with torch.no_grad():
    for batch in run.validations()[0].batches():
        logits = kind.model(torch.from_numpy(batch.ids[:, :-1]), torch.from_numpy(batch.coordinates[:, :-1]))
        losses = F.cross_entropy(logits.transpose(1, 2), torch.from_numpy(batch.ids[:, 1:]), reduction="none").numpy()
        counts = batch.loss_mask[:, 1:]
        by_place += (losses * counts).sum(0)
        asked += counts.sum(0)
by_place /= asked
late = by_place[-8:].mean()
print(f"after 1 token {by_place[0]:.2f}, after 8 {by_place[7]:.2f}, at the end {late:.2f}")
assert late < by_place[0] - 0.1
assert by_place[0] > counted - 0.25

fig, ax = plt.subplots(figsize=(7, 3.4))
ax.plot(range(1, run.context + 1), by_place, "o-", markersize=3)
ax.axhline(counted, color="tab:orange", linestyle=":", label="pairs, counted")
ax.set(
    xlabel="tokens it can look back on", ylabel="loss, nats a character", title="The more it sees, the less it guesses"
)
ax.legend()
fig.tight_layout()
plt.show()

# %% [markdown]
# ## Where it looks
# The weights of every head of the last layer, for one line. Some heads look at the token before, some at the
# beginning of the word, some far back. Nobody asked them to; the loss did.

# %%
line = "The value of the name is"
ids = np.array([tokenizer.encode(line)])
seen = attention_weights(kind.model, torch.from_numpy(ids), torch.from_numpy(coordinates(ids, run.codec.classes)))
fig, axes = plt.subplots(1, settings.model.n_heads, figsize=(11, 3.3))
for head, ax in enumerate(axes):
    ax.imshow(seen[-1, 0, head].numpy(), cmap="Blues", vmin=0, vmax=1)
    ax.set_xticks(range(len(line)), line, fontsize=7)
    ax.set_yticks(range(len(line)), line, fontsize=7)
    ax.set_title(f"head {head + 1}")
fig.suptitle("Last layer: each row looks at the columns")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## Writing
# Drawn at three temperatures. `top_k` leaves out all but the likeliest tokens, so that an unlucky draw cannot derail
# a word.

# %%
for choice in (Choice(temperature=0.5), Choice(temperature=0.8, top_k=20), Choice(temperature=1.5)):
    print(f"temperature {choice.temperature}:", run.sample(choice, "The ", 200).replace("\n", "⏎"), "\n")

# %% [markdown]
# ## What we saw
# - A transformer is a stream of vectors that attention and feed-forward layers read and write into; most parameters
#   are in the feed-forward layers.
# - A healthy training begins at log V, and must go below the table of pairs, or it looks at nothing.
# - Text that was never shown tells learning from learning by heart.
# - Context is worth what the loss by place says: the first few tokens bring nearly all of it in so small a model.
#
# On the command line this is `abacist train character_gpt --set corpus=book.txt`, then `abacist sample`.
#
# ## Next
# [6. Teaching it addition](06_addition.py): the same model, and something that can be right or wrong.

# %% [markdown]
# ## Exercises
# 1. Set `("model.position", "nope")`: no positions at all. How much worse is it, and why is it not hopeless? Hint: a
#    token that gathers from more tokens can tell how many there are.
# 2. Give it the first 10,000 characters of the book only, and 1,000 steps. Draw both curves. Hint: write them into a
#    file and name it; look where the curve of text never shown turns.
# 3. Keep `d_model` and set `model.n_heads` to 1, then to 16. Which does better? Predict first. Hint: the parameters
#    stay the same; the width of a head does not.
# 4. Count the parameters for `d_model=128` with 4 layers in your head before you print them. Hint: a layer has 4 d²
#    for attention and 2 · d · d_ff for the feed-forward.
#
# *What to expect, in words.* 1: worse but far from hopeless; the triangle of attention itself tells early from late.
# 2: the two curves part, and the upper one turns: it learns its pages by heart. 3: one head can look for one thing
# only; heads that are too narrow can hardly tell tokens apart. 4: 4 · (4 · 128² + 2 · 128 · 256) is 524,288 where
# `d_ff` is 256, and the embedding and head on top.
