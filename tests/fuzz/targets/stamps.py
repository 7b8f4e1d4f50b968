"""Any frames as stamps: their fields or none, and what is missing by their numbers."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.sequences import DUPLICATE, SequenceWatch
from banyan.wire import stamp
from fuzz.pieces import cut, join


def one_input(data: bytes) -> None:
    watch, seen = SequenceWatch(), dict[bytes, int]()
    for frame in cut(data):
        fields = stamp.split(frame)
        assert stamp.split(memoryview(frame)) == fields
        if fields is None:
            assert stamp.read(frame) is None
            assert len(frame) != stamp.SIZE or not frame.startswith(stamp.MAGIC)
            continue
        assert stamp.pack(*fields) == frame
        read = stamp.read(frame)
        assert read == stamp.opened(fields)
        assert read.age(0.0) == 0.0
        _note(watch, seen, *fields)


def _note(
    watch: SequenceWatch, seen: dict[bytes, int], publisher: bytes, sequence: int, _: int
) -> None:
    """Compare what is said to be missing with a simple account; few enough that all is known."""
    last = seen.get(publisher)
    missing = watch.note(b"topic", publisher, sequence)
    if last is None:
        assert missing == 0
    else:
        assert missing == (DUPLICATE if sequence <= last else sequence - last - 1)
    seen[publisher] = sequence if last is None else max(last, sequence)


def seeds() -> Iterator[bytes]:
    one, other = b"publisher", b"another"
    yield stamp.pack(one[:8], 1, 2**63)
    yield join(*(stamp.pack(one[:8], number, 5) for number in (1, 2, 5, 5, 3, 2**64 - 1)))
    yield join(stamp.pack(one[:8], 1, 1), stamp.pack(other + b"x", 9, 1), b"\xffBS1", b"")
