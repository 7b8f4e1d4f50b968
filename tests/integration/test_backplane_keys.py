"""A backplane with keys: strangers get nothing, what is edited in its directory has its effect."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zmq
from tools import Backplane, eventually, running_backplane
from tools.raw import COMMAND, GREETING, Counter, Source, bare_context, resident, with_keys
from tools.recorder import Recorder, receiving

from banyan.errors import BanyanError
from banyan.keys import Credentials, directory, load_credentials
from banyan.keys.key import new_pair

CURVE_GREETING = GREETING[:12] + b"CURVE".ljust(20, b"\0") + bytes(32)


@dataclass
class Ring:
    """A backplane's directory of keys, and the keys of those it lets in."""

    path: Path

    def __post_init__(self) -> None:
        directory.create(self.path)
        self.alice = self.admit("alice")

    def admit(self, name: str) -> Credentials:
        """Let one more key in; return it."""
        public, secret = new_pair()
        directory.admit(self.path, name, public)
        return Credentials(name, public, secret, directory.own_public(self.path))

    def file(self, keys: Credentials) -> Path:
        """Return the key as a file for a component."""
        from banyan.keys.key_file import save

        path = self.path.parent / f"{keys.name}.key"
        save(keys, path)
        assert load_credentials(path).public == keys.public
        return path

    def permit(self, text: str) -> None:
        """Write permissions.toml, at once."""
        new = self.path / ".new"
        new.write_text(text, encoding="utf-8")
        new.replace(self.path / "permissions.toml")


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    return Ring(tmp_path / "keys")


@pytest.fixture
def locked(ring: Ring) -> Iterator[Backplane]:
    """A backplane with that directory."""
    with running_backplane("--keys", ring.path) as running:
        yield running


@contextlib.contextmanager
def pair(
    running: Backplane, keys: Credentials, topic: bytes = b"t"
) -> Iterator[tuple[Counter, Source]]:
    """A publisher and a subscriber with a key."""
    with (
        Counter(running, topic, keys) as counter,
        Source(running, counter, topic=topic, keys=keys) as source,
    ):
        yield counter, source


def logged(running: Backplane, text: str) -> list[str]:
    return [line for line in running.program.error_lines if text in line]


def test_components_find_each_other(ring: Ring, locked: Backplane) -> None:
    files = [ring.file(ring.alice), ring.file(ring.admit("bob"))]
    with (
        Recorder("x", keys=files[0], **locked.keywords) as alice,
        receiving(alice),
        Recorder(keys=files[1], **locked.keywords) as bob,
    ):
        bob.publish_payload({"a": 1}, "x")
        assert alice.wait_for(1) == [("x", {"a": 1})]


def test_strangers_hear_nothing(ring: Ring, locked: Backplane) -> None:
    public, secret = new_pair()
    wrong = Credentials("mallory", public, secret, ring.alice.backplane)
    with pair(locked, ring.alice) as (_, source), bare_context() as context:
        strangers = [context.socket(zmq.SUB), with_keys(context.socket(zmq.SUB), wrong)]
        for stranger in strangers:
            stranger.subscribe(b"")
            stranger.connect(f"tcp://127.0.0.1:{locked.subscriber_port}")
        # Bare, since libzmq at the other end may hang up first: then the backplane knows no reason.
        place = ("127.0.0.1", locked.subscriber_port)
        with socket.create_connection(place, 5) as bare:
            bare.sendall(GREETING)
            locked.program.wait_for_line("it uses no keys", errors=True)
        locked.program.wait_for_line(f"its key {public.decode()}", errors=True)
        source.send(500)
        assert source.settle() == 0
        assert not any(stranger.poll(0) for stranger in strangers)
    assert not logged(locked, "Traceback")


def test_strangers_cannot_make_memory_grow(ring: Ring, locked: Backplane) -> None:
    junk = bytes(1 << 20)
    head = bytes([COMMAND | 2]) + (16_000_000).to_bytes(8)
    with pair(locked, ring.alice) as (_, source):
        before, most = resident(locked), 0
        for port in (locked.publisher_port, locked.subscriber_port):
            for opening in (b"", GREETING, CURVE_GREETING, CURVE_GREETING + head):
                for _ in range(8):
                    with (
                        socket.create_connection(("127.0.0.1", port), 10) as stranger,
                        contextlib.suppress(OSError),
                    ):
                        stranger.sendall(opening)
                        for _ in range(15):
                            stranger.sendall(junk)
                            most = max(most, resident(locked))
        source.send(100)
        assert source.settle() == 0
        assert most - before < 64 << 20, (most - before) >> 20


def test_many_keys_at_once_are_told_apart(ring: Ring, locked: Backplane) -> None:
    """All from one address: a revoked one goes, and nobody else."""
    names = [f"name{number}" for number in range(24)]
    keys = [ring.admit(name) for name in names]
    with contextlib.ExitStack() as stack:
        counters = [Counter(locked, b"t", key) for key in keys]
        for counter in counters:
            stack.enter_context(counter)
        source = stack.enter_context(Source(locked, counters[0], keys=keys[0]))
        eventually(lambda: source.send() or all(counter.got for counter in counters))
        eventually(lambda: source.settle() is not None and len({c.next for c in counters}) == 1)
        for counter in counters:
            counter.missing = 0
        for number in (5, 11, 23):
            cut = len(logged(locked, "its key was revoked"))
            directory.revoke(ring.path, names[number])
            eventually(lambda cut=cut: len(logged(locked, "its key was revoked")) > cut, 1)
            source.send(20)
        gone = {5, 11, 23}
        eventually(lambda: len(logged(locked, "its key was revoked")) == len(gone))
        marks = [counter.got for counter in counters]
        source.send(200)
        source.settle()
        for number, counter in enumerate(counters):
            if number in gone:
                assert counter.got == marks[number]
            else:
                eventually(lambda counter=counter: counter.next == source.sent)
        assert sum(counter.missing for n, counter in enumerate(counters) if n not in gone) == 0


def test_who_is_let_in_later_needs_no_restart(ring: Ring, locked: Backplane) -> None:
    with pair(locked, ring.alice) as (_, source):
        source.send(10)
        assert source.settle() == 0
        with pair(locked, ring.admit("bob"), b"b") as (_, other):
            other.send(10)
            assert other.settle() == 0
        source.send(10)
        assert source.settle() == 0


def test_a_directory_of_nonsense_changes_nothing(ring: Ring, locked: Backplane) -> None:
    with pair(locked, ring.alice) as (_, source):
        allowed = ring.path / "allowed"
        allowed.rename(ring.path / "elsewhere")
        locked.program.wait_for_line("the keys stay as they were", errors=True)
        allowed.write_text("no directory")
        source.send(100)
        allowed.unlink()
        (ring.path / "elsewhere").rename(allowed)
        (allowed / "bob.pub").write_text("nonsense")
        locked.program.wait_for_line("bob.pub", errors=True)
        ring.permit("[alice\n")
        locked.program.wait_for_line("permissions.toml", errors=True)
        source.send(100)
        assert source.settle() == 0
        directory.revoke(ring.path, "alice")
        locked.program.wait_for_line("its key was revoked", errors=True)
    assert not logged(locked, "Traceback")


# --- permissions ------------------------------------------------------------------------------


def test_what_is_not_permitted_is_refused_and_logged(ring: Ring) -> None:
    bob = ring.admit("bob")
    ring.permit('[alice]\npublish = ["a/"]\nsubscribe = [""]\n[bob]\nsubscribe = ["a/"]\n')
    with (
        running_backplane("--keys", ring.path) as running,
        Recorder("", keys=ring.file(ring.alice), **running.keywords) as one,
        receiving(one),
        Recorder("a/", "b/", keys=ring.file(bob), **running.keywords) as two,
        receiving(two),
    ):
        one.publish_payload(1, "a/x")
        one.publish_payload(2, "b/x")
        one.publish_payload(3, "a/y")
        two.publish_payload(4, "a/z")
        one.publish_payload(5, "a/end")
        expected = [("a/x", 1), ("a/y", 3), ("a/end", 5)]
        assert one.wait_for(3) == expected
        assert two.wait_for(3) == expected
        for text in ("alice to publish 'b/x'", "bob to publish 'a/z'", "bob to subscribe to 'b/'"):
            running.program.wait_for_line(f"refused {text}", errors=True)


def test_edits_of_permissions_have_their_effect(ring: Ring, locked: Backplane) -> None:
    bob = ring.admit("bob")
    everything = '["*"]\npublish = [""]\nsubscribe = [""]\n'
    with pair(locked, ring.alice) as (counter, source), Counter(locked, b"t", bob) as other:
        eventually(lambda: source.send() or other.got)
        ring.permit(everything)  # for the first time: all subscribers reconnect
        locked.program.wait_for_line("permissions are in force", errors=True)
        _flows(source, counter)
        _flows(source, other)
        _flows(source, counter)
        ring.permit(everything + '[bob]\nsubscribe = ["else"]\n')
        locked.program.wait_for_line("permissions were changed", errors=True)
        locked.program.wait_for_line("refused bob to subscribe to 't'", errors=True)
        mark, sent, missing = other.got, source.sent, counter.missing
        source.send(300)
        assert source.settle() == missing  # nobody else notices
        assert other.got == mark, (other.got, mark, sent)
        (ring.path / "permissions.toml").unlink()  # nobody gains a right by that
        locked.program.wait_for_line("it is gone", errors=True)
        source.send(300)
        assert source.settle() == missing
        assert other.got == mark
        ring.permit(everything)
        _flows(source, other)


def _flows(source: Source, counter: Counter) -> None:
    """Return once messages of now arrive."""
    first = source.sent
    eventually(lambda: source.push() or counter.next > first)


def test_many_subscriptions_at_once_are_all_heard(ring: Ring) -> None:
    """libzmq once lost some of those that have to be decided on (its issue 1568)."""
    ring.permit('["*"]\npublish = [""]\nsubscribe = [""]\n')
    with (
        running_backplane("--keys", ring.path) as running,
        Recorder(
            *(f"topic/{number}." for number in range(1000)),
            keys=ring.file(ring.alice),
            **running.keywords,
        ) as component,
        receiving(component),
    ):
        for number in range(1000):
            component.publish_payload(number, f"topic/{number}.")
        assert [payload for _, payload in component.wait_for(1000)] == list(range(1000))


def test_more_frames_than_a_message_has_are_refused(ring: Ring) -> None:
    ring.permit('["*"]\npublish = [""]\nsubscribe = [""]\n')
    with (
        running_backplane("--keys", ring.path) as running,
        bare_context() as context,
        pair(running, ring.alice) as (_, source),
    ):
        raw = with_keys(context.socket(zmq.PUB), ring.alice)
        raw.connect(f"tcp://127.0.0.1:{running.publisher_port}")

        def refused() -> list[str]:
            raw.send_multipart([b"t", *[bytes(8)] * 3])
            return logged(running, "more than 3 frames")

        eventually(refused)
        source.send(10)
        assert source.settle() == 0


def test_nobody_gets_the_subscriptions_of_another(ring: Ring) -> None:
    """libzmq confuses subscribers when one of them sends messages instead of subscriptions."""
    mallory = ring.admit("mallory")
    ring.permit('[alice]\npublish = ["secret"]\nsubscribe = ["secret"]\n[mallory]\n')
    with running_backplane("--keys", ring.path) as running, bare_context() as context:
        url = f"tcp://127.0.0.1:{running.subscriber_port}"
        spies: list[zmq.Socket[Any]] = []
        ended = threading.Event()
        got: list[bytes] = []

        def spy() -> None:
            for _ in range(3):
                spies.append(with_keys(context.socket(zmq.XSUB), mallory))
                spies[-1].connect(url)
            while not ended.wait(0.0005):
                for one in spies:
                    with contextlib.suppress(zmq.Again):
                        one.send(b"hello", zmq.NOBLOCK)
                        one.send(b"\x01other", zmq.NOBLOCK)
                    if one.poll(0):
                        got.append(one.recv())

        thread = threading.Thread(target=spy)
        thread.start()
        try:
            locked_out = "mallory has sent messages"
            running.program.wait_for_line(locked_out, errors=True)
            with pair(running, ring.alice, b"secret") as (_, source):
                source.send(500)
                assert source.settle() == 0
        finally:
            ended.set()
            thread.join()
        assert got == []


def test_a_component_is_told_at_once(ring: Ring, locked: Backplane) -> None:
    public, secret = new_pair()
    stranger = ring.file(Credentials("mallory", public, secret, directory.own_public(ring.path)))
    with contextlib.suppress(BanyanError):
        Recorder("x", keys=stranger, **locked.keywords).clean_up()
    locked.program.wait_for_line("is not among those let in", errors=True)
