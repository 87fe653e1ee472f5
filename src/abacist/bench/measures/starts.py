"""How long commands take to start."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

from abacist.bench.measure import Bench, Measure
from abacist.bench.processes import abacist
from abacist.bench.results import Row
from abacist.bench.timing import in_turn

PYTHON = "python -c pass"


@dataclass(frozen=True)
class Starts(Measure):
    """Wall time of whole commands, from before the process is made to after its end, against Python itself.

    The commands run in turn, once a round, each in a new process.
    """

    rounds: int = 20

    def quick(self) -> "Starts":
        """Return two rounds."""
        return replace(self, rounds=2)

    def rows(self, bench: Bench) -> Iterator[Row]:
        """Yield a row for each command."""
        commands = {
            'abacist calc "12+34"': [*abacist(), "calc", "12+34"],
            "abacist --help": [*abacist(), "--help"],
            PYTHON: [sys.executable, "-c", "pass"],
            'python -c "import numpy"': [sys.executable, "-c", "import numpy"],
        }
        bench.say(f"{len(commands)} commands in turn, {self.rounds} rounds")
        sides = {name: lambda command=command: bench.execute(command).seconds for name, command in commands.items()}
        timing = in_turn(sides, self.rounds)
        for name, command in commands.items():
            settings = {"by": "script" if len(abacist()) == 1 else "module"} if "abacist" in command[0] else {}
            ratio = None if name == PYTHON else timing.times(name, PYTHON)
            milliseconds = timing.spread(name).scaled(1000)
            yield Row.of(name, "ms", milliseconds, settings, ratio, "" if ratio is None else PYTHON)
