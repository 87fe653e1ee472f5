"""The alphabet in which a question is handed to what calculates: digits, signs, marks, and where the answer begins."""

from abacist.core.arithmetic import APART, TAKEN_FROM

DIGITS, POINT = "0123456789", "."
SIGNS = f"+-*/{TAKEN_FROM}{APART}%"
OPEN, CLOSE = "(", ")"
"""Marks around what is worked out by itself."""
GO = "="
"""The question ends, the answer begins."""
READINGS = DIGITS + POINT + SIGNS + OPEN + CLOSE + GO
"""All of them; a reading is told as its place here."""
WRITTEN = DIGITS + POINT + "-"
"""The signs of an answer."""
