"""A component's key file: one text file that holds all it needs to come in to one backplane.

    name = "alice"
    public = "..."        may be known to all; the backplane lets it in by it
    secret = "..."        never leaves this file
    backplane = "..."     the backplane's public key: nobody else can pass for it

The file of a backplane's own pair has no `backplane`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from banyan.errors import KeyFileError
from banyan.keys import guarded
from banyan.keys.key import new_pair, parse_key, parse_name, public_of
from banyan.limits import MAX_KEY_FILE_BYTES

__all__ = ["Credentials", "load_credentials", "load_public", "new_credentials", "save"]

_FIELDS: Final = {"name", "public", "secret", "backplane"}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A pair of keys, each as 40 characters of Z85."""

    name: str
    public: bytes
    secret: bytes = field(repr=False)
    backplane: bytes | None = None
    """The public key of the backplane to connect to; None in a backplane's own pair."""


def load_credentials(path: str | os.PathLike[str]) -> Credentials:
    """Read a key file; raise KeyFileError unless it is whole and nobody else may read it."""
    file = Path(path)
    text = guarded.read(file, most=MAX_KEY_FILE_BYTES, secret=True)
    fields = guarded.parse_toml(text, file)
    _check_fields(fields, file)
    secret, public = _key(fields, "secret", file), _key(fields, "public", file)
    if public_of(secret) != public:
        raise KeyFileError(f"{file}: its public key does not belong to its secret key")
    try:
        name = parse_name(fields["name"])
    except ValueError as error:
        raise KeyFileError(f"{file}: {error}") from None
    backplane = _key(fields, "backplane", file) if "backplane" in fields else None
    return Credentials(name, public, secret, backplane)


def load_public(path: str | os.PathLike[str]) -> bytes:
    """Return the public key in a file: of a pair, or alone, as `public = "..."` or a bare line."""
    file = Path(path)
    text = guarded.read(file, most=MAX_KEY_FILE_BYTES, secret=False)
    bare = text.strip()
    if len(bare.splitlines()) == 1 and '"' not in bare and "'" not in bare:
        return _key({"public": bare}, "public", file)
    fields = guarded.parse_toml(text, file)
    if "secret" in fields:
        return load_credentials(file).public
    unknown = sorted(fields.keys() - {"name", "public"})
    if unknown:
        raise KeyFileError(f"{file}: {unknown[0]!r} does not belong in the file of a public key")
    return _key(fields, "public", file)


def new_credentials(name: str, backplane: bytes | None = None) -> Credentials:
    """Make a pair of keys; the file is `save`'s business."""
    public, secret = new_pair()
    return Credentials(name, public, secret, backplane)


def save(credentials: Credentials, path: Path) -> None:
    """Write a new key file, for our eyes only; raise KeyFileError if there is one already."""
    lines = [
        "# A key of Banyan. Whoever reads the secret line can pass for its owner.",
        f'name = "{credentials.name}"',
        f'public = "{credentials.public.decode()}"',
        f'secret = "{credentials.secret.decode()}"',
    ]
    if credentials.backplane is not None:
        lines.append(f'backplane = "{credentials.backplane.decode()}"')
    guarded.create(path, "\n".join([*lines, ""]))


def _check_fields(fields: dict[str, Any], file: Path) -> None:
    missing = [name for name in ("name", "public", "secret") if name not in fields]
    if missing:
        raise KeyFileError(f"{file}: it is no key file: it has no {missing[0]!r}")
    unknown = sorted(fields.keys() - _FIELDS)
    if unknown:
        raise KeyFileError(f"{file}: {unknown[0][:60]!r} does not belong in a key file")


def _key(fields: dict[str, Any], name: str, file: Path) -> bytes:
    """Return one key; the error never shows what stands there, which may be a secret."""
    if name not in fields:
        raise KeyFileError(f"{file}: it has no {name!r} key")
    try:
        return parse_key(fields[name])
    except ValueError as error:
        raise KeyFileError(f"{file}: its {name!r} is wrong: {error}") from None
