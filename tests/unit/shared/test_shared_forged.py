"""Handles come from anybody on the bus: they lead to data of a ring or to an error, no further."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan import limits
from banyan.counters import Counters
from banyan.errors import BanyanError, DecodeError, SharedElsewhereError, SharedGapError
from banyan.shared import places, segment
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings
from banyan.wire import handle
from banyan.wire.handle import Handle

DATA = bytes(range(256)) * 100
OTHER_RING = "f" * 32


@pytest.fixture
def ring(tmp_path: Path) -> Any:
    ring = Ring(Counters(), [tmp_path])
    yield ring
    ring.close()


@pytest.fixture
def good(ring: Ring) -> Handle:
    body = ring.pack({"data": DATA}, arrays=False)
    assert body
    return handle.unpack(body)


@pytest.fixture
def rings(tmp_path: Path) -> Rings:
    return Rings([tmp_path])


@pytest.fixture
def file(good: Handle, tmp_path: Path) -> Path:
    return places.folder_of(tmp_path, good.ring) / segment.name_of(good.segment)


def unpack(rings: Rings, good: Handle, **changes: Any) -> Any:
    return rings.unpack(handle.pack(dataclasses.replace(good, **changes)), arrays=True)


def test_the_good_one_is_good(rings: Rings, good: Handle) -> None:
    assert unpack(rings, good)["data"] == DATA


@pytest.mark.parametrize(
    "leaf",
    [
        [0, 10],
        [segment.HEADER_BYTES - 1, 10],
        [64, 2**62],
        [2**62, 2**62],
        [2**63 - 1, 2**63 - 1],
        [5 * 1024 * 1024, 1],
    ],
    ids=repr,
)
def test_a_leaf_lies_inside_the_segment(rings: Rings, good: Handle, leaf: list[int]) -> None:
    with pytest.raises(DecodeError):
        unpack(rings, good, leaves=[leaf])


def test_the_last_byte_is_inside(rings: Rings, good: Handle, file: Path) -> None:
    size = file.stat().st_size
    assert len(unpack(rings, good, leaves=[[size - 1, 1]])["data"]) == 1
    with pytest.raises(DecodeError):
        unpack(rings, good, leaves=[[size - 1, 2]])


def test_another_generation_is_a_gap(rings: Rings, good: Handle) -> None:
    for generation in (good.generation + 1, 2**63 - 1):
        with pytest.raises(SharedGapError):
            unpack(rings, good, generation=generation)


def test_a_segment_that_is_not_there_is_a_gap(rings: Rings, good: Handle) -> None:
    for number in (99, 2**63 - 1):
        with pytest.raises(SharedGapError):
            unpack(rings, good, segment=number)


def test_failures_leave_no_lease_and_nothing_open(rings: Rings, good: Handle, ring: Ring) -> None:
    for changes in ({"leaves": [[1, 1]]}, {"skeleton": {good.hole: 9}}, {"generation": 9}):
        with pytest.raises(BanyanError):
            unpack(rings, good, **changes)
    (mapping,) = rings._open.values()
    assert not mapping.is_read()
    assert len(mapping._spare) == 1


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.integers(0, 2**63 - 1) | st.integers(0, 70_000), min_size=4, max_size=4),
    skeleton=st.recursive(
        st.none() | st.binary() | st.just("HOLE"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([b"nd", b"type", b"kind", b"shape", b"data", b"complex", "x"]),
                inner,
            )
        ),
        max_leaves=8,
    ),
)
def test_any_handle_leads_to_data_or_an_error_of_ours(
    rings: Rings, good: Handle, numbers: list[int], skeleton: Any
) -> None:
    def filled(value: Any) -> Any:
        if value == "HOLE":
            return {good.hole: numbers[0] % 3}
        if isinstance(value, dict):
            return {key: filled(item) for key, item in value.items()}
        return [filled(item) for item in value] if isinstance(value, list) else value

    pairs = [[numbers[1], numbers[2]], [64, max(1, numbers[3])]]
    with contextlib.suppress(BanyanError):
        unpack(rings, good, leaves=pairs, skeleton=filled(skeleton))


def refuses(rings: Rings, good: Handle, reason: str, **changes: Any) -> None:
    with pytest.raises(SharedElsewhereError, match=reason) as caught:
        unpack(rings, good, **changes)
    assert "publish without shared=True" in str(caught.value)


def test_a_shorter_file_than_a_header_is_refused(rings: Rings, good: Handle, file: Path) -> None:
    file.write_bytes(b"banyan 1")
    refuses(rings, good, "8 bytes, as no segment has")


def test_a_larger_file_than_a_ring_is_refused(rings: Rings, good: Handle, file: Path) -> None:
    os.truncate(file, 3 * limits.SHARED_RING_BYTES)
    refuses(rings, good, "as no segment has")


def test_a_cut_off_file_is_read_as_far_as_it_goes(rings: Rings, good: Handle, file: Path) -> None:
    os.truncate(file, 4096)
    with pytest.raises(DecodeError, match="of 4096"):
        unpack(rings, good)


def test_a_file_of_another_ring_is_refused(rings: Rings, good: Handle, tmp_path: Path) -> None:
    folder = places.folder_of(tmp_path, OTHER_RING)
    folder.mkdir(mode=0o700)
    os.link(
        places.folder_of(tmp_path, good.ring) / segment.name_of(good.segment),
        folder / segment.name_of(good.segment),
    )
    refuses(rings, good, "no segment of its ring", ring=OTHER_RING)


def test_a_file_under_another_number_is_refused(rings: Rings, good: Handle, file: Path) -> None:
    os.link(file, file.with_name(segment.name_of(77)))
    refuses(rings, good, "no segment of its ring", segment=77)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_not_followed(rings: Rings, good: Handle, file: Path, tmp_path: Path) -> None:
    file.with_name(segment.name_of(78)).symlink_to(file)
    refuses(rings, good, "cannot be read here", segment=78)
    places.folder_of(tmp_path, OTHER_RING).symlink_to(file.parent)
    refuses(rings, good, "another user", ring=OTHER_RING)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes in the file system")
def test_a_pipe_does_not_block(rings: Rings, good: Handle, file: Path) -> None:
    os.mkfifo(file.with_name(segment.name_of(79)))
    refuses(rings, good, "no plain file", segment=79)


def test_a_folder_for_others_too_is_refused(rings: Rings, good: Handle, tmp_path: Path) -> None:
    folder = places.folder_of(tmp_path, good.ring)
    folder.chmod(0o770)
    refuses(rings, good, "another user")
    folder.chmod(0o700)
    assert unpack(rings, good)["data"] == DATA


def test_a_folder_of_another_user_is_refused(
    rings: Rings, good: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    refuses(rings, good, "memory of another user")


def test_a_file_of_another_user_is_refused(
    rings: Rings, good: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "is_private_folder", lambda _: True)
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    refuses(rings, good, "no plain file of this user")


def test_unknown_rings_open_nothing(rings: Rings, good: Handle) -> None:
    for number in range(100):
        refuses(rings, good, "gone as their publisher ended", ring=f"{number:032x}")
    assert rings._open == {}


@pytest.mark.parametrize(
    ("host", "boot", "words"),
    [
        ("there", "2", "the memory of 'there', and this is 'here'"),
        ("there", "", "the memory of 'there', and this is 'here'"),
        ("here", "2", "another machine that is called 'here'"),
        ("there", "1", "another container, 'there'"),
        ("here", "1", "gone as their publisher ended"),
        ("here", "", "gone as their publisher ended"),
    ],
)
def test_where_data_are_is_said_as_well_as_it_is_known(
    rings: Rings, good: Handle, monkeypatch: pytest.MonkeyPatch, host: str, boot: str, words: str
) -> None:
    monkeypatch.setattr(places, "host", lambda: "here")
    monkeypatch.setattr(places, "boot", lambda: "1")
    refuses(rings, good, words, ring=OTHER_RING, host=host, boot=boot)


def test_no_descriptor_left_is_an_error_of_ours(
    rings: Rings, good: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: Any, **__: Any) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(places, "open_existing", none_left)
    refuses(rings, good, "Too many open files")
