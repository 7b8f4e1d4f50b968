"""Data that a subscriber holds stay as they are; and when it lets them go, they are used again."""

from __future__ import annotations

import gc
import os
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tools.rings import SEGMENTS, frame, packed

from banyan import limits
from banyan.counters import Counters
from banyan.errors import SharedGapError
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings

pytestmark = pytest.mark.usefixtures("small_ring")


def test_what_is_held_never_changes(ring: Ring, rings: Rings) -> None:
    """One frame of three is held on to for a while, in pieces that outlive what they are from."""
    held: list[tuple[int, Any]] = []
    for number in range(1000):
        payload = frame(number)
        payload["frame"] = np.frombuffer(payload["data"], np.uint8).reshape(16, -1)
        payload = rings.unpack(packed(ring, payload), arrays=True)
        if number % 3 == 0:
            held.append((number, payload["data"][5:][::7]))
            held.append((number, payload["frame"].T[3:].view(np.int8).reshape(-1)))
        for kept, piece in held:
            assert set(bytes(memoryview(piece))) == {kept % 256}
        del held[:-12]


def test_a_lease_ends_with_the_last_view(ring: Ring, rings: Rings, counters: Counters) -> None:
    held = []
    while (body := ring.pack(frame(0), arrays=True)) is not None:
        held.append(rings.unpack(body, arrays=True))
        assert len(held) < 5 * SEGMENTS
    assert counters.shared_full == 1
    held.clear()
    assert ring.pack(frame(0), arrays=True)


def test_hoarded_data_send_later_ones_in_band_and_log_it_once(
    ring: Ring, rings: Rings, counters: Counters, caplog: pytest.LogCaptureFixture
) -> None:
    held = []
    for number in range(200):
        body = ring.pack(frame(number), arrays=True)
        if body is not None:
            held.append((number, rings.unpack(body, arrays=True)["data"]))
    assert counters.shared == len(held) == 200 - counters.shared_full
    assert counters.shared_full > 100
    assert all(set(view) == {number % 256} for number, view in held)
    (line,) = caplog.records
    assert "in band" in line.getMessage()
    assert "hold on to" in line.getMessage()


def test_who_keeps_up_pays_nothing_for_a_hoarder(ring: Ring, rings: Rings, tmp_path: Path) -> None:
    """It holds on to all segments but one; another subscriber is ten messages behind."""
    other, waiting, held = Rings([tmp_path]), [], []
    for number in range(400):
        body = ring.pack(frame(number), arrays=True)
        if body is None:
            continue
        waiting.append(body)
        if number % 4 == 0 and len(held) < SEGMENTS - 1:
            held.append(rings.unpack(body, arrays=True))
        if len(waiting) > 10:
            other.unpack(waiting.pop(0), arrays=True)
    assert len(held) == SEGMENTS - 1


def test_a_message_that_comes_twice_is_received_twice(ring: Ring, rings: Rings) -> None:
    body = packed(ring, frame(1))
    one, two = rings.unpack(body, arrays=True), rings.unpack(body, arrays=True)
    assert one == two
    del one
    for number in range(200):
        packed(ring, frame(number))
    assert set(two["data"]) == {1}


def test_what_was_received_outlives_the_subscriber(ring: Ring, rings: Rings) -> None:
    views = [rings.unpack(packed(ring, frame(9)), arrays=True)["data"] for _ in range(4)]
    rings.close()
    del rings
    gc.collect()
    for number in range(200):
        packed(ring, frame(number))
    assert all(set(view) == {9} for view in views)


def test_leases_that_end_in_other_threads(ring: Ring, rings: Rings, counters: Counters) -> None:
    """Views die in a thread while others are made: none is lost, none is freed too early."""
    held: list[tuple[int, Any]] = []
    done = threading.Event()
    wrong: list[int] = []

    def forget() -> None:
        while not done.is_set() or held:
            if held:
                number, view = held.pop()
                if set(bytes(view[::512])) != {number % 256}:
                    wrong.append(number)

    thread = threading.Thread(target=forget)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for number in range(3000):
            body = ring.pack(frame(number), arrays=True)
            if body is not None:
                held.append((number, rings.unpack(body, arrays=True)["data"]))
    finally:
        done.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert wrong == []
    assert counters.shared > 1000
    assert ring.pack(frame(0), arrays=True)


def test_leases_in_garbage_end_when_it_is_collected(ring: Ring, rings: Rings) -> None:
    class Keeper:
        def __init__(self, view: memoryview) -> None:
            self.view, self.me = view, self

    gc.disable()
    try:
        for _ in range(5 * SEGMENTS):
            if (body := ring.pack(frame(1), arrays=True)) is not None:
                Keeper(rings.unpack(body, arrays=True)["data"])
        assert ring.pack(frame(1), arrays=True) is None
        gc.collect()
        assert ring.pack(frame(1), arrays=True) is not None
    finally:
        gc.enable()


def test_segments_held_open_are_bounded(
    rings: Rings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "SHARED_OPEN_SEGMENTS", 5)
    publishers = [Ring(Counters(), [tmp_path]) for _ in range(8)]
    held = []
    for _ in range(3):
        for number, ring in enumerate(publishers):
            body = packed(ring, frame(number))
            assert set(rings.unpack(body, arrays=True)["data"]) == {number}
            assert len(rings._open) <= 5
    for ring in publishers[:5]:
        held.append(rings.unpack(packed(ring, frame(0)), arrays=True))
    with pytest.raises(SharedGapError, match="5 segments are held on to"):
        rings.unpack(packed(publishers[5], frame(0)), arrays=True)
    for ring in publishers:
        ring.close()


def test_descriptors_are_given_back(counters: Counters, tmp_path: Path) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for _ in range(3):
        ring, rings = Ring(counters, [tmp_path]), Rings([tmp_path])
        held = [rings.unpack(packed(ring, frame(n)), arrays=True) for n in range(40)]
        ring.close()
        rings.close()
        held.clear()
    del ring, rings
    gc.collect()
    if sys.platform == "linux":
        assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_fork_neither_writes_nor_ends_leases(ring: Ring, rings: Rings) -> None:
    held = [rings.unpack(packed(ring, frame(5)), arrays=True)]
    child = os.fork()
    if not child:
        held.clear()
        os._exit(0 if ring.pack(frame(6), arrays=True) is None else 1)
    assert os.waitpid(child, 0)[1] == 0
    for number in range(200):
        packed(ring, frame(number))
    assert set(held[0]["data"]) == {5}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_what_a_fork_holds_stays_when_its_parent_lets_go(ring: Ring, rings: Rings) -> None:
    held = [rings.unpack(packed(ring, frame(5)), arrays=True)]
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        os.read(ready, 1)
        os._exit(0 if set(held[0]["data"]) == {5} else 1)
    held.clear()
    for number in range(200):
        ring.pack(frame(number), arrays=True)
    os.write(go, b"x")
    assert os.waitpid(child, 0)[1] == 0
    os.close(ready)
    os.close(go)
