"""Write the tables of docs/text.md: models of text, measured on text that they have not read.

    ABACIST_DATA=DIR python scripts/text.py --nanogpt DIR     everything; run it again and it goes on where it stopped
    python scripts/text.py --only latex                       this stage alone; the others stay on the page
    python scripts/text.py --smoke                            two steps a model at toy sizes, on a copy of the page

DIR of the data holds `stacks/*.tex` and `shakespeare/input.txt`; --nanogpt is a checkout of nanoGPT, which is trained
by its own train.py on the same tokens, and measured like ours; --weights is a folder of a model of others, which
scripts/from_gguf.py can make, for TinyMath's baseline. The page is prose with marks in it, as docs/far.md.
"""

import argparse
import os
import pickle
import re
import shlex
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional as F

from abacist.apps.compare import compare
from abacist.apps.progress import clock
from abacist.bench.machine import told
from abacist.bench.peers import nanogpt
from abacist.core.errors import AbacistError, Interrupted, SettingsError
from abacist.evaluation.compared import rows_of_markdown
from abacist.evaluation.comparison import Comparison, Row
from abacist.evaluation.filling import copied, filled
from abacist.evaluation.losses import TextLoss
from abacist.evaluation.text_comparison import TextRow, TextTrial
from abacist.runs.folder import read_json, write_json
from abacist.runs.texts import TextRun
from abacist.runs.token_sources import first_id

ROOT = Path(__file__).resolve().parents[1]
PAGE, RUNS = ROOT / "docs" / "text.md", Path("runs/text")
DATA = "ABACIST_DATA"
MACHINE, BASELINE = "machine", "baseline"
EXAMPLES = "12 + 7 = 19\n8 - 31 = -23\n6 * 14 = 84\n27 / 86 = 0.31\n50 / 8 = 6.25\n"
"""What a model that was never taught lines of arithmetic is shown before each question."""
TAUGHT = 600
"""Steps of 32 lines."""
SAMPLE = 400
"""Characters of a sample that the page shows."""


@dataclass(frozen=True)
class Trained:
    """A model of ours in a table: a recipe with changes."""

    name: str
    recipe: str = "character_gpt"
    changes: dict[str, Any] = field(default_factory=dict)
    after: str = ""
    """The name of another, of the first seed, whose weights it begins with."""
    seeds: int | None = None
    """Where it has others than the stage."""
    on: str = ""
    """The text it is measured on, where that is another than the stage's."""


@dataclass(frozen=True)
class Stage:
    """A part of the page: models that are measured on the same text."""

    on: str
    """The text that they are measured on, in words."""
    models: tuple[Trained, ...]
    changes: dict[str, Any]
    """What holds for all of them."""
    peer: bool = False
    """Whether nanoGPT is trained too, in the shape of the second model."""
    seeds: int = 3
    sample: str = ""
    """The model that a sample is shown of."""


def stages(data: Path) -> dict[str, Stage]:
    """Return the stages of the page, by name; `data` is where the texts lie."""
    chapters = sorted((data / "stacks").glob("*.tex"))
    latex = corpus(*chapters)
    shakespeare = corpus(data / "shakespeare" / "input.txt")
    one = [each for each in chapters if each.stem == "groupoids"] or chapters[:1]
    others = corpus(*(each for each in chapters if each not in one))
    play = {"model.d_model": 128, "model.d_ff": 512, "context": 64, "training.batch_size": 12, "training.steps": 2000}
    little = {"training.steps": 1000, "training.evaluate_every": 250}
    tuned = {**little, **TUNING}
    return {
        "latex": Stage(
            "LaTeX",
            (
                Trained("table of pairs", "bigram", seeds=1),
                Trained("abacist", changes={"model.d_ff": 248}),
                Trained("abacist, 1,500 steps", changes={"model.d_ff": 248, "training.steps": 1500}),
            ),
            latex,
            peer=True,
            sample="abacist",
        ),
        "shakespeare": Stage(
            "Shakespeare",
            (
                Trained("table of pairs", "bigram", {"model.context_length": 64}, seeds=1),
                Trained("abacist", changes=play),
                Trained("abacist, 700 steps", changes={**play, "training.steps": 700}),
            ),
            shakespeare,
            peer=True,
            sample="abacist",
        ),
        "tokenizers": Stage(
            "LaTeX",
            tuple(
                Trained(name, changes={"text.tokenizer": part, "training.steps": 2000})
                for name, part in (
                    ("characters", "character"),
                    ("byte pairs", {"name": "bpe", "vocab_size": 512}),
                    ("LaTeX's commands and characters", {"name": "latex", "vocab_size": 512}),
                )
            ),
            latex,
            seeds=1,
        ),
        "shakespeare_to_latex": Stage(
            "LaTeX",
            (
                Trained(
                    "Shakespeare alone", changes={**shakespeare, "training.steps": 5000}, seeds=1, on="Shakespeare"
                ),
                Trained("as it came, on LaTeX", "finetune", {"training.steps": 0}, "Shakespeare alone", seeds=1),
                Trained("fine-tuned on LaTeX", "finetune", tuned, "Shakespeare alone"),
                Trained("LaTeX from scratch", changes=little),
            ),
            latex,
        ),
        "chapter": Stage(
            "the chapter",
            (
                Trained(
                    "all other chapters", changes={**others, "training.steps": 5000}, seeds=1, on="the last of them"
                ),
                Trained("as it came, on the chapter", "finetune", {"training.steps": 0}, "all other chapters", seeds=1),
                Trained("fine-tuned on the chapter", "finetune", tuned, "all other chapters"),
                Trained("the chapter from scratch", changes=little),
            ),
            corpus(*one),
            sample="fine-tuned on the chapter",
        ),
    }


TUNING = {
    "training.learning_rate": 0.005,
    "training.optimizer": {"name": "muon", "momentum": 0.95},
    "training.schedule": {"name": "trapezoid", "decay": 0.7},
}
"""How weights that are there learn on."""

TOY = {
    **{"training.steps": 2, "training.evaluate_every": 2, "training.evaluate_on": 4, "training.batch_size": 2},
    **{"model.d_model": 8, "model.d_ff": 8, "model.n_heads": 2, "model.n_layers": 1},
    **{"training.dtype": "float32", "training.threads": 1},
}
"""What the smoke changes in every model."""


def corpus(*paths: Path) -> dict[str, Any]:
    """Return the setting of a corpus of files as they are, comments and all: what others read of them."""
    return {"corpus.sources": [{"text": {"name": "files", "paths": [str(path) for path in paths]}}]}


def main(arguments: Sequence[str]) -> int:
    """Run the stages and fill the page; return the exit status: 0 well, 1 a mistake, 130 stopped."""
    options = read(arguments)
    try:
        if DATA not in os.environ:
            raise SettingsError(f"{DATA}: set it to the folder that holds stacks/ and shakespeare/")
        runs = options.runs or (RUNS.with_name("text-smoke") if options.smoke else RUNS)
        page = copied(options.page or PAGE, runs) if options.smoke else options.page or PAGE
        every = stages(Path(os.environ[DATA]))
        names = [*every, BASELINE]
        chosen = names if options.only is None else options.only.split(",")
        if unknown := [name for name in chosen if name not in names]:
            raise SettingsError(f"--only: no stage {unknown[0]!r}; there are {', '.join(names)}")
        for name in [*chosen, MACHINE]:
            filled(page, name, "")  # a mark that is missing is said before any work
        if BASELINE in chosen and options.weights is None:
            print(f"{BASELINE}: no --weights, so it stays as it is", flush=True)
            chosen.remove(BASELINE)
        for name in chosen:
            print(f"\n== {name}", flush=True)
            command = shlex.join(["python", "scripts/text.py", *arguments])
            if name == BASELINE:
                part = baseline(str(options.weights.resolve()), runs / name, command, options.smoke)
            else:
                stage, checkout = (small(every[name]), None) if options.smoke else (every[name], options.nanogpt)
                part = made(name, stage, runs, command, checkout)
            page.write_text(filled(page, name, part), encoding="utf-8")
            page.write_text(filled(page, MACHINE, told()), encoding="utf-8")
    except AbacistError as error:
        print("\n".join(f"text: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 130 if isinstance(error, Interrupted) else 1
    except KeyboardInterrupt:
        return 130
    print(f"\npage    {page}")
    return 0


def read(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    summary = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser("text.py", description=summary, allow_abbrev=False)
    parser.add_argument("--page", type=Path, metavar="FILE", help="the page to fill (default: docs/text.md)")
    parser.add_argument("--runs", type=Path, metavar="DIR", help=f"where the runs lie (default: {RUNS})")
    parser.add_argument("--only", metavar="NAME[,NAME]", help="only these stages")
    parser.add_argument("--nanogpt", type=Path, metavar="DIR", help="a checkout of nanoGPT, to train it beside ours")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="a GPT-2 or Llama with its tokenizer.json")
    parser.add_argument("--smoke", action="store_true", help="everything at toy sizes, on a copy of the page in --runs")
    return parser.parse_args(arguments)


def small(stage: Stage) -> Stage:
    """Return a stage at toy scale: two steps, one seed."""

    def little(each: Trained) -> Trained:
        shape = {} if each.after else {path: value for path, value in TOY.items() if path.startswith("model.")}
        rest = {path: value for path, value in TOY.items() if not path.startswith("model.")}
        kept = {path: value for path, value in each.changes.items() if path != "training.steps" or value == 0}
        table = {"model.context_length": 8} if each.recipe == "bigram" else shape
        return replace(each, changes={**rest, **kept, **table, **({} if each.after else {"context": 8})})

    def bare(each: Trained) -> Trained:
        gone = {"context"} if each.recipe == "bigram" else set()
        return replace(each, changes={path: value for path, value in each.changes.items() if path not in gone})

    return replace(stage, models=tuple(bare(little(each)) for each in stage.models), seeds=1)


def made(name: str, stage: Stage, runs: Path, command: str, checkout: Path | None) -> str:
    """Train and measure the models of a stage; return its part of the page."""
    rows: dict[str, TextRow] = {}
    for each in stage.models:
        changes = {**stage.changes, **each.changes}
        if each.after:
            changes["weights"] = rows[each.after].trials[0].run
        own = re.sub(r"\W+", "-", each.name)
        seed_count = stage.seeds if each.seeds is None else min(each.seeds, stage.seeds)
        over = [[("training.steps", changes.pop("training.steps"))]] if "training.steps" in changes else []
        over = over or [[("training.clip", 1.0)]]
        found = compare(each.recipe, over, list(changes.items()), seed_count, runs / name, own, False, command)
        rows[each.name] = replace(only(found, each.name), choices={"model": each.name, "on": each.on or stage.on})
    if stage.peer and checkout is not None:
        ours = TextRun.open(Path(rows[stage.models[1].name].trials[0].run))
        rows["nanoGPT"] = peer(checkout.resolve(), ours, runs / name, stage.seeds, stage.on)
    lines = [*rows_of_markdown(HEADINGS, [cells(row) for row in rows.values()]), ""]
    lines += remarks([*rows.values()], stage)
    if stage.sample:
        lines += ["", *sample(TextRun.open(Path(rows[stage.sample].trials[0].run)))]
    return "\n".join([*lines, ""])


def only(found: Any, name: str) -> Any:
    """Return the one row of a comparison. Raises: SettingsError if a training of it came to nothing."""
    (row,) = found.rows
    if row.faults or row.cannot:
        raise SettingsError(f"{name}: {row.cannot or next(iter(row.faults.values()))}")
    return row


HEADINGS = [
    "model",
    "measured on",
    "parameters",
    "vocabulary",
    "steps",
    "nats a token",
    "bits a character",
    "seconds of training",
]


def cells(row: TextRow) -> list[str]:
    """Return the cells of a row: means of the seeds, and the worst and the best of several."""
    losses = row.values("nats a token")
    bits = row.values("bits a character")
    spread = f" [{min(losses):.4f}..{max(losses):.4f}]" if len(losses) > 1 else ""
    return [
        *row.choices.values(),
        f"{row.parameters:,}",
        f"{row.trials[0].vocabulary:,}",
        f"{row.steps:,.0f}",
        f"{statistics.mean(losses):.4f}{spread}",
        f"{statistics.mean(bits):.4f}" if bits else "unknown",
        f"{statistics.mean(trial.seconds for trial in row.trials):,.0f}",
    ]


def remarks(rows: Sequence[TextRow], stage: Stage) -> list[str]:
    """Return what the table's figures are of."""
    validated = {row.choices["on"]: row.trials[0].sources for row in rows}
    texts = [f"{on} ({count_of(sources):,} characters)" for on, sources in validated.items()]
    seconds = sum(trial.seconds for row in rows for trial in row.trials)
    several = [len(row.trials) for row in rows if len(row.trials) > 1]
    lines = [f"- Measured on all text that is kept from training, the last tenth: {', '.join(texts)}."]
    if several:
        lines.append(f"- Means of {max(several)} seeds, with the best and the worst; where no range stands, one seed.")
    lines.append(f"- {sum(len(row.trials) for row in rows)} trainings, {clock(seconds)} in all.")
    if stage.peer and rows[-1].choices["model"] != "nanoGPT":
        lines.append("- nanoGPT was not given.")
    return lines


def count_of(sources: Sequence[Mapping[str, Any]]) -> int:
    """Return how many characters sources validate with."""
    return sum(source["sides"]["validation"]["characters"] for source in sources)


def sample(run: TextRun) -> list[str]:
    """Return what a model writes, not chosen, as a block of the page."""
    text = next(iter(run.samples(1)))[:SAMPLE].strip("\n")
    return [
        f"The first that `{run.path.parent.name}` writes, not chosen (seed 1, temperature 0.8):",
        "",
        "````",
        text,
        "````",
    ]


def peer(checkout: Path, ours: TextRun, folder: Path, seeds: int, on: str) -> TextRow:
    """Train nanoGPT with its own train.py on the tokens of a run of ours, in its shape; measure it on the same rows."""
    model, training = ours.settings.model, ours.settings.training
    assert training.steps is not None
    first, tokenizer = first_id(ours.codec.tokenizer), ours.codec.tokenizer
    vocab_size = len(tokenizer.vocabulary) - first
    form = {"n_layers": model.n_layers, "n_heads": model.n_heads, "d_model": model.d_model, "d_ff": 4 * model.d_model}
    trials, parameters = [], 0
    for seed in range(1, seeds + 1):
        own = folder / f"nanoGPT_seed-{seed}"
        if not (own / "result.json").is_file():
            print(f"nanoGPT · seed {seed}", flush=True)
            seconds = train_peer(checkout, ours, own, seed, first, vocab_size)
            gpt = nanogpt(checkout, form, vocab_size, ours.context)  # type: ignore[arg-type]
            kept = torch.load(own / "out" / "ckpt.pt", map_location="cpu", weights_only=True)
            gpt.model.load_state_dict(kept["model"])
            loss, count = measured(gpt.model.eval(), ours, first)
            parameters = sum(each.numel() for each in gpt.model.parameters())
            values = {"seconds": seconds, "loss": loss, "tokens": count, "parameters": parameters}
            write_json(own / "result.json", values)
            print(f"  {loss:.4f} nats a token in {clock(seconds)}", flush=True)
        values = read_json(own / "result.json")
        parameters = values["parameters"]
        whole = TextLoss(values["tokens"], values["loss"], ours.validations()[0].tokens_per_character)
        trials.append(
            TextTrial(str(own), seed, training.steps, values["seconds"], vocab_size, ours.facts(), {"all": whole})
        )
    return TextRow({"model": "nanoGPT", "on": on}, parameters, trials)


def train_peer(checkout: Path, ours: TextRun, own: Path, seed: int, first: int, vocab_size: int) -> float:
    """Run nanoGPT's train.py as its README sets it for characters on a CPU; return the seconds of its steps.

    Its seed, 1337, stands in its code: a copy of that has another.
    """
    model, training = ours.settings.model, ours.settings.training
    data = own / "data" / "text"
    data.mkdir(parents=True, exist_ok=True)
    for side, name in (("train", "train"), ("validation", "val")):
        ids = getattr(ours.tokens[0], side)
        (ids.take(0, len(ids)) - first).astype("<u2").tofile(data / f"{name}.bin")
    (data / "meta.pkl").write_bytes(pickle.dumps({"vocab_size": vocab_size}))
    for name in ("model.py", "configurator.py"):
        shutil.copy(checkout / name, own / name)
    code = (checkout / "train.py").read_text(encoding="utf-8")
    (own / "train.py").write_text(code.replace("manual_seed(1337", f"manual_seed({1336 + seed}"), encoding="utf-8")
    asked = {
        **{"dataset": "text", "out_dir": "out", "device": "cpu", "compile": False, "dtype": "float32"},
        **{"n_layer": model.n_layers, "n_head": model.n_heads, "n_embd": model.d_model, "block_size": ours.context},
        **{"batch_size": training.batch_size, "gradient_accumulation_steps": 1, "dropout": 0.0, "beta2": 0.99},
        **{"max_iters": training.steps, "lr_decay_iters": training.steps, "warmup_iters": 100},
        **{"learning_rate": 1e-3, "min_lr": 1e-4, "eval_interval": training.steps, "eval_iters": 1},
        **{"log_interval": 1, "always_save_checkpoint": True},
    }
    words = [f"--{key}={value}" for key, value in asked.items()]
    done = subprocess.run([sys.executable, "train.py", *words], cwd=own, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SettingsError(f"nanoGPT's train.py ended with {done.returncode}: {done.stderr.strip().splitlines()[-1:]}")
    return sum(float(time) for time in re.findall(r"^iter \d+:.*time ([\d.]+)ms", done.stdout, re.MULTILINE)) / 1000


@torch.inference_mode()
def measured(gpt: Callable[..., Any], ours: TextRun, first: int) -> tuple[float, int]:
    """Return nanoGPT's mean loss over the rows that validate ours, in nats a token, and how many tokens those are."""
    total, count = 0.0, 0
    for batch in ours.validations()[0].batches():
        ids = torch.from_numpy(batch.ids - first).clamp_min(0)
        mask = torch.from_numpy(batch.loss_mask[:, 1:])
        logits = gpt(ids[:, :-1].contiguous(), ids[:, 1:].contiguous())[0]
        total += float(F.cross_entropy(logits[mask].double(), ids[:, 1:][mask], reduction="sum"))
        count += int(mask.sum())
    return total / count, count


def baseline(weights: str, runs: Path, command: str, smoke: bool) -> str:
    """Grade a model of others on TinyMath's lines as it came, and taught; return its part of the page."""
    few = {"name": "written", "before": EXAMPLES}
    asked = {
        "as it came": {"training.steps": 0},
        "as it came, behind five examples": {"training.steps": 0, "text.format": few, "model.context_length": 128},
        "adapters of rank 16": {"rank": 16, "training.learning_rate": 1e-3},
        "all weights": {},
    }
    counts = [2] * 4 if smoke else [1000, 250, 250, 250]  # answers of so large a model take their time
    asked_of = {f"grading.sets.{place}.count": count for place, count in enumerate(counts)}
    toy = {"training.evaluate_on": 2, "training.threads": 1}
    rows: list[Row] = []
    for name, own in asked.items():
        changes = {"weights": weights, **own, **asked_of, **(toy if smoke else {})}
        steps = min(changes.pop("training.steps", TAUGHT), 2 if smoke else TAUGHT)
        over = [[("training.steps", steps)]]
        found = compare(
            "distilgpt2_math", over, list(changes.items()), 1, runs, re.sub(r"\W+", "-", name), False, command
        )
        rows.append(replace(only(found, name), choices={"model": name}))
    whole = Comparison("distilgpt2_math", command, 1, rows)
    return "\n".join([*whole.table(), "", *(f"- {remark}" for remark in [*whole.faults(), *whole.remarks()]), ""])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
