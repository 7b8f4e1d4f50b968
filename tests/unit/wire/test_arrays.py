from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import msgpack
import msgpack_numpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from banyan.errors import BanyanError, MissingLibraryError, PayloadTypeError
from banyan.limits import MAX_ARRAY_DIMENSIONS
from banyan.wire import arrays, codec, frames

pytestmark = pytest.mark.usefixtures("backend")


def to_peer(payload: object) -> Any:
    return msgpack.unpackb(codec.encode(payload, arrays=True), object_hook=msgpack_numpy.decode)


def from_peer(payload: object) -> Any:
    return codec.decode(msgpack.packb(payload, default=msgpack_numpy.encode), arrays=True)


def round_trip(payload: object) -> Any:
    return codec.decode(codec.encode(payload, arrays=True), arrays=True)


def assert_same(received: object, sent: np.ndarray[Any, Any]) -> None:
    assert isinstance(received, np.ndarray)
    assert received.dtype == sent.dtype
    assert received.shape == sent.shape
    assert received.tobytes() == sent.tobytes()  # unlike ==, also where NaN and NaT stand


GRID = np.arange(24, dtype="<i4").reshape(2, 3, 4)
STRUCTURED = np.dtype([("a", "<i4"), ("b", "<f8", (2,)), ("c", [("d", "<U3"), ("e", "|S2")])])

ARRAYS = [
    *(np.array([0, 1, 7], dtype=f"{order}{code}") for order in "<>" for code in ("i2", "u8", "f4")),
    *(np.array([0, 1], dtype=code) for code in ("?", "i1", "u1", "f2", "f8", "c8", "c16", "g")),
    np.array([np.nan, np.inf, -0.0]),
    np.array(["größe", ""]),
    np.array([b"ab", b""]),
    np.array(["2024-02-29", "NaT"], dtype="M8[D]"),
    np.array([1, -5], dtype=">m8[7us]"),
    np.array(5.5),
    np.zeros((0,)),
    np.zeros((3, 0, 2), dtype="<u2"),
    np.zeros((1,) * MAX_ARRAY_DIMENSIONS),
    GRID,
    GRID[:, ::2, ::-1],
    GRID.T,
    np.asfortranarray(GRID),
    np.broadcast_to(np.float32(1), (4, 4)),
    np.array([(1, [2, 3], ("x", b"y"))] * 3, dtype=STRUCTURED),
    np.zeros((2, 2), dtype=STRUCTURED)[::2],
    np.zeros(2, dtype="V5"),
]


UNSENT_BY_PEER = "mM"
"""msgpack-numpy reads arrays of times and durations, but its encoder fails on them."""


@pytest.mark.parametrize("sent", ARRAYS, ids=lambda array: f"{array.dtype}{array.shape}"[:40])
def test_arrays_go_both_ways_and_to_and_from_msgpack_numpy(sent: np.ndarray[Any, Any]) -> None:
    assert_same(round_trip({"deep": [sent]})["deep"][0], sent)
    if sent.dtype.kind not in UNSENT_BY_PEER:
        assert_same(from_peer({"deep": [sent]})["deep"][0], sent)
    assert to_peer([sent])[0].tobytes() == sent.tobytes()
    if sent.dtype != "V5":  # which the peer reads as one unnamed field
        assert_same(to_peer([sent])[0], sent)


@pytest.mark.parametrize(
    "sent",
    [array for array in ARRAYS if array.dtype.kind not in UNSENT_BY_PEER],
    ids=lambda array: f"{array.dtype}{array.shape}"[:40],
)
def test_the_bytes_are_those_of_msgpack_numpy(sent: np.ndarray[Any, Any]) -> None:
    expected = msgpack.packb({"a": sent}, default=msgpack_numpy.encode)
    assert codec.encode({"a": sent}, arrays=True) == expected


SCALARS = [
    *(np.dtype(code).type(1) for code in ("?", "i1", "u8", "f4", "f2", "c8", "c16")),
    np.timedelta64(3, "s"),
    np.datetime64("2024-02-29"),
    np.array([(1, [2, 3], ("x", b"y"))], dtype=STRUCTURED)[0],
    np.void(b"abc"),
]


@pytest.mark.parametrize("sent", SCALARS, ids=lambda scalar: str(scalar.dtype)[:20])
def test_numpy_scalars_come_back(sent: np.generic) -> None:
    for received in (round_trip([sent])[0], to_peer([sent])[0]):
        assert type(received) is type(sent)
        assert received.tobytes() == sent.tobytes()
        if received.dtype.names != ("f0",):  # as the peer reads a plain void
            assert received.dtype == sent.dtype


@pytest.mark.parametrize("sent", [np.float64(1.5), np.str_("é"), np.bytes_(b"x")], ids=type)
def test_scalars_that_are_pythons_go_as_such(sent: np.generic) -> None:
    body = codec.encode([sent], arrays=True)
    assert body == msgpack.packb([sent], default=msgpack_numpy.encode)
    assert body == codec.encode([sent])
    assert repr(codec.decode(body)) == repr([sent.item()])


@pytest.mark.parametrize("sent", [1 + 2j, complex("nan"), complex("-inf-infj"), 1e-300j])
def test_complex_numbers_come_back(sent: complex) -> None:
    for received in (round_trip({"z": sent}), from_peer({"z": sent}), to_peer({"z": sent})):
        assert repr(received) == repr({"z": sent})


def test_padding_of_aligned_structures_is_kept() -> None:
    aligned = np.dtype([("a", "i1"), ("b", "<i4"), ("c", "i1")], align=True)
    sent = np.array([(1, 2, 3), (4, 5, 6)], dtype=aligned)
    for received in (round_trip(sent), from_peer(sent)):
        assert received.dtype == aligned
        assert received.tolist() == sent.tolist()


def test_a_record_array_comes_back_as_its_fields() -> None:
    sent = np.rec.fromrecords([(1, "x")], names="a,b")
    assert round_trip(sent).tolist() == [(1, "x")]


def untitled(dtype: np.dtype[Any]) -> bool:
    return all(len(field) == 2 for field in (dtype.fields or {}).values())


@settings(max_examples=60)
@given(
    hnp.arrays(
        hnp.scalar_dtypes() | hnp.byte_string_dtypes() | hnp.array_dtypes().filter(untitled),
        hnp.array_shapes(min_dims=0, min_side=0),
    )
)
def test_whatever_numpy_holds(sent: np.ndarray[Any, Any]) -> None:
    assert_same(round_trip(sent), sent)
    assert to_peer(sent).tobytes() == sent.tobytes()


def test_a_received_array_is_a_read_only_view() -> None:
    received = round_trip(np.zeros(3))
    assert not received.flags.writeable
    assert not received.flags.owndata


def test_frames_pass_arrays_through() -> None:
    topic, payload = frames.unpack(frames.pack("t", {"a": GRID}, arrays=True), arrays=True)
    assert topic == "t"
    assert_same(payload["a"], GRID)


def test_without_the_switch_nothing_is_an_array() -> None:
    body = codec.encode(np.zeros(2, dtype="<f4"), arrays=True)
    assert codec.decode(body) == {
        b"nd": True,
        b"type": "<f4",
        b"kind": b"",
        b"shape": [2],
        b"data": bytes(8),
    }
    for value in (np.zeros(2), np.int64(5), np.True_):
        with pytest.raises(PayloadTypeError, match="numpy=True"):
            codec.encode({"a": value})


def test_other_payloads_are_as_without_the_switch() -> None:
    payload = {"a": [1, None, b"x"], b"k": {"nd": True}, "t": datetime.now().astimezone()}
    assert round_trip(payload) == payload


# --- what is not sent -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{}, None]), "is a numpy array of Python objects; send a list instead"),
        (np.zeros(1, dtype=[("a", "O")]), "of Python objects"),
        (np.zeros(1, dtype=[(("title", "a"), "i4")]), "titles"),
        (np.zeros(1, dtype="V0"), "whose items have no bytes"),
        (np.zeros(1, dtype=[]), "whose items have no bytes"),
        (np.ma.masked_array([1, 2], [True, False]), "mask would be lost"),
        (
            np.zeros(1, dtype={"names": "ab", "formats": ["i4", "i4"], "offsets": [0, 2]}),
            "cannot be described",
        ),
    ],
)
def test_arrays_without_a_form_are_refused_aloud(array: object, words: str) -> None:
    with pytest.raises(PayloadTypeError) as caught:
        codec.encode({"frames": [1, array]}, arrays=True)
    assert str(caught.value).startswith("payload['frames'][1] ")
    assert words in str(caught.value)


# --- numpy itself ---------------------------------------------------------------------------


def test_without_numpy_the_error_is_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = codec.encode({b"nd": True})
    monkeypatch.setitem(sys.modules, "numpy", None)
    for act in (
        arrays.require_numpy,
        lambda: codec.decode(body, arrays=True),
        lambda: codec.encode({1j}, arrays=True),
    ):
        with pytest.raises(MissingLibraryError) as caught:
            act()
        assert str(caught.value) == "pip install 'banyan-backplane[numpy]'"
        assert isinstance(caught.value, BanyanError)
    assert codec.decode(codec.encode({"a": 1}, arrays=True), arrays=True) == {"a": 1}
