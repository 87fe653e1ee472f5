"""Hints: signs in a fixed order that stand before digits and say which place each of them has."""

HINTS = "αβγδεζηθικλμνξοπρστυφχψω" + "".join(map(chr, range(0x100, 0x250)))
"""All there are, in their order: the Greek letters, then the 336 Latin ones of Unicode's blocks Extended-A and -B.

None of them is a letter of the words that questions are asked in.
"""
