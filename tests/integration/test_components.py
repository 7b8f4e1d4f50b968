"""The echo programs, the notifier and the system probe, as real processes."""

from __future__ import annotations

import json
import os
import pickle
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tools import Backplane, Program, component, eventually, free_ports, running_backplane

from banyan.banyan_base import BanyanBase
from banyan.wire import codec

PAYLOAD = codec.encode({"message_number": 5})

GARBAGE = {
    "bad msgpack": ([b"echo", b"\xc1"], "not a MessagePack payload"),
    "truncated msgpack": ([b"echo", b"\x93\x01"], "not a MessagePack payload"),
    "one frame": ([b"echo"], "a message of 1 frame"),
    "topic not UTF-8": ([b"echo\xff", PAYLOAD], "is not UTF-8"),
    "int key": ([b"echo", b"\x81\x01\x02"], "key"),
    "deep nesting": ([b"echo", b"\x91" * 50_000 + b"\xc0"], ""),
    "size-lying header": ([b"echo", b"\xdd\xff\xff\xff\xff"], "not a MessagePack payload"),
    "trailing bytes": ([b"echo", PAYLOAD + b"\x00"], "not a MessagePack payload"),
}
"""Frames and what the monitor says of them."""


@pytest.fixture
def sender(backplane: Backplane) -> Iterator[BanyanBase]:
    """A component whose publisher socket sends frames as they are."""
    with BanyanBase(**backplane.keywords) as component_on_backplane:
        yield component_on_backplane


@contextmanager
def ready(name: str, backplane: Backplane, line: str, *arguments: object) -> Iterator[Program]:
    """Run a component from when it has printed a line."""
    with component(name, backplane, *arguments) as program:
        program.wait_for_line(line)
        yield program


def echo_server(backplane: Backplane) -> object:
    return ready("echo_server", backplane, "Echoing")


def test_echo_client_counts_down_and_checks(backplane: Backplane) -> None:
    with echo_server(backplane), component("echo_client", backplane, "-m", 20) as client:
        assert client.wait() == 0
        summary = client.wait_for_line("sent")
    assert re.fullmatch(
        r"sent 21, received 21; round trip: median [\d.]+ ms, worst [\d.]+ ms", summary
    )


def test_echo_client_says_when_nobody_answers(backplane: Backplane) -> None:
    with component("echo_client", backplane, "--timeout", 0.3) as client:
        assert client.wait() == 1
        client.wait_for_line("sent 1, received 0")
        client.wait_for_line("no answer within 0.3 s to number 10")
        client.wait_for_line("start one: banyan run echo_server")


class _Forgetful(BanyanBase):
    """Answers all numbers but 2, and number 1 twice; ends after 0."""

    def incoming_message_processing(self, topic: str, payload: dict[str, int]) -> None:
        number = payload["message_number"]
        for _ in range({2: 0, 1: 2}.get(number, 1)):
            self.publish_payload(payload, "reply")
        if number == 0:
            self.stop()


def test_echo_client_names_what_is_missing(backplane: Backplane) -> None:
    with _Forgetful(**backplane.keywords) as server:
        server.set_subscriber_topic("echo")
        with component("echo_client", backplane, "-m", 4, "--timeout", 0.3) as client:
            server.receive_loop()
            assert client.wait() == 1
            client.wait_for_line("sent 5, received 4")
            client.wait_for_line("no answer within 0.3 s to number 2")


def test_echo_server_returns_any_payload_unchanged(
    backplane: Backplane, sender: BanyanBase
) -> None:
    bodies = [
        codec.encode(payload)
        for payload in (None, "text", [1, 2.5, b"\x00"], {b"key": {"ü": None}}, codec.Ext(7, b"x"))
    ]
    sender.set_subscriber_topic("reply")
    with echo_server(backplane):
        for body in bodies:
            sender.publisher.send_multipart([b"echo", body])
            assert sender.subscriber.poll(5000)
            assert sender.subscriber.recv_multipart() == [b"reply", body]


def test_echo_server_and_monitor_survive_garbage(backplane: Backplane, sender: BanyanBase) -> None:
    with (
        echo_server(backplane) as server,
        component("monitor", backplane) as monitor,
    ):
        _wait_until_it_hears(monitor, sender)
        for frames, said in GARBAGE.values():
            before = len(monitor.error_lines)
            sender.publisher.send_multipart(frames)
            eventually(lambda n=before: len(monitor.error_lines) > n, what=str(frames)[:50])
            assert said in monitor.error_lines[before]
            assert "echo" in monitor.error_lines[before]
        sender.publisher.send_multipart([b"echo", PAYLOAD, b"a third frame"])
        monitor.wait_for_line("reply {'message_number': 5}")
        with component("echo_client", backplane) as client:
            assert client.wait() == 0, client.report()
        assert server.running
        assert monitor.end() == 0
    assert monitor.error_lines[-1] == f"monitor: {len(GARBAGE)} undecodable in all"


def test_a_pickle_in_an_array_is_never_loaded(
    backplane: Backplane, sender: BanyanBase, tmp_path: Path
) -> None:
    pickle.loads(_pickle_that_makes(tmp_path / "proof"))
    assert (tmp_path / "proof").exists(), "the pickle would do harm"
    harm = tmp_path / "harm"
    forged = {
        b"nd": True,
        b"type": "|O",
        b"kind": b"O",
        b"shape": [1],
        b"data": _pickle_that_makes(harm),
    }
    with (
        echo_server(backplane) as server,
        component("monitor", backplane, "-m", "True") as monitor,
    ):
        _wait_until_it_hears(monitor, sender)
        sender.publish_payload(forged, "echo")
        monitor.wait_for_line("pickle, which is never loaded", errors=True, count=2)  # and reply
        assert server.running
        assert monitor.running
    assert not harm.exists()


def _pickle_that_makes(folder: Path) -> bytes:
    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(folder),)

    return pickle.dumps(Harm())


def _wait_until_it_hears(monitor: Program, sender: BanyanBase) -> None:
    def hears() -> bool:
        sender.publish_payload("ready?", "test")
        time.sleep(0.05)
        return bool(monitor.lines)

    eventually(hears, what="the monitor hears")


def test_two_backplanes_notify_once_per_countdown(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first, second = (stack.enter_context(running_backplane()) for _ in range(2))
        spec = tmp_path / "spec.csv"
        spec.write_text(
            "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
            f'BP1,127.0.0.1,{first.subscriber_port},"[echo]",{first.publisher_port}\n'
            f'BP2,127.0.0.1,{second.subscriber_port},"[]",{second.publisher_port}\n'
        )
        notifier = stack.enter_context(ready("notifier", second, "Waiting"))
        server = stack.enter_context(
            Program(sys.executable, "-m", "components.multi_echo_server", "-f", spec)
        )
        server.wait_for_line("Echoing")
        for countdown in (1, 2):
            with component("echo_client", first, "-m", 5) as client:
                assert client.wait() == 0, client.report()
            notifier.wait_for_line("Notification Received!", count=countdown)
        assert server.end() == 0
        numbers = [line for line in server.lines if line.startswith("Message number")]
        assert numbers == [f"Message number: {n}" for n in (5, 4, 3, 2, 1, 0)] * 2
        assert notifier.end() == 0
        assert notifier.lines.count("Notification Received!") == 2


def test_multi_echo_server_names_what_is_wrong_with_its_specification(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "components.multi_echo_server", "-f", tmp_path / "none.csv")
    with Program(*command) as server:
        assert server.wait() == 1
        server.wait_for_line("none.csv", errors=True)
        assert len(server.error_lines) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("name", "line"),
    [("echo_server", "Echoing"), ("notifier", "Waiting"), ("system_probe", "*****")],
)
def test_a_signal_ends_a_component_with_status_0(
    backplane: Backplane, name: str, line: str, number: int
) -> None:
    with ready(name, backplane, line) as program:
        assert program.end(number) == 0, program.report()
        assert not program.error_lines


def test_a_signal_ends_the_waiting_echo_client_with_status_0(backplane: Backplane) -> None:
    with ready("echo_client", backplane, "*****", "--timeout", 30) as client:
        assert client.end(signal.SIGTERM) == 0, client.report()


def test_without_a_backplane_a_component_says_what_to_type() -> None:
    publisher, subscriber = free_ports()
    command = (sys.executable, "-m", "components.echo_server", "-p", publisher, "-s", subscriber)
    with Program(*command) as server:
        assert server.wait() == 1
        server.wait_for_line(f"backplane -p {publisher} -s {subscriber}", errors=True)


def test_system_probe_publishes_measurements_at_its_rate(backplane: Backplane) -> None:
    topics = {"system/cpu", "system/memory", "system/disk", "system/network"}
    with (
        component("monitor", backplane, "--json", "system/") as monitor,
        component("system_probe", backplane, "--rate", 10),
    ):
        monitor.wait_for_line("system/network", count=6)
        messages = [json.loads(line) for line in list(monitor.lines)]
    assert topics <= {message["topic"] for message in messages}
    by_topic = {message["topic"]: message["payload"] for message in messages}
    assert 0 <= by_topic["system/cpu"]["percent"] <= 100
    assert by_topic["system/memory"]["used_bytes"] <= by_topic["system/memory"]["total_bytes"]
    assert all(payload["host"] for payload in by_topic.values())


class _Mortal(BanyanBase):
    """Answers until number 7, then no more."""

    def incoming_message_processing(self, topic: str, payload: dict[str, int]) -> None:
        if payload["message_number"] >= 7:
            self.publish_payload(payload, "reply")
        if payload["message_number"] == 7:
            self.stop()


@contextmanager
def deserted_client(backplane: Backplane, *arguments: object) -> Iterator[Program]:
    """Run an echo client whose server has stopped after four answers."""
    with _Mortal(**backplane.keywords) as server:
        server.set_subscriber_topic("echo")
        with component("echo_client", backplane, "-m", 10, *arguments) as client:
            server.receive_loop()
            yield client


def test_echo_client_gives_a_dead_server_up(backplane: Backplane) -> None:
    with deserted_client(backplane, "--timeout", 0.3) as client:
        assert client.wait(5) == 1
        client.wait_for_line("sent 7, received 4")
        client.wait_for_line("no answer within 0.3 s to number 6, 5, 4")
        client.wait_for_line("4 of 11 numbers were not sent")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_makes_the_echo_client_say_how_far_it_came(
    backplane: Backplane, number: int
) -> None:
    with deserted_client(backplane, "--timeout", 30) as client:
        time.sleep(0.3)  # until it waits for number 6
        assert client.end(number) == 0, client.report()
        client.wait_for_line("sent 5, received 4; round trip")
        client.wait_for_line("6 of 11 numbers were not sent")
        assert not client.error_lines
