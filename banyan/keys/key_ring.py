"""What a backplane has in its directory of keys.

backplane.key       its own pair, mode 0600
allowed/NAME.pub    a public key each: who may come in, under which name
permissions.toml    what about; may be missing
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from banyan.errors import Fault, KeyFileError
from banyan.keys import guarded
from banyan.keys.key import parse_name
from banyan.keys.key_file import Credentials, load_credentials, load_public
from banyan.keys.permissions import Permissions, load_permissions
from banyan.limits import MAX_KEYS

__all__ = ["ALLOWED", "OWN", "PERMISSIONS", "SUFFIX", "KeyRing", "Stamp"]

OWN: Final = "backplane.key"
ALLOWED: Final = "allowed"
PERMISSIONS: Final = "permissions.toml"
SUFFIX: Final = ".pub"

_GONE: Final = (
    "it is gone; what it said stays in force until there is another one, or the backplane is "
    "started again"
)
"""Some editors take a file away before they write the new one: nobody gains a right by that."""

Stamp = tuple[tuple[object, ...], ...]
"""Differs from an earlier one when a file has changed."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """A backplane's own keys, and those that it lets in."""

    directory: Path
    own: Credentials
    allowed: Mapping[bytes, str]
    """Names by public key."""
    permissions: Permissions | None
    """None: every key may everything."""
    faults: tuple[Fault, ...] = ()
    """What was left out, or is hardly meant; a file with a fault lets nobody in."""

    @classmethod
    def load(cls, directory: str | os.PathLike[str]) -> Self:
        """Read a directory; raise KeyFileError if it is none, not safe, or has faults.

        A faulty file in `allowed` is no error, lest it hinder the others: see `faults`.
        """
        folder = Path(directory)
        guarded.check_directory(folder)
        own = load_credentials(folder / OWN)
        allowed, faults = _read_allowed(folder / ALLOWED)
        permissions = load_permissions(folder / PERMISSIONS, _by_name(allowed))
        return cls(folder, own, allowed, permissions, _with_warnings(faults, permissions))

    def reload(self) -> Self:
        """Read anew who may come in; our own keys stay, for sockets that listen keep theirs.

        Where permissions.toml has a fault, or is gone, the permissions stay as they are, while
        keys that were revoked are gone nevertheless: see `faults`. Raises KeyFileError as `load`.
        """
        guarded.check_directory(self.directory)
        allowed, faults = _read_allowed(self.directory / ALLOWED)
        try:
            permissions = load_permissions(self.directory / PERMISSIONS, _by_name(allowed))
        except KeyFileError as error:
            wrong = error.faults or (Fault(str(self.directory / PERMISSIONS), 0, 0, str(error)),)
            return replace(self, allowed=allowed, faults=(*faults, *wrong))
        if permissions is None and self.permissions is not None:
            gone = Fault(str(self.directory / PERMISSIONS), 0, 0, _GONE, "warning")
            return replace(self, allowed=allowed, faults=(*faults, gone))
        faults = _with_warnings(faults, permissions)
        return replace(self, allowed=allowed, permissions=permissions, faults=faults)

    @staticmethod
    def stamp(directory: str | os.PathLike[str]) -> Stamp:
        """Return what tells cheaply whether something has changed; never raises."""
        folder = os.fspath(directory)
        allowed = os.path.join(folder, ALLOWED)
        names = (OWN, PERMISSIONS)
        places = (folder, *(os.path.join(folder, name) for name in names), allowed)
        stamps = [_stamp_of(place, functools.partial(os.stat, place)) for place in places]
        with contextlib.suppress(OSError), os.scandir(allowed) as entries:
            for entry in itertools.islice(entries, MAX_KEYS + 1):
                stamps.append(_stamp_of(entry.name, entry.stat))
        return tuple(stamps)


def _stamp_of(name: str, stat: Callable[[], os.stat_result]) -> tuple[object, ...]:
    try:
        status = stat()
    except OSError:
        return (name,)
    return name, status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _read_allowed(folder: Path) -> tuple[dict[bytes, str], tuple[Fault, ...]]:
    """Return the keys of a directory by their names, and what is wrong with the others."""
    guarded.check_directory(folder)
    allowed: dict[bytes, str] = {}
    faults: list[Fault] = []
    for file in _files(folder):
        try:
            name = _name_of(file)
            key = load_public(file)
            if key in allowed:
                raise KeyFileError(f"{file}: the key of {allowed[key]!r} again, left out here")
        except KeyFileError as error:
            faults.append(Fault(str(file), 0, 0, str(error).removeprefix(f"{file}: ")))
        else:
            allowed[key] = name
    return allowed, tuple(faults)


def _files(folder: Path) -> Iterator[Path]:
    """Yield what stands in a directory, sorted, apart from files that are just being written."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in itertools.islice(entries, 2 * MAX_KEYS)]
    except OSError as error:
        raise KeyFileError(f"{folder}: it cannot be read: {error.strerror}") from error
    names = sorted(name for name in names if not name.startswith("."))
    if len(names) > MAX_KEYS:
        raise KeyFileError(f"{folder}: it has over {MAX_KEYS} files, the most that are read")
    yield from (folder / name for name in names)


def _name_of(file: Path) -> str:
    if file.suffix != SUFFIX:
        raise KeyFileError(f"{file}: it is not called NAME{SUFFIX}, so it lets nobody in")
    try:
        return parse_name(file.stem)
    except ValueError as error:
        raise KeyFileError(f"{file}: {error}") from None


def _by_name(allowed: Mapping[bytes, str]) -> dict[str, bytes]:
    return {name: key for key, name in allowed.items()}


def _with_warnings(faults: tuple[Fault, ...], permissions: Permissions | None) -> tuple[Fault, ...]:
    return (*faults, *(permissions.faults if permissions else ()))
