"""How much memory a ring takes, and what happens when there is none."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from tools.rings import SEGMENTS, files, frame, packed

from banyan import limits
from banyan.counters import Counters
from banyan.shared import store
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings

pytestmark = pytest.mark.usefixtures("small_ring")


def test_memory_is_bounded(ring: Ring, tmp_path: Path) -> None:
    for number in range(500):
        packed(ring, frame(number))
    assert len(files(tmp_path)) == SEGMENTS
    assert sum(path.stat().st_size for path in files(tmp_path)) <= limits.SHARED_RING_BYTES


def test_sizes_may_change(ring: Ring, rings: Rings, tmp_path: Path) -> None:
    sizes = [16, 20, 90, 17, 260, 16, 150, 33, 259, 64]
    for number in range(500):
        size = sizes[number * 7 % 10] * 1024 + number
        body = packed(ring, {"a": bytes([number % 256]) * size})
        assert set(rings.unpack(body, arrays=True)["a"]) == {number % 256}
        assert sum(path.stat().st_size for path in files(tmp_path)) <= limits.SHARED_RING_BYTES


def test_too_large_a_message_goes_in_band(
    ring: Ring, counters: Counters, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    packed(ring, frame(0))
    most = store.largest(limits.SHARED_RING_BYTES)
    assert ring.pack(b"x" * (most + 1), arrays=True) is None
    assert counters.shared_full == 1
    assert f"takes {most} in one message" in caplog.text
    assert len(files(tmp_path)) == 1


def test_a_full_memory_sends_in_band(
    ring: Ring, counters: Counters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("banyan.shared.segment._take_memory", full)
    assert ring.pack(frame(0), arrays=True) is None
    assert ring.pack(frame(0), arrays=True) is None
    assert counters.shared_full == 2
    assert files(tmp_path) == []


def test_memory_that_fills_up_leaves_a_smaller_ring(
    ring: Ring, rings: Rings, counters: Counters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take, left = os.posix_fallocate, [3]

    def scarce(descriptor: int, start: int, size: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        take(descriptor, start, size)

    monkeypatch.setattr(os, "posix_fallocate", scarce)
    for number in range(100):
        body = packed(ring, frame(number))
        assert rings.unpack(body, arrays=True)["number"] == number
    assert len(files(tmp_path)) == 3
    assert counters.shared_full == 0


def test_where_memory_cannot_be_reserved_it_is_written(
    ring: Ring, rings: Rings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    assert rings.unpack(packed(ring, frame(5)), arrays=True)["data"] == frame(5)["data"]
    (file,) = files(tmp_path)
    assert file.stat().st_blocks * 512 >= file.stat().st_size


def test_half_of_what_is_free_stays_free(
    ring: Ring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def usage(_: Path) -> Any:
        used = sum(path.stat().st_size for path in files(tmp_path))
        return type("Usage", (), {"free": limits.SHARED_RING_BYTES - used})

    monkeypatch.setattr("shutil.disk_usage", usage)
    for number in range(100):
        packed(ring, frame(number))
    used = sum(path.stat().st_size for path in files(tmp_path))
    assert 0 < used <= limits.SHARED_RING_BYTES // 2


def test_a_deleted_folder_is_made_anew(
    ring: Ring, rings: Rings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As systemd does when a user logs out whose program goes on."""
    monkeypatch.setattr(limits, "SHARED_TOUCH_S", 0.0)
    packed(ring, frame(0))
    (folder,) = tmp_path.iterdir()
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert rings.unpack(packed(ring, frame(1)), arrays=True)["number"] == 1


def test_an_unwritable_place_sends_in_band(counters: Counters, tmp_path: Path) -> None:
    ring = Ring(counters, [tmp_path / "nowhere"])
    assert ring.pack(frame(0), arrays=True) is None
    assert counters.shared_full == 1


def test_the_next_place_serves_where_the_first_cannot(rings: Rings, tmp_path: Path) -> None:
    ring = Ring(Counters(), [tmp_path / "nowhere", tmp_path])
    assert rings.unpack(packed(ring, frame(3)), arrays=True)["number"] == 3
    ring.close()


def test_files_are_for_this_user_alone(ring: Ring, tmp_path: Path) -> None:
    packed(ring, frame(0))
    (folder,) = tmp_path.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_flooding_publisher_lets_others_run(ring: Ring, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, pauses = [0.0], []
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    monkeypatch.setattr("time.sleep", pauses.append)
    for number in range(100):
        clock[0] += limits.SHARED_FLOOD_S
        packed(ring, frame(number))
    assert pauses == []
    for number in range(100):
        clock[0] += limits.SHARED_FLOOD_S / 10
        packed(ring, frame(number))
    assert pauses == [limits.SHARED_BREATH_S] * 24  # of 25: the first one is no flood yet
