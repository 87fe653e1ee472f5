"""How fast the shipped model answers, against other projects' models of its shape."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch

from abacist.bench import peers
from abacist.bench.machine import device
from abacist.bench.measure import Bench, Measure
from abacist.bench.results import Row
from abacist.bench.timing import Side, in_turn, timed
from abacist.core.catalogue import Part
from abacist.core.memory import keep_freed_memory
from abacist.core.seeds import generator
from abacist.evaluation.grading import ask, mark
from abacist.problems.task import Task, TaskSettings, Weighted
from abacist.runs.problems import ProblemRun
from abacist.runtime.calculator import SHIPPED
from abacist.runtime.decoder import NumpyDecoder

GRADING, ONE, NUMPY = "graded together, torch", "one at a time, torch", "one at a time, numpy"
GENERATE, LLAMA = "nanoGPT generate, one at a time", "transformers Llama generate, together"


@dataclass(frozen=True)
class Answers(Measure):
    """Answers a second of the shipped model: encode, decode greedily with the cache, parse; together also mark.

    The problems are sums of up to five digits, drawn beforehand. Models of other projects have the same
    layers, heads, width, context and vocabulary, random weights, and write as many tokens as the longest
    answer has: nanoGPT by its own `generate`, one prompt at a time, top_k=1, without a cache as it has none;
    Llama of the transformers library by `generate`, all prompts in one batch, padded on the left, greedy,
    with its cache. Both get ids and return ids: they encode, parse and mark nothing.
    """

    count: int = 10_000
    singles: int = 20
    rounds: int = 5

    def quick(self) -> "Answers":
        """Return few problems, two rounds."""
        return replace(self, count=200, singles=3, rounds=2)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield ours, then the others."""
        keep_freed_memory()  # as grading does
        run = ProblemRun.open(SHIPPED)
        kind, codec, decoder = run.trained(), run.codec, NumpyDecoder(SHIPPED)
        problems = sums_for(run).distinct(generator(1, "bench", "answers"), "any", self.count)
        few = [problem.question for problem in problems[: self.singles]]
        prompts = [codec.prompt(problem.question) for problem in problems]
        bench.say("the longest answer")
        new = max(len(generated.ids) for generated in kind.answer(prompts))

        def together() -> None:
            answers = ask(kind, codec, [problem.question for problem in problems])
            for problem, generated in zip(problems, answers, strict=True):
                mark(problem, generated, codec)

        def single(answer: Callable[[list[int]], Any]) -> Callable[[], None]:
            def each() -> None:
                for question in few:
                    codec.answer(answer(codec.prompt(question)).ids, question)

            return each

        sides: dict[str, Side] = {
            GRADING: timed(together),
            ONE: timed(single(lambda prompt: kind.answer([prompt])[0])),
            NUMPY: timed(single(decoder.answer)),
        }
        amounts = dict.fromkeys(sides, len(few)) | {GRADING: len(problems)}
        model = run.settings.model
        form = {name: getattr(model, name) for name in ("d_model", "n_layers", "n_heads", "d_ff")}
        size, context = len(codec.classes), model.context_length
        if bench.nanogpt is None:
            yield Row.missing(GENERATE, peers.NO_NANOGPT)
        else:
            peer = peers.nanogpt(bench.nanogpt, form, size, context)
            sides[GENERATE] = timed(_generate(peer, prompts[: self.singles], new))
            amounts[GENERATE] = len(few)
        if not (bench.transformers and peers.has_transformers()):
            yield Row.missing(LLAMA, peers.NO_TRANSFORMERS)
        else:
            sides[LLAMA] = timed(_generate_together(peers.llama(form, size, context), prompts, new))
            amounts[LLAMA] = len(problems)
        bench.say(f"{len(sides)} ways in turn, {self.rounds} rounds")
        timing = in_turn(sides, self.rounds)
        settings = {**form, "context_length": context, "new_tokens": new, "threads": torch.get_num_threads()}

        def row(name: str, against: str = "") -> Row:
            ratio = timing.times(name, against).scaled(amounts[name] / amounts[against]) if against else None
            answers = f"{amounts[name]:,} answers"
            if amounts[name] == len(few):
                answers += f", {1000 * timing.spread(name).middle / len(few):.3g} ms each"
            return Row.of(name, "answers/s", timing.rate(name, amounts[name]), settings, ratio, against, answers)

        compared = {GRADING: (GENERATE, LLAMA), ONE: (GENERATE,), NUMPY: (GENERATE,)}
        for name in sides:
            others = [other for other in compared.get(name, ()) if other in sides]
            yield from (row(name, other) for other in others or [""])


def sums_for(run: ProblemRun) -> Task:
    """Return sums of up to five digits, which a model that shows its work and one that does not answer shortly."""
    return Task(TaskSettings([Weighted(Part("addition", {"left": [0, 99_999]}))], run.settings.problems.rounding))


def _generate(peer: peers.Peer, prompts: list[list[int]], new: int) -> Callable[[], None]:
    peer.model.eval()

    def each() -> None:
        for prompt in prompts:
            ids = torch.tensor([prompt], device=device())
            peer.model.generate(ids, new, top_k=1)[0].tolist()

    return each


def _generate_together(peer: peers.Peer, prompts: list[list[int]], new: int) -> Callable[[], None]:
    peer.model.eval()
    longest = max(map(len, prompts))

    def together() -> None:
        padded = [[0] * (longest - len(prompt)) + prompt for prompt in prompts]
        mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
        peer.model.generate(
            input_ids=torch.tensor(padded, device=device()),
            attention_mask=torch.tensor(mask, device=device()),
            min_new_tokens=new,
            max_new_tokens=new,
            do_sample=False,
            use_cache=True,
        ).tolist()

    return together
