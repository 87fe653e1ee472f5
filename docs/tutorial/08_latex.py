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
# # 8. LaTeX: pretraining and fine-tuning
#
# Mathematics is written in LaTeX, and of the mathematics one cares about there is never much. So a model first reads
# what there is plenty of, and then goes on with the little one has. At the end of this notebook you will know how
# LaTeX is made ready for a model, what pretraining is worth and how to measure it, what a model forgets when it goes
# on, two remedies, and how to tell whether what it writes is LaTeX at all. Reading takes half an hour, running two to
# three minutes.

# %%
import os
import random
import tempfile
from pathlib import Path
from pydoc_data.topics import topics

import matplotlib.pyplot as plt

from abacist.core.catalogue import build
from abacist.core.settings import dump
from abacist.evaluation.losses import mean_loss
from abacist.models.checkpoint import load_tensors
from abacist.models.transformer import count_parameters
from abacist.recipe import settings_of
from abacist.runs.texts import TextRun
from abacist.text.choice import Choice
from abacist.text.corpus import corpus_at, survey, texts
from abacist.text.latex.checking import checked, joined
from abacist.text.latex.syntax import syntax_faults
from abacist.text.tokenizers.character import Character
from abacist.text.tokenizers.latex import Latex
from abacist.training.loop import read_metrics

SMALL = os.environ.get("ABACIST_TUTORIAL") == "small"  # the tests set it: the same cells with less work
BOOK = os.environ.get("ABACIST_BOOK", "")  # what there is plenty of: write the path of a text of your own here
LATEX = os.environ.get("ABACIST_LATEX", "")  # what it goes on with: a .tex file or a folder of them

# %% [markdown]
# The book is the prose of Python's language reference, unless you named another.

# %%
home = Path(tempfile.mkdtemp())
if not BOOK:
    paragraphs = dict.fromkeys(" ".join(part.split()) for name in sorted(topics) for part in topics[name].split("\n\n"))
    prose = [part for part in paragraphs if part.endswith(".") and len(part) > 80 and part.isascii()]
    (home / "reference.txt").write_text("\n".join(prose), encoding="utf-8")
BOOK = BOOK or str(home / "reference.txt")

# %% [markdown]
# ## A paper to go on with
# If you have a thesis or lecture notes, name them in `LATEX` above. For all others we write a short paper: lemmas
# with proofs about integers, sets and maps. The names of things and the turns of phrase are drawn; the mathematics is
# true.

# %%
STATEMENTS = [
    (
        "If ${a}$ divides ${b}$ and ${b}$ divides ${c}$, then ${a}$ divides ${c}$.",
        "{Write} ${b} = {a} {s}$ and ${c} = {b} {t}$ with integers ${s}$ and ${t}$. {Then} ${c} = {a} {s} {t}$.",
    ),
    (
        "The sum of two multiples of ${k}$ is a multiple of ${k}$.",
        "{Write} ${a} = {k} {s}$ and ${b} = {k} {t}$. {Then} \\[ {a} + {b} = {k} ({s} + {t}). \\]",
    ),
    (
        "Let $f \\colon {X} \\to {Y}$ and $g \\colon {Y} \\to {Z}$ be injective. Then $g \\circ f$ is injective.",
        "Let $g(f({a})) = g(f({b}))$. {Then} $f({a}) = f({b})$, since $g$ is injective, and ${a} = {b}$, since $f$ is.",
    ),
    (
        "Let $f \\colon {X} \\to {Y}$ and $g \\colon {Y} \\to {Z}$ be surjective. Then $g \\circ f$ is surjective.",
        "Let ${c} \\in {Z}$. {There} ${b} \\in {Y}$ with $g({b}) = {c}$ and ${a} \\in {X}$ with $f({a}) = {b}$.",
    ),
    (
        "Let ${X}$, ${Y}$ and ${Z}$ be sets. Then ${X} \\cap ({Y} \\cup {Z}) = ({X} \\cap {Y}) \\cup ({X} \\cap {Z})$.",
        "An element ${a}$ lies in the left side if and only if ${a} \\in {X}$ and it lies in ${Y}$ or in ${Z}$. "
        "This is what the right side says.",
    ),
    (
        "For every integer ${a} \\geq 1$ we have "
        "\\[ \\sum_{{i = 1}}^{{{a}}} {m} i = \\frac{{{m} {a} ({a} + 1)}}{{2}}. \\]",
        "By induction. For ${a} = 1$ both sides are ${m}$. "
        "{Then} adding ${m} ({a} + 1)$ to both sides proves the claim.",
    ),
    (
        "Let $G$ be a group with ${a}, {b} \\in G$. Then $({a} {b})^{{-1}} = {b}^{{-1}} {a}^{{-1}}$.",
        "{Then} $({a} {b}) ({b}^{{-1}} {a}^{{-1}}) = {a} {a}^{{-1}} = e$, and an inverse is unique.",
    ),
    (
        "The number ${a}^2 - {a}$ is even for every integer ${a}$.",
        "{Then} ${a}^2 - {a} = {a} ({a} - 1)$ is a product of two neighbours, one of which is even.",
    ),
]


def lemma(rng: random.Random, number: int) -> str:
    """Write a lemma and its proof with drawn names."""
    statement, proof = rng.choice(STATEMENTS)
    names = {"k": rng.choice("dhk"), "m": str(rng.randint(2, 9))}
    for keys, letters in (("abc", "abcmnpqxy"), ("st", "rsuvw"), ("XYZ", "ABCSTUXYZ")):
        names |= zip(keys, rng.sample(letters, len(keys)), strict=True)
    names |= {
        "Then": rng.choice(["Then", "Hence", "It follows that", "We see that"]),
        "Write": rng.choice(["Write", "We may write", "By definition,"]),
        "There": rng.choice(["There is", "We find", "By assumption there is"]),
    }
    begin = f"\\begin{{lemma}}\n\\label{{lemma-{number}}}\n{statement.format(**names)}\n\\end{{lemma}}"
    return f"{begin}\n\n\\begin{{proof}}\n{proof.format(**names)}\n\\end{{proof}}\n"


OWN = bool(LATEX)
if not OWN:
    rng = random.Random(1)
    lemmas = "\n".join(lemma(rng, number) for number in range(1, 61 if SMALL else 161))
    head = "\\documentclass{article}\n\\usepackage{amsthm}\n% nobody but the author reads this line\n"
    paper = f"{head}\\begin{{document}}\n\\section{{Small facts}} % to be renamed\n\n{lemmas}\\end{{document}}\n"
    LATEX = str(home / "paper.tex")
    Path(LATEX).write_text(paper, encoding="utf-8")
    print(paper[:520])

# %% [markdown]
# ## Cleaning
# Comments, the preamble and files that are joined are matters between the author and TeX. A model should read what a
# reader reads. The corpus `latex` takes them out, and says what is wrong in the source without stopping.

# %%
corpus = build("text.corpora", corpus_at([LATEX]))
found, latex = survey(corpus), "".join(texts(corpus))
print(f"{found.documents} document, {found.characters:,} characters, {len(found.faults)} faults\n")
print(latex[:300])
assert "\\documentclass" not in latex
assert "% to be" not in latex

# %% [markdown]
# LaTeX has something that prose has not: one can check it. Braces, environments and formulas must close, in the right
# order. Here is a checker at work, on a line with two mistakes.

# %%
for line, what in syntax_faults("\\begin{proof}\nLet $x = 1.\n\n\\end{prof}\n"):
    print(f"line {line}: {what}")
assert OWN or not syntax_faults(latex)
whole = checked(latex)
print(whole)
assert whole.share > 0.9

# %% [markdown]
# And commands are words. A tokenizer that knows them makes the text shorter, and such a token can never be misspelt:

# %%
commands = Latex.learn([latex])
by_character = Character.learn([latex])
example = latex[latex.index("\\begin{lemma}") if "\\begin{lemma}" in latex else 0 :][:80]
print([commands.vocabulary[index] for index in commands.encode(example)][:14])
print(f"{len(by_character.encode(latex)):,} characters, {len(commands.encode(latex)):,} tokens with commands")
assert len(commands.encode(latex)) < len(latex)

# %% [markdown]
# We stay with characters all the same: the model that we begin with knows no others.
#
# ## Pretraining
# That is the training of notebook 5, on the book. Of LaTeX it has seen next to nothing.

# %%
shape = [("model.d_model", 32), ("model.n_layers", 2), ("model.d_ff", 128)] if SMALL else [("context", 64)]
common = [("training.dtype", "float32"), ("training.threads", 1), ("corpus.sample.tokens", 1)]
read_for = 250 if SMALL else 700
fast = [("training.learning_rate", 0.03), ("training.schedule.warmup", 10)] if SMALL else []
pretrained = TextRun.create(
    home / "pretrained",
    settings_of(
        "character_gpt",
        [("corpus", BOOK), ("training.steps", read_for), ("training.evaluate_every", read_for), *common, *shape, *fast],
    ),
)
outcome = pretrained.train()
print(f"{count_parameters(pretrained.kind.model):,} parameters; {outcome.best.loss:.3f} nats a character of the book")

# %% [markdown]
# ## Four ways to learn LaTeX
# All take the same steps with the same rows.
#
# - **From scratch**: random weights, the paper alone.
# - **Fine-tuned**: the weights that have read the book. Characters that were missing get rows of their own behind the
#   others, with random numbers.
# - **Adapters** (LoRA): the matrices in the blocks are frozen; beside those of attention stand two thin ones each and
#   learn. Embedding and head learn too, where the alphabet has grown: the new rows hold nothing yet.
# - **Mixed**: fine-tuned, but every second row is still from the book.

# %%
steps = 60 if SMALL else 200
budget = [
    ("training.steps", steps),
    ("training.evaluate_every", steps // 10),
    ("training.evaluate_on", 100),
    ("training.optimizer", {"name": "muon", "momentum": 0.95}),
    ("training.schedule", {"name": "trapezoid", "warmup": 5, "decay": 0.7}),
    ("training.learning_rate", 0.01),
]
sources = [{"text": dump(corpus_at([path])), "weight": 1} for path in (LATEX, BOOK)]
begin = [("weights", str(pretrained.path)), ("corpus", LATEX)]
ways = {
    "scratch": settings_of("character_gpt", [("corpus", LATEX), *common, *shape, *budget]),
    "fine-tuned": settings_of("finetune", [*begin, *common, *budget]),
    "adapters": settings_of("finetune", [*begin, ("rank", 8), *common, *budget]),
    "mixed": settings_of("finetune", [*begin, ("corpus.sources", sources), *common, *budget]),
}
runs = {name: TextRun.create(home / name, settings) for name, settings in ways.items()}
for name, run in runs.items():
    learning, all_of_them = (count_parameters(run.kind.model, learning=flag) for flag in (True, False))
    run.train()
    print(f"{name:<11} {learning:>8,} of {all_of_them:,} parameters learn")

known = pretrained.codec.tokenizer.vocabulary
grown = runs["fine-tuned"].codec.tokenizer.vocabulary
print("characters that the book does not have:", grown[len(known) :])
assert grown[: len(known)] == known  # the old alphabet, then what is new

# %%
curves = {}
fig, ax = plt.subplots(figsize=(7, 3.6))
for name, run in runs.items():
    looks = [line for line in read_metrics(run.path) if "held_out_loss" in line]
    first = looks[0].get("by_source")
    losses = [next(iter(line["by_source"].values())) if first else line["held_out_loss"] for line in looks]
    curves[name] = losses
    ax.plot([line["step"] for line in looks], losses, "o-", markersize=3, label=name)
ax.set(xlabel="step", ylabel="loss on LaTeX never shown", title="What having read a book is worth")
ax.legend()
fig.tight_layout()
plt.show()
assert curves["fine-tuned"][-1] < curves["scratch"][-1]
assert curves["fine-tuned"][0] < curves["scratch"][0]

# %% [markdown]
# The fine-tuned model begins with words and spelling and has only the notation to learn. The one from scratch has to
# learn all of it from a few pages. The fewer pages and steps there are, the more the book is worth.
#
# ## Forgetting
# What is left of the book? Each model is asked for the text of the book that was never shown. Nothing kept the
# fine-tuned one from changing what it knew.

# %%
of_book = pretrained.validations()[0]
english = {"pretrained": mean_loss(pretrained.trained(), of_book.batches())}
for name in ("fine-tuned", "adapters", "mixed"):
    english[name] = mean_loss(runs[name].trained(), of_book.batches())
names = list(english)
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
left.bar(names, english.values(), color=["grey", "tab:orange", "tab:green", "tab:red"])
left.set(ylabel="loss on the book", title="What is left of the book")
latest = [losses[-1] for losses in curves.values()]
right.bar(list(curves), latest, color=["tab:blue", "tab:orange", "tab:green", "tab:red"])
right.set(ylabel="loss on LaTeX", title="What is learnt of LaTeX")
fig.tight_layout()
plt.show()
print({name: round(loss, 3) for name, loss in english.items()})
forgotten = {name: loss - english["pretrained"] for name, loss in english.items()}
new = len(grown) > len(known)  # as in our paper; a text of your own may bring no new character
assert forgotten["fine-tuned"] > 0.05  # it forgets
assert forgotten["mixed"] < forgotten["fine-tuned"] / 2  # and forgets less if it goes on reading
assert OWN or not new or forgotten["adapters"] > forgotten["fine-tuned"] / 2  # adapters forget most of that, too
assert OWN or curves["fine-tuned"][-1] < min(curves["adapters"][-1], curves["mixed"][-1])

# %% [markdown]
# Mixing costs steps: half of the rows are not of the paper. But it keeps most of the book. Adapters have few numbers to
# turn, in a model that is small already; they were made for models a thousand times as large. They learn less of LaTeX
# than fine-tuning does, and forget most of what it forgets. Frozen matrices do not keep a model from forgetting: what
# stands beside them is added to every text, the book's too. And our paper has a character that the book has not, so
# embedding and head learn whole, and their old rows change with the new one. Let us look at what is the same:

# %%
old, beside = (load_tensors(each.path / "model.safetensors") for each in (pretrained, runs["adapters"]))
rows_moved = {
    name: int((beside[name][: len(was)] != was).reshape(len(was), -1).any(1).sum()) for name, was in old.items()
}
matrices = [name for name in old if name.startswith("blocks")]
print(f"{len(matrices)} matrices in the blocks, beside them {sum('lora' in name for name in beside)} thin ones")
for name, count in rows_moved.items():
    if count:
        print(f"{name}: {count} of {len(old[name])} old rows changed")
changed = {name for name, count in rows_moved.items() if count}
assert not changed.intersection(matrices)  # unchanged to the bit
assert changed == ({"embedding.weight", "head.weight"} if new else set())

# %% [markdown]
# So the old model is still to be had, but not by taking the adapters off alone: the old embedding and head must come
# back too. Only where no character is new do adapters leave all of it in place.

# %% [markdown]
# ## Writing
# Each writes on from the beginning of a lemma, and the checker counts paragraphs that parse. It sees form, not truth:
# a paragraph may parse and be nonsense.

# %%
choice = Choice(temperature=0.5)
share = {}
for name in ("scratch", "fine-tuned", "mixed"):
    run = runs[name]
    run.trained()
    count, length = (1, 150) if SMALL else (4, 600)
    written = [run.sample(choice, "\\begin{lemma}\n", length, number) for number in range(count)]
    share[name] = joined(map(checked, written))
    print(f"--- {name}: {share[name]}\n{written[0][:400]}\n")

# %% [markdown]
# ## What we saw
# - LaTeX is cleaned of what is not for readers, and can be checked; a command may be one token.
# - Weights that have read something else are a better beginning than random ones, even where the alphabet is new.
# - Going on means forgetting, beside frozen matrices too. Mixing in the old text keeps most of it.
# - What parses is not therefore true. For truth one needs problems with answers: notebooks 6 and 7.
#
# On the command line: `abacist train finetune --set weights=runs/book --set corpus=thesis/`, and `--set rank=8` for
# adapters; `abacist sample RUN --latex-check`. The weights may be those of a GPT-2 or Llama too.
#
# This is the last notebook. The [README](../../README.md) says what else there is, and
# [CONTRIBUTING](../../CONTRIBUTING.md) how to add a part of your own: each is one file.

# %% [markdown]
# ## Exercises
# 1. Give all four ways ten times the steps. Where does *scratch* catch up, and why? Hint: how many different things
#    are there to learn in this paper?
# 2. Halve and double the rank of the adapters. Which loss moves more, that on LaTeX or that on the book? Hint: rank 1
#    can turn one direction of each matrix, but what does the rank say of embedding and head?
# 3. Set the weight of the book in `sources` to 0.1. Does it forget as much as without the book? Predict first. Hint:
#    reminders need not be frequent to be reminders.
# 4. Train *scratch* with the tokenizer of LaTeX (`("text.tokenizer", "latex")`). Compare bits per character, not nats
#    per token. Hint: `bits_per_character` stands in `metrics.jsonl`; a token is longer than a character now.
#
# *What to expect, in words.* 1: the curves come together, for eight kinds of lemma are soon known; a real thesis
# takes longer. 2: in nats that on the book, but it stays far above what it was, whatever the rank: embedding
# and head learn whole each time. 3: less than without, as every tenth reminder helps. 4: a row of tokens reaches
# further back, and what a command begins need not be spelt.
