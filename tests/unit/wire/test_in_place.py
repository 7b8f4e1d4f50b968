"""Arrays as views of the frame they arrived in."""

from __future__ import annotations

import numpy as np
import pytest

from banyan.errors import DecodeError
from banyan.wire import codec, frames, in_place

IMAGE = np.arange(640 * 480 * 3, dtype=np.uint8).reshape(480, 640, 3)


def packed(payload: object) -> memoryview:
    return memoryview(bytearray(codec.encode(payload, arrays=True))).toreadonly()


def check_view(received: object, body: memoryview) -> None:
    assert isinstance(received, np.ndarray)
    assert np.array_equal(received, IMAGE)
    assert np.shares_memory(received, np.frombuffer(body, np.uint8))
    with pytest.raises(ValueError, match="WRITEABLE"):
        received.flags.writeable = True


def test_a_large_array_alone_is_a_read_only_view_of_its_frame() -> None:
    body = packed(IMAGE)
    check_view(in_place.decode(body), body)


def test_large_arrays_among_others_are_views_and_the_others_as_ever() -> None:
    small = np.array([1.5, 2.5])
    body = packed({"a": IMAGE, "n": 1, "list": [b"x" * 100_000, {"b": IMAGE, "c": small}]})
    received = in_place.decode(body)
    check_view(received["a"], body)
    check_view(received["list"][1]["b"], body)
    assert np.array_equal(received["list"][1]["c"], small)
    assert received["n"] == 1
    assert received["list"][0] == b"x" * 100_000
    assert type(received["list"][0]) is bytes


def test_frames_of_bytes_and_views_say_the_same() -> None:
    body = packed({"a": IMAGE})
    _, viewed = frames.unpack([b"t", body], arrays=True)
    _, copied = frames.unpack([b"t", bytes(body)], arrays=True)
    assert np.array_equal(viewed["a"], copied["a"])
    _, plain = frames.unpack([b"t", body], arrays=False)
    assert type(plain["a"][b"data"]) is bytes


@pytest.mark.parametrize("cut", [1, 10, 100_000])
def test_a_truncated_array_is_refused(cut: int) -> None:
    with pytest.raises(DecodeError):
        in_place.decode(packed({"a": IMAGE})[:-cut])


def test_an_array_whose_shape_lies_is_refused() -> None:
    body = bytes(packed(IMAGE)).replace(b"\xcd\x02\x80", b"\xcd\x02\x81", 1)  # 640 -> 641
    with pytest.raises(DecodeError, match="bytes"):
        in_place.decode(memoryview(body))


@pytest.mark.parametrize("size", [65_534, 65_535, 65_536, 65_537])
def test_arrays_around_the_size_from_which_they_are_views(size: int) -> None:
    array = np.arange(size).astype(np.uint8)
    received = in_place.decode(packed({"a": array, "b": array}))
    assert np.array_equal(received["a"], array)
    assert np.array_equal(received["b"], array)


@pytest.mark.parametrize("value", [b"y" * 70_000, "y" * 70_000])
def test_what_stands_under_data_outside_arrays_stays_what_it_is(value: object) -> None:
    received = in_place.decode(packed({"a": IMAGE, "b": {b"data": value}, "c": [b"data", value]}))
    assert received["b"] == {b"data": value}
    assert received["c"] == [b"data", value]
    assert type(received["c"][1]) is type(value)


def test_a_map_that_only_looks_like_an_array_comes_through() -> None:
    payload = {b"data": b"y" * 100_000, "nd": True}
    assert in_place.decode(packed(payload)) == payload
