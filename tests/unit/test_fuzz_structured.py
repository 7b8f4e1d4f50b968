"""The targets of `make fuzz`, fed with what looks right at first: forged arrays, frames, tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fuzz import pieces
from fuzz.bounds import check
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.routing.spec import COLUMNS
from banyan.wire import codec, frames, handle, stamp

THOROUGH = settings(
    deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(autouse=True, scope="module")
def _restore() -> Iterator[None]:
    yield
    codec.use(None)


NUMBERS = st.integers(-2, 9) | st.sampled_from([2**16, 2**31, 2**32, 2**63 - 1, 2**64 - 1])
CODES = st.from_regex(r"[<>=|]?[a-zA-Z?][0-9]{0,3}(\[[0-9]{0,2}[a-zA-Z]{1,3}\])?", fullmatch=True)
NAMES = st.text(max_size=3) | st.sampled_from(["a", "b", ""])


def fields(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    shapes = NUMBERS | st.lists(NUMBERS, max_size=3)
    return st.lists(st.tuples(NAMES, inner) | st.tuples(NAMES, inner, shapes), max_size=4).map(
        lambda rows: [list(row) for row in rows]
    )


DTYPES = st.recursive(CODES, fields, max_leaves=8)


@THOROUGH
@given(DTYPES)
def test_descriptions_of_dtypes(described: object) -> None:
    check("dtypes", codec.encode(described))


def arrays(data: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {b"nd": st.booleans() | NUMBERS},
        optional={
            b"type": DTYPES,
            b"kind": st.sampled_from([b"", b"V", b"O", "V"]),
            b"shape": st.lists(NUMBERS, max_size=3),
            b"data": st.binary(max_size=32) | data,
            b"complex": st.booleans(),
        },
    )


TREES = st.recursive(
    st.none() | st.binary(max_size=20) | st.text(max_size=5) | NUMBERS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner) | arrays(inner)
    ),
    max_leaves=10,
)


@THOROUGH
@given(TREES, st.sampled_from(["arrays", "leaves", "codec"]))
def test_payloads_with_what_looks_like_arrays(payload: object, target: str) -> None:
    body = codec.encode(payload)
    check(target, body)
    if target == "arrays":  # bins as a library writes them from 64 KiB on: views are made of them
        check(target, body.replace(b"data\xc4", b"data\xc6\x00\x00\x00"))


FRAMES = st.sampled_from(
    [
        b"t", b"echo", b"gr\xc3\xb6\xc3\x9fe/1", b"\xff", b"", b"__banyan__/x", b"\xc1",
        codec.encode({"a": 1}), codec.encode("text"), frames.PROBE_PAYLOAD, handle.PREFIX,
        stamp.MAGIC, stamp.pack(b"publishr", 1, 2),
    ]
)  # fmt: skip


@THOROUGH
@given(st.lists(FRAMES | st.binary(max_size=4), max_size=6))
def test_frames_in_any_order(read: list[bytes]) -> None:
    check("frames", pieces.join(*read))


@THOROUGH
@given(
    st.lists(
        st.builds(
            stamp.pack,
            st.sampled_from([b"publishr", b"another_"]),
            st.integers(0, 9) | st.integers(0, 2**64 - 1),
            st.integers(0, 2**64 - 1),
        ),
        max_size=30,
    )
)
def test_stamps_in_any_order(stamps: list[bytes]) -> None:
    check("stamps", pieces.join(*stamps))


@THOROUGH
@given(
    st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(("host", "boot", "ring", "hole"), st.text(max_size=40))
        | dict.fromkeys(("segment", "generation"), NUMBERS)
        | {"leaves": st.lists(st.lists(NUMBERS, max_size=3), max_size=3), "skeleton": TREES},
    )
)
def test_handles_with_any_fields(changes: dict[str, Any]) -> None:
    good = {"host": "h", "boot": "b", "ring": "f" * 32, "segment": 0, "generation": 1}
    good |= {"leaves": [[64, 1]], "hole": "hole", "skeleton": {"hole": 0}}
    check("handles", handle.pack(handle.Handle(**(good | changes))))


USUAL = 'A B localhost ::1 1.2.3.4 * 1 43125 70000 [] [*] [a b] [a,b] "[a,b]" " "" #'
CELLS = st.sampled_from([*USUAL.split(" "), "", " ", *COLUMNS]) | st.text(max_size=6)
LINES = st.lists(CELLS, max_size=8)


@THOROUGH
@given(
    st.permutations(COLUMNS) | LINES,
    st.lists(LINES, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_tables_of_any_cells(
    header: list[str], rows: list[list[str]], separator: str, end: str
) -> None:
    text = end.join(separator.join(row) for row in [header, *rows])
    check("specs", text.encode("utf-8", "surrogatepass"))
