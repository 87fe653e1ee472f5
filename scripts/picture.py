"""Draw what a command shows in a terminal as an SVG.

    python scripts/picture.py docs/images/run.svg 96 -- abacist train demo

The command runs on a terminal of its own, so that it shows colours and bars; of a bar that moves, its
state about three quarters of the way is kept.
"""

import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")


def record(command: list[str], width: int) -> str:
    """Return everything a command writes to a terminal of this width."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"COLUMNS": str(width), "TERM": "xterm-256color"}
        os.execvp(command[0], command)
    pieces = []
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the terminal is gone with the command
            break
        if not piece:
            break
        pieces.append(piece)
    os.waitpid(pid, 0)
    return b"".join(pieces).decode()


def settle(text: str) -> list[str]:
    """Return the lines that stay, and one frame of each bar."""
    lines: list[str] = []
    bars: list[str] = []
    for line in text.replace("\r\n", "\n").split("\n"):
        frames = [CONTROL.sub("", frame) for frame in line.split("\r")]
        moving = [frame for frame in frames if "tokens/s" in frame]
        if moving:
            bars += moving
            continue
        if "grading" in line and len(frames) == 1:
            continue
        if bars:
            lines.append(bars[len(bars) * 3 // 4])
            bars = []
        if frames[-1].strip() or (lines and lines[-1].strip()):
            lines.append(frames[-1])
    return lines


def draw(path: Path, width: int, command: list[str]) -> None:
    """Run the command and write the picture."""
    console = Console(record=True, width=width, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text.from_ansi(f"\x1b[1m$ {' '.join(command)}\x1b[0m"))
    for line in settle(record(command, width)):
        console.print(Text.from_ansi(line), soft_wrap=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = console.export_svg(title="abacist")
    # The fonts it would fetch from elsewhere; any fixed-width font of the reader's will do.
    picture = re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    path.write_text(picture.replace("Fira Code, monospace", "monospace"), encoding="utf-8")


if __name__ == "__main__":
    target, columns, _, *words = sys.argv[1:]
    draw(Path(target), int(columns), words)
