"""Changes a backplane's directory of keys, so that a backplane that reads it never sees half."""

from __future__ import annotations

import difflib
from pathlib import Path

from banyan.errors import KeyFileError
from banyan.keys import guarded
from banyan.keys.key import parse_name
from banyan.keys.key_file import Credentials, load_credentials, load_public, new_credentials, save
from banyan.keys.key_ring import ALLOWED, OWN, SUFFIX

__all__ = ["admit", "check_new", "create", "own_public", "revoke"]


def create(directory: Path) -> Credentials:
    """Make a directory with a backplane's own pair, which lets nobody in yet.

    One that is there already is taken if it has no such pair; raises KeyFileError otherwise.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        guarded.check_directory(directory)
        (directory / ALLOWED).mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise KeyFileError(f"{error.filename}: it is there already, and no directory") from None
    except OSError as error:
        raise KeyFileError(f"{directory}: it cannot be made: {error.strerror}") from error
    own = new_credentials("backplane")
    save(own, directory / OWN)
    return own


def own_public(directory: Path) -> bytes:
    """Return the public key of the backplane whose directory this is."""
    guarded.check_directory(directory)
    return load_credentials(directory / OWN).public


def check_new(directory: Path, name: str) -> None:
    """Raise KeyFileError if this name cannot be let in, or is already."""
    guarded.check_directory(directory)
    guarded.check_directory(directory / ALLOWED)
    file = _file(directory, name)
    if file.exists() or file.is_symlink():
        raise KeyFileError(
            f"{file}: {name!r} is let in already; `banyan keys revoke` takes the old key back"
        )


def admit(directory: Path, name: str, public: bytes) -> None:
    """Let a key in under a name; raise KeyFileError if the name is taken, or the key known."""
    check_new(directory, name)
    for other in sorted((directory / ALLOWED).glob(f"[!.]*{SUFFIX}")):
        if _holds(other, public):
            raise KeyFileError(f"{other}: this key is let in already, as {other.stem!r}")
    guarded.replace(_file(directory, name), f'public = "{public.decode()}"\n')


def revoke(directory: Path, name: str) -> None:
    """Take a key back; raise KeyFileError if none is let in under this name."""
    guarded.check_directory(directory)
    guarded.check_directory(directory / ALLOWED)
    try:
        _file(directory, name).unlink()
    except FileNotFoundError:
        names = [file.stem for file in (directory / ALLOWED).glob(f"[!.]*{SUFFIX}")]
        near = difflib.get_close_matches(name, names, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise KeyFileError(f"{directory}: no key is let in as {name!r}{hint}") from None
    except OSError as error:
        raise KeyFileError(f"{error.filename}: it cannot be removed: {error.strerror}") from error


def _file(directory: Path, name: str) -> Path:
    try:
        return directory / ALLOWED / f"{parse_name(name)}{SUFFIX}"
    except ValueError as error:
        raise KeyFileError(str(error)) from None


def _holds(file: Path, public: bytes) -> bool:
    try:
        return load_public(file) == public
    except KeyFileError:
        return False
