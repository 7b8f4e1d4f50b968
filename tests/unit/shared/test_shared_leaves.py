from __future__ import annotations

import sys
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from banyan.errors import DecodeError
from banyan.wire import codec, leaves
from banyan.wire.codec import Ext

LEAST = 100


@pytest.fixture(autouse=True, scope="module")
def _small_leaves() -> Any:
    """Make leaves of 100 bytes large ones, as hypothesis draws no megabytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "SHARED_MIN_BYTES", LEAST)
        yield


def travelled(payload: object, *, arrays: bool = True) -> Any:
    """Take a payload apart, pack the skeleton, and put it together on the other side."""
    lifted = leaves.lift(payload, "hole", arrays=arrays)
    assert lifted is not None
    skeleton = codec.decode(codec.encode(lifted.skeleton, arrays=arrays))
    views = [memoryview(leaf.tobytes()) for leaf in lifted.leaves]
    return leaves.put_back(skeleton, "hole", views, arrays=arrays)


def alike(one: Any, other: Any) -> bool:
    """Compare payloads; a view of bytes is bytes."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, np.ndarray):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and one.tobytes() == other.tobytes()
    return bool(one == other) and (type(one) is type(other) or isinstance(one, memoryview))


BIG = bytes(range(200))
CAMERA = np.arange(600, dtype=np.uint8).reshape(10, 20, 3)

LARGE: list[Any] = [
    BIG,
    bytearray(BIG),
    memoryview(BIG),
    memoryview(np.arange(60.0).reshape(6, 10)),
    {"data": BIG},
    {"data": BIG, "small": b"1", b"bytes": 1, "more": [BIG, {"x": BIG}], "t": (1, BIG)},
    OrderedDict(a=1, b=BIG),
    [BIG] * 5,
    CAMERA,
    {
        "frame": CAMERA,
        "again": CAMERA[::2, ::-1],
        "turned": CAMERA.T,
        "f": np.asfortranarray(CAMERA),
    },
    np.zeros(50, dtype=[("a", "<i4"), ("b", ">f8", (2,)), ("c", "U3")]),
    np.array(["größe"] * 20),
    np.broadcast_to(np.float64(2), (10, 10)),
    [[], BIG, np.zeros((3, 0))],
    {"one": np.float64(1.5), "z": 1j, "big": BIG},
]


@pytest.mark.parametrize("payload", LARGE, ids=lambda payload: type(payload).__name__)
def test_it_arrives_as_it_does_in_band(payload: object) -> None:
    in_band = codec.decode(codec.encode(payload, arrays=True), arrays=True)
    assert alike(travelled(payload), in_band)


PAYLOADS = st.recursive(
    st.none()
    | st.integers(-(2**63), 2**64 - 1)
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.integers(LEAST, 3 * LEAST).map(bytes)
    | st.builds(Ext, st.integers(0, 127), st.binary(max_size=2 * LEAST))
    | hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(max_side=6)).filter(
        lambda array: array.dtype.kind not in "Mm"
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(PAYLOADS)
def test_any_payload_arrives_as_it_does_in_band(payload: Any) -> None:
    lifted = leaves.lift(payload, "a key of its own", arrays=True)
    if lifted is None:
        return
    skeleton = codec.decode(codec.encode(lifted.skeleton, arrays=True))
    views = [memoryview(leaf.tobytes()) for leaf in lifted.leaves]
    arrived = leaves.put_back(skeleton, "a key of its own", views, arrays=True)
    assert alike(arrived, codec.decode(codec.encode(payload, arrays=True), arrays=True))


def test_a_payload_without_large_leaves_is_left_alone() -> None:
    for payload in (None, 1, b"", bytes(LEAST - 1), {"a": [1, 2.0, "3" * 200]}, np.zeros(3), [[]]):
        assert leaves.lift(payload, "hole", arrays=True) is None


def test_nothing_of_the_caller_is_changed_and_little_copied() -> None:
    rest = {"list": [1, 2, 3]}
    payload = {"data": BIG, "rest": rest}
    lifted = leaves.lift(payload, "hole", arrays=False)
    assert lifted is not None
    assert payload == {"data": BIG, "rest": rest}
    assert lifted.skeleton == {"data": {"hole": 0}, "rest": rest}
    assert lifted.skeleton["rest"] is rest  # type: ignore[index]


def test_arrays_are_left_to_the_codec_where_they_are_not_asked_for() -> None:
    assert leaves.lift({"frame": CAMERA}, "hole", arrays=False) is None


def test_without_the_numpy_option_an_array_arrives_as_its_map() -> None:
    lifted = leaves.lift({"frame": CAMERA}, "hole", arrays=True)
    assert lifted is not None
    skeleton = codec.decode(codec.encode(lifted.skeleton))
    frame = leaves.put_back(skeleton, "hole", [memoryview(b"abc")], arrays=False)["frame"]
    assert frame[b"shape"] == [10, 20, 3]
    assert frame[b"data"] == b"abc"


def test_what_has_no_form_is_left_to_the_codec_which_says_so() -> None:
    endless: list[Any] = [BIG]
    endless += [endless, endless]
    objects = np.array([{}] * 100)
    masked = np.ma.masked_array(CAMERA, CAMERA > 3)  # type: ignore[no-untyped-call]
    for payload in (endless, [BIG, objects], [BIG, masked]):
        assert leaves.lift(payload, "hole", arrays=True) is None


def test_a_view_with_gaps_is_left_to_the_codec() -> None:
    assert leaves.lift(memoryview(BIG * 2)[::2], "hole", arrays=True) is None


def test_arrays_are_read_only_whatever_one_tries() -> None:
    array = travelled({"frame": CAMERA})["frame"]
    assert not array.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        array.flags.writeable = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        array[1:].reshape(-1).flags.writeable = True


def test_bytes_work_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert travelled({"data": BIG}, arrays=False)["data"] == BIG


@pytest.mark.parametrize(
    "skeleton",
    [{"hole": 1}, {"hole": -1}, {"hole": None}, {"hole": True}, {"hole": 0, "more": 1}],
    ids=repr,
)
def test_a_hole_that_is_none_is_refused(skeleton: Any) -> None:
    with pytest.raises(DecodeError):
        leaves.put_back(skeleton, "hole", [memoryview(b"1")], arrays=True)


@pytest.mark.parametrize("field", [b"nd", b"type", b"kind", b"shape"])
def test_a_hole_where_no_data_belong_is_refused(field: bytes) -> None:
    skeleton = {b"nd": True, b"type": "|u1", b"kind": b"", b"shape": [3], b"data": b"abc"}
    with pytest.raises(DecodeError):
        leaves.put_back(skeleton | {field: {"hole": 0}}, "hole", [memoryview(b"abc")], arrays=True)


def test_an_array_of_another_size_than_its_leaf_is_refused() -> None:
    skeleton = {b"nd": True, b"type": "<f8", b"shape": [3], b"data": {"hole": 0}}
    with pytest.raises(DecodeError, match="24 bytes, the data are 3"):
        leaves.put_back(skeleton, "hole", [memoryview(b"abc")], arrays=True)
