"""A key as text, its name, and where keys come from.

Keys are those of ZeroMQ's CURVE (Curve25519), 32 bytes written as 40 characters of Z85
(ZeroMQ RFC 32).
"""

from __future__ import annotations

import re
from typing import Any, Final

from banyan.errors import MissingLibraryError
from banyan.limits import MAX_KEY_NAME
from banyan.wire.wording import shown

__all__ = ["new_pair", "parse_key", "parse_name", "public_of"]

_ALPHABET: Final = (
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
)
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}

_LENGTH: Final = 40
_GROUP: Final = 5
"""Characters of Z85 that stand for four bytes."""

_NAME: Final = re.compile(rf"[A-Za-z0-9_-][A-Za-z0-9._-]{{0,{MAX_KEY_NAME - 1}}}")


def parse_key(text: object) -> bytes:
    """Return a key's 40 characters as bytes; raise ValueError if it is none."""
    if not isinstance(text, str):
        raise ValueError(f"a key is a text of {_LENGTH} characters, not {type(text).__name__}")
    if len(text) != _LENGTH:
        raise ValueError(f"a key has {_LENGTH} characters, not {len(text)}")
    for group in (text[start : start + _GROUP] for start in range(0, _LENGTH, _GROUP)):
        if not _is_group(group):
            raise ValueError("it is no key: not Z85, the way ZeroMQ writes them")
    return text.encode("ascii")


def parse_name(text: object) -> str:
    """Return a key's name; raise ValueError if it cannot be one.

    It is part of a file's name, so that nothing may stand in it that leads elsewhere.
    """
    if isinstance(text, str) and _NAME.fullmatch(text):
        return text
    raise ValueError(
        f"bad name {shown(text)}: expected 1 to {MAX_KEY_NAME} of the characters "
        "A-Z a-z 0-9 . _ -, the first no dot"
    )


def new_pair() -> tuple[bytes, bytes]:
    """Make a pair of keys, public and secret.

    The public one begins with a letter or a digit: typed as an argument it is no option.
    """
    while True:
        public, secret = _curve().curve_keypair()
        if public[:1].isalnum():
            return public, secret


def public_of(secret: bytes) -> bytes:
    """Return the public key that belongs to a secret one."""
    public: bytes = _curve().curve_public(secret)
    return public


def _is_group(group: str) -> bool:
    value = 0
    for character in group:
        if character not in _VALUES:
            return False
        value = value * len(_ALPHABET) + _VALUES[character]
    return value < 2**32


def _curve() -> Any:
    """Return pyzmq, imported only by who needs it."""
    import zmq

    if not zmq.has("curve"):
        raise MissingLibraryError(
            "this libzmq was built without CURVE, so it cannot use keys: pip install -U pyzmq"
        )
    return zmq
