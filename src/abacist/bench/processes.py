"""Commands in processes of their own: wall time and peak memory."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from abacist.core.errors import RunError

# A small process starts and times the command. A child's peak memory would otherwise begin with that of
# the process that forked it, and this one has torch in it.
LAUNCHER = """
import json, resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
errors = done.stderr.decode(errors="replace")[-2000:]
print(json.dumps({"status": done.returncode, "seconds": seconds, "peak": peak, "errors": errors}))
"""


@dataclass(frozen=True)
class Ended:
    """A command that has come to its end well."""

    seconds: float
    """Wall time, from before the process is made until after it has ended."""
    peak: int
    """Most memory it held, in bytes."""


def execute(command: Sequence[str]) -> Ended:
    """Run a command to its end. Raises: RunError if it fails."""
    launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, *command]
    done = subprocess.run(launcher, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"{command[0]} cannot be run: {_last_line(done.stderr)}")
    result = json.loads(done.stdout)
    if result["status"]:
        words = " ".join(Path(command[0]).name if index == 0 else word for index, word in enumerate(command))
        raise RunError(f"{words} ended with status {result['status']}: {_last_line(result['errors'])}")
    return Ended(result["seconds"], result["peak"])


def abacist() -> list[str]:
    """Return the start of an abacist command: the script beside this Python, or the module where there is none."""
    script = Path(sys.executable).with_name("abacist.exe" if sys.platform == "win32" else "abacist")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "abacist.apps.entry"]


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
