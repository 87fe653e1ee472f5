"""What can go wrong by a user's hand. The command line prints these in one line, never as a traceback."""


class AbacistError(Exception):
    """Base of every mistake a user can make and mend; its text says what, where, and what to do."""


def one_line(error: Exception) -> str:
    """Return all that an error says in one line."""
    return "; ".join(str(error).splitlines()) or type(error).__name__


class SettingsError(AbacistError, ValueError):
    """One or more settings are wrong; the text has a line for each of them.

    A ValueError too, so that pydantic gathers those raised by a settings class with its own findings.
    """


class UnknownName(SettingsError):
    """A setting or a part goes by a name that there is not: wrong whatever else is chosen."""


class QuestionError(AbacistError):
    """A typed question cannot be read, or has no answer (division by zero)."""


class DataError(AbacistError):
    """A file cannot be read as what it was said to be."""


class Interrupted(AbacistError):
    """Training was asked to stop, and saved."""


class RunError(AbacistError):
    """A run folder is missing, unfinished or does not fit what was asked of it."""
