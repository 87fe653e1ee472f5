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
# # 4. Averaging the past, and self-attention
#
# A table of pairs looks back one token. This notebook looks back at all of them: first by plain averages, then by
# averages whose weights the tokens choose themselves. At the end you will know what queries, keys and values are, why
# nothing of the future leaks in, why scores are divided by a root, why attention needs to be told about order, and
# you will see a model find out where to look. Reading takes half an hour, running less than a minute.

# %%
import math
import os

import matplotlib.pyplot as plt
import numpy as np
import torch

from abacist.core.catalogue import Part
from abacist.core.seeds import generator
from abacist.evaluation.losses import mean_loss
from abacist.kinds.bigram import Bigram
from abacist.kinds.decoder import Decoder
from abacist.models.attention_weights import attention_weights
from abacist.models.bigram import new_bigram
from abacist.models.kernels import attend
from abacist.models.settings import ModelSettings
from abacist.models.transformer import new_transformer
from abacist.text.batch import Batch
from abacist.text.coordinates import coordinates

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
torch.set_num_threads(1)
torch.manual_seed(1)

# %% [markdown]
# ## The simplest way to look back
# Eight tokens, each with a vector of four numbers. What could a token know of its past? The average of all vectors up
# to its own. With a loop that is easy to read:

# %%
SEQ, WIDTH = 8, 4
x = torch.randn(SEQ, WIDTH)
by_loop = torch.stack([x[: place + 1].mean(0) for place in range(SEQ)])
print("x", tuple(x.shape), "-> averages", tuple(by_loop.shape))
assert torch.allclose(by_loop[0], x[0])  # the first token has no past but itself

# %% [markdown]
# The same as one matrix product. Row t of the matrix holds the weights with which token t gathers from each token: 1
# / (t + 1) up to its own place, and 0 behind it. The zeros above the diagonal are the whole secret of *causal*: no
# token gathers from a later one.

# %%
weights = torch.tril(torch.ones(SEQ, SEQ))
weights = weights / weights.sum(1, keepdim=True)
print(weights[:4].numpy().round(2))
assert torch.allclose(weights @ x, by_loop, atol=1e-6)

# %% [markdown]
# And a third time, now so that it can be learnt. Begin with a *score* for each pair, all 0. Set the scores of the
# future to minus infinity. `softmax` makes weights of each row: positive, and 1 in sum; minus infinity becomes 0.

# %%
scores = torch.zeros(SEQ, SEQ)
future = torch.triu(torch.ones(SEQ, SEQ, dtype=torch.bool), diagonal=1)
by_softmax = scores.masked_fill(future, -math.inf).softmax(-1)
assert torch.allclose(by_softmax, weights)

# %% [markdown]
# ## Weights that tokens choose
# An average treats all of the past alike. But a closing bracket wants to know of the opening one, and a verb of its
# noun. So each token makes three vectors of its own, each by a matrix that is learnt:
#
# - a **query**: what am I looking for?
# - a **key**: what do I have to offer?
# - a **value**: what do I hand over, if somebody looks at me?
#
# The score of a pair is the product of the one's query with the other's key. That is all of self-attention: scores,
# softmax, average of the values.

# %%
HEAD = 16
embedded = torch.randn(SEQ, 32)
make_query, make_key, make_value = (torch.randn(32, HEAD) / math.sqrt(32) for _ in range(3))
query, key, value = embedded @ make_query, embedded @ make_key, embedded @ make_value
scores = query @ key.T / math.sqrt(HEAD)
chosen = scores.masked_fill(future, -math.inf).softmax(-1)
mixed = chosen @ value
print("query, key, value", tuple(query.shape), " scores", tuple(scores.shape), " mixed", tuple(mixed.shape))
assert torch.allclose(chosen.sum(1), torch.ones(SEQ))

fig, axes = plt.subplots(1, 2, figsize=(8, 3.6))
for ax, shown, title in zip(axes, (weights, chosen), ("The plain average", "Weights by queries and keys"), strict=True):
    ax.imshow(shown.numpy(), cmap="Blues", vmin=0, vmax=1)
    ax.set(xlabel="gathers from token", ylabel="token", title=title)
fig.tight_layout()
plt.show()

# %% [markdown]
# This is what the package computes, in a form that is quicker and for many rows and heads at once. Held against ours:

# %%
ours = attend(*(each.view(1, 1, SEQ, HEAD) for each in (query, key, value)))
print("(rows, heads, tokens, width of a head):", tuple(ours.shape))
assert torch.allclose(ours[0, 0], mixed, atol=1e-5)

# %% [markdown]
# ## Why the root?
# Scores are divided by the root of the head's width. A product of two random vectors of width d is a sum of d random
# numbers, so it is about sqrt(d) large. Large scores make softmax choose a single token before anything has been
# learnt, and where softmax is sure there is hardly a gradient.

# %%
widths, sure = [4, 16, 64, 256], {"divided": [], "not divided": []}
for width in widths:
    q, k = torch.randn(200, width), torch.randn(200, 8, width)
    raw = (k @ q[:, :, None]).squeeze(-1)
    sure["not divided"].append(float(raw.softmax(-1).max(-1).values.mean()))
    sure["divided"].append(float((raw / math.sqrt(width)).softmax(-1).max(-1).values.mean()))
fig, ax = plt.subplots(figsize=(6, 3.2))
for name, line in sure.items():
    ax.semilogx(widths, line, "o-", label=name, base=2)
ax.axhline(1 / 8, color="grey", linestyle=":", label="all eight alike")
ax.set(xlabel="width of the head", ylabel="largest of 8 weights", ylim=(0, 1.02), title="What the root is for")
ax.legend()
fig.tight_layout()
plt.show()
assert sure["not divided"][-1] > 0.85 > 0.5 > sure["divided"][-1]

# %% [markdown]
# ## Nothing of the future
# The claim can be tested. Take a whole attention layer of the package, ask for the gradient of what it says at token
# t with respect to every token it read, and draw how large it is. Above the diagonal it is exactly zero: what is said
# at t does not depend on what comes later, however it is trained. This is why one row holds as many honest lessons as
# it has tokens (notebook 2).

# %%
settings = ModelSettings(d_model=32, n_layers=1, n_heads=2, context_length=16, position=Part("nope"))
model = new_transformer(settings, np.zeros(20, dtype=np.int64), seed=1)
attention, no_positions = model.blocks[0].attention, model.position
read = torch.randn(1, SEQ, 32, requires_grad=True)
where = torch.from_numpy(coordinates(np.zeros((1, SEQ), dtype=np.int64), np.zeros(20, dtype=np.int64)))
said = attention(read, (where, where), no_positions)
reach = torch.zeros(SEQ, SEQ)
for place in range(SEQ):
    (slope,) = torch.autograd.grad(said[0, place].sum(), read, retain_graph=True)
    reach[place] = slope[0].norm(dim=-1)
assert not reach.triu(1).any()
assert (reach.tril().diagonal() > 0).all()

fig, ax = plt.subplots(figsize=(4.4, 3.8))
shown = ax.imshow(reach.numpy(), cmap="Oranges")
ax.set(xlabel="token read", ylabel="token that speaks", title="Who depends on whom")
fig.colorbar(shown, label="size of the gradient")
fig.tight_layout()
plt.show()

# %% [markdown]
# ## It does not know order
# An average does not care in which order things are added. Swap two tokens of the past, and what the last token
# gathers stays the same. "Dog bites man" would be "man bites dog".

# %%
swapped = read.detach().clone()
swapped[0, [1, 4]] = swapped[0, [4, 1]]
same = attention(swapped, (where, where), no_positions)
assert torch.allclose(same[0, -1], said[0, -1], atol=1e-5)

# %% [markdown]
# So a place has to be told. One way (`learned`) adds a learnt vector for each place to the embeddings; another
# (`rope`) turns queries and keys by an angle that grows with the place, so that a score depends on the distance. With
# either the swap is noticed.

# %%
turning = new_transformer(ModelSettings(d_model=32, n_heads=2, n_layers=1, position=Part("rope")), [0] * 20, seed=1)
one, other = (turning.blocks[0].attention(each, (where, where), turning.position)[0, -1] for each in (read, swapped))
print("the last token changes by", round(float((one - other).norm().detach()), 3))
assert not torch.allclose(one, other, atol=1e-3)

# %% [markdown]
# ## A model finds out where to look
# Now a task that a table of pairs cannot do: eight random letters, and then the same eight again. The first half
# cannot be guessed, so only the second half counts (that is what a mask is for). To know the next letter a token has
# to look back seven places. Nobody tells the model so.

# %%
LETTERS, HALF = 20, 8
no_classes = np.zeros(LETTERS, dtype=np.int64)


def repeated(number: int, rows: int = 64) -> Batch:
    """Make rows of random letters that come twice."""
    half = generator(1, "letters", number).integers(0, LETTERS, size=(rows, HALF))
    ids = np.concatenate([half, half], axis=1)
    counts = np.zeros(ids.shape, dtype=bool)
    counts[:, HALF:] = True
    return Batch(ids, coordinates(ids, no_classes), counts)


shape = ModelSettings(d_model=32, n_layers=1, n_heads=1, d_ff=64, context_length=2 * HALF, position=Part("learned"))
looking = Decoder(new_transformer(shape, no_classes, seed=1), end_id=LETTERS)
pairs = Bigram(new_bigram(LETTERS, seed=1), end_id=LETTERS, context_length=2 * HALF)
steps = 100 if SMALL else 300
courses = {}
for name, kind in (("table of pairs", pairs), ("one layer of attention", looking)):
    optimizer = torch.optim.Adam(kind.parameters(), lr=0.01)
    course = courses[name] = []
    for number in range(steps):
        batch = repeated(number)
        loss = kind.loss(batch) / batch.loss_mask.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        course.append(loss.item())
fresh = [repeated(10**6)]
results = {name: mean_loss(kind, fresh) for name, kind in (("pairs", pairs), ("attention", looking))}
print({name: round(loss, 3) for name, loss in results.items()}, "knowing nothing:", round(math.log(LETTERS), 3))
assert results["pairs"] > 0.95 * math.log(LETTERS)
assert results["attention"] < 0.5

# %%
batch = repeated(10**6, rows=1)
ids, places = torch.from_numpy(batch.ids), torch.from_numpy(batch.coordinates)
looked = attention_weights(looking.model, ids, places)[0, 0, 0]
fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
for name, course in courses.items():
    left.plot(course, label=name)
left.axhline(math.log(LETTERS), color="grey", linestyle=":", label="knowing nothing")
left.set(xlabel="step", ylabel="loss on the second half", title="Pairs cannot, attention can")
left.legend()
right.imshow(looked.numpy(), cmap="Blues", vmin=0, vmax=1)
right.set(xlabel="looks at token", ylabel="token", title="Where it looks: seven places back")
letters = [chr(ord("a") + index) for index in batch.ids[0]]
right.set_xticks(range(2 * HALF), letters)
right.set_yticks(range(2 * HALF), letters)
fig.tight_layout()
plt.show()
asking = np.arange(HALF, 2 * HALF - 1)  # tokens of the second half that have another one to predict
assert float(looked[asking, asking - HALF + 1].mean()) > 0.5

# %% [markdown]
# The line of dark squares is not in the code. It is what gradients made of random queries and keys, because it pays.
#
# ## What we saw
# - To look back is to average; an average is a matrix product; a triangle of zeros keeps the future out.
# - Self-attention lets queries and keys choose the weights, and values say what is handed over.
# - Scores are divided by a root so that softmax starts undecided.
# - Attention alone knows no order; positions have to be told.
# - Trained on a task that needs it, a head learns to look at the one place that helps.
#
# ## Next
# [5. The transformer and training](05_transformer.py): many such layers, and what stands between them.

# %% [markdown]
# ## Exercises
# 1. Use `Part("nope")` for the model that repeats letters. What loss do you expect, and which letters could it still
#    guess? Hint: it knows which letters came, not where.
# 2. Let the rows be three times the same eight letters, with the positions as they are. Is the third time easier?
#    Hint: `context_length` must hold the row; two places can be looked at now.
# 3. Two heads instead of one: does each learn the same line? Hint: `attention_weights` has a head axis; draw both.
# 4. Leave the root away (`scores = query @ key.T`) in a copy of the cell on queries and keys, with `HEAD = 256`.
#    Predict the picture. Hint: the curve above.
#
# *What to expect, in words.* 1: below log 8, which is 2.08: it knows which eight letters came, and may tell those
# that came twice already. 2: not easier, it was known already. 3: often they share the work, sometimes one idles. 4:
# one dark square a row.
