"""Messages to frames and back: the one place that knows the order of frames.

A message is two frames, the topic as UTF-8 and the payload as MessagePack. There is never a third
one unless a user asked for it: javabanyan reads exactly two.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from banyan.errors import DecodeError, PayloadSizeError, PayloadTypeError
from banyan.limits import MAX_MESSAGE_BYTES
from banyan.wire import codec
from banyan.wire.codec import Payload
from banyan.wire.topics import decode_topic, encode_topic

PROBE_PAYLOAD: Final = b"\x80"
"""The payload of a probe: an empty map, so that programs that take every topic survive it."""


def pack(
    topic: object, payload: object, *, arrays: bool = False, max_bytes: int = MAX_MESSAGE_BYTES
) -> tuple[bytes, bytes]:
    """Return the topic's and the payload's frame.

    Raises TopicTypeError, TopicError, PayloadTypeError, or PayloadSizeError for a payload of more
    than `max_bytes` bytes, which a backplane would not take.
    """
    head = encode_topic(topic)
    try:
        body = codec.encode(payload, arrays=arrays)
    except PayloadTypeError as error:
        raise PayloadTypeError(f"cannot publish on {topic!r}: {error}") from error
    if len(body) > max_bytes:
        raise PayloadSizeError(
            f"cannot publish on {topic!r}: the payload has {len(body)} bytes;"
            f" the limit is {max_bytes}"
        )
    return head, body


def unpack(frames: Sequence[bytes], *, arrays: bool = False) -> tuple[str, Payload]:
    """Return a message's topic and payload; frames after the second are ignored.

    Raises DecodeError for what is no message.
    """
    if len(frames) < 2:
        count = f"{len(frames)} frame{'s' if len(frames) != 1 else ''}"
        raise DecodeError(f"a message of {count}; expected topic and payload")
    return decode_topic(frames[0]), codec.decode(frames[1], arrays=arrays)
