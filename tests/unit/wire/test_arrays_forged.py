"""Nothing that arrives as an array runs, forges pointers or grows: it is harmless or refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import msgpack
import msgpack_numpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.errors import DecodeError
from banyan.limits import MAX_ARRAY_FIELDS, MAX_MESSAGE_BYTES
from banyan.wire import codec

pytestmark = pytest.mark.usefixtures("backend")


class Bomb:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.mark),)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    poison = pickle.dumps(Bomb(mark))
    for kind in (b"O", "O", b"", b"V"):
        for described in ("|O", [["a", "|O"]], "<f8"):
            body = encoded(kind=kind, type=described, data=poison)
            with pytest.raises(DecodeError):
                codec.decode(body, arrays=True)
    assert not mark.exists()
    pickle.loads(poison)
    assert mark.exists()  # it would have been seen


def test_an_object_array_of_msgpack_numpy_is_refused() -> None:
    body = msgpack.packb(np.array([{}, None]), default=msgpack_numpy.encode)
    with pytest.raises(DecodeError, match="a pickle, which is never loaded"):
        codec.decode(body, arrays=True)


def encoded(**changes: object) -> bytes:
    """Pack the map of np.zeros(2) with some entries changed; None leaves one out."""
    entries = {"nd": True, "type": "<f8", "kind": b"", "shape": [2], "data": bytes(16)} | changes
    return codec.encode(
        {key.encode(): value for key, value in entries.items() if value is not None}
    )


FORGED: list[dict[str, object]] = [
    {"type": "|O"},
    {"type": "O"},
    {"type": "object"},
    {"type": "|O", "kind": b"V"},
    {"type": [["a", "|O"]], "kind": b"V"},
    {"type": [["a", [["b", "|O"]]]], "kind": b"V"},
    {"type": [["a", "O", [1]]], "kind": b"V"},
    {"type": "T"},
    {"type": "f8,O"},
    {"type": "(2,)f8"},
    {"type": "<f8" + " " * 10_000},
    {"type": "<" * 1_000_000},
    {"type": "|S" + "9" * 100_000},
    {"type": "<M8[" + "9" * 1000 + "D]"},
    {"type": "<f3"},
    {"type": "é"},
    {"type": ""},
    {"type": 5},
    {"type": None},
    {"type": {"names": ["a"], "formats": ["O"]}},
    {"type": []},
    {"type": [[]]},
    {"type": [["a"]]},
    {"type": ["a", "b"]},
    {"type": [["a", "<f4"], ["a", "<f4"]]},
    {"type": [["", "<f8"]]},
    {"type": [[5, "<f8"]]},
    {"type": [["a", "<f8", [-1]]]},
    {"type": [["a", "<f8", [0]]]},
    {"type": [["a", "<f8", [True]]]},
    {"type": [["a", "<f8", [1] * 33]]},
    {"type": [["a", "<f8", [2**31, 2**31]]]},
    {"type": [["a", "<f8", 1, 1]]},
    {"type": [[f"f{i}", "|V0"] for i in range(MAX_ARRAY_FIELDS)] + [["a", "<f8"]]},
    {"type": [["a", [[f"f{i}", "|u1"] for i in range(MAX_ARRAY_FIELDS)]]]},
    {"type": "|V0", "data": b""},
    {"type": "|S0", "data": b""},
    {"type": "|V99999999", "shape": [0], "data": b""},
    {"type": "<U2", "data": b"\xff" * 16},  # beyond Unicode
    {"type": [["a", "<U2"]], "data": b"\xff" * 16},
    {"shape": [3]},
    {"shape": [1]},
    {"shape": []},
    {"shape": [-1, -2]},
    {"shape": [-2]},
    {"shape": [2.0]},
    {"shape": [True, 2]},
    {"shape": 2},
    {"shape": "2"},
    {"shape": None},
    {"shape": [2**63, 2]},
    {"shape": [2**64 - 1] * 32},
    {"shape": [1] * 31 + [2] + [1]},
    {"shape": [0, MAX_MESSAGE_BYTES + 1], "data": b""},
    {"shape": [2**62, 0, 2**62], "data": b""},
    {"data": bytes(15)},
    {"data": bytes(17)},
    {"data": b""},
    {"data": "0123456789abcdef"},
    {"data": [0] * 16},
    {"data": None},
    {"kind": b"O"},
    {"kind": b"X"},
    {"kind": 5},
    {"kind": [b"V"]},
    {"nd": 1},
    {"nd": "yes"},
    {"nd": False, "type": "|O", "data": bytes(8)},
    {"nd": False, "data": bytes(16)},
    {"nd": False, "data": b""},
]


@pytest.mark.parametrize("changes", FORGED, ids=lambda changes: ascii(changes)[:50])
def test_forged_arrays_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(DecodeError) as caught:
        codec.decode(encoded(**changes), arrays=True)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_the_forgeries_are_forged_from_something_legal() -> None:
    for changes in ({}, {"kind": None}, {"type": b"<f8"}):  # as senders of old do, too
        received = codec.decode(encoded(**changes), arrays=True)
        assert (received.dtype, received.tolist()) == (np.float64, [0.0, 0.0])


COMPLEX = ["", "x", "1" * 65, "1j" * 40, "__import__('os')", b"\xff", 5, None, [1, 2]]


@pytest.mark.parametrize("data", COMPLEX, ids=lambda data: ascii(data)[:20])
@pytest.mark.parametrize("flag", [True, False])
def test_forged_complex_numbers_are_refused(flag: bool, data: object) -> None:
    with pytest.raises(DecodeError):
        codec.decode(codec.encode({b"complex": flag, b"data": data}), arrays=True)


FORGERIES = st.fixed_dictionaries(
    {b"nd": st.booleans()},
    optional={
        b"type": st.sampled_from(["<f8", "|V3", "<U1", "?", "O", [["a", "<i2"]], [["", "V2"]]])
        | st.text(max_size=6)
        | st.from_regex(r"[<>|]?[a-zA-Z?]\d{0,3}(\[\d?[a-z]{1,2}\])?", fullmatch=True),
        b"kind": st.sampled_from([b"", b"V", b"O"]),
        b"shape": st.lists(st.integers(-1, 3), max_size=3),
        b"data": st.binary(max_size=24),
    },
)


@settings(max_examples=200)
@given(FORGERIES)
def test_forgeries_become_harmless_or_are_refused(entries: dict[bytes, object]) -> None:
    try:
        received = codec.decode(codec.encode(entries), arrays=True)
    except DecodeError:
        return
    array = np.asarray(received)
    assert not array.dtype.hasobject
    assert array.nbytes == len(entries[b"data"])  # type: ignore[arg-type]
    array.tolist()


UNITLESS = ["<M8", ">m8", "M8", "<M8[generic]", "<M8[0s]", "<m8[00D]", [["a", [["b", "<M8"]]]]]


@pytest.mark.parametrize("described", UNITLESS, ids=str)
@pytest.mark.parametrize("nd", [True, False])
def test_times_that_cannot_be_printed_are_refused(described: object, nd: bool) -> None:
    body = encoded(nd=nd, type=described, kind=None, shape=[1], data=bytes(8))
    with pytest.raises(DecodeError):
        codec.decode(body, arrays=True)


SENT_WITHOUT_UNIT = [
    np.zeros(2, "M8"),
    np.timedelta64(5),
    np.datetime64("NaT"),
    np.zeros(2, [("a", [("b", "m8", 2)])]),
]


@pytest.mark.parametrize("sent", SENT_WITHOUT_UNIT, ids=range(4))
def test_times_without_a_unit_are_not_sent(sent: object) -> None:
    with pytest.raises(TypeError, match=r"without a unit; .*M8\[s\]"):
        codec.encode(sent, arrays=True)
