from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan import limits
from banyan.sequences import DUPLICATE, SequenceWatch, Stamper
from banyan.wire import stamp
from banyan.wire.stamp import Fields

ONE, OTHER = b"publish1", b"publish2"


def _fields(frame: bytes) -> Fields:
    fields = stamp.split(frame)
    assert fields is not None
    return fields


def test_each_topic_is_counted_from_1() -> None:
    stamper = Stamper()
    stamps = [_fields(stamper.stamp(topic, 7)) for topic in (b"a", b"b", b"a", b"a")]
    assert [sequence for _, sequence, _ in stamps] == [1, 1, 2, 3]
    assert {(publisher, sent) for publisher, _, sent in stamps} == {(stamper.publisher, 7)}
    assert Stamper().publisher != stamper.publisher


def test_a_full_table_is_another_publisher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STAMPED_TOPICS", 3)
    stamper, watch, ids = Stamper(), SequenceWatch(), set()
    for number in range(20):
        topic = b"%d" % (number % 5)
        publisher, sequence, _ = _fields(stamper.stamp(topic, 0))
        ids.add(publisher)
        assert watch.note(topic, publisher, sequence) == 0
        assert len(stamper._sequences) <= 3
    assert len(ids) > 1


def test_the_first_tells_nothing_then_gaps_and_duplicates_show() -> None:
    watch = SequenceWatch()
    assert [watch.note(b"t", ONE, n) for n in (7, 8, 8, 3, 9, 12)] == [
        0, 0, DUPLICATE, DUPLICATE, 0, 2,
    ]  # fmt: skip
    assert watch.note(b"other", ONE, 5) == watch.note(b"t", OTHER, 5) == 0


@given(st.lists(st.booleans(), max_size=100))
def test_what_is_missing_adds_up(arrives: list[bool]) -> None:
    watch = SequenceWatch()
    numbers = [number for number, whether in enumerate(arrives, 1) if whether]
    missed = sum(watch.note(b"t", ONE, number) for number in numbers)
    assert missed == (numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0)


def test_made_up_publishers_take_no_more_memory_than_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "WATCHED_SEQUENCES_BYTES", 100_000)
    watch = SequenceWatch()
    for number in range(5000):
        assert watch.note(b"x" * (number % 1000), number.to_bytes(8, "big"), number) == 0
    held = sum(sys.getsizeof(key) + sys.getsizeof(n) for key, n in watch._last.items())
    assert held + sys.getsizeof(watch._last) < 150_000
    assert 0 < watch._bytes <= 100_000
    assert watch._bytes == sum(len(key) + limits.SEQUENCE_BYTES for key in watch._last)
    assert watch.note(b"", bytes(8), 9999) == 0, "the oldest is forgotten, and no gap"
    watch.clear()
    assert (len(watch), watch._bytes) == (0, 0)


def test_what_is_subscribed_to_anew_starts_afresh_once_settled() -> None:
    watch = SequenceWatch()
    for topic in (b"room/a", b"yard"):
        watch.note(topic, ONE, 1)
    watch.pardon(b"room/")
    assert watch.note(b"room/a", ONE, 5) == 0, "nothing is reported meanwhile"
    assert watch.note(b"yard", ONE, 5) == 3
    watch.settle()
    assert watch.note(b"room/a", ONE, 9) == 0, "the first that counts"
    assert watch.note(b"room/a", ONE, 11) == 1
    assert watch.note(b"yard", ONE, 6) == 0
