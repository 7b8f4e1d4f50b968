from __future__ import annotations

import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

import msgpack
import pytest

from banyan.errors import DecodeError, MissingLibraryError
from banyan.wire import codec
from banyan.wire.codec import Ext

BACKENDS = ("msgspec", "msgpack", "umsgpack")


# --- every type and format of MessagePack ---------------------------------------------------

INTEGERS = [
    *(0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1),
    *(-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**63)),
]
FLOATS = [0.0, -0.0, 0.1, 1.0, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf")]
TEXTS = ["x" * length for length in (0, 1, 31, 32, 255, 256, 65_535, 65_536)]
CONTAINERS: list[object] = [
    *([0] * length for length in (0, 1, 15, 16, 65_535, 65_536)),
    *({str(i): i for i in range(length)} for length in (0, 1, 15, 16, 65_535, 65_536)),
]
PLAIN: list[object] = [
    *(None, True, False, "größe 🌳", {"a": {b"b": [{}]}}, *INTEGERS, *FLOATS, *TEXTS),
    *(text.encode() for text in TEXTS),
    *CONTAINERS,
]


def test_plain_payloads_have_python_banyans_bytes_and_come_back(backend: str) -> None:
    for payload in PLAIN:
        body = codec.encode(payload)
        assert body == msgpack.packb(payload, use_bin_type=True)
        assert repr(codec.decode(body)) == repr(payload)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 8, 9, 16, 17, 255, 256, 65_535, 65_536])
def test_ext_of_every_length(backend: str, length: int) -> None:
    for code in (-128, -2, 0, 127):
        body = codec.encode([Ext(code, bytes(length))])
        assert codec.decode(body) == [Ext(code, bytes(length))]
    assert codec.encode(Ext(5, bytes(length))) == msgpack.packb(msgpack.ExtType(5, bytes(length)))


def test_a_float32_is_read(backend: str) -> None:
    assert codec.decode(b"\xca\x3f\x80\x00\x00") == 1.0


# --- what goes as something else ------------------------------------------------------------


class Colour(IntEnum):
    RED = 1


class Name(str):
    def __str__(self) -> str:
        return "another"


class Raw(bytes):
    pass


class Ratio(float):
    pass


Point = namedtuple("Point", "x y")

CONVERTED: list[tuple[object, object]] = [
    ((1, (2, 3)), [1, [2, 3]]),
    (Point(1, 2), [1, 2]),
    (bytearray(b"ab"), b"ab"),
    (memoryview(b"abcd")[::2], b"ac"),
    (memoryview(b""), b""),
    (Colour.RED, 1),
    (Name("a"), "a"),
    (Raw(b"a"), b"a"),
    (Ratio(1.5), 1.5),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(list, a=[1]), {"a": [1]}),
    ({Name("a"): 1, Raw(b"b"): 2}, {"a": 1, b"b": 2}),
    (msgpack.ExtType(5, b"x"), Ext(5, b"x")),
    (msgpack.Timestamp(1, 2000), datetime(1970, 1, 1, 0, 0, 1, 2, tzinfo=UTC)),
]


@pytest.mark.parametrize(("payload", "expected"), CONVERTED, ids=lambda value: repr(value)[:20])
def test_subclasses_go_as_their_base(backend: str, payload: object, expected: object) -> None:
    received = codec.decode(codec.encode({"deep": [payload]}))
    assert repr(received) == repr({"deep": [expected]})


def test_a_payload_is_never_changed(backend: str) -> None:
    payload: dict[str, Any] = {"a": (1, bytearray(b"x")), "b": [Colour.RED]}
    codec.encode(payload)
    assert payload == {"a": (1, bytearray(b"x")), "b": [Colour.RED]}
    assert type(payload["a"]) is tuple
    assert type(payload["b"][0]) is Colour


# --- time -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 12, 30, 15, 999_999, tzinfo=UTC),
        datetime(2106, 2, 7, 6, 28, 16, tzinfo=UTC),  # no longer 4 bytes
        datetime(2514, 5, 30, 1, 53, 4, tzinfo=UTC),  # no longer 8 bytes
        datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2024, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
    ],
)
def test_aware_datetimes_come_back_in_utc(backend: str, moment: datetime) -> None:
    body = codec.encode({"t": moment})
    assert body == msgpack.packb({"t": moment}, datetime=True)
    received = codec.decode(body)["t"]
    assert received == moment
    assert received.tzinfo is UTC


@pytest.mark.parametrize(
    ("nanoseconds", "microseconds"), [(499, 0), (500, 1), (1499, 1), (1500, 2), (2500, 3)]
)
def test_nanoseconds_are_rounded_alike(backend: str, nanoseconds: int, microseconds: int) -> None:
    received = codec.decode(codec.encode(msgpack.Timestamp(0, nanoseconds)))
    assert received == datetime(1970, 1, 1, 0, 0, 0, microseconds, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"\xd4\xff\x00",  # one byte
        b"\xd7\xff" + b"\xff" * 8,  # too many nanoseconds
        b"\xc7\x0c\xff\x3b\x9a\xca\x00" + bytes(8),  # a second of nanoseconds
        b"\xc7\x0c\xff" + bytes(4) + (253_402_300_800).to_bytes(8),  # the year 10000
        b"\xc7\x0c\xff" + bytes(4) + (-62_135_596_801).to_bytes(8, signed=True),  # the year 0
        b"\xc7\x0c\xff" + bytes(4) + (2**63 - 1).to_bytes(8),
    ],
)
def test_impossible_timestamps_are_refused(backend: str, body: bytes) -> None:
    with pytest.raises(DecodeError):
        codec.decode(body)


# --- which library ---------------------------------------------------------------------------


@pytest.fixture
def fresh() -> Iterator[None]:
    codec.use(None)
    yield
    codec.use(None)


def test_the_fastest_is_used(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BANYAN_CODEC", raising=False)
    assert codec.available() == BACKENDS
    assert codec.backend_name() == "msgspec"


@pytest.mark.parametrize("name", BACKENDS)
def test_the_environment_may_choose(
    fresh: None, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("BANYAN_CODEC", name)
    assert codec.backend_name() == name


def test_an_unknown_library_is_an_error(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_CODEC", "ormsgpack")
    with pytest.raises(MissingLibraryError, match=r"'ormsgpack'.*msgspec, msgpack, umsgpack"):
        codec.encode(1)


def test_an_absent_library_says_what_to_install(
    fresh: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "umsgpack", None)
    with pytest.raises(MissingLibraryError, match="pip install u-msgpack-python"):
        codec.use("umsgpack")


def test_no_library_is_imported_before_it_is_used() -> None:
    program = (
        "import sys, banyan.wire.frames, banyan.wire.arrays;"
        "print({'msgspec', 'msgpack', 'umsgpack', 'numpy'} & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True
    )
    assert result.stdout.strip() == "set()"


def test_threads_that_count_down_together_do_not_end_the_quick_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    codec.use("msgspec")
    monkeypatch.setattr(codec, "_unusual", -1)
    assert codec.decode(b"\x81\xa1a\x01") == {"a": 1}
    assert codec._unusual == -1
    codec.use(None)
