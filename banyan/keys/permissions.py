"""permissions.toml: which keys may publish and subscribe to which topics.

    [alice]
    publish = ["camera/"]           topics that begin so
    subscribe = ["command/alice"]

    ["*"]                           whoever has no section
    subscribe = [""]                everything

A list that is left out permits nothing. Without the file every key may everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from banyan.errors import BanyanError, Fault, KeyFileError
from banyan.keys import guarded
from banyan.keys.key import parse_name
from banyan.keys.rights import Rights
from banyan.limits import MAX_PERMISSIONS_BYTES, MAX_SPEC_FAULTS
from banyan.wire.topics import encode_topic
from banyan.wire.wording import a, shown

__all__ = ["EVERYBODY", "Permissions", "load_permissions", "parse_permissions"]

EVERYBODY: Final = "*"
"""The section for names that have none of their own."""

_LISTS: Final = ("publish", "subscribe")


@dataclass(frozen=True, slots=True)
class Permissions:
    """The rights of every key that a backplane lets in, by name."""

    by_name: Mapping[str, Rights]
    others: Rights = field(default_factory=Rights)
    """Of a name that is not among them."""
    faults: tuple[Fault, ...] = field(default=(), compare=False)
    """Warnings: what is legal but hardly meant."""

    def of(self, name: str) -> Rights:
        """Return the rights of one key."""
        return self.by_name.get(name, self.others)

    def may_publish(self, name: str, topic: bytes) -> bool:
        """Tell whether this key may publish a message on this topic."""
        return self.of(name).may_publish(topic)

    def may_subscribe(self, name: str, prefix: bytes) -> bool:
        """Tell whether this key may subscribe to every topic that begins so."""
        return self.of(name).may_subscribe(prefix)

    def rights(self, name: str) -> dict[str, list[str]]:
        """Return what a component is to be told of its rights."""
        return self.of(name).as_map()


def load_permissions(path: Path, keys: Mapping[str, bytes]) -> Permissions | None:
    """Read the file, given the public key of every name; None if there is no such file.

    Raises KeyFileError with all that is wrong in it, or if others may change it.
    """
    if not path.exists() and not path.is_symlink():
        return None
    text = guarded.read(path, most=MAX_PERMISSIONS_BYTES, secret=False)
    return parse_permissions(text, path, keys)


def parse_permissions(text: str, path: Path, keys: Mapping[str, bytes]) -> Permissions:
    """Return what the text of such a file says; raise KeyFileError with all that is wrong."""
    sections = guarded.parse_toml(text, path)
    places = _Places(str(path), text)
    faults = [fault for name in sections for fault in _judge(name, sections[name], places)]
    if faults:
        faults.sort(key=lambda fault: fault.line)
        raise KeyFileError(faults=tuple(faults[:MAX_SPEC_FAULTS]))
    warnings = tuple(
        places.fault(name, "", f"no key is called {shown(name)}", "warning")
        for name in sections
        if name not in keys and name != EVERYBODY
    )
    others = sections.get(EVERYBODY, {})
    return Permissions(
        {name: _rights(sections.get(name, others), key) for name, key in keys.items()},
        _rights(others),
        warnings,
    )


def _rights(section: Mapping[str, list[str]], key: bytes = b"") -> Rights:
    publish, subscribe = (
        tuple(encode_topic(prefix) for prefix in section.get(name, ())) for name in _LISTS
    )
    return Rights(publish, subscribe, key)


def _judge(name: str, section: object, places: _Places) -> Iterator[Fault]:
    """Yield what is wrong in one section."""
    if not isinstance(section, dict):
        yield places.fault(
            "", name, f"{shown(name)} stands in no section: expected [NAME] or [{EVERYBODY!r}]"
        )
        return
    if name != EVERYBODY:
        try:
            parse_name(name)
        except ValueError as error:
            yield places.fault(name, "", str(error))
    for key, value in section.items():
        for message in _judge_list(key, value):
            yield places.fault(name, key, message)


def _judge_list(key: str, value: Any) -> Iterator[str]:
    if key not in _LISTS:
        yield f"{shown(key)} is unknown here: expected {' or '.join(_LISTS)}"
    elif not isinstance(value, list):
        yield f'{key} is {a(type(value))}: expected a list of topics, such as ["camera/"]'
    else:
        for prefix in value:
            try:
                encode_topic(prefix)
            except BanyanError as error:
                yield f"{key}: {error}"


class _Places:
    """Where sections and their keys stand in a text; tomllib does not tell.

    Found by their look, so that an unusual way of writing them is reported without a line.
    """

    def __init__(self, source: str, text: str) -> None:
        self._source = source
        self._lines: dict[tuple[str, str], int] = {}
        section = ""
        for number, line in enumerate(text.split("\n"), 1):
            if header := _HEADER.match(line):
                section = header["name"]
                self._lines.setdefault((section, ""), number)
            elif key := _KEY.match(line):
                self._lines.setdefault((section, key["name"]), number)

    def fault(self, section: str, key: str, message: str, severity: str = "error") -> Fault:
        """Return a fault of a section, or of a key in it."""
        line = self._lines.get((section, key)) or self._lines.get((section, ""), 0)
        return Fault(self._source, line, 0, message, severity)


# Possessive throughout, so that no line, however long, is looked at twice.
_HEADER: Final = re.compile(r"""\s*+\[\s*+(?P<quote>["']?)(?P<name>[^"'\]\s]*+)(?P=quote)\s*+\]""")
_KEY: Final = re.compile(r"""\s*+(?P<quote>["']?)(?P<name>[^"'=\s]++)(?P=quote)\s*+=""")
