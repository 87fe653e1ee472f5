"""Quick forms of a part's methods for whole batches, and what keeps them honest.

A seam asks for simple methods and has slow batch forms made from them. A part may override a batch form
with a quick one. Whoever then derives from that part and overrides the simple method alone must not
inherit the quick form: it would go on doing what the part did before.
"""

from collections.abc import Mapping


def keep_in_step(cls: type, base: type, quick_of: Mapping[str, str]) -> None:
    """Give `cls` the base's batch forms of those simple methods that it overrides alone.

    `quick_of` maps the names of simple methods to those of their batch forms.
    """
    for simple, quick in quick_of.items():
        if simple in vars(cls) and quick not in vars(cls):
            setattr(cls, quick, getattr(base, quick))
