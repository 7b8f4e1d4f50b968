"""Whom a backplane cuts off, decided on made-up connections and figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backplane.connections import PUBLISHERS, SUBSCRIBERS, UNKNOWN
from backplane.guard import HOARDER, SLOW, STRANGER, Cut, Guard
from banyan import limits
from banyan.transport.tcp import Flow

MB = 1 << 20
IDLE = 40 * MB
LIMIT = 1000 * MB


@dataclass(eq=False)
class Peer:
    """Stands for a connection; its figures are set by the test."""

    port: str
    received: int | None = None
    received_before: int = 0
    kept_up_at: int | None = None
    acknowledged: int = 0
    progress: int = 0
    cut: bool = False
    key: bytes | None = None
    since: float = 0.0
    now: Flow | None = field(default_factory=lambda: Flow(0, 1000, 0, 0))

    def flow(self) -> Flow | None:
        return self.now

    def moves(self, *, received: int = 0, acknowledged: int = 0, waiting: int = 0) -> None:
        old = self.now or Flow(0, 1000, 0, 0)
        self.now = Flow(old.received + received, old.sent, old.acknowledged + acknowledged, waiting)


class Scene:
    """A guard and what it is told, look by look."""

    def __init__(self, *peers: Peer, keys: bool = False, queue: int = LIMIT) -> None:
        self.guard = Guard(LIMIT, queue, keys=keys)
        self.peers: list[Any] = list(peers)
        self.now, self.passed_on = 100.0, 0
        assert self.look(IDLE) == []

    def look(self, used: int, later: float = 0.1) -> list[Cut] | None:
        self.now += later
        cuts = self.guard.look(self.now, used, self.peers, self.passed_on)
        for cut in cuts or ():
            cut.connection.cut = True
        return cuts


def blamed(cuts: list[Cut] | None) -> list[tuple[Any, str]]:
    assert cuts is not None
    return [(cut.connection, cut.kind) for cut in cuts]


def test_the_slow_one_is_cut_off_and_who_takes_all_is_not() -> None:
    slow, quick, idle = Peer(SUBSCRIBERS), Peer(SUBSCRIBERS), Peer(SUBSCRIBERS)
    scene = Scene(slow, quick, idle)
    for step in range(1, 20):
        slow.moves(acknowledged=MB, waiting=MB)
        quick.moves(acknowledged=100 * MB, waiting=MB)
        if cuts := scene.look(IDLE + step * 100 * MB):
            assert blamed(cuts) == [(slow, SLOW)]
            break
    else:
        raise AssertionError("nobody was cut off")
    assert IDLE + step * 100 * MB <= LIMIT + 100 * MB
    quick.moves(acknowledged=MB, waiting=MB)
    assert scene.look(LIMIT + 10 * MB) == []  # its memory is not free yet
    assert scene.look(IDLE) == []


def test_all_to_whom_nothing_comes_through_go_at_once() -> None:
    stopped = [Peer(SUBSCRIBERS) for _ in range(5)]
    quick = Peer(SUBSCRIBERS)
    scene = Scene(*stopped, quick, queue=200 * MB)
    for used in (100, 200, 300):
        for peer in stopped:
            peer.moves(waiting=MB)
        quick.moves(acknowledged=100 * MB, waiting=MB)
        cuts = scene.look(used * MB)
    assert blamed(cuts) == [(peer, SLOW) for peer in stopped]


def test_an_endless_message_is_held_against_its_publisher() -> None:
    hoarder, honest = Peer(PUBLISHERS), Peer(PUBLISHERS)
    busy = Peer(SUBSCRIBERS)
    scene = Scene(hoarder, honest, busy)
    for step in range(1, 12):
        hoarder.moves(received=100 * MB)
        honest.moves(received=20 * MB)
        busy.moves(acknowledged=20 * MB, waiting=MB)
        scene.passed_on += 20 * MB
        if cuts := scene.look(IDLE + step * 100 * MB):
            break
    assert blamed(cuts) == [(hoarder, HOARDER)]


def test_tiny_frames_take_more_memory_than_bytes() -> None:
    hoarder = Peer(PUBLISHERS)
    scene = Scene(hoarder)
    for step in range(1, 12):
        hoarder.moves(received=4 * MB)
        if cuts := scene.look(IDLE + step * 100 * MB):
            break
    assert blamed(cuts) == [(hoarder, HOARDER)]


def test_a_flood_of_subscriptions() -> None:
    greedy, modest = Peer(SUBSCRIBERS), Peer(SUBSCRIBERS)
    scene = Scene(greedy, modest)
    greedy.moves(received=limits.MAX_SUBSCRIPTIONS_BYTES + 10_000)
    modest.moves(received=limits.MAX_SUBSCRIPTIONS_BYTES // 2)
    assert scene.look(IDLE) == []
    assert blamed(scene.look(IDLE + 2 * limits.GUARD_FROM_BYTES)) == [(greedy, HOARDER)]


def test_heartbeats_of_a_year_are_no_subscriptions() -> None:
    old = Peer(SUBSCRIBERS, since=-365 * 86400.0)
    scene = Scene(old)
    old.moves(received=365 * 86400 * 43)
    assert scene.look(IDLE + 2 * limits.GUARD_FROM_BYTES) == []


def test_a_stranger_may_not_send_much_before_it_shows_a_key() -> None:
    admitted, unseen = Peer(PUBLISHERS, key=b"k"), Peer(PUBLISHERS, key=UNKNOWN)
    stranger = Peer(SUBSCRIBERS, now=Flow(0, 64, 0, 0))
    scene = Scene(admitted, unseen, stranger, keys=True)
    for peer in (admitted, unseen, stranger):
        peer.moves(received=limits.STRANGER_BYTES + 1)
    assert blamed(scene.look(IDLE)) == [(stranger, STRANGER)]
    assert Scene(stranger).look(IDLE) == []


def test_nobody_to_blame_renews_once_and_then_the_limit_moves() -> None:
    scene = Scene(Peer(SUBSCRIBERS), Peer(PUBLISHERS))
    assert scene.look(LIMIT + MB) == []  # nothing is known of how they fare
    assert scene.look(LIMIT + MB) is None
    for _ in range(5):
        assert scene.look(LIMIT + MB) == []
    assert scene.look(LIMIT + MB, limits.MEMORY_SETTLES_S) == []
    assert scene.look(int(LIMIT * 1.6), limits.MEMORY_SETTLES_S) is None
    assert scene.look(IDLE) == []  # and back
    scene.look(LIMIT + MB, limits.MEMORY_SETTLES_S)
    assert scene.look(LIMIT + MB, limits.MEMORY_SETTLES_S) is None


def test_connections_that_are_gone_or_cut_do_not_count() -> None:
    gone, cut = Peer(SUBSCRIBERS, now=None), Peer(SUBSCRIBERS, cut=True)
    cut.moves(received=100 * MB, waiting=MB)
    scene = Scene(gone, cut)
    assert scene.look(500 * MB) == []
    assert scene.look(600 * MB) == []
