"""Every MessagePack type, topics and large payloads, between our components and the peer's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from banyan.wire import frames
from banyan.wire.ext import Ext
from interop.partner import Partner
from interop.peer_programs.values import VALUES, same
from tools import Backplane
from tools.peers import peer_component

MB = 1024 * 1024


@pytest.fixture(scope="module")
def echo(either_backplane: Backplane) -> Iterator[None]:
    """The peer's answering component."""
    with peer_component("echo", either_backplane):
        yield


@pytest.fixture
def ours(partner: Partner, echo: None) -> Partner:
    """Our component, once the peer's answers it."""
    partner.meet("echo", "reply")
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
    for name, value in VALUES.items():
        assert ours.ask([name, value], "check") == ("checked", [name, True])


def test_we_read_what_the_peer_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("told")
    ours.publish_payload(None, "tell")
    told = [payload for _, payload in ours.gather(len(VALUES))]
    assert [name for name, _ in told] == list(VALUES)
    assert [name for name, value in told if not same(value, VALUES[name])] == []


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
    ours.publish_payload(None, "tell")
    for name, value in VALUES.items():
        assert ours.subscriber.poll(5000), name
        assert tuple(ours.subscriber.recv_multipart()) == frames.pack("told", [name, value]), name


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
