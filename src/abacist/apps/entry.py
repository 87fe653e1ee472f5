"""The `abacist` command. The calculator starts at once; everything else loads what it needs."""

import sys


def main() -> None:
    """Run the command line and exit with its status: 0 well, 1 a mistake that was explained, 130 stopped."""
    if sys.argv[1:2] == ["calc"]:
        from abacist.apps.calc import calc

        sys.exit(calc(sys.argv[2:]))
    from abacist.apps.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
