"""Standard streams that are closed, broken or full: a program outlives them, or says so."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO


def open_missing() -> None:
    """Give a program that was started with closed streams the null device, and let all print.

    Python sets such a stream to None. What a stream's encoding lacks is escaped, rather than
    fail on a topic or a name.
    """
    # Held for the life of the process, as the streams they stand for are.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def discard(stream: TextIO) -> None:
    """Point a stream that cannot be written to at the null device, for good.

    Otherwise Python would complain when it flushes what is left at exit, with status 120.
    """
    with contextlib.suppress(OSError, ValueError):  # a stream that is no file
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def say(text: str) -> None:
    """Print text at once, even into a pipe; whether anybody can read it does not matter."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        discard(sys.stdout)
    except OSError:
        pass  # a full disk: who prints what matters more is to hear of it


def complain(text: str) -> None:
    """Print text to stderr; whether anybody can read it does not matter."""
    with outlived(sys.stderr):
        print(text, file=sys.stderr, flush=True)  # noqa: T201


def settle() -> None:
    """Write what is left in the streams, and discard the ones that cannot be written to."""
    for stream in (sys.stdout, sys.stderr):
        with outlived(stream):
            stream.flush()


@contextlib.contextmanager
def outlived(stream: TextIO) -> Iterator[None]:
    """Discard a stream if writing to it fails inside the block, and go on after the block."""
    try:
        yield
    except OSError:
        discard(stream)
