"""What permissions let through: real sockets, and libzmq's own word for who sent a message.

A small answerer at the door names each sender by its key. Within a process, over inproc://,
libzmq names nobody.
"""

from __future__ import annotations

import logging
import struct
import threading
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import zmq
from tools import eventually
from tools.raw import with_keys
from zmq.utils import z85

from backplane import inspector as module
from backplane.inspector import Inspector
from banyan.keys import Credentials
from banyan.keys.permissions import Permissions
from banyan.keys.rights import Rights
from banyan.limits import MAX_TOPIC_BYTES
from banyan.transport import sockets
from banyan.wire.topics import BELL, RIGHTS_PREFIX

Socket = zmq.Socket[Any]
Prefixes = tuple[bytes, ...]
WAIT_MS = 5000
ALL: Prefixes = (b"",)
END = b"end"
NAMES = ("alice", "bob", "carol")


class Counting(Permissions):
    """Permissions that write down each message they are asked about."""

    __slots__ = ()
    asked: ClassVar[list[tuple[str, bytes]]] = []

    def may_publish(self, name: str, topic: bytes) -> bool:
        self.asked.append((name, topic))
        return super().may_publish(name, topic)


class Door:
    """Lets everybody with a key in, under its name."""

    def __init__(self, context: zmq.Context[Any], names: dict[bytes, str]) -> None:
        self._names = names
        self._socket = sockets.open_zap(context)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._answer)
        self._thread.start()

    def _answer(self) -> None:
        while not self._ended.is_set():
            if self._socket.poll(20):
                version, number, *_, key = self._socket.recv_multipart()
                name = self._names[z85.encode(key)].encode()
                self._socket.send_multipart([version, number, b"200", b"OK", name, b""])

    def close(self) -> None:
        self._ended.set()
        self._thread.join()


class Scene:
    """An inspector between two listening sockets, and those who connect to them."""

    def __init__(self) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.own, self.keys = zmq.curve_keypair(), {name: zmq.curve_keypair() for name in NAMES}
        self._door = Door(self.context, {public: name for name, (public, _) in self.keys.items()})
        credentials = Credentials("backplane", *self.own)
        self._front = sockets.open_front_end(self.context, 1 << 20, credentials=credentials)
        self._back = sockets.open_back_end(self.context, ask=True, credentials=credentials)
        self._urls = {end: self._listen(end) for end in (self._front, self._back)}
        self.control, self._steering = sockets.open_pair(self.context)
        self.inspector = Inspector(self.permissions())
        self._thread: threading.Thread | None = None
        self.results: list[bool] = []
        self._sockets: list[Socket] = []

    def _listen(self, socket: Socket) -> str:
        socket.bind("tcp://127.0.0.1:*")
        url: str = socket.last_endpoint.decode()
        socket.bind(f"inproc://{url.rpartition(':')[2]}")
        return url

    def permissions(
        self,
        publish: dict[str, Prefixes] | None = None,
        subscribe: dict[str, Prefixes] | None = None,
        others: Rights | None = None,
    ) -> Permissions:
        """Return permissions; who is not named may everything."""
        rights = {
            name: Rights((publish or {}).get(name, ALL), (subscribe or {}).get(name, ALL), public)
            for name, (public, _) in self.keys.items()
        }
        return Counting(rights, others or Rights())

    def permit(self, **rights: Any) -> None:
        self.inspector.permit(self.permissions(**rights))

    def start(self) -> None:
        """Have it pump, in a thread; what that returns comes into `results`."""

        def pump() -> None:
            result = self.inspector.pump(self._front, self._back, self._steering)
            self.results.append(result)

        self._thread = threading.Thread(target=pump)
        self._thread.start()

    def command(self, text: bytes) -> list[bytes]:
        """Return the answer on the steering socket."""
        self.control.send(text)
        return self.control.recv_multipart()

    def figures(self) -> list[int]:
        return [struct.unpack("=Q", frame)[0] for frame in self.command(b"STATISTICS")]

    def stop(self) -> list[bytes]:
        answer = self.command(b"TERMINATE")
        self.ended()
        return answer

    def ended(self) -> bool:
        """Return what the pump returned at its end."""
        assert self._thread is not None
        self._thread.join(WAIT_MS / 1000)
        assert not self._thread.is_alive()
        return self.results[-1]

    def publisher(self, name: str) -> Socket:
        """Return a socket that is connected; with no name it is one within this process."""
        socket = self._connect(zmq.XPUB, name, self._urls[self._front])
        assert socket.recv() == b"\x01"  # it takes everything: nothing is lost from now on
        return socket

    def subscriber(self, name: str, *prefixes: bytes) -> Socket:
        """Return a socket whose subscriptions have been decided on."""
        socket = self._connect(zmq.SUB, name, self._urls[self._back])
        subscribe(socket, *prefixes)
        if name:
            self.told(socket, name)
        return socket

    def told(self, socket: Socket, name: str) -> Rights | None:
        """Ask for somebody's rights; the answer comes when all before it was decided on."""
        public = self.keys[name][0]
        subscribe(socket, RIGHTS_PREFIX + public)
        topic, body = socket.recv_multipart()
        assert topic == RIGHTS_PREFIX + public
        socket.unsubscribe(topic)
        return Rights.unpack(body, public)

    def stranger(self, name: str) -> Socket:
        """Return a socket at the port for subscribers that can send anything."""
        return self._connect(zmq.XSUB, name, self._urls[self._back])

    def _connect(self, kind: int, name: str, url: str) -> Socket:
        socket = self.context.socket(kind)
        self._sockets.append(socket)  # kept until all are closed together
        socket.linger, socket.rcvtimeo, socket.sndtimeo = 0, WAIT_MS, WAIT_MS
        if name:
            with_keys(socket, Credentials(name, *self.keys[name], self.own[0]))
        socket.connect(url if name else f"inproc://{url.rpartition(':')[2]}")
        return socket

    def close(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            self.stop()
        self._door.close()
        self.context.destroy(linger=0)


def subscribe(socket: Socket, *prefixes: bytes) -> None:
    for prefix in prefixes:
        socket.subscribe(prefix)


def until_end(socket: Socket) -> list[bytes]:
    """Return the topics of all messages before the one on END."""
    topics = []
    while (topic := socket.recv_multipart()[0]) != END:
        topics.append(topic)
    return topics


def publish(socket: Socket, *topics: bytes, frames: int = 2) -> None:
    for topic in topics:
        socket.send_multipart([topic, *[b"payload"] * (frames - 1)])


@pytest.fixture
def scene() -> Iterator[Scene]:
    Counting.asked.clear()
    made = Scene()
    try:
        made.start()
        yield made
    finally:
        made.close()


# --- messages ---------------------------------------------------------------------------------


def test_what_is_permitted_passes_and_the_rest_does_not(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.permit(publish={"alice": (b"a/",)})
    carol = scene.subscriber("carol", b"")
    alice, bob = scene.publisher("alice"), scene.publisher("bob")
    with caplog.at_level(logging.WARNING, "banyan"):
        publish(alice, b"a/1", b"b/1", b"a/2", b"a", b"")
        publish(alice, b"a/3")
        assert [carol.recv_multipart()[0] for _ in range(3)] == [b"a/1", b"a/2", b"a/3"]
    publish(bob, b"b/2", b"a/4", END)
    assert until_end(carol) == [b"b/2", b"a/4"]
    assert scene.inspector.refused == 3
    assert "refused alice to publish 'b/1'" in caplog.messages
    assert len(caplog.messages) == 1  # the next of its kind only after a while


def test_whom_libzmq_does_not_name_has_the_rights_of_others(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.permit(others=Rights((b"open/", END), (b"open/",)))
    nameless, reader = scene.publisher(""), scene.subscriber("", b"secret/", b"open/")
    carol = scene.subscriber("carol", b"")
    with caplog.at_level(logging.WARNING, "banyan"):
        publish(nameless, b"secret/1", b"open/1", END)
        assert until_end(carol) == [b"open/1"]
    assert any("to publish 'secret/1'" in line for line in caplog.messages)
    alice = scene.publisher("alice")
    heard = {b"open/1"}  # that one if its subscription was there in time

    def proceed() -> bool:
        publish(alice, b"secret/2", b"open/2")
        while reader.poll(10):
            heard.add(reader.recv_multipart()[0])
        return b"open/2" in heard

    eventually(proceed)
    assert heard == {b"open/1", b"open/2"}


def test_messages_pass_as_they_came(scene: Scene) -> None:
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    for message in ([b"t"], [b"t", b""], [b"", b"x" * 500_000], [b"\x00\xff", b"p", b"stamp"]):
        alice.send_multipart(message)
        assert carol.recv_multipart() == message


@pytest.mark.parametrize("frames", [4, 5, 1000])
def test_more_than_three_frames_are_refused(
    scene: Scene, caplog: pytest.LogCaptureFixture, frames: int
) -> None:
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    with caplog.at_level(logging.WARNING, "banyan"):
        publish(alice, b"long", frames=frames)
        publish(alice, b"short", frames=3)
        publish(alice, END)
        assert until_end(carol) == [b"short"]
    assert scene.inspector.refused == 1
    assert caplog.messages == ["refused alice to publish more than 3 frames 'long'"]


def test_a_verdict_is_remembered_until_permissions_change(scene: Scene) -> None:
    carol, alice, bob = scene.subscriber("carol", b""), *map(scene.publisher, NAMES[:2])
    publish(alice, *[b"t"] * 100, END)
    publish(bob, b"t", b"t", END)
    assert until_end(carol) + until_end(carol) == [b"t"] * 102
    asked = [("alice", END), ("alice", b"t"), ("bob", END), ("bob", b"t")]
    assert sorted(Counting.asked) == asked
    scene.permit(publish={"alice": (END,)})
    publish(alice, *[b"t"] * 100, END)
    assert until_end(carol) == []
    assert scene.inspector.refused == 100
    assert sorted(Counting.asked) == sorted([*asked, *asked[:2]])


def test_only_so_many_verdicts_are_remembered(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_KNOWN", 2)
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    publish(alice, b"1", b"2", b"1", b"3", b"1", END)
    assert until_end(carol) == [b"1", b"2", b"1", b"3", b"1"]
    assert [topic for _, topic in Counting.asked] == [b"1", b"2", b"3", b"1", END]


def test_a_topic_that_is_too_long_is_not_remembered(scene: Scene) -> None:
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    longest, longer = b"x" * MAX_TOPIC_BYTES, b"y" * (MAX_TOPIC_BYTES + 1)
    publish(alice, longest, longest, longer, longer, END)
    assert len(until_end(carol)) == 4
    assert [topic for _, topic in Counting.asked] == [longest, longer, longer, END]


# --- subscriptions ----------------------------------------------------------------------------


def test_only_permitted_subscriptions_are_heard(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.permit(subscribe={"bob": (b"a/",)})
    with caplog.at_level(logging.WARNING, "banyan"):
        bob = scene.subscriber("bob", b"b/", b"a/", b"", b"a", b"a/x")
    assert "refused bob to subscribe to 'b/'" in caplog.messages
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    publish(alice, b"b/1", b"a/1", b"a", b"c", b"a/2", END)
    assert until_end(carol) == [b"b/1", b"a/1", b"a", b"c", b"a/2"]
    assert [bob.recv_multipart()[0] for _ in range(2)] == [b"a/1", b"a/2"]
    assert scene.inspector.refused == 3
    assert bob.poll(0) == 0


def test_subscriptions_can_be_taken_back_refused_ones_too(scene: Scene) -> None:
    scene.permit(subscribe={"bob": (b"a/", END)})
    carol, bob = scene.subscriber("carol", b"a/", b"b/", END), scene.subscriber("bob", b"b/", END)
    alice = scene.publisher("alice")
    bob.unsubscribe(b"b/")
    subscribe(bob, b"a/")
    scene.told(bob, "bob")
    publish(alice, b"a/1", b"b/1", END)
    assert (until_end(carol), until_end(bob)) == ([b"a/1", b"b/1"], [b"a/1"])
    bob.unsubscribe(b"a/")
    scene.told(bob, "bob")
    publish(alice, b"a/2", b"b/2", END)
    assert (until_end(carol), until_end(bob)) == ([b"a/2", b"b/2"], [])


def test_who_has_gone_takes_nobody_s_subscription_along(scene: Scene) -> None:
    carol, bob = (scene.subscriber(name, b"t", END) for name in ("carol", "bob"))
    alice = scene.publisher("alice")
    bob.close()
    for _ in range(20):
        publish(alice, b"t", END)
        assert until_end(carol) == [b"t"]


def test_everybody_is_told_of_his_own_rights_alone(scene: Scene) -> None:
    scene.permit(publish={"bob": (b"a/",)}, subscribe={"bob": (b"b/", b"c/")})
    bob = scene.subscriber("bob")
    assert scene.told(bob, "bob") == Rights((b"a/",), (b"b/", b"c/"), scene.keys["bob"][0])
    scene.permit(publish={"bob": ()})
    assert scene.told(bob, "bob") == Rights((), ALL, scene.keys["bob"][0])
    before = scene.inspector.refused
    subscribe(bob, RIGHTS_PREFIX + scene.keys["alice"][0], RIGHTS_PREFIX, BELL)
    scene.told(bob, "bob")
    assert scene.inspector.refused == before + 2
    assert bob.poll(0) == 0


@pytest.mark.parametrize("letter", [b"hello", b"", b"\x02t"])
def test_who_sends_messages_to_the_port_for_subscribers_is_denounced(
    scene: Scene, caplog: pytest.LogCaptureFixture, letter: bytes
) -> None:
    mallory = scene.stranger("bob")
    with caplog.at_level(logging.WARNING, "banyan"):
        mallory.send(b"\x01t")
        mallory.send(letter)
        assert scene.ended() is False
    assert list(scene.inspector.offenders) == ["bob"]
    assert scene.inspector.refused == 1
    assert any(line.startswith("bob sends messages") for line in caplog.messages)


# --- steering ---------------------------------------------------------------------------------


def test_statistics_are_those_of_libzmq(scene: Scene) -> None:
    """Messages are counted by frames, as zmq_proxy_steerable does, in and out."""
    assert scene.figures() == [0] * 8
    scene.permit(publish={"alice": (b"a", END)})
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    publish(alice, b"a", b"b")
    publish(alice, b"a", frames=3)
    publish(alice, END)
    assert until_end(carol) == [b"a", b"a"]
    permitted, refused = 8 + 15 + len(END) + 7, 8
    assert scene.figures() == [9, permitted + refused, 0, 0, 0, 0, 7, permitted]


def test_figures_begin_anew_with_each_run(scene: Scene) -> None:
    carol, alice = scene.subscriber("carol", b""), scene.publisher("alice")
    publish(alice, END)
    until_end(carol)
    assert scene.figures()[0] == 2
    assert scene.stop() == [b""]
    assert scene.results == [True]
    scene.start()
    assert scene.figures() == [0] * 8
    publish(alice, b"t", END)
    assert until_end(carol) == [b"t"]
    assert scene.figures()[0] == 4


def test_other_commands_are_answered_and_do_nothing(scene: Scene) -> None:
    for text in (b"", b"PAUSE", b"terminate", b"nonsense"):
        assert scene.command(text) == [b""]
    assert len(scene.figures()) == 8
    assert scene.results == []


def test_it_ends_at_once_under_load(scene: Scene) -> None:
    scene.subscriber("carol", b"")
    alice, ended = scene.publisher("alice"), threading.Event()

    def flood() -> None:
        while not ended.is_set():
            publish(alice, b"t")

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        eventually(lambda: scene.figures()[0] > 1000)
        scene.stop()
    finally:
        ended.set()
        thread.join()
    assert scene.results == [True]
