"""What the kernel tells of connections, on real ones to this machine."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psutil
import pytest
from tools import eventually

from banyan.transport import tcp

linux_tells = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
same_numbers = pytest.mark.skipif(sys.platform == "win32", reason="sockets are no descriptors")

Address = tuple[str, int]


@dataclass(frozen=True)
class Pair:
    """A connection: our end of it, and the peer's."""

    ours: socket.socket
    peer: socket.socket

    @property
    def number(self) -> int:
        return self.ours.fileno()

    @property
    def whose(self) -> Address:
        address, port, *_ = self.peer.getsockname()
        return address, port

    def figures(self) -> tcp.Flow:
        flow = tcp.flow(self.number)
        assert flow is not None
        return flow

    def works(self) -> bool:
        self.peer.sendall(b"x")
        return self.ours.recv(1) == b"x"


@contextlib.contextmanager
def connected(address: str = "127.0.0.1") -> Iterator[Pair]:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        socket.create_server((address, 0), family=family) as listener,
        socket.create_connection(listener.getsockname()[:2], 5) as peer,
        listener.accept()[0] as ours,
    ):
        for end in (ours, peer):
            end.settimeout(5)
        yield Pair(ours, peer)


@pytest.fixture
def pair() -> Iterator[Pair]:
    with connected() as made:
        yield made


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), connected("::1"):
        return True
    return False


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="no IPv6 here")


def descriptors() -> int:
    process = psutil.Process()
    return int(process.num_handles() if sys.platform == "win32" else process.num_fds())


# --- flow -------------------------------------------------------------------------------------


@linux_tells
def test_nothing_has_gone_through_a_new_connection(pair: Pair) -> None:
    flow = pair.figures()
    assert (flow.received, flow.sent, flow.waiting) == (0, 0, 0)


@linux_tells
def test_what_the_peer_sends_is_counted_read_or_not(pair: Pair) -> None:
    pair.peer.sendall(bytes(1000))
    eventually(lambda: pair.figures().received == 1000)
    pair.ours.recv(1000, socket.MSG_WAITALL)
    pair.peer.sendall(bytes(234))
    eventually(lambda: pair.figures().received == 1234)
    assert pair.figures().sent == 0


@linux_tells
def test_what_we_send_is_counted_and_acknowledged(pair: Pair) -> None:
    pair.ours.sendall(bytes(5000))
    eventually(lambda: pair.figures().sent == 5000)
    eventually(lambda: pair.figures().acknowledged >= 5000)
    assert pair.figures().acknowledged <= 5001  # Linux may count the SYN
    assert pair.figures().received == pair.figures().waiting == 0


@linux_tells
def test_what_the_peer_does_not_read_waits_until_it_does(pair: Pair) -> None:
    pair.ours.setblocking(False)
    given = 0
    with contextlib.suppress(BlockingIOError):
        while given < 1 << 30:
            given += pair.ours.send(bytes(1 << 16))
    eventually(lambda: pair.figures().waiting > 0)
    stopped = pair.figures()
    assert stopped.sent + stopped.waiting == given
    assert stopped.acknowledged <= stopped.sent + 1
    read = 0
    while read < given:
        read += len(pair.peer.recv(1 << 20))
    eventually(lambda: pair.figures().acknowledged >= given)
    assert (pair.figures().waiting, pair.figures().sent) == (0, given)


@linux_tells
def test_there_are_no_figures_of_what_is_no_connection() -> None:
    reader, writer = os.pipe()
    try:
        assert tcp.flow(reader) is None
    finally:
        os.close(reader)
        os.close(writer)
    assert tcp.flow(reader) is None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as letter_box:
        assert tcp.flow(letter_box.fileno()) is None


def test_other_systems_tell_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert tcp.flow(pair.number) is None


# --- peer -------------------------------------------------------------------------------------


def test_the_peer_is_named(pair: Pair) -> None:
    assert tcp.peer(pair.number) == pair.whose
    assert pair.works()  # the descriptor was only lent


@needs_ipv6
def test_the_peer_is_named_over_ipv6() -> None:
    with connected("::1") as pair:
        assert tcp.peer(pair.number) == pair.whose


@needs_ipv6
def test_who_comes_over_ipv4_to_an_ipv6_port_is_named() -> None:
    with (
        socket.create_server(
            ("::", 0), family=socket.AF_INET6, dualstack_ipv6=socket.has_dualstack_ipv6()
        ) as listener,
        socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 5) as peer,
        listener.accept()[0] as ours,
    ):
        whose = tcp.peer(ours.fileno())
        assert whose == ("::ffff:127.0.0.1", peer.getsockname()[1])
        assert tcp.cut(ours.fileno(), whose)


@pytest.mark.parametrize("look", [tcp.peer, lambda number: tcp.cut(number, ("127.0.0.1", 1))])
def test_nobody_is_at_what_is_no_connection(look: Callable[[int], object]) -> None:
    with socket.socket() as alone:
        number = alone.fileno()
        assert not look(number)
    assert not look(number)
    assert not look(-1)


# --- cut --------------------------------------------------------------------------------------


def _is_ended(pair: Pair) -> bool:
    return pair.peer.recv(1) == b"" and pair.ours.recv(1) == b""


def test_a_connection_is_ended_both_ways(pair: Pair) -> None:
    assert tcp.cut(pair.number, pair.whose)
    assert _is_ended(pair)
    assert pair.ours.fileno() == pair.number  # it is for its owner to close


@needs_ipv6
def test_a_connection_over_ipv6_is_ended_too() -> None:
    with connected("::1") as pair:
        found = tcp.peer(pair.number)
        assert found is not None
        assert tcp.cut(pair.number, found), found
        assert _is_ended(pair)


def test_another_one_s_is_left_alone(pair: Pair) -> None:
    address, port = pair.whose
    for other in ((address, port ^ 1), ("127.0.0.2", port)):
        assert not tcp.cut(pair.number, other)
    assert pair.works()


@same_numbers
def test_a_descriptor_that_is_used_again_is_not_cut(pair: Pair) -> None:
    whose = pair.whose
    with connected() as later:
        os.dup2(later.ours.detach(), pair.number)
        assert not tcp.cut(pair.number, whose)
        later.peer.sendall(b"x")
        assert pair.ours.recv(1) == b"x"
        assert tcp.cut(pair.number, later.whose)


@same_numbers
def test_no_descriptor_is_left_over(pair: Pair) -> None:
    before = descriptors()
    for _ in range(10):
        tcp.peer(pair.number)
        tcp.flow(pair.number)
        tcp.cut(pair.number, ("127.0.0.1", 1))
    assert descriptors() == before
    tcp.cut(pair.number, pair.whose)
    assert descriptors() == before


@same_numbers
def test_without_a_descriptor_to_spare_it_is_cut_all_the_same(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(_: int) -> int:
        raise OSError(errno.EMFILE, "too many open files")

    monkeypatch.setattr(os, "dup", none_left)
    assert not tcp.cut(pair.number, ("127.0.0.1", 1))
    assert tcp.cut(pair.number, pair.whose)
    assert _is_ended(pair)
