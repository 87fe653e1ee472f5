"""Short names of what is compared most often, and the help that tells them.

Nothing is imported: help is shown at once.
"""

from typing import Any

PATHS = {
    "format": "text.format",
    "tokenizer": "text.tokenizer",
    "embedding": "model.embedding",
    "position": "model.position",
    "norm": "model.norm",
    "feed_forward": "model.feed_forward",
    "mixer": "model.mixer",
    "optimizer": "training.optimizer",
    "schedule": "training.schedule",
    "curriculum": "data.curriculum",
}
"""Settings paths by their short names."""

VALUES = {"text.format": {"plain": "compact"}}
"""Other names of parts, by the path of the setting: Lee et al. 2023 call sums as one types them plain."""


def in_full(path: str, value: Any, dials: dict[str, Any]) -> tuple[str, Any]:
    """Return an assignment with its short names written out; a recipe's dial of the same name goes first."""
    head, dot, rest = path.partition(".")
    whole = path if head in dials else f"{PATHS.get(head, head)}{dot}{rest}"
    return whole, VALUES.get(whole, {}).get(value, value) if isinstance(value, str) else value


def listed() -> str:
    """Return the table of short names for a help text."""
    width = max(map(len, PATHS))
    lines = [f"  {name:{width}}  {path}" for name, path in PATHS.items()]
    lines += [f"  {path}={name} is {path}={part}" for path, names in VALUES.items() for name, part in names.items()]
    return "\n".join(lines)


COMPARE = f"""\
Train every combination of choices with every seed, one after another; measure all alike; one table, one plot.
Run it again with the same arguments and it goes on: what is finished is not trained again.

  abacist compare demo --over format=plain,reversed --over position=rope,coupled --seeds 3 --minutes 5
  abacist compare addition --over digits=5,10 --over 'position=rope,{{"name":"places","places":11}}'

Of text it tells vocabulary, characters a token, and the loss on all validation text: in nats a token, and in bits
a character, which compare models of different tokenizers.

  abacist compare character_gpt --set corpus=books/ --over tokenizer=character,bpe,latex --seeds 3 --steps 500
  abacist compare character_gpt --set corpus=books/ --over 'tokenizer={{"name":"bpe","vocab_size":512}},word' \
      --over model.d_model=32,64

short names, in --over and --set:
{listed()}"""
