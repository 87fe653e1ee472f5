"""The report of a run of text: one HTML file that needs nothing beside it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from abacist.data.overlap import Overlap
from abacist.evaluation.course import Metrics, training_losses
from abacist.evaluation.losses import TextLoss
from abacist.evaluation.report import RunFacts, template
from abacist.evaluation.text_figures import bits_over_training, text_losses, validation_losses

EARLIER = 6
"""Samples shown of the course of training."""


@dataclass(frozen=True)
class TextFacts:
    """What the report tells of the text."""

    sources: Sequence[Mapping[str, Any]]
    """As the run's `corpus.json` has them."""
    losses: Mapping[str, TextLoss]
    """Of the best weights on validation text, by source; the last one is that of the whole."""
    counted: float | None
    """Loss of a table of pairs counted in the training text, in nats a token; None where there is none."""
    vocab_size: int


def write_text_report(
    path: Path, facts: RunFacts, text: TextFacts, metrics: Metrics, samples: Sequence[str] = ()
) -> None:
    """Write the report to the file `path`, whole or not at all; the arguments are those of `render_text`."""
    temporary = path.with_suffix(".new")
    temporary.write_text(render_text(facts, text, metrics, samples), encoding="utf-8")
    temporary.replace(path)


def render_text(facts: RunFacts, text: TextFacts, metrics: Metrics, samples: Sequence[str] = ()) -> str:
    """Return the report as HTML; everything that comes from data is escaped.

    `metrics` are the lines of the run's `metrics.jsonl`, `samples` what the best weights write.
    """
    measures = {f"guessing among {text.vocab_size:,}": math.log(text.vocab_size)}
    if text.counted is not None:
        measures["pairs, counted"] = text.counted
    drawn = {"losses": text_losses(metrics, measures), "bits": bits_over_training(metrics)}
    values = {
        "facts": facts,
        "text": text,
        "settings": facts.settings,
        "settings_json": json.dumps(facts.settings, indent=2, ensure_ascii=False),
        "verdict": verdict(list(text.losses.values())[-1]),
        "figures": {name: Markup(svg) if svg else None for name, svg in drawn.items()},
        "read": [(each, Overlap(**each["overlap"]) if each.get("overlap") else None) for each in text.sources],
        "found": {"losses": losses_found(metrics, text), "bits": bits_found(metrics)},
        "samples": samples,
        "course": course(metrics),
        "steps": metrics[-1]["step"] if metrics else None,
        "seconds": metrics[-1]["seconds"] if metrics else None,
        "ideas": facts.ideas,
    }
    return template("text_report.html.j2").render(values)


def verdict(loss: TextLoss) -> str:
    """Say in one sentence how well text is predicted."""
    bits = loss.bits_per_character
    each = f"{bits:.3f} bits a character" if bits is not None else f"{loss.loss:.4f} nats a token"
    return (
        f"On {loss.tokens:,} tokens of text that it was not trained on this model needs {each}: it is as unsure as "
        f"among {loss.perplexity:,.2f} tokens."
    )


def losses_found(metrics: Metrics, text: TextFacts) -> str:
    """Say what the loss curve holds: from where to where, the gap to validation text, and what counting reaches.

    Looks may be at a sample of the validation text; what counting reaches is held against the loss on all of it.
    """
    losses, looks = training_losses(metrics), validation_losses(metrics)
    if not looks:
        return ""
    step, best = min(looks, key=lambda look: look[1])
    whole = list(text.losses.values())[-1]
    seen = max((line.get("tokens_validated", 0) for line in metrics), default=0)
    sample = f", on an even sample of {seen:,} tokens," if 0 < seen < whole.tokens else ""
    said = [f"Validation loss{sample} was least at step {step:,}, {best:.4f} nats a token; those weights were kept."]
    if losses:
        near = [loss for _, loss in losses[-max(1, len(losses) // 20) :]]
        said.append(f"In the end it was {looks[-1][1]:.4f}, and training loss {sum(near) / len(near):.4f}.")
    if text.counted is not None:
        less = text.counted - whole.loss
        apart = f"{whole.loss:.4f}, {abs(less):.4f} nats {'below' if less > 0 else 'above'} it"
        said.append(f"On all of it a table of pairs, counted, has {text.counted:.4f}, and this model {apart}.")
    return " ".join(said)


def bits_found(metrics: Metrics) -> str:
    """Say from where to where bits a character went."""
    bits = [line["bits_per_character"] for line in metrics if line.get("bits_per_character")]
    return f"From {bits[0]:.3f} at the first look to {bits[-1]:.3f} at the last." if bits else ""


def course(metrics: Metrics) -> list[tuple[int, float, str]]:
    """Return (step, loss, sample) of a few looks, the first and the last among them."""
    looks = [(line["step"], line["held_out_loss"], line["sample"]) for line in metrics if "sample" in line]
    count = min(EARLIER, len(looks))
    places = [round(place * (len(looks) - 1) / max(1, count - 1)) for place in range(count)]
    return [looks[place] for place in dict.fromkeys(places)]
