"""Shapes of as many parameters as another model has, so that what is compared differs in how, not in how much."""

import dataclasses

from abacist.core.errors import SettingsError
from abacist.runs.run import count_from_settings
from abacist.runs.settings import RunSettings

WITHIN = 0.03
"""How far a count may be off, as a share of the other."""


def matched(settings: RunSettings, parameters: int, within: float = WITHIN) -> RunSettings:
    """Return the settings with the width of the feed-forward (`model.d_ff`) that comes closest to so many parameters.

    Raises: SettingsError if no width comes so close, or the parameters cannot be counted from settings.
    """
    # Even widths alone: some parts take their inputs in pairs.
    one, two = count(wide(settings, 2)), count(wide(settings, 4))
    width = 2 * round(1 + (parameters - one) / (two - one)) if two > one else settings.model.d_ff
    made = wide(settings, max(2, width))
    found = count(made)
    if abs(found - parameters) > within * parameters:
        raise SettingsError(
            f"model.d_ff: with {made.model.d_ff} there are {found:,} parameters, "
            f"and no width comes within {100 * within:g} % of {parameters:,}"
        )
    return made


def wide(settings: RunSettings, d_ff: int) -> RunSettings:
    """Return the settings with another width."""
    return dataclasses.replace(settings, model=dataclasses.replace(settings.model, d_ff=d_ff))


def count(settings: RunSettings) -> int:
    """Count the parameters. Raises: SettingsError where only a run can."""
    found = count_from_settings(settings)
    if found is None:
        raise SettingsError("a vocabulary that is learned, or weights to begin with, say how many parameters there are")
    return found
