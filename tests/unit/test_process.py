"""What a process takes: of this one, or of a child whose limits may be changed."""

from __future__ import annotations

import ctypes
import json
import mmap
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from tools import CHECKOUT

from backplane import process
from banyan import limits

MB = 1 << 20

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only there without a descriptor")


def in_a_child(code: str) -> Any:
    """Run Python that prints JSON; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", "import json, resource\nfrom backplane import process\n" + code],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- memory -----------------------------------------------------------------------------------


def test_memory_is_what_the_system_says() -> None:
    memory = process.Memory()
    resident = psutil.Process().memory_info().rss
    assert abs(memory.used() - resident) < 16 * MB


def test_memory_grows_and_shrinks() -> None:
    memory = process.Memory()
    before = memory.used()
    with mmap.mmap(-1, 100 * MB) as block:  # never from what the heap has kept
        block.write(b"x" * (100 * MB))
        assert memory.used() > before + 90 * MB
    assert memory.used() < before + 50 * MB


def test_memory_is_known_without_the_file_of_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STATM", "/no/such/file")
    resident = psutil.Process().memory_info().rss
    assert abs(process.Memory().used() - resident) < 16 * MB


@linux_only
def test_memory_is_known_when_there_are_no_descriptors_left() -> None:
    code = """
memory = process.Memory()
most = process.descriptors() + 3
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
kept = []
try:
    while True:
        kept.append(open("/dev/null"))
except OSError:
    print(json.dumps([len(kept), memory.used()]))
"""
    kept, used = in_a_child(code)
    assert kept < 10
    assert 1 * MB < used < 1000 * MB


@pytest.mark.parametrize(
    ("machine", "limit"),
    [
        (1 << 40, limits.BACKPLANE_MEMORY_BYTES),
        (4 * limits.BACKPLANE_MEMORY_BYTES, limits.BACKPLANE_MEMORY_BYTES),
        (2 * limits.BACKPLANE_MEMORY_BYTES, limits.BACKPLANE_MEMORY_BYTES // 2),
        (512 * MB, 128 * MB),
    ],
)
def test_the_default_limit_is_a_quarter_of_a_small_machine(
    machine: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=machine))
    assert process.default_memory_limit() == limit


def test_giving_back_is_harmless_where_it_cannot_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    process.give_back()
    for error in (AttributeError, OSError, TypeError):

        def fails(_: object, error: type[Exception] = error) -> None:
            raise error

        monkeypatch.setattr(ctypes, "CDLL", fails)
        process.give_back()


# --- descriptors ------------------------------------------------------------------------------


@needs_limits
def test_the_limit_is_raised_as_far_as_it_goes() -> None:
    code = """
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 300))
raised = process.raise_descriptor_limit()
print(json.dumps([raised, *resource.getrlimit(resource.RLIMIT_NOFILE)]))
"""
    assert in_a_child(code) == [300, 300, 300]


@needs_limits
@pytest.mark.parametrize("takes_it", [True, False])
def test_no_limit_and_one_that_cannot_be_raised(
    takes_it: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    def refuse(*_: object) -> None:
        raise ValueError("not so many")

    no_end = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, no_end))
    monkeypatch.setattr(resource, "setrlimit", (lambda *_: None) if takes_it else refuse)
    assert process.raise_descriptor_limit() == (limits.ASSUMED_DESCRIPTORS if takes_it else 256)


@needs_limits
def test_open_descriptors_are_counted() -> None:
    code = """
import os
before = process.descriptors()
ends = os.pipe()
during = process.descriptors()
for end in ends:
    os.close(end)
print(json.dumps([during - before, process.descriptors() - before]))
"""
    assert in_a_child(code) == [2, 0]
