"""What arguments of the command line stand for; what is wrong with one is said beside its name."""

import argparse

from abacist.core.errors import AbacistError


def sizes(text: str) -> tuple[int, ...]:
    """Return whole numbers that stand with commas between."""
    try:
        return tuple(map(int, text.split(",")))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"should be whole numbers with commas between, such as 5,10,20, got {text!r}"
        ) from None


def folder_name(text: str) -> str:
    """Return a name that stands for a folder within another. Raises: AbacistError for one that leads elsewhere."""
    if text in ("", ".", "..") or any(sign in text for sign in "/\\:"):
        raise AbacistError(f"--name {text!r}: should be a plain folder name, without / \\ : and not . or ..")
    return text


def count(text: str) -> int:
    """Return a whole number from 1 on."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"should be at least 1, got {text}")
    return number
