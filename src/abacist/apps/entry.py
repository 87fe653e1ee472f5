"""The `abacist` command. The calculator starts at once; everything else loads what it needs."""

import gc
import io
import os
import sys

LONGEST_NUMBER = 100_000
"""Digits of the longest number that is read or written: Python's own limit, 4,300, keeps servers from strangers who
would make them reckon for hours; a number of this length takes a fraction of a second."""


def main() -> None:
    """Run the command line and exit with its status: 0 well, 1 a mistake, 2 wrong usage, 130 stopped.

    Only here, where the process is the command's own, are its threads, its memory and its longest number
    arranged; whoever imports abacist keeps theirs.
    """
    if 0 < sys.get_int_max_str_digits() < LONGEST_NUMBER:  # 0 stands for no limit
        sys.set_int_max_str_digits(LONGEST_NUMBER)
    write_any_text()
    if sys.argv[1:2] != ["calc"]:
        from abacist.apps.cli import run

        sys.exit(run())
    # Read by OpenBLAS when numpy loads it: a thread for every core takes longer to start than a small model
    # takes to answer. What the user has set stays.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What is imported lives to the end; looking through it for garbage, now and at the exit, only takes time.
    gc.disable()
    from abacist.apps.calc import calc

    gc.freeze()
    gc.enable()
    sys.exit(calc(sys.argv[2:]))


def write_any_text() -> None:
    """Let standard output and error write what their encoding lacks as escapes, as `\\u6f22`, in place of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
