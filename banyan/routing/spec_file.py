"""Reads the file of a routing specification as text, whatever was given instead of one.

The one place below `transport/` that touches the file system.
"""

from __future__ import annotations

import codecs
import difflib
import itertools
import os
import re
import stat
from pathlib import Path
from typing import Final

from banyan.errors import Fault, RoutingSpecError, RoutingSpecMissingError
from banyan.limits import MAX_SPEC_BYTES
from banyan.routing.endpoint import shown

__all__ = ["read_text"]

_WHAT: Final = "a routing specification is a CSV file with a line for each backplane"
_NEIGHBOURS: Final = 1000
"""Files of a folder looked at for a similar name."""

_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS: Final = 'save it as "CSV UTF-8"'


def read_text(path: str | os.PathLike[str] | None) -> tuple[str, str]:
    """Return a file's text and its name for messages.

    Raises RoutingSpecMissingError when there is none, RoutingSpecError when it is no UTF-8
    text or longer than MAX_SPEC_BYTES.
    """
    source = os.fspath(path or "")
    if not source:
        raise RoutingSpecMissingError(f"no routing specification was given: {_WHAT}")
    return _decode(_read(Path(source), source), source), source


def _read(path: Path, source: str) -> bytes:
    try:
        _check_kind(path.stat().st_mode, source)
        with path.open("rb") as file:
            data = file.read(MAX_SPEC_BYTES + 1)
    except FileNotFoundError:
        raise RoutingSpecMissingError(_missing(path)) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _error(source, f"it cannot be read: {reason}") from error
    if len(data) > MAX_SPEC_BYTES:
        raise _error(source, f"it is over {MAX_SPEC_BYTES} bytes, the most that is read; {_WHAT}")
    return data


def _check_kind(mode: int, source: str) -> None:
    """Refuse what is no file before it is opened: opening a FIFO waits for its writer."""
    if stat.S_ISDIR(mode):
        raise _error(source, f"it is a folder; {_WHAT}")
    if not stat.S_ISREG(mode):
        raise _error(source, f"it is no regular file but a pipe, a socket or a device; {_WHAT}")


def _missing(path: Path) -> str:
    """Say what was looked for and where, and which file of that folder may be meant."""
    folder = path.parent.absolute()
    message = f"no routing specification {shown(path.name)} in {folder}"
    try:
        names = [entry.name for entry in itertools.islice(folder.iterdir(), _NEIGHBOURS)]
    except OSError:
        return f"{message}, which is no folder that can be read; {_WHAT}"
    near = difflib.get_close_matches(path.name, names, 1)
    return f"{message}{f'; did you mean {near[0]!r}?' if near else ''} ({_WHAT})"


def _decode(data: bytes, source: str) -> str:
    if data.startswith(_UTF16) or b"\0" in data:
        kind = "UTF-16 text, as Excel's 'Unicode Text'" if data.startswith(_UTF16) else "no text"
        raise _error(source, f"it is {kind}: expected UTF-8; {_SAVE_AS}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the byte order mark.
        offset = error.start + len(data) - len(error.object)
        # Cut before the bad byte, what remains decodes.
        before = re.split(r"\r\n|\r|\n", data[:offset].decode("utf-8-sig"))
        line, column = len(before), len(before[-1]) + 1
        message = f"byte 0x{data[offset]:02x} at offset {offset} is not UTF-8; {_SAVE_AS}"
        raise _error(source, message, line, column) from None


def _error(source: str, message: str, line: int = 0, column: int = 0) -> RoutingSpecError:
    return RoutingSpecError(faults=(Fault(source, line, column, message),))
