"""Every MessagePack type, topics and large payloads, between our components and the peer's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from interop.partner import Partner
from interop.peer_programs.values import VALUES, same
from tools import Backplane, Program
from tools.peers import peer_component

from banyan.wire import frames
from banyan.wire.ext import Ext

MB = 1024 * 1024


@pytest.fixture(scope="module")
def echo(either_backplane: Backplane) -> Iterator[Program]:
    """The peer's answering component."""
    with peer_component("echo", either_backplane) as program:
        yield program


@pytest.fixture
def ours(partner: Partner, echo: Program) -> Partner:
    """Our component, once the peer's answers it."""
    partner.meet(echo, "echo", "reply")
    return partner


def test_values_come_back_as_they_went(ours: Partner) -> None:
    wrong = [
        name
        for name, value in VALUES.items()
        if not same(ours.ask(value, "echo value"), ("reply value", value))
    ]
    assert wrong == []


def test_peer_reads_what_we_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("checked")
    verdicts = [
        ours.ask({"name": name, "value": value}, "check")[1] for name, value in VALUES.items()
    ]
    assert verdicts == [{"name": name, "right": True} for name in VALUES]


def test_we_read_what_the_peer_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("told")
    ours.publish_payload({}, "tell")
    told = [payload for _, payload in ours.gather(len(VALUES))]
    assert [payload["name"] for payload in told] == list(VALUES)
    wrong = [payload for payload in told if not same(payload["value"], VALUES[payload["name"]])]
    assert wrong == []


def test_extension_types_come_back(ours: Partner) -> None:
    for value in (
        Ext(0, b""),
        Ext(5, b"abcd"),
        Ext(127, b"\xff" * 300),
        datetime(2024, 2, 29, 12, 30, 59, 123456, UTC),
        datetime(1969, 12, 31, tzinfo=UTC),
        datetime(2999, 1, 1, tzinfo=UTC),
    ):
        assert ours.ask(value, "echo") == ("reply", value)


def test_both_write_the_same_bytes(ours: Partner) -> None:
    """A socket without any decoding sees what the peer packed; ours packs it byte for byte."""
    ours.set_subscriber_topic("told")
    ours.publish_payload({}, "tell")
    for name, value in VALUES.items():
        assert ours.subscriber.poll(5000), name
        expected = frames.pack("told", {"name": name, "value": value})
        assert tuple(ours.subscriber.recv_multipart()) == expected, name


@pytest.mark.parametrize(
    "name",
    ["", "x", "a b,c", "температура/кухня", "温度", "🌡", "e\u0301", "z" * 900, "ж" * 400, "[*]"],
)
def test_topics(ours: Partner, name: str) -> None:
    ours.set_subscriber_topic(f"reply{name}")
    assert ours.ask({"t": name}, f"echo{name}") == (f"reply{name}", {"t": name})


def test_a_subscription_is_a_prefix(ours: Partner) -> None:
    assert ours.ask(1, "echoes of ж") == ("replyes of ж", 1)


@pytest.mark.parametrize("payload", [b"\x5a" * MB, "ü" * (MB // 2), {"n": list(range(200_000))}])
def test_a_megabyte_there_and_back(ours: Partner, payload: object) -> None:
    topic, answer = ours.ask(payload, "echo")
    assert topic == "reply"
    assert same(answer, payload)


def test_ten_megabytes_there_and_back(ours: Partner) -> None:
    payload = bytes(range(256)) * (10 * MB // 256)
    assert ours.ask(payload, "echo") == ("reply", payload)
