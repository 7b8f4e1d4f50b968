from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import DecodeError
from banyan.wire import codec, stamp
from banyan.wire.stamp import Stamp
from banyan.wire.topics import decode_topic

u64 = st.integers(0, 2**64 - 1)


@given(publisher=st.binary(min_size=8, max_size=8), sequence=u64, sent=u64)
def test_a_stamp_comes_back_and_is_nothing_else(publisher: bytes, sequence: int, sent: int) -> None:
    frame = stamp.pack(publisher, sequence, sent)
    assert len(frame) == stamp.SIZE == 28
    assert stamp.read(frame) == Stamp(publisher.hex(), sequence, sent)
    assert stamp.split(memoryview(frame)) == (publisher, sequence, sent)
    for reads in (codec.decode, decode_topic):
        with pytest.raises(DecodeError):
            reads(frame)


@given(st.one_of(st.binary(max_size=40), st.binary(min_size=28, max_size=28)))
def test_other_frames_are_none(frame: bytes) -> None:
    if not frame.startswith(stamp.MAGIC):
        assert stamp.read(frame) is None
    assert stamp.read(stamp.MAGIC + frame[:23]) is None
    assert stamp.read(stamp.pack(bytes(8), 1, 2) + frame[:1] * 5 + b"x") is None


def test_age_is_counted_from_the_time_it_was_sent() -> None:
    sent = Stamp("00" * 8, 1, 1_700_000_000_250_000_000)
    assert sent.sent == 1_700_000_000.25
    assert sent.age(1_700_000_001) == 0.75
    assert sent.age(1_600_000_000) == 0
