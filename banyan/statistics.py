"""What the components of this process have done, as JSON lines on stderr when SIGUSR1 arrives."""

from __future__ import annotations

import contextlib
import json
import os
import select
import sys
import weakref
from typing import Any, Protocol

from banyan.signals import on_usr1


class Subject(Protocol):
    """Something that has statistics."""

    def statistics(self) -> dict[str, Any]: ...


# A dictionary and not a WeakSet: its values can be listed in one step, so that a signal handler
# finds them whole, whatever it interrupted.
_subjects: dict[int, weakref.ref[Subject]] = {}


def answer_signals() -> None:
    """Have SIGUSR1 write the statistics from now on, unless the program handles it itself."""
    on_usr1(write_all)


def include(subject: Subject) -> None:
    """Write the statistics of this one too, as long as it lives."""
    _subjects[id(subject)] = weakref.ref(subject)


def leave_out(subject: Subject) -> None:
    """Write the statistics of this one no more."""
    _subjects.pop(id(subject), None)


def write_all() -> None:
    """Write one line for each component to stderr; safe in a signal handler.

    A line that a pipe has no room for is left out: nobody reads it, and the component goes on.
    """
    for reference in list(_subjects.values()):
        subject = reference()
        if subject is not None:
            _write_line(json.dumps(subject.statistics(), default=str))


def _write_line(text: str) -> None:
    # Past Python's stream: the signal may have interrupted it in the middle of a line, and it
    # does not allow to be entered twice.
    with contextlib.suppress(OSError, ValueError, AttributeError):
        descriptor = sys.stderr.fileno()
        if os.name == "posix" and not select.select([], [descriptor], [], 0)[1]:
            return
        os.write(descriptor, text.encode(errors="backslashreplace") + b"\n")
