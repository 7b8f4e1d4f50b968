"""Rings between real processes: who is killed leaves nothing torn, locked or lying about."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tools import CHECKOUT, Program, eventually

from banyan import limits
from banyan.counters import Counters
from banyan.errors import SharedElsewhereError, SharedGapError
from banyan.shared import places
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings
from banyan.shared.sweeper import sweep

PROGRAMS = Path(__file__).with_name("shared_programs")
RING_BYTES = 2 * 1024 * 1024
FRAME_BYTES = 30_000


def environment() -> dict[str, str]:
    paths = os.pathsep.join([str(CHECKOUT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": paths}


def command_of(name: str, *arguments: object) -> list[str]:
    return [sys.executable, str(PROGRAMS / f"{name}.py"), *map(str, arguments)]


def publisher(place: Path, count: int, *pause: str) -> Program:
    command = command_of("publisher", place, RING_BYTES, FRAME_BYTES, count, *pause)
    return Program(*command, env=environment())


def subscriber(place: Path, *handles: str) -> Program:
    return Program(*command_of("subscriber", place, *handles), env=environment())


def handles(lines: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    """Yield number and handle of the messages that a publisher printed, if they are complete."""
    for words in map(str.split, lines):
        if len(words) == 3 and words[2] == ".":
            yield int(words[0]), bytes.fromhex(words[1])


def grow_old(place: Path) -> None:
    then = time.time() - limits.SHARED_GRACE_S - 1
    for owner in place.glob(f"banyan-*/{places.OWNER}"):
        os.utime(owner, (then, then))


def test_data_of_a_publisher_that_has_ended(tmp_path: Path) -> None:
    with publisher(tmp_path, 3) as program:
        assert program.wait() == 0
    rings = Rings([tmp_path])
    for number, body in handles(program.lines):
        payload = rings.unpack(body, arrays=False)
        assert payload == {"number": number, "data": bytes([number]) * FRAME_BYTES}
    assert number == 2


def test_a_slow_subscriber_sees_gaps_and_never_torn_data(tmp_path: Path) -> None:
    """It takes up to 600 messages at once from a publisher that goes on meanwhile."""
    rings = Rings([tmp_path])
    held: list[tuple[int, Any]] = []
    received = gaps = 0
    # As the pipe between us holds some hundred handles, so must the ring.
    command = command_of("publisher", tmp_path, 4 * RING_BYTES, FRAME_BYTES, 20_000)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as program:
        assert program.stdout
        while lines := list(itertools.islice(program.stdout, 30 + (received * 7) % 570)):
            for number, body in handles(lines):
                try:
                    view = rings.unpack(body, arrays=False)["data"]
                except SharedGapError:
                    gaps += 1
                else:
                    received += 1
                    held.append((number, view))
                    del held[:-15]
            for number, view in held:
                assert bytes(view) == bytes([number % 256]) * FRAME_BYTES
    assert program.returncode == 0
    assert received > 1000
    assert gaps > 100


def test_a_killed_publisher_leaves_whole_data_for_a_while(tmp_path: Path) -> None:
    rings = Rings([tmp_path])
    received = 0
    for _ in range(3):
        with publisher(tmp_path, 10**6) as program:
            program.wait_for_line("150 ")
            program.end(signal.SIGKILL)
        for number, body in handles(program.lines):
            try:
                view = rings.unpack(body, arrays=False)["data"]
            except SharedGapError:
                continue
            received += 1
            assert bytes(view) == bytes([number % 256]) * FRAME_BYTES
        assert sweep([tmp_path]) == 0
        grow_old(tmp_path)
        assert sweep([tmp_path]) == 1
        assert list(tmp_path.iterdir()) == []
        with pytest.raises((SharedGapError, SharedElsewhereError)):
            Rings([tmp_path]).unpack(body, arrays=False)
    assert received > 50


def test_the_next_publisher_sweeps_up_after_a_killed_one(tmp_path: Path) -> None:
    with publisher(tmp_path, 5, "pause") as program:
        program.wait_for_line("done")
        grow_old(tmp_path)
        assert sweep([tmp_path]) == 0  # it lives
        program.end(signal.SIGKILL)
    (old,) = tmp_path.iterdir()
    with publisher(tmp_path, 1) as program:
        assert program.wait() == 0
    assert not old.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_subscriber_frees_what_it_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(limits, "SHARED_RING_BYTES", RING_BYTES)
    counters = Counters()
    ring = Ring(counters, [tmp_path])
    bodies = []
    for _ in range(RING_BYTES // FRAME_BYTES - 20):
        body = ring.pack({"data": bytes(FRAME_BYTES)}, arrays=False)
        assert body
        bodies.append(body.hex())
    with subscriber(tmp_path, *bodies[::2]) as hoarder:
        hoarder.wait_for_line("holding")
        for _ in range(100):
            ring.pack({"data": bytes(FRAME_BYTES)}, arrays=False)
        assert ring.pack({"data": bytes(FRAME_BYTES)}, arrays=False) is None
        assert counters.shared_full > 0
        hoarder.end(number)
    eventually(lambda: ring.pack({"data": bytes(FRAME_BYTES)}, arrays=False))
    ring.close()


def test_a_program_that_ends_with_data_in_its_hands_says_nothing(tmp_path: Path) -> None:
    with publisher(tmp_path, 5, "pause") as owner:
        owner.wait_for_line("done")
        bodies = [body.hex() for _, body in handles(owner.lines)]
        with subscriber(tmp_path, *bodies, "-") as ending:
            assert ending.wait() == 0
            assert ending.lines == ["holding 5"]
            assert ending.error_lines == []


FULL = """
import shutil, sys
from pathlib import Path
from banyan.counters import Counters
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings

place = Path(sys.argv[1])
if sys.argv[2] == "lie":
    shutil.disk_usage = lambda _: type("Usage", (), {"free": 2**40})
counters = Counters()
ring, rings = Ring(counters, [place]), Rings([place])
for number in range(200):
    data = bytes([number]) * (50_000 if number % 2 else 300_000)
    body = ring.pack(data, arrays=False)
    assert body is None or rings.unpack(body, arrays=False) == data
used = sum(path.stat().st_size for path in place.glob("banyan-*/*"))
print(counters.shared, counters.shared_full, used)
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="needs Linux's namespaces")
@pytest.mark.parametrize("answer", ["truth", "lie"])
@pytest.mark.parametrize("kilobytes", [64, 3000, 6000])
def test_a_full_memory_never_ends_a_publisher(tmp_path: Path, answer: str, kilobytes: int) -> None:
    """In a small file system of its own; `lie` about what is free, so that it fills up."""
    mount = f'mount -t tmpfs -o size={kilobytes}k tmpfs "$1" && exec "$0" -c "$3" "$1" "$2"'
    shell = ["unshare", "--mount", "sh", "-c", mount, sys.executable, tmp_path, answer, FULL]
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        pytest.skip("may make no namespace here")
    with Program(*shell) as running:
        assert running.wait(20) == 0, running.report()
        shared, full, used = map(int, running.lines[-1].split())
    assert shared + full == 200
    if answer == "truth":
        assert used <= kilobytes * 1024 // 2 + 4096
        assert (shared > 100) is (kilobytes > 64)
