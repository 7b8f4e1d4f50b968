from __future__ import annotations

import pytest

from banyan.errors import DecodeError, PayloadSizeError, PayloadTypeError, TopicTypeError
from banyan.limits import MAX_MESSAGE_BYTES
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
