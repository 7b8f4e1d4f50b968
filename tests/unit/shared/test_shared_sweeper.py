from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from banyan import limits
from banyan.counters import Counters
from banyan.errors import SharedElsewhereError, SharedGapError
from banyan.shared import places
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings
from banyan.shared.sweeper import sweep

DATA = bytes(range(256)) * 100
RING = "0123456789abcdef" * 2


@pytest.fixture
def abandoned(tmp_path: Path) -> bytes:
    """Leave a ring behind; return a handle to its data."""
    ring = Ring(Counters(), [tmp_path])
    body = ring.pack(DATA, arrays=False)
    assert body
    ring.close()
    return body


def grow_old(place: Path, seconds: float = limits.SHARED_GRACE_S + 1) -> None:
    """Make the rings of a place appear to be last touched a while ago."""
    then = time.time() - seconds
    for folder in place.iterdir():
        for path in [folder / places.OWNER, folder]:
            if path.exists():
                os.utime(path, (then, then))


def test_what_was_left_long_ago_is_deleted(abandoned: bytes, tmp_path: Path) -> None:
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 1
    assert list(tmp_path.iterdir()) == []
    assert sweep([tmp_path]) == 0
    with pytest.raises(SharedElsewhereError, match="gone"):
        Rings([tmp_path]).unpack(abandoned, arrays=False)


def test_what_was_left_just_now_is_kept(abandoned: bytes, tmp_path: Path) -> None:
    assert sweep([tmp_path]) == 0
    assert Rings([tmp_path]).unpack(abandoned, arrays=False) == DATA


def test_a_ring_whose_publisher_lives_is_kept_however_quiet_it_is(tmp_path: Path) -> None:
    ring = Ring(Counters(), [tmp_path])
    body = ring.pack(DATA, arrays=False)
    assert body
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 0
    assert Rings([tmp_path]).unpack(body, arrays=False) == DATA
    ring.close()


def test_a_ring_in_use_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is killed next is as old as its last messages."""
    monkeypatch.setattr(limits, "SHARED_TOUCH_S", 0.0)
    ring = Ring(Counters(), [tmp_path])
    ring.pack(DATA, arrays=False)
    grow_old(tmp_path)
    ring.pack(DATA, arrays=False)
    (folder,) = tmp_path.iterdir()
    assert time.time() - (folder / places.OWNER).stat().st_mtime < limits.SHARED_GRACE_S
    ring.close()


def test_a_clock_that_was_set_back_keeps_nothing_for_ever(abandoned: bytes, tmp_path: Path) -> None:
    grow_old(tmp_path, -1000.0)
    assert sweep([tmp_path]) == 1


def test_a_new_ring_sweeps(abandoned: bytes, tmp_path: Path) -> None:
    grow_old(tmp_path)
    (old,) = tmp_path.iterdir()
    ring = Ring(Counters(), [tmp_path])
    ring.pack(DATA, arrays=False)
    (folder,) = tmp_path.iterdir()
    assert folder != old
    ring.close()


def test_data_that_are_held_outlive_the_sweep(abandoned: bytes, tmp_path: Path) -> None:
    rings = Rings([tmp_path])
    view = rings.unpack(abandoned, arrays=False)
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 1
    assert view == DATA


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere rings are not in memory")
def test_memory_is_freed_though_a_subscriber_has_it_open(abandoned: bytes) -> None:
    memory = Path("/dev/shm")
    ring = Ring(Counters(), [memory])
    body = ring.pack(DATA * 50, arrays=False)
    assert body
    ring.close()
    rings = Rings([memory])
    rings.unpack(body, arrays=False)
    (mapping,) = rings._open.values()
    folder = mapping._path.parent
    then = time.time() - limits.SHARED_GRACE_S - 1
    os.utime(folder / places.OWNER, (then, then))
    assert sweep([memory]) >= 1
    assert not folder.exists()
    (file,) = mapping._spare
    assert os.fstat(file.number).st_blocks * 512 <= 4096 * 4
    with pytest.raises(SharedGapError):
        rings.unpack(body, arrays=False)


def test_leftovers_of_a_birth_or_a_sweep_are_deleted(tmp_path: Path) -> None:
    places.folder_of(tmp_path, RING).mkdir(mode=0o700)
    assert sweep([tmp_path]) == 0
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 1


def test_a_file_without_content_is_no_obstacle(abandoned: bytes, tmp_path: Path) -> None:
    """A publisher that was killed as it made a segment leaves such a one."""
    (folder,) = tmp_path.iterdir()
    for name, content in (("00", b""), ("01", b"x"), ("02", bytes(5000))):
        (folder / name).write_bytes(content)
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 1


def test_only_rings_are_touched(tmp_path: Path) -> None:
    for name in ("banyan", f"banyan-{RING}0", f"Banyan-{RING}", "banyan-" + "x" * 32, "other"):
        (tmp_path / name).mkdir(mode=0o700)
    (tmp_path / f"banyan-{RING}").write_text("a file")
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 0
    assert len(list(tmp_path.iterdir())) == 6


def test_a_link_to_a_folder_is_no_ring(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    (precious / "file").write_text("precious")
    place = tmp_path / "place"
    place.mkdir()
    places.folder_of(place, RING).symlink_to(precious)
    then = time.time() - 1000
    os.utime(precious, (then, then))
    assert sweep([place]) == 0
    assert (precious / "file").exists()


def test_a_link_in_a_ring_is_deleted_and_not_followed(abandoned: bytes, tmp_path: Path) -> None:
    (folder,) = tmp_path.iterdir()
    precious = tmp_path.parent / "precious"
    precious.write_bytes(DATA)
    (folder / "0000000000000009").symlink_to(precious)
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 1
    assert precious.read_bytes() == DATA


def test_rings_of_other_users_are_not_touched(
    abandoned: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    grow_old(tmp_path)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert sweep([tmp_path]) == 0


def test_a_folder_with_more_in_it_is_left_to_its_owner(abandoned: bytes, tmp_path: Path) -> None:
    (folder,) = tmp_path.iterdir()
    (folder / "more").mkdir()
    grow_old(tmp_path)
    assert sweep([tmp_path]) == 0
    assert (folder / "more").exists()


def test_places_that_are_not_there_are_no_error(tmp_path: Path) -> None:
    assert sweep([tmp_path / "nowhere"]) == 0


def test_a_publisher_that_slept_through_its_own_sweep_goes_in_band(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was stopped between making its folder and locking it, for longer than the grace."""
    create = places.create

    def slow(path: Path) -> int:
        if path.name == places.OWNER:
            grow_old(tmp_path)
            assert sweep([tmp_path]) == 1
        return create(path)

    monkeypatch.setattr(places, "create", slow)
    counters = Counters()
    assert Ring(counters, [tmp_path]).pack(DATA, arrays=False) is None
    assert counters.shared_full == 1


def test_another_sweeper_at_work_is_no_obstacle(
    abandoned: bytes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    grow_old(tmp_path)
    unlink, inside = os.unlink, []

    def twice(path: Any) -> None:
        if not inside:
            inside.append(sweep([tmp_path]))
        unlink(path)

    monkeypatch.setattr(os, "unlink", twice)
    assert sweep([tmp_path]) == 1
    assert inside == [0]
