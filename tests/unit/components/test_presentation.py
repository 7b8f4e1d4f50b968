"""What is shown of payloads: harmless, valid, on one line."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.cli.presentation import json_line, jsonable, one_line, printable, summarised
from banyan.wire.codec import Ext

NOW = datetime(2026, 1, 2, tzinfo=UTC)

payloads = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text()
    | st.binary()
    | st.datetimes(timezones=st.just(UTC))
    | st.builds(Ext, st.integers(0, 127), st.binary()),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text() | st.binary() | st.sampled_from([b"nd", b"data"]), inner)
    ),
)


def array_map(**changes: Any) -> dict[Any, Any]:
    entries = {"nd": True, "type": "<f8", "kind": b"", "shape": [2, 3], "data": b"\0" * 48}
    return {key.encode(): value for key, value in (entries | changes).items()}


@given(topic=st.text(), payload=payloads)
def test_json_is_always_valid_ascii_on_one_line(topic: str, payload: object) -> None:
    line = json_line(topic, payload, NOW)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line, parse_constant=pytest.fail)["topic"] == topic


@given(payloads)
def test_a_line_of_a_terminal_is_printable(payload: object) -> None:
    assert one_line(payload).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("größe 漢字", "größe 漢字"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x9b\u202e\u2028", "\\x9b\\u202e\\u2028"),
    ],
)
def test_what_could_drive_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("|u1", "uint8"),
        ("<i4", "int32"),
        (">f8", "float64"),
        ("<c16", "complex128"),
        ("|b1", "bool"),
        ("<U5", "<U5"),
        ("<f1x", "<f1x"),
        ([["a", "<i4"]], "structured"),
    ],
)
def test_an_array_is_named_as_numpy_names_it(dtype: object, name: str) -> None:
    assert repr(summarised(array_map(type=dtype))) == f"ndarray(2x3 {name})"


def test_decoded_and_undecoded_arrays_look_alike() -> None:
    assert summarised(np.zeros((2, 3))) == summarised(array_map())
    assert jsonable([np.zeros((2, 3))]) == [{"array": "float64", "shape": [2, 3], "bytes": 48}]
    assert one_line({"x": np.zeros((2, 3))}) == "{'x': ndarray(2x3 float64)}"
    assert jsonable(np.float32(1.5)) == 1.5
    assert jsonable(np.float64("nan")) == "NaN"


@pytest.mark.parametrize(
    "changes",
    [{"nd": False}, {"nd": 1}, {"shape": 5}, {"shape": ["2"]}, {"shape": [1] * 33}, {"data": "x"}],
)
def test_a_map_that_only_looks_like_an_array_is_shown_as_it_is(changes: dict[str, Any]) -> None:
    entries = array_map(**changes)
    assert summarised(entries) == entries
