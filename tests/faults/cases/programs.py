"""The commands themselves: ports in use, wrong arguments, a terminal that goes away."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from typing import Final

import msgpack
import zmq

from faults.arena import Arena
from faults.case import case
from faults.processes import Process, held_within, wait_until

GROUP: Final = "Ports, arguments and terminals"

_LINES: Final = 6
"""Lines that a usage error takes; a traceback takes more, or names no port."""

_ENDS_S: Final = 5
_IGNORING_HANGUP: Final = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")


def _refused(arena: Arena, publisher_port: object, word: str) -> None:
    """Start a backplane that cannot start; it says why in words and ends.

    What it says is counted here and shown to nobody: with some systems that would be source code.
    """
    ports = publisher_port, arena.subscriber_port
    command = arena.system.backplane(*ports, None)  # type: ignore[arg-type]
    started = time.monotonic()
    process = arena.process(command, stderr=subprocess.STDOUT)
    status = process.wait(_ENDS_S)
    if status is None:
        arena.record.fail(f"it does not end within {_ENDS_S} s")
        return
    arena.note("ended after", time.monotonic() - started, "s")
    lines = process.rest()
    arena.note("status", status, at_least=1, at_most=2)
    arena.note("lines", len(lines), at_most=_LINES)
    if not any(word in line for line in lines):
        arena.record.fail(f"it does not name {word!r}" if word == "none" else "no port is named")


@case("a port in use", group=GROUP, fast=True)
def port_in_use(arena: Arena) -> None:
    with socket.create_server(("", arena.publisher_port)):
        _refused(arena, arena.publisher_port, str(arena.publisher_port))


@case("a port that is none", group=GROUP, fast=True)
def no_port(arena: Arena) -> None:
    _refused(arena, "none", "none")


def _in_a_terminal(arena: Arena, *before: str) -> tuple[Process, int]:
    """Start the backplane in a terminal of its own; return it and our end of the terminal."""
    ours, theirs = os.openpty()
    try:
        arena.start(
            inside=before, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
    finally:
        os.close(theirs)
    return arena.backplane, ours


@case("the backplane's terminal is closed", group=GROUP, fast=True)
def hangup(arena: Arena) -> None:
    """SIGHUP ends it, as anything that was started by hand; its ports are free again."""
    backplane, terminal = _in_a_terminal(arena)
    os.close(terminal)
    backplane.signal(signal.SIGHUP)
    started = time.monotonic()
    backplane.wait(_ENDS_S)
    if backplane.running:
        arena.record.fail("it goes on without a terminal and without being asked to")
        return
    arena.note("ended after", time.monotonic() - started, "s", at_most=2)
    arena.start()


@case("the backplane's terminal is closed, under nohup", group=GROUP)
def nohup(arena: Arena) -> None:
    _, terminal = _in_a_terminal(arena, *_IGNORING_HANGUP)
    arena.witnesses()
    os.close(terminal)
    arena.backplane.signal(signal.SIGHUP)
    arena.still_serves(memory_mb=32)
    used, started = arena.backplane.cpu_s(), time.monotonic()
    time.sleep(1.0)  # what is measured is time
    share = (arena.backplane.cpu_s() - used) / (time.monotonic() - started)
    arena.note("processor", share * 100, "% of a core", at_most=20)


@case("the reader of monitor's output goes away", group=GROUP, fast=True)
def reader_goes(arena: Arena) -> None:
    """`monitor | head`: it ends by itself soon after."""
    reading, writing = os.pipe()
    monitor, publisher = _monitored(arena, writing)
    os.close(writing)
    os.close(reading)
    if monitor is None or publisher is None:
        return
    ended = held_within(
        lambda: publisher.send_multipart([b"more", msgpack.packb({"n": 1})]) or not monitor.running,
        5,
    )
    if not ended:
        arena.record.fail("it goes on for nobody")
        return
    arena.note("status", monitor.popen.returncode, at_least=0, at_most=0)


@case("control characters on the way to a terminal", group=GROUP, fast=True)
def control_characters(arena: Arena) -> None:
    """A peer's message may not speak to the terminal of whoever watches."""
    ours, theirs = os.openpty()
    os.set_blocking(ours, False)
    try:
        monitor, publisher = _monitored(arena, theirs)
        if monitor is None or publisher is None:
            return
        evil = "\x1b]0;owned\x07\x1b[2J"
        seen = b""

        def shown() -> bool:
            nonlocal seen
            publisher.send_multipart([b"evil" + evil.encode(), msgpack.packb({"x": evil})])
            publisher.send_multipart([b"end", msgpack.packb({"x": "finis"})])
            seen += _read(ours)
            return b"finis" in seen or not monitor.running

        wait_until(shown, 10, "the monitor shows something")
        arena.note("reached the terminal", seen.count(b"\x1b]0;owned"), at_most=0)
        if not monitor.running:
            arena.record.fail("the monitor ended")
    finally:
        os.close(ours)
        os.close(theirs)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except BlockingIOError:
        return b""


def _monitored(arena: Arena, output: int) -> tuple[Process | None, zmq.Socket[bytes] | None]:
    """Start a monitor and a publisher that it hears; None where the system has no monitor."""
    arena.start()
    ports = arena.publisher_port, arena.subscriber_port
    command = arena.system.monitor(arena.address, *ports)
    if not command:
        arena.record.leave_out("has none")
        return None, None
    before = arena.backplane.connections()
    monitor = arena.process(command, stdout=output, env={"PYTHONUNBUFFERED": "1"})
    publisher = arena.zmq_socket(zmq.PUB)
    wait_until(lambda: arena.backplane.connections() >= before + 2, 10, "the monitor connects")
    return monitor, publisher
