"""Frames read in a row are divided where messages most likely end."""

from __future__ import annotations

import pytest

from banyan.wire import codec, stamp
from banyan.wire.boundaries import divide

MAP, FIVE, STAMP = codec.encode({"a": 1}), codec.encode(5), stamp.pack(b"publishr", 1, 2)
TOPICS = {"one", "two", "t"}

DIVIDED: dict[str, list[list[bytes]]] = {
    "in step": [[b"one", MAP, STAMP]],
    "no map": [[b"one", FIVE, STAMP]],
    "two of two": [[b"one", MAP], [b"two", MAP]],
    "two, stamped": [[b"one", MAP], [b"two", MAP, STAMP]],
    "two, stamped, no maps": [[b"one", FIVE], [b"two", FIVE, STAMP]],
    "alone, then stamped": [[b"one"], [b"two", MAP, STAMP]],
    "alone, then two": [[b"one"], [b"two", MAP]],
    "a topic that is a number": [[b"t"], [b"t", MAP, STAMP]],
    "interrupted": [[b"one", MAP, MAP, STAMP]],
    "interrupted twice": [[b"one", MAP, MAP, MAP, STAMP]],
    "a third frame": [[b"one", MAP, b"third frame"]],
    "garbage, then two": [[b"one", b"\xc1"], [b"two", MAP]],
    "a bell": [[b"__banyan__/bell", MAP], [b"one", MAP, STAMP]],
    "before a bell": [[b"one", MAP], [b"__banyan__/bell", MAP]],
}


@pytest.mark.parametrize("topics", [TOPICS, {""}, set()], ids=["some", "all", "unknown"])
@pytest.mark.parametrize("messages", DIVIDED.values(), ids=DIVIDED)
def test_three_at_a_time(messages: list[list[bytes]], topics: set[str]) -> None:
    assert divide([frame for message in messages for frame in message], 3, topics) == messages


def test_what_is_known_is_not_guessed() -> None:
    read = [b"one", b"two", MAP]
    assert divide(read, 1, {""}) == [read]
    assert divide(read, 2, TOPICS) == [[b"one"], [b"two", MAP]]
    read = [b"one", FIVE, FIVE, STAMP]
    assert divide(read, 2, {""}) == [read]
    assert divide([b"one", b"two", FIVE, STAMP], 2, {""}) == [[b"one"], [b"two", FIVE, STAMP]]
    assert divide([b"one", FIVE], 3, {""}) == [[b"one", FIVE]]
    assert divide([b"one"], 3, {""}) == [[b"one"]]
