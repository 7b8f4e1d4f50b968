"""Which key a component uses: what it was given, else what the environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from banyan.errors import KeyFileError
from banyan.keys.key_file import Credentials, load_credentials

__all__ = ["VARIABLE", "KeyChoice", "KeyFiles", "credentials_for"]

VARIABLE: Final = "BANYAN_KEYS"
"""The environment variable that names a key file; empty means none."""

KeyFile = str | os.PathLike[str]
KeyFiles = KeyFile | Mapping[str, KeyFile]
"""One key file for all backplanes, or one for each, by the backplane's name."""


def credentials_for(keys: KeyFile | None) -> Credentials | None:
    """Return the key to connect with, or None: for an empty name, and where nothing says so.

    Raises KeyFileError for a file that is faulty, not safe, or the backplane's own.
    """
    file = os.environ.get(VARIABLE, "") if keys is None else os.fspath(keys)
    if not file:
        return None
    credentials = load_credentials(file)
    if credentials.backplane is None:
        raise KeyFileError(
            f"{file}: it has no 'backplane' key, so it does not say whom to connect to. "
            "`banyan keys new NAME.key --for DIR` makes a component's key"
        )
    return credentials


class KeyChoice:
    """The keys of a component on several backplanes."""

    def __init__(self, keys: KeyFiles | None) -> None:
        """Read all files, so that a fault is told at once; raises KeyFileError."""
        by_name = keys if isinstance(keys, Mapping) else {}
        self._by_name = {name: credentials_for(file) for name, file in by_name.items()}
        self._others = None if isinstance(keys, Mapping) else credentials_for(keys)

    def of(self, backplane: str) -> Credentials | None:
        """Return the key for one backplane; None if it is to be connected to without."""
        return self._by_name.get(backplane, self._others)
