"""Where messages end among frames that were read in a row without asking. Pure.

A receive loop reads two frames at a time, or three where messages are stamped, and does not ask
libzmq where messages end as long as what it reads proves that it is in step. When it does not, the
frames read so far are divided here. What cannot be told apart, because of messages that no Banyan
component sends, is divided in the likeliest way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from banyan.errors import DecodeError
from banyan.wire import codec, frames, stamp
from banyan.wire.topics import decode_topic, is_reserved

_MAP: Final = 2
_OTHER: Final = 1
_BROKEN: Final = -2
_STAMPED: Final = 1
_UNEXPLAINED: Final = -1
"""How much the parts of a message speak for a division; see `_weight`."""


def divide(read: list[bytes], blind: int, topics: Collection[str]) -> list[list[bytes]]:
    """Return the messages that frames read in a row make up.

    The first frame begins a message. The first `blind` of them, at most three, were read without
    asking; those behind belong to the last of these, and are complete. `topics` are those that
    were subscribed to, as far as is known: only what begins so can begin a message.
    """
    if blind < 2 or len(read) < 2:
        return [read]
    if len(read) == 2:
        return [read]
    if blind == 2 and stamp.split(read[-1]) is None:
        return frames.realign(read, topics)
    heads = _heads(read[0], topics)
    # In this order, as the first of those that weigh the same is taken.
    ways = [[read[:1], read[1:]], [read[:2], read[2:]], [read]]
    if blind == 2:
        del ways[1]
    return max(ways, key=lambda messages: sum(_weight(message, heads) for message in messages))


def _heads(first: bytes, topics: Collection[str]) -> Callable[[bytes], bool]:
    """Return what tells whether a frame may begin a message, given one that does."""
    begins = tuple(topic.encode() for topic in topics)
    known = first.startswith(begins) or (bool(begins) and is_reserved(first))
    return lambda frame: not known or frame.startswith(begins) or is_reserved(frame)


def _weight(message: Sequence[bytes], is_head: Callable[[bytes], bool]) -> int:
    """Return how much a message is like one that somebody sends."""
    if len(message) < 2 or not is_head(message[0]):
        return _BROKEN
    try:
        decode_topic(message[0])
        weight = _MAP if type(codec.decode(message[1])) is dict else _OTHER
    except DecodeError:
        weight = _BROKEN
    if len(message) == 2:
        return weight
    if _is_stamped(message):
        return weight + _STAMPED
    return weight + _UNEXPLAINED


def _is_stamped(message: Sequence[bytes]) -> bool:
    """Tell whether a stamp ends it, behind the payload, which is repeated after an interruption."""
    payloads = message[1:-1]
    return stamp.split(message[-1]) is not None and len(set(payloads)) == 1
