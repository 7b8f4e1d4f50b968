"""`backplane --when-full wait`: the slowest subscriber paces all, and none of it is lost."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import zmq
from tools import Backplane, Program, eventually, running_backplane
from tools.raw import Counter, bare_context, resident

SIZE = 50_000

READER = """
import sys, time, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.rcvhwm = 1
socket.subscribe(b"")
socket.connect(sys.argv[1])
print(socket.recv_multipart()[0], flush=True)
time.sleep(600)
"""


@contextmanager
def flooded(running: Backplane, size: int = 100) -> Iterator[list[int]]:
    """Publish numbered messages as fast as they are taken; yield a list: the next number."""
    state, ended = [0], threading.Event()

    def flood() -> None:
        with bare_context() as context:
            source = context.socket(zmq.PUB)
            source.set(zmq.XPUB_NODROP, 1)
            source.sndtimeo = 100
            source.connect(f"tcp://127.0.0.1:{running.publisher_port}")
            while not ended.is_set():
                try:
                    source.send_multipart([b"t", state[0].to_bytes(8) + bytes(size)])
                    state[0] += 1
                except zmq.Again:
                    pass

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        yield state
    finally:
        ended.set()
        thread.join()


def test_nothing_is_lost_to_a_slow_subscriber() -> None:
    with running_backplane("--when-full", "wait") as running, bare_context() as context:
        slow = context.socket(zmq.SUB)
        slow.rcvhwm = 10
        slow.rcvtimeo = 10_000
        slow.subscribe(b"")
        slow.connect(f"tcp://127.0.0.1:{running.subscriber_port}")
        with Counter(running) as quick, flooded(running):
            number = int.from_bytes(slow.recv_multipart()[1][:8])
            eventually(lambda: quick.next)
            before = quick.missing  # what it was too late for
            for count in range(20_000):
                assert int.from_bytes(slow.recv_multipart()[1][:8]) == number + 1
                number += 1
                if count % 200 == 0:
                    time.sleep(0.01)  # it takes its time
            eventually(lambda: quick.next > number)
            assert quick.missing == before


def test_memory_is_bounded_and_a_killed_subscriber_frees_the_others() -> None:
    with (
        running_backplane(
            "--when-full", "wait", "--memory-limit", "256M", "--max-message-size", "1M"
        ) as running,
        Counter(running) as quick,
        Program(
            sys.executable, "-c", READER, f"tcp://127.0.0.1:{running.subscriber_port}"
        ) as stopped,
        flooded(running, SIZE) as state,
    ):
        stopped.wait_for_line("b't'")

        def blocked() -> bool:
            before = state[0]
            time.sleep(0.3)  # longer than a message takes
            return state[0] == before

        eventually(blocked, 20)
        assert resident(running) < 300 << 20
        assert not [line for line in running.program.error_lines if "cut off" in line]
        stopped.end(signal.SIGKILL)
        started, before = time.monotonic(), quick.got
        eventually(lambda: quick.got > before + 2000)
        assert time.monotonic() - started < 7


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_while_it_waits(number: int) -> None:
    with (
        running_backplane("--when-full", "wait", "--max-message-size", "1M") as running,
        Program(
            sys.executable, "-c", READER, f"tcp://127.0.0.1:{running.subscriber_port}"
        ) as stopped,
        flooded(running, SIZE) as state,
    ):
        stopped.wait_for_line("b't'")
        eventually(lambda: state[0] > 500)
        started = time.monotonic()
        assert running.program.end(number, timeout=8) == 0
        assert time.monotonic() - started < 5
