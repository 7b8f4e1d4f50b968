"""Topics: what may be one, how it stands in a frame, and the prefix rule of subscriptions.

A topic is any text of at most MAX_TOPIC_BYTES bytes of UTF-8, the empty text included. Only names
that begin with RESERVED_PREFIX belong to Banyan itself.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from banyan.errors import DecodeError, TopicError, TopicTypeError
from banyan.limits import MAX_TOPIC_BYTES, MEMORISED_TOPICS
from banyan.wire.wording import shown

RESERVED_PREFIX: Final = "__banyan__/"
"""Topics that begin so are the library's own: the probes that prove a path."""

RESERVED_PREFIX_BYTES: Final = RESERVED_PREFIX.encode()

PROBE_PREFIX: Final = RESERVED_PREFIX_BYTES + b"probe/"
"""Followed by 32 hexadecimal digits: a message that proves a path."""

BELL: Final = RESERVED_PREFIX_BYTES + b"bell"
"""What wakes a receive loop, within its process: nobody may publish it on a backplane."""

RIGHTS_PREFIX: Final = RESERVED_PREFIX_BYTES + b"rights/"
"""Followed by a component's public key: where a backplane tells it what it may do."""


def encode_topic(topic: object) -> bytes:
    """Return the topic's frame.

    Raises TopicTypeError for anything but a str, and TopicError for a topic that is over
    MAX_TOPIC_BYTES, reserved, or not encodable because of a lone surrogate.
    """
    if not isinstance(topic, str):
        raise TopicTypeError(f"topic must be a str, not {type(topic).__name__} ({shown(topic)})")
    try:
        frame = topic.encode()
    except UnicodeEncodeError as error:
        raise TopicError(f"topic {shown(topic)} cannot be written as UTF-8: {error}") from error
    if len(frame) > MAX_TOPIC_BYTES:
        raise TopicError(
            f"topic {shown(topic)} is {len(frame)} bytes long; the limit is {MAX_TOPIC_BYTES}"
        )
    if frame.startswith(RESERVED_PREFIX_BYTES):
        raise TopicError(f"topic {shown(topic)}: names in {RESERVED_PREFIX!r} are Banyan's own")
    return frame


known_topic: Final = lru_cache(MEMORISED_TOPICS)(encode_topic)
"""encode_topic for a str, sooner when the topic was used before."""


def decode_topic(frame: bytes) -> str:
    """Return the topic a frame holds; raise DecodeError when it is not UTF-8."""
    try:
        return frame.decode()
    except UnicodeDecodeError as error:
        raise DecodeError(f"the topic {shown(frame)} is not UTF-8: {error.reason}") from error


@lru_cache(MEMORISED_TOPICS)
def open_topic(frame: bytes) -> str | None:
    """Return the topic a frame holds, or None for one of Banyan's own.

    Raises DecodeError as decode_topic does, and for what is too long to be remembered.
    """
    if len(frame) > MAX_TOPIC_BYTES:
        raise DecodeError(f"a topic of {len(frame)} bytes; the limit is {MAX_TOPIC_BYTES}")
    return None if is_reserved(frame) else decode_topic(frame)


def is_reserved(frame: bytes) -> bool:
    """Tell whether a topic's frame is one of Banyan's own, which no program is to see."""
    return frame.startswith(RESERVED_PREFIX_BYTES)


def matches(prefix: str, topic: str) -> bool:
    """Tell whether a subscription to `prefix` receives `topic`.

    ZeroMQ compares bytes. UTF-8 is prefix-free, so comparing characters gives the same answer.
    """
    return topic.startswith(prefix)
