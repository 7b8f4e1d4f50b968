"""One publisher's ring and its subscribers, in one process; others: tests/integration."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools.rings import FRAME, frame, packed

from banyan import limits
from banyan.counters import Counters
from banyan.errors import SharedGapError
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings

pytestmark = pytest.mark.usefixtures("small_ring")


def test_data_arrive_as_read_only_views(ring: Ring, rings: Rings, counters: Counters) -> None:
    array = np.arange(60_000, dtype=np.uint16).reshape(200, 300)[:, ::2]
    body = packed(ring, {"data": bytearray(b"x" * FRAME), "frame": array, "small": b"1"})
    assert len(body) < 1000
    payload = rings.unpack(body, arrays=True)
    data = payload["data"]
    assert isinstance(data, memoryview)
    assert data.readonly
    assert data == b"x" * FRAME
    assert hash(data) == hash(b"x" * FRAME)
    assert not payload["frame"].flags.writeable
    assert payload["frame"].flags.aligned
    with pytest.raises(ValueError, match="WRITEABLE"):
        payload["frame"].flags.writeable = True
    assert np.array_equal(payload["frame"], array)
    assert payload["small"] == b"1"
    assert counters.shared == 1


def test_a_payload_may_be_its_only_leaf(ring: Ring, rings: Rings) -> None:
    assert rings.unpack(packed(ring, b"y" * FRAME), arrays=False) == b"y" * FRAME
    array = np.arange(FRAME, dtype=np.float32)
    assert np.array_equal(rings.unpack(packed(ring, array), arrays=True), array)


def test_a_payload_without_large_leaves_makes_no_ring(ring: Ring, tmp_path: Path) -> None:
    assert ring.pack({"data": b"x" * 1000, "list": [1, 2]}, arrays=True) is None
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_published_goes_the_way_on_which_it_is_refused(ring: Ring) -> None:
    deep: Any = b"x" * FRAME
    for _ in range(limits.MAX_DEPTH):
        deep = [deep]
    for payload in ([b"x" * FRAME, {1}], {"n": 2**64, "x": b"x" * FRAME}, deep, [deep]):
        assert ring.pack(payload, arrays=True) is None


def test_the_limit_of_a_payload_holds(ring: Ring, counters: Counters) -> None:
    assert ring.pack(frame(0), arrays=True, max_bytes=FRAME) is None
    assert ring.pack(frame(0), arrays=True, max_bytes=FRAME + 100) is None
    assert ring.pack(frame(0), arrays=True, max_bytes=2 * FRAME) is not None
    assert counters.shared_full == 0


def test_a_subscriber_some_tens_of_messages_behind_loses_nothing(ring: Ring, rings: Rings) -> None:
    waiting: list[bytes] = []
    for number in range(500):
        waiting.append(packed(ring, frame(number)))
        if len(waiting) > 50:
            payload = rings.unpack(waiting.pop(0), arrays=True)
            assert payload["data"] == frame(payload["number"])["data"]


def test_a_subscriber_that_is_late_sees_a_gap(ring: Ring, rings: Rings) -> None:
    late = packed(ring, frame(0))
    for number in range(100):
        packed(ring, frame(number))
    with pytest.raises(SharedGapError, match="came too late"):
        rings.unpack(late, arrays=True)


def test_several_subscribers_of_one_process(ring: Ring, rings: Rings, tmp_path: Path) -> None:
    others = [Rings([tmp_path]) for _ in range(3)]
    for number in range(200):
        body = packed(ring, frame(number))
        views = [reader.unpack(body, arrays=True)["data"] for reader in (rings, *others)]
        assert all(view == frame(number)["data"] for view in views)


def test_what_was_published_outlives_the_publisher(ring: Ring, rings: Rings) -> None:
    body = packed(ring, frame(7))
    ring.close()
    assert rings.unpack(body, arrays=True)["data"] == frame(7)["data"]


def test_a_closed_ring_sends_in_band(ring: Ring) -> None:
    packed(ring, frame(0))
    ring.close()
    ring.close()
    assert ring.pack(frame(0), arrays=True) is None


def test_publishers_in_several_threads(ring: Ring, tmp_path: Path) -> None:
    def publish(first: int) -> int:
        reader, gaps = Rings([tmp_path]), 0
        for number in range(first, first + 200):
            try:  # the other threads may have published hundreds meanwhile
                payload = reader.unpack(packed(ring, frame(number)), arrays=True)
            except SharedGapError:
                gaps += 1
            else:
                assert set(payload["data"]) == {number % 256}
        return gaps

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(publish, range(0, 4000, 1000))) < 100


def test_a_signal_handler_that_publishes_meanwhile_goes_in_band(ring: Ring) -> None:
    inside: list[bytes | None] = []

    class Interrupting(dict[str, Any]):
        def items(self) -> Any:
            if ring._busy:
                inside.append(ring.pack(frame(1), arrays=True))
            return super().items()

    payload = Interrupting(frame(0), rest=Interrupting(a=1))
    packed(ring, payload)
    assert inside
    assert set(inside) == {None}


def test_nothing_is_logged_when_all_is_well(
    ring: Ring, rings: Rings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for number in range(200):
        rings.unpack(packed(ring, frame(number)), arrays=True)
    assert caplog.records == []
