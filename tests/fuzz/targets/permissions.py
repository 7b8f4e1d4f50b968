"""Any text as permissions.toml: rights for each key, or faults that can be shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from banyan.errors import KeyFileError
from banyan.keys.permissions import parse_permissions
from banyan.limits import MAX_SPEC_FAULTS
from fuzz import refusals

_KEYS = {"alice": b"a" * 40, "bob": b"b" * 40}


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    try:
        found = parse_permissions(text, Path("permissions.toml"), _KEYS)
    except KeyFileError as error:
        refusals.check_all(error.faults, MAX_SPEC_FAULTS)
        return
    for fault in found.faults:
        refusals.check(fault)
        assert fault.severity == "warning"
    for name in (*_KEYS, "nobody"):
        for list_name, topics in found.rights(name).items():
            may = found.may_publish if list_name == "publish" else found.may_subscribe
            assert all(may(name, topic.encode()) for topic in topics)
            assert topics or not may(name, b"anything")


def seeds() -> Iterator[bytes]:
    yield b'[alice]\npublish = ["camera/"]\nsubscribe = ["command/alice"]\n'
    yield b'["*"]\nsubscribe = [""]\n[bob]\npublish = []\n[stranger]\n'
    yield b'publish = ["a"]\n[alice]\npublsh = ["a"]\nsubscribe = "all"\n[bob]\npublish = [5]\n'
    yield b'["\\u001b[2J"]\n[alice]\n"sub\\u0007" = []\npublish = ["__banyan__/x", "\\ud7ff"]\n'
    yield b"[alice\n"
