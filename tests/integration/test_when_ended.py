"""A backplane that is ended while it is busy with something else: it obeys at once all the same."""

from __future__ import annotations

import signal
import sys
import time
from typing import Any

import pytest
import zmq
from tools import Program, eventually, free_ports
from tools.raw import bare_context

from banyan.transport import discovery

MOST_S = 3.0
KINDS = (zmq.PUB, zmq.SUB)

RENEWING = """
from backplane import daemon, guard
guard.Guard.look = lambda *_: None  # at every look: all that waits is to be thrown away
raise SystemExit(daemon.main())
"""

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="signals cannot be sent to one process there"
)


def ended(program: Program, number: int) -> None:
    """Send a signal; the program is to end in good time and as if all were well."""
    started = time.monotonic()
    program.send_signal(number)
    assert program.wait() == 0, program.report()
    assert time.monotonic() - started < MOST_S, program.report()
    assert not any("Traceback" in line for line in program.error_lines), program.report()


def _connected(context: zmq.Context[Any], kind: int, port: int) -> zmq.Socket[Any]:
    """Return a socket that comes back at once whenever it has lost its connection."""
    made = context.socket(kind)
    made.reconnect_ivl = 5
    if kind == zmq.SUB:
        made.subscribe(b"")
    made.connect(f"tcp://127.0.0.1:{port}")
    return made


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", range(5))
def test_during_a_renewal_of_its_sockets(number: int, moment: int) -> None:
    ports = free_ports(2)
    program = Program(sys.executable, "-c", RENEWING, "-p", ports[0], "-s", ports[1])
    with program, bare_context() as context:
        publisher, subscriber = (
            _connected(context, *pair) for pair in zip(KINDS, ports, strict=True)
        )

        def renewed() -> bool:
            publisher.send_multipart([b"t", bytes(1000)])
            while subscriber.poll(0):
                subscriber.recv_multipart()
            return sum("thrown away" in line for line in program.error_lines) > moment

        eventually(renewed)
        time.sleep(moment * 0.002)  # a renewal takes a few milliseconds: at its start, within it...
        ended(program, number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", range(6))
def test_at_any_moment_after_it_answers(number: int, moment: int) -> None:
    ports = free_ports(2)
    with Program(sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1]) as program:
        eventually(
            lambda: discovery.greeting("127.0.0.1", ports[1], 1.0) == discovery.ANSWERS,
            what="the backplane answers",
        )
        time.sleep(moment * 0.01)  # at moments that differ, before its banner and after
        ended(program, number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", range(10))
def test_at_any_moment_after_it_was_started(number: int, moment: int) -> None:
    """Before it handles signals, Python or the system ends it; it never runs on."""
    ports = free_ports(2)
    with Program(sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1]) as program:
        time.sleep(moment * 0.025)  # until after the time that a start takes
        said = bool(program.lines)
        program.send_signal(number)
        status = program.wait(MOST_S)
        # While it imports, SIGTERM may become the KeyboardInterrupt that ends Python itself.
        early = set() if said else {-number, -signal.SIGINT, 1}
        assert status in {0, *early}, program.report()


def test_twice_in_a_row_is_as_good_as_once() -> None:
    ports = free_ports(2)
    with Program(sys.executable, "-m", "backplane", "-p", ports[0], "-s", ports[1]) as program:
        program.wait_for_line("Publisher")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            if program.running:
                program.send_signal(number)
        assert program.wait(MOST_S) == 0, program.report()
        assert program.error_lines == []
