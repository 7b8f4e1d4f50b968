"""What the message of an error must be like: it goes to logs and terminals, and peers choose it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_MOST: Final = 2000
"""Characters: it fits on a screen whatever was received."""


def check(error: object, secret: str | None = None) -> None:
    """Fail when a message would garble a terminal, fill a disk, or tell a secret."""
    assert str(error).isprintable(), repr(str(error))
    assert len(str(error)) <= _MOST, len(str(error))
    assert secret is None or secret not in str(error)


def check_all(errors: Sequence[object], most: int) -> None:
    """Fail also when there are none, or too many of them."""
    assert 0 < len(errors) <= most
    for error in errors:
        check(error)
