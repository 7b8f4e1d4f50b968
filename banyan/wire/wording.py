"""How values and types stand in an error: on one line, and never failing themselves."""

from __future__ import annotations

from typing import Final

_SHOWN_CHARACTERS: Final = 60
"""Enough to recognise a value on one line of a log."""


def shown(value: object) -> str:
    """Return a value's repr in ASCII, cut to a length that fits in a line."""
    cut = value[:_SHOWN_CHARACTERS] if isinstance(value, str | bytes) else value
    try:
        text = ascii(cut)
    except Exception:  # an int of 5000 digits, a class of the user's with a fault in its __repr__
        return f"<{type(value).__name__}>"
    if cut is value and len(text) <= 2 * _SHOWN_CHARACTERS:
        return text
    return f"{text[: 2 * _SHOWN_CHARACTERS]}..."


def a(kind: type) -> str:
    """Return a type's name with its article: 'a set', 'an int'."""
    name = kind.__name__
    return f"{'an' if name[:1] in 'aeioAEIO' or name == 'ndarray' else 'a'} {name}"
