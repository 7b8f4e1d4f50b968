"""The targets of `make fuzz`, without atheris: over their seeds, any bytes, and damaged seeds."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from functools import cache

import pytest
from fuzz import pieces, targets
from fuzz.bounds import check
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tools import CHECKOUT

from banyan.wire import codec

EXTRA_BYTES, BYTES_EACH = 4_000_000, 2000
"""What an input may allocate: so much, and so much for each of its bytes (an empty map is one byte
of input, three libraries make 64 bytes of it each, and its repr is compared)."""

NAMES = targets.names()
THOROUGH = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(autouse=True, scope="module")
def _restore() -> Iterator[None]:
    yield
    codec.use(None)


@cache
def seeds_of(name: str) -> list[bytes]:
    return list(targets.load(name).seeds())


@pytest.mark.parametrize("name", NAMES)
def test_seeds_are_no_faults_and_stay_within_bounds(name: str) -> None:
    assert len(set(seeds_of(name))) >= 3
    for seed in seeds_of(name):
        check(name, seed)
        tracemalloc.start()
        try:
            check(name, seed)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < EXTRA_BYTES + BYTES_EACH * len(seed)


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_are_no_fault(name: str) -> None:
    @THOROUGH
    @given(st.binary(max_size=200))
    @example(b"")
    def run(data: bytes) -> None:
        check(name, data)

    run()


@st.composite
def damaged(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Draw a real input with parts replaced, lost, repeated, or taken from another one."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 4)))
        data[start:end] = draw(st.binary(max_size=4) | _slice(seeds) | _heads())
    return bytes(data[:20_000])


@st.composite
def _slice(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    seed = draw(st.sampled_from(seeds))
    start = draw(st.integers(0, len(seed)))
    return seed[start : start + draw(st.integers(1, 60))]


def _heads() -> st.SearchStrategy[bytes]:
    """MessagePack's first bytes with the lengths that are likely to be wrong."""
    lengths = (b"", b"\x00", b"\xff", b"\x00\x01", b"\xff\xff", b"\x7f\xff\xff\xff", b"\xff" * 4)
    return st.builds(
        lambda head, rest: bytes([head]) + rest, *map(st.sampled_from, (range(128, 224), lengths))
    )


@pytest.mark.parametrize("name", NAMES)
def test_damaged_inputs_are_no_fault(name: str) -> None:
    @settings(THOROUGH, max_examples=150)
    @given(damaged(seeds_of(name)))
    def run(data: bytes) -> None:
        check(name, data)

    run()


@given(st.lists(st.binary(max_size=300)))
def test_fields_of_an_input_are_found_again(fields: list[bytes]) -> None:
    assert pieces.cut(pieces.join(*fields)) == fields


@given(st.binary())
def test_any_input_has_fields(data: bytes) -> None:
    assert sum(map(len, pieces.cut(data))) <= len(data)


def test_a_fault_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that let everything pass would find nothing for ever."""
    monkeypatch.setattr(codec, "encode", lambda payload, arrays=False: b"\xc0")
    with pytest.raises(AssertionError):
        check("codec", b"\x81\xa1a\x01")


@pytest.mark.skipif(importlib.util.find_spec("atheris") is not None, reason="atheris is here")
def test_without_atheris_the_command_says_what_to_type() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fuzz"],
        cwd=CHECKOUT,
        env={"PYTHONPATH": "tests", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2, done
    assert "make fuzz PYTHON=" in done.stdout
