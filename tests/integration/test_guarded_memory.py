"""Memory of a backplane under peers that would take all of it: they are cut off, nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import zmq
from tools import Backplane, eventually, running_backplane
from tools.raw import MORE, Counter, Source, bare_context, frame, greeted, pour, resident

LIMIT = 256 << 20
SLACK = 320 << 20
"""What may come in before somebody looks: a quarter of a second at full speed."""


class Peak:
    """The most memory a backplane held while somebody looked."""

    def __init__(self, backplane: Backplane) -> None:
        self.bytes = 0
        self._backplane = backplane
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        while not self._ended.wait(0.02):
            self.bytes = max(self.bytes, resident(self._backplane))

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


@contextmanager
def guarded(*arguments: object) -> Iterator[tuple[Backplane, int, Peak]]:
    """Run a backplane with little memory; yield it, its memory at the start, and its peak."""
    with (
        running_backplane("--memory-limit", "256M", *arguments) as running,
        Peak(running) as peak,
    ):
        yield running, resident(running), peak


def cuts(running: Backplane) -> list[str]:
    return [line for line in running.program.error_lines if "cut off" in line]


def test_a_subscriber_that_never_reads_is_cut_off_alone() -> None:
    with (
        guarded() as (running, idle, peak),
        bare_context() as context,
        Counter(running, b"big") as healthy,
        Source(running, healthy, topic=b"big", size=1_000_000) as source,
    ):
        stopped = context.socket(zmq.SUB)
        stopped.rcvhwm = 1
        stopped.subscribe("big")
        stopped.connect(f"tcp://127.0.0.1:{running.subscriber_port}")
        eventually(lambda: source.send(10) or cuts(running), 30)
        source.send(200)
        assert source.settle() == 0
        assert all("port for subscribers" in line for line in cuts(running))
        eventually(lambda: resident(running) < idle + LIMIT / 2)
    assert peak.bytes < LIMIT + SLACK, peak.bytes >> 20


def test_many_that_never_read_are_cut_off_together() -> None:
    """They hold the same messages: memory comes back only with the last of them."""
    with (
        guarded() as (running, idle, peak),
        bare_context() as context,
        Counter(running, b"big") as healthy,
        Source(running, healthy, topic=b"big", size=1_000_000) as source,
    ):
        crowd = [context.socket(zmq.SUB) for _ in range(10)]
        for stopped in crowd:
            stopped.rcvhwm = 1
            stopped.reconnect_ivl = -1
            stopped.subscribe("big")
            stopped.connect(f"tcp://127.0.0.1:{running.subscriber_port}")
        eventually(lambda: source.send(10) or len(cuts(running)) >= 10, 30)
        assert source.settle() == 0
        assert len(cuts(running)) == 10
        eventually(lambda: resident(running) < idle + LIMIT / 2)
    assert peak.bytes < LIMIT + SLACK, peak.bytes >> 20


def test_a_slow_subscriber_is_cut_off_and_a_quick_one_is_not() -> None:
    with (
        guarded() as (running, _, peak),
        bare_context() as context,
        Counter(running, b"t") as healthy,
        Source(running, healthy, size=100_000, ahead=200) as source,
    ):
        slow = context.socket(zmq.SUB)
        slow.rcvhwm = 1
        slow.rcvbuf = 65536
        slow.reconnect_ivl = -1
        slow.subscribe("t")
        slow.connect(f"tcp://127.0.0.1:{running.subscriber_port}")

        def proceed() -> bool:
            source.send(50)
            if slow.poll(0):
                slow.recv_multipart()
            return bool(cuts(running))

        eventually(proceed, 30)
        source.send(500)
        assert source.settle() == 0
        assert len(cuts(running)) == 1
    assert peak.bytes < LIMIT + SLACK, peak.bytes >> 20


def test_a_message_without_end_is_cut_off_and_nobody_is_harmed() -> None:
    for part in (frame(bytes(60_000), MORE) * 33, frame(b"x", MORE) * 700_000):
        with (
            guarded() as (running, idle, peak),
            Counter(running, b"t") as healthy,
            Source(running, healthy, size=1000) as source,
            greeted(running.publisher_port, "PUB") as endless,
        ):
            pouring = threading.Thread(target=pour, args=(endless, part, 2 << 30))
            pouring.start()
            while pouring.is_alive():
                source.send(10)
            pouring.join()
            assert source.settle() == 0
            (line,) = cuts(running)
            assert "port for publishers" in line
            assert "unfinished" in line
            eventually(lambda idle=idle, running=running: resident(running) < idle + LIMIT / 2)
        assert peak.bytes < LIMIT + SLACK, peak.bytes >> 20


def test_a_million_subscriptions_are_cut_off() -> None:
    with (
        guarded() as (running, idle, peak),
        Counter(running, b"t") as healthy,
        Source(running, healthy, size=1000) as source,
        greeted(running.subscriber_port, "SUB") as greedy,
    ):
        wanted = b"".join(frame(b"\x01%032x" % number) for number in range(1_000_000))
        pouring = threading.Thread(target=pour, args=(greedy, wanted, len(wanted)))
        pouring.start()
        while pouring.is_alive():
            source.send(10)
        assert source.settle() == 0
        (line,) = cuts(running)
        assert "bytes of subscriptions" in line
        eventually(lambda: resident(running) < idle + LIMIT / 2, 20)
    assert peak.bytes < LIMIT + SLACK, peak.bytes >> 20
