"""numpy arrays and scalars between our components and the peer's, with numpy=True on both."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import pytest
from interop.partner import Partner
from interop.peer_programs.array_values import ALL, ARRAYS, same
from tools import Backplane
from tools.peers import peer_component


@pytest.fixture(scope="module")
def echo(our_backplane: Backplane) -> Iterator[None]:
    """The peer's answering component, with numpy=True."""
    with peer_component("echo", our_backplane, "numpy"):
        yield


@pytest.fixture
def ours(our_backplane: Backplane, echo: None) -> Iterator[Partner]:
    """Our component, once the peer's answers it."""
    with Partner(our_backplane, numpy=True) as partner:
        partner.meet("echo", "reply")
        yield partner


@pytest.mark.parametrize("name", ALL)
def test_comes_back_as_it_went(ours: Partner, name: str) -> None:
    topic, answer = ours.ask(ALL[name], "echo")
    assert topic == "reply"
    assert same(answer, ALL[name]), f"sent {ALL[name]!r}, got {answer!r}"


def test_peer_reads_what_we_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("checked")
    verdicts = [ours.ask([name, value], "check") for name, value in ALL.items()]
    assert [name for _, (name, right) in verdicts if not right] == []
    assert [name for _, (name, _) in verdicts] == list(ALL)


def test_we_read_what_the_peer_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("told")
    ours.publish_payload(None, "tell")
    told = [payload for _, payload in ours.gather(len(ALL))]
    assert [name for name, _ in told] == list(ALL)
    assert [name for name, value in told if not same(value, ALL[name])] == []


def test_a_pickle_of_the_peer_is_dropped_and_counted(ours: Partner) -> None:
    """Its side packs an array of Python objects as a pickle; ours never loads one."""
    ours.set_subscriber_topic("pickled")
    ours.publish_payload(None, "pickle")
    assert ours.ask("still there", "echo") == ("reply", "still there")
    assert ours.counters.undecodable == 1


def test_plain_payloads_are_the_same_with_numpy_on(ours: Partner) -> None:
    payload = {"a": [1, None, "ü", b"\0", {"nd": True, "data": 1.5}]}
    assert ours.ask(payload, "echo") == ("reply", payload)


def test_a_large_array_there_and_back(ours: Partner) -> None:
    frame = numpy.random.default_rng(1).integers(0, 256, (1000, 1000, 3), "u1")
    _, answer = ours.ask({"frame": frame}, "echo")
    assert same(answer, {"frame": frame})


def test_arrays_are_maps_to_who_did_not_switch_numpy_on(
    our_backplane: Backplane, ours: Partner
) -> None:
    with Partner(our_backplane, "echo") as plain:
        ours.publish_payload(ARRAYS["3-D"], "echo")
        assert plain.gather()[0][1][b"shape"] == [2, 3, 4]
