"""Messages to frames and back: the one place that knows the order of frames.

A message is two frames, the topic as UTF-8 and the payload as MessagePack. There is never a third
one unless a user asked for it: javabanyan reads exactly two.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final, Protocol

from banyan.errors import DecodeError, PayloadSizeError, PayloadTypeError
from banyan.limits import MAX_MESSAGE_BYTES
from banyan.wire import codec, handle
from banyan.wire.codec import Payload
from banyan.wire.topics import decode_topic, encode_topic, known_topic


class Resolver(Protocol):
    """Returns the payload that a handle to shared memory stands for."""

    def __call__(self, body: bytes, *, arrays: bool) -> Payload: ...


PROBE_PAYLOAD: Final = b"\x80"
"""The payload of a probe: an empty map, so that programs that take every topic survive it."""


def pack(
    topic: object, payload: object, arrays: bool = False, max_bytes: int = MAX_MESSAGE_BYTES
) -> tuple[bytes, bytes]:
    """Return the topic's and the payload's frame.

    Raises TopicTypeError, TopicError, PayloadTypeError, or PayloadSizeError for a payload of more
    than `max_bytes` bytes, which a backplane would not take.
    """
    head = known_topic(topic) if type(topic) is str else encode_topic(topic)
    try:
        body = codec.encode(payload, arrays)
    except PayloadTypeError as error:
        raise PayloadTypeError(f"cannot publish on {topic!r}: {error}") from error
    if len(body) > max_bytes:
        raise PayloadSizeError(
            f"cannot publish on {topic!r}: the payload has {len(body)} bytes;"
            f" the limit is {max_bytes}"
        )
    return head, body


def unpack(
    frames: Sequence[Any], *, arrays: bool = False, resolve: Resolver | None = None
) -> tuple[str, Payload]:
    """Return a message's topic and payload; frames after the second are ignored.

    The frames are bytes. If the payload's is a memoryview, arrays in it are views of that. If it
    is a handle, `resolve` returns the payload; without it the handle is the payload.

    Raises DecodeError for what is no message.
    """
    if len(frames) < 2:
        count = f"{len(frames)} frame{'s' if len(frames) != 1 else ''}"
        raise DecodeError(f"a message of {count}; expected topic and payload")
    topic, body = decode_topic(frames[0]), frames[1]
    if resolve is not None and handle.is_handle(body):
        return topic, resolve(body, arrays=arrays)
    if arrays and type(body) is memoryview:
        from banyan.wire import in_place

        return topic, in_place.decode(body)
    return topic, codec.decode(body, arrays)


def realign(frames: list[bytes], topics: Collection[str]) -> list[list[bytes]]:
    """Return the messages that frames read in a row make up, the last of them complete.

    The frames were read two by two without asking where messages end, and then the second did
    not turn out to be a map. A payload that is a map proves that a reader is in step: its first
    byte can begin no UTF-8, or announces more entries than a topic has bytes. Otherwise the first
    frame may have stood alone, as a message without payload or the end of a longer one; it did if
    the next two make a message that was subscribed to. `topics` are those that were, as far as
    is known: if not even the first frame is among them, a map in the third place must do.
    """
    if len(frames) > 2:
        payload_is_map = _is_map(frames[2])
        if _is_among(frames[1], topics):
            stood_alone = payload_is_map is not None
        else:
            stood_alone = bool(payload_is_map) and not _is_among(frames[0], topics)
        if stood_alone:
            return [frames[:1], frames[1:]]
    return [frames]


def _is_among(frame: bytes, topics: Collection[str]) -> bool:
    return any(frame.startswith(topic.encode()) for topic in topics)


def _is_map(frame: bytes) -> bool | None:
    """Tell whether a frame holds a map; None when it holds no payload at all."""
    try:
        return type(codec.decode(frame)) is dict
    except DecodeError:
        return None
