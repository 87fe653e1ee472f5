"""`abacist sample`: a run of text writes."""

import argparse
import sys
from pathlib import Path


def arguments(command: argparse.ArgumentParser) -> None:
    """Say what the command takes, and what it does."""
    command.add_argument("run", type=Path, help="a run folder")
    command.add_argument("--prompt", metavar="TEXT", help="what it goes on with (default: the run's own, or nothing)")
    command.add_argument("--tokens", type=int, default=500, metavar="N", help="tokens at most (default: %(default)s)")
    command.add_argument(
        "--temperature", type=float, metavar="T", help="below 1 surer, at 0 always the likeliest (default: 0.8)"
    )
    command.add_argument("--top-k", type=int, metavar="K", help="draw among the K likeliest tokens alone")
    command.add_argument(
        "--top-p", type=float, metavar="P", help="draw among the fewest likeliest with this probability together"
    )
    command.add_argument("--seed", type=int, metavar="N", help="seed of the draws (default: the run's)")
    command.add_argument("--num", type=int, default=1, metavar="N", help="how many texts (default: %(default)s)")
    command.add_argument("--latex-check", action="store_true", help="say how many of the paragraphs written parse")

    def run(options: argparse.Namespace) -> None:
        from abacist.core.errors import SettingsError

        for name in ("tokens", "num"):
            if getattr(options, name) < 1:
                raise SettingsError(f"--{name} must be at least 1, got {getattr(options, name)}")
        if options.seed is not None and options.seed < 0:
            raise SettingsError(f"--seed must be at least 0, got {options.seed}")
        changes = {name: getattr(options, name) for name in ("temperature", "top_k", "top_p")}
        chosen = {name: value for name, value in changes.items() if value is not None}
        sample(options.run, options.prompt, options.tokens, chosen, options.seed, options.num, options.latex_check)

    command.set_defaults(command=run)


def sample(
    path: Path,
    prompt: str | None,
    tokens: int,
    chosen: dict[str, float],
    seed: int | None,
    count: int,
    latex_check: bool,
) -> None:
    """Write texts with a run's best weights, each piece as it comes; what is wrong in LaTeX goes to stderr.

    Raises: RunError for a run of something else or without weights, SettingsError for a choice that is none or a kind
    that writes no text, DataError for a prompt with signs that the run does not know.
    """
    from abacist.runs.texts import TextRun
    from abacist.text.choice import Choice
    from abacist.text.latex.checking import checked, joined

    run = TextRun.open(path)
    settings = run.corpus.sample
    own = {name: getattr(settings, name) for name in ("temperature", "top_k", "top_p")}
    choice, prompt = Choice(**{**own, **chosen}), settings.prompt if prompt is None else prompt
    run.prompt(prompt)  # what is wrong with it is told before weights are read
    run.trained()
    texts = []
    for number in range(count):
        if number:
            print("\n---")
        text, pieces = prompt, run.written(choice, prompt, tokens, number, seed)
        print(prompt, end="", flush=True)
        for piece in pieces:
            text += piece
            print(piece, end="", flush=True)
        print(flush=True)
        texts.append(text)
    if latex_check:
        found = joined(map(checked, texts))
        for fault in found.faults[:10]:
            print(f"  {fault}", file=sys.stderr)
        print(found, file=sys.stderr)
