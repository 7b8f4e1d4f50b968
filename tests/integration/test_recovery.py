"""Whoever dies and returns is rejoined without a restart of the others."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tools import Backplane, Program, eventually, free_ports, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase


@contextmanager
def publishing(component: BanyanBase, topic: str) -> Iterator[None]:
    """Publish a running number every few milliseconds, in a thread."""
    stop = threading.Event()

    def publish() -> None:
        number = 0
        while not stop.wait(0.005):
            component.publish_payload(number, topic)
            number += 1

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "publish_payload hangs"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restarted_backplane_is_rejoined_within_3_s(number: int) -> None:
    publisher_port, subscriber_port = free_ports(2)
    ports = {"publisher_port": publisher_port, "subscriber_port": subscriber_port}
    with running_backplane(**ports) as first:
        source = BanyanBase(**first.keywords)
        component = Recorder("x", **first.keywords)
        with receiving(component), publishing(source, "x"):
            component.wait_for(10)
            first.program.end(number)
            time.sleep(0.5)  # long enough for every connection to notice
            before = len(component.got)
            with running_backplane(**ports):
                started = time.monotonic()
                component.wait_for(before + 10)
                assert time.monotonic() - started < 3
        source.clean_up()
    received = [payload for _, payload in component.got]
    assert received == sorted(set(received))  # in order, nothing twice


def test_a_killed_publisher_or_subscriber_disturbs_nobody(backplane: Backplane) -> None:
    code = """
import sys
from banyan.banyan_base import BanyanBase
class Other(BanyanBase):
    def incoming_message_processing(self, topic, payload): self.publish_payload(payload, "pong")
other = Other(*sys.argv[1:4]); other.set_subscriber_topic("x"); print("ready", flush=True)
other.receive_loop()
"""
    component = Recorder("pong", **backplane.keywords)
    with receiving(component), publishing(component, "x"):
        for _ in range(2):
            arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
            with Program(sys.executable, "-c", code, *arguments) as other:
                other.wait_for_line("ready")
                component.wait_for(len(component.got) + 20)
                other.end(signal.SIGKILL)
    assert component.counters.undecodable == 0


def test_a_stopped_backplane_delays_and_loses_nothing(backplane: Backplane) -> None:
    component = Recorder("x", **backplane.keywords)
    with receiving(component), publishing(component, "x"):
        component.wait_for(10)
        backplane.program.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        backplane.program.send_signal(signal.SIGCONT)
        component.wait_for(250)
    received = [payload for _, payload in component.got]
    assert received == list(range(len(received)))


def test_clean_up_ends_with_a_hung_backplane(backplane: Backplane) -> None:
    component = BanyanBase(**backplane.keywords)
    backplane.program.send_signal(signal.SIGSTOP)
    try:
        for _ in range(100):
            component.publish_payload(b"x" * 100_000, "x")
        started = time.monotonic()
        component.clean_up()
        assert time.monotonic() - started < 4
    finally:
        backplane.program.send_signal(signal.SIGCONT)


def test_a_publisher_gives_up_on_a_hung_backplane_and_says_so(
    backplane: Backplane, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banyan.limits.SEND_PATIENCE_S", 0.3)
    component = Recorder("x", **backplane.keywords)
    backplane.program.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        while not component.counters.given_up:
            component.publish_payload(b"x" * 20_000, "x")
        for _ in range(20):
            component.publish_payload(b"x" * 20_000, "x")
        assert time.monotonic() - started < 10  # waits once, not for each message
        assert component.counters.given_up == 21
        assert "gave up a message on 'x'" in caplog.text
    finally:
        backplane.program.send_signal(signal.SIGCONT)
    with receiving(component):

        def heard() -> bool:
            component.publish_payload("again", "x")
            return ("x", "again") in component.got

        eventually(heard)


def test_ctrl_c_while_waiting_at_a_full_queue_ends_cleanly(backplane: Backplane) -> None:
    code = """
import sys
from banyan.banyan_base import BanyanBase
component = BanyanBase(*sys.argv[1:4])
print("ready", flush=True)
try:
    while True: component.publish_payload(b"x" * 100_000, "x")
except KeyboardInterrupt:
    component.clean_up()
    print("interrupted", flush=True)
"""
    arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
    watcher = Recorder("x", **backplane.keywords)
    with receiving(watcher), Program(sys.executable, "-c", code, *arguments) as program:
        program.wait_for_line("ready")
        backplane.program.send_signal(signal.SIGSTOP)
        time.sleep(0.7)
        program.send_signal(signal.SIGINT)
        try:
            program.wait_for_line("interrupted", timeout=5)
            assert program.wait(5) == 0
        finally:
            backplane.program.send_signal(signal.SIGCONT)
        eventually(lambda: watcher.got)
    assert watcher.counters.undecodable == 0  # no half message was left behind


def test_a_handler_slower_than_the_heartbeat_loses_nothing(backplane: Backplane) -> None:
    """libzmq aborts a process whose full queue stops it from reading for that long."""
    code = """
import sys, time
from banyan import limits
limits.HEARTBEAT_INTERVAL_MS, limits.HEARTBEAT_TIMEOUT_MS = 100, 300
from banyan.banyan_base import BanyanBase
class Slow(BanyanBase):
    count = 0
    def incoming_message_processing(self, topic, payload):
        if not self.count: time.sleep(1.5)
        assert payload == self.count
        self.count += 1
        if self.count == 6000: print("all", flush=True); self.stop()
slow = Slow(*sys.argv[1:4]); slow.set_subscriber_topic("x"); print("ready", flush=True)
slow.receive_loop(); slow.clean_up()
"""
    arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
    with (
        Program(sys.executable, "-c", code, *arguments) as program,
        BanyanBase(**backplane.keywords) as source,
    ):
        program.wait_for_line("ready")
        for number in range(6000):
            source.publish_payload(number, "x")
        program.wait_for_line("all")
        assert program.wait() == 0, program.report()
