"""Reads and writes files on which security rests: whose they are, and who else may touch them.

Everything is asked of the opened file, not of its name, which may stand for another one a moment
later. On Windows the owner and the rights of a file are left to its administrator.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import stat
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Final

from banyan.errors import Fault, KeyFileError

__all__ = ["check_directory", "create", "parse_toml", "read", "replace"]

_READING: Final = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)  # opening a pipe must not wait for its writer
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)
_CREATING: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH

_TOML_PLACE: Final = re.compile(r" ?\(at (?:line (\d+), column (\d+)|end of document)\)$")


def read(path: Path, *, most: int, secret: bool) -> str:
    """Return the text of a file of ours that nobody else may change, nor read if it is `secret`.

    Raises KeyFileError, which names the file and says what to do about it.
    """
    try:
        descriptor = os.open(path, _READING)
    except FileNotFoundError:
        raise KeyFileError(f"{path}: there is no such file") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        _check_file(os.fstat(descriptor), path, secret)
        with open(descriptor, "rb", closefd=False) as file:
            data = file.read(most + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)
    if len(data) > most:
        raise KeyFileError(f"{path}: it is over {most} bytes, the most that is read of such a file")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise KeyFileError(f"{path}: it is no text in UTF-8") from None


def check_directory(path: Path) -> None:
    """Raise KeyFileError unless this is a directory of ours in which nobody else may write."""
    try:
        status = path.stat()
    except FileNotFoundError:
        raise KeyFileError(
            f"{path}: there is no such directory; `banyan keys new {_word(path)}` makes one"
        ) from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not stat.S_ISDIR(status.st_mode):
        raise KeyFileError(f"{path}: it is no directory")
    _check_owner(status, path)
    if os.name == "posix" and status.st_mode & _OTHERS_WRITE:
        raise KeyFileError(
            f"{path}: other users may put files into it (mode {_mode(status)}). "
            f"Type: chmod go-w {_word(path)}"
        )


def parse_toml(text: str, path: Path) -> dict[str, Any]:
    """Return what a file of TOML says; raise KeyFileError, with the place, if it is none."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        message, line, column = "it is nested too deeply", 0, 0
    except ValueError as error:
        message, line, column = _toml_fault(str(error))
    raise KeyFileError(faults=(Fault(str(path), line, column, message),))


def create(path: Path, text: str) -> None:
    """Write a new file that only we may read; raise KeyFileError if there is one already."""
    try:
        descriptor = os.open(path, _CREATING, 0o600)
    except FileExistsError:
        raise KeyFileError(f"{path}: it exists already, and a key is never overwritten") from None
    except (OSError, ValueError) as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def replace(path: Path, text: str) -> None:
    """Write a file that all may read, at once: whoever reads it finds the old or the new one."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise _unwritable(path, error) from error


def _check_file(status: os.stat_result, path: Path, secret: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        what = "a directory" if stat.S_ISDIR(status.st_mode) else "a pipe, a socket or a device"
        raise KeyFileError(f"{path}: it is no file but {what}")
    _check_owner(status, path)
    if os.name != "posix":
        return
    if secret and status.st_mode & _OTHERS:
        raise KeyFileError(
            f"{path}: other users may read or change it (mode {_mode(status)}), so its key is not "
            f"secret. Type: chmod 600 {_word(path)}"
        )
    if status.st_mode & _OTHERS_WRITE:
        raise KeyFileError(
            f"{path}: other users may change it (mode {_mode(status)}). "
            f"Type: chmod go-w {_word(path)}"
        )


def _check_owner(status: os.stat_result, path: Path) -> None:
    if os.name == "posix" and status.st_uid not in (os.geteuid(), 0):
        raise KeyFileError(
            f"{path}: it belongs to user {status.st_uid}, not to us ({os.geteuid()}) or root, who "
            "could change it at any time"
        )


def _toml_fault(message: str) -> tuple[str, int, int]:
    """Split what tomllib says into message, line and column; 0 where it names none."""
    place = _TOML_PLACE.search(message)
    if place is None:
        return f"it is no TOML: {message}", 0, 0
    line, column = (int(number or 0) for number in place.groups())
    return f"it is no TOML: {message[: place.start()]}", line, column


def _unreadable(path: Path, error: Exception) -> KeyFileError:
    return KeyFileError(f"{path}: it cannot be read: {_reason(error)}")


def _unwritable(path: Path, error: Exception) -> KeyFileError:
    return KeyFileError(f"{path}: it cannot be written: {_reason(error)}")


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error


def _mode(status: os.stat_result) -> str:
    return f"{stat.S_IMODE(status.st_mode):04o}"


def _word(path: Path) -> str:
    return shlex.quote(str(path))
