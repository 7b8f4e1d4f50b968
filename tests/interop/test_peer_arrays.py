"""numpy arrays and scalars between our components and the peer's, with numpy=True on both.

The peer receives nothing but maps then, so every payload is one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy
import pytest
from interop.partner import Partner
from interop.peer_programs.array_values import ALL, ARRAYS, BOTH_WAYS, BUILTINS, same
from tools import Backplane, Program
from tools.peers import peer_component


@pytest.fixture(scope="module")
def echo(our_backplane: Backplane) -> Iterator[Program]:
    """The peer's answering component, with numpy=True."""
    with peer_component("echo", our_backplane, "numpy") as program:
        yield program


@pytest.fixture
def ours(our_backplane: Backplane, echo: Program) -> Iterator[Partner]:
    """Our component, once the peer's answers it."""
    with Partner(our_backplane, numpy=True) as partner:
        partner.meet(echo, "echo", "reply")
        yield partner


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_comes_back_as_it_went(ours: Partner, name: str) -> None:
    sent = {"value": BOTH_WAYS[name]}
    topic, answer = ours.ask(sent, "echo")
    assert topic == "reply"
    assert same(answer, sent), f"sent {sent!r}, got {answer!r}"


@pytest.mark.parametrize("name", BUILTINS)
def test_goes_as_the_builtin_it_derives_from(ours: Partner, name: str) -> None:
    scalar, builtin = BUILTINS[name]
    topic, answer = ours.ask({"value": scalar}, "echo")
    assert topic == "reply"
    assert same(answer, {"value": builtin})


def test_peer_reads_what_we_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("checked")
    verdicts = [ours.ask({"name": name, "value": value}, "check")[1] for name, value in ALL.items()]
    assert verdicts == [{"name": name, "right": True} for name in ALL]


def test_we_read_what_the_peer_wrote(ours: Partner) -> None:
    ours.set_subscriber_topic("told")
    ours.publish_payload({}, "tell")
    told = [payload for _, payload in ours.gather(len(BOTH_WAYS))]
    assert [payload["name"] for payload in told] == list(BOTH_WAYS)
    wrong = [payload for payload in told if not same(payload["value"], BOTH_WAYS[payload["name"]])]
    assert wrong == []


def test_a_pickle_of_the_peer_is_dropped_and_counted(ours: Partner) -> None:
    """Its side packs an array of Python objects as a pickle; ours never loads one."""
    ours.set_subscriber_topic("pickled")
    ours.publish_payload({}, "pickle")
    assert ours.ask({"still": "there"}, "echo") == ("reply", {"still": "there"})
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
        ours.publish_payload({"value": ARRAYS["3-D"]}, "echo")
        assert plain.gather()[0][1]["value"][b"shape"] == [2, 3, 4]
