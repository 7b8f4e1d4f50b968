from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import DecodeError, PayloadSizeError, PayloadTypeError, TopicTypeError
from banyan.limits import MAX_MESSAGE_BYTES, MAX_TOPIC_BYTES
from banyan.wire import codec, frames


def test_a_message_is_topic_then_payload() -> None:
    assert frames.pack("echo", {"msg": 5}) == (b"echo", b"\x81\xa3msg\x05")


def test_a_message_comes_back() -> None:
    payload = {"a": [1, 2.5, None], b"k": b"\xff"}
    assert frames.unpack(frames.pack("größe/1", payload)) == ("größe/1", payload)


def test_further_frames_are_ignored() -> None:
    assert frames.unpack([b"echo", b"\x05", b"a stamp", b"\xc1"]) == ("echo", 5)


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ([], "a message of 0 frames"),
        ([b"echo"], "a message of 1 frame; expected topic and payload"),
    ],
)
def test_too_few_frames_are_refused(message: list[bytes], words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        frames.unpack(message)


@pytest.mark.parametrize("message", [(b"\xff", b"\x05"), (b"echo", b"\xc1"), (b"echo", b"")])
def test_broken_frames_are_refused(message: tuple[bytes, bytes]) -> None:
    with pytest.raises(DecodeError):
        frames.unpack(message)


def test_an_unpackable_payload_names_topic_path_and_type() -> None:
    with pytest.raises(PayloadTypeError) as caught:
        frames.pack("motors/left", {"speed": [1, {2}]})
    assert str(caught.value) == (
        "cannot publish on 'motors/left': payload['speed'][1] is a set,"
        " which has no MessagePack form; send a list instead"
    )


def test_the_topic_is_checked_before_the_payload() -> None:
    with pytest.raises(TopicTypeError):
        frames.pack(5, {1, 2})


def test_the_size_limit_counts_the_packed_bytes() -> None:
    assert len(frames.pack("t", b"x" * 98, max_bytes=100)[1]) == 100
    with pytest.raises(PayloadSizeError, match=r"'t'.* 101 bytes.* 100"):
        frames.pack("t", b"x" * 99, max_bytes=100)


def test_the_default_limit_is_that_of_the_backplane() -> None:
    with pytest.raises(PayloadSizeError, match=str(MAX_MESSAGE_BYTES)):
        frames.pack("t", bytes(MAX_MESSAGE_BYTES))


def test_the_probe_is_a_valid_empty_map() -> None:
    assert codec.decode(frames.PROBE_PAYLOAD) == {}


MAP, TEXT = codec.encode({"a": 1}), codec.encode("text")


@pytest.mark.parametrize(
    ("read", "messages"),
    [
        ([b"t"], [[b"t"]]),
        ([b"t", TEXT], [[b"t", TEXT]]),
        ([b"t", TEXT, b"stamp"], [[b"t", TEXT, b"stamp"]]),
        ([b"alone", b"t", MAP], [[b"alone"], [b"t", MAP]]),
        ([b"alone", b"t", TEXT], [[b"alone"], [b"t", TEXT]]),
        ([b"t", b"t2", b"\x05"], [[b"t"], [b"t2", b"\x05"]]),
        ([b"t", b"\x07", MAP], [[b"t", b"\x07", MAP]]),
        ([b"stamp", b"t", MAP, b"stamp"], [[b"stamp"], [b"t", MAP, b"stamp"]]),
        ([b"t", b"\xc1", b"\x81"], [[b"t", b"\xc1", b"\x81"]]),
        ([b"unknown", b"other", MAP], [[b"unknown"], [b"other", MAP]]),
        ([b"unknown", b"\x05", TEXT], [[b"unknown", b"\x05", TEXT]]),
    ],
)
def test_messages_are_found_in_frames_read_in_a_row(
    read: list[bytes], messages: list[list[bytes]]
) -> None:
    assert frames.realign(read, {"t"}) == messages


@given(st.text(max_size=1000))
def test_no_topic_is_a_map(topic: str) -> None:
    """What `realign` and the receive loop rely on."""
    frame = topic.encode()
    if len(frame) <= MAX_TOPIC_BYTES:
        with contextlib.suppress(DecodeError):
            assert type(codec.decode(frame)) is not dict


@pytest.mark.parametrize("first", [*range(0x80, 0x90), 0xDE, 0xDF])
def test_what_begins_a_map_begins_no_topic_or_a_map_longer_than_any(first: int) -> None:
    for second in range(0x80, 0xC0):  # what may follow in UTF-8
        frame = bytes([first, second]) + b"a" * 998
        with contextlib.suppress(UnicodeDecodeError):
            frame.decode()
            with pytest.raises(DecodeError):
                codec.decode(frame)
