"""Finds the backplane of this machine, and tells what stands at an address.

A backplane is known by what it answers, never by a name alone: an editor with "backplane" among
its arguments is none. The process list is read only to make an error message helpful.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import zmq

from banyan.errors import BackplaneNotRunningError
from banyan.routing import endpoint
from banyan.transport import handshake
from banyan.transport.link import Link

if TYPE_CHECKING:
    import psutil  # 20 ms to import: only the slow ways through this module pay for it

    from banyan.keys.key_file import Credentials

ANSWERS: Final = "answers"
ASKS_FOR_KEY: Final = "answers, but asks for a key"
NO_KEYS: Final = "answers, but uses no keys"
NOBODY_LISTENS: Final = "nobody listens"
NO_ZEROMQ: Final = "no ZeroMQ there"
UNREACHABLE: Final = "unreachable"
UNKNOWN_HOST: Final = "unknown host name"
NOT_ASKED: Final = "not asked"

_THERE: Final = (ANSWERS, ASKS_FOR_KEY)

_GREETING: Final = b"\xff" + bytes(8) + b"\x7f\x03\x00"
"""Ours, up to the version, 3.0. Not the mechanism: libzmq would hang up at a wrong one before it
names its own."""

_GREETING_BYTES: Final = 64
_MECHANISM: Final = slice(12, 32)
_WITHOUT_KEYS: Final = b"NULL".ljust(20, b"\0")

_GREETING_TIMEOUT_S: Final = 1.0
"""A ZeroMQ socket of this machine greets within a millisecond of being connected to."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe of one backplane found.

    `subscriber` and `publisher` say in words what stands at each port; `round_trip_s` is the time
    a message took through the backplane, None where none came back or only one port was asked.
    """

    subscriber: str
    publisher: str
    round_trip_s: float | None

    @property
    def ok(self) -> bool:
        """Whether every port that was asked answers, and a message came through if both were."""
        asked = [port for port in (self.subscriber, self.publisher) if port != NOT_ASKED]
        through = len(asked) < 2 or self.round_trip_s is not None
        return through and all(port == ANSWERS for port in asked)


def probe_backplane(
    address: str,
    subscriber_port: int | None,
    publisher_port: int | None,
    timeout: float,
    credentials: Credentials | None = None,
) -> Answer:
    """Ask both ports of a backplane, then send a message through it; waits `timeout` s at most."""
    deadline = time.monotonic() + timeout
    found = greeting(address, subscriber_port, timeout)
    subscriber = judge(found, credentials)
    found = greeting(address, publisher_port, max(0.1, deadline - time.monotonic()))
    publisher = judge(found, credentials)
    round_trip = None
    if subscriber == publisher == ANSWERS:
        left = max(0.1, deadline - time.monotonic())
        round_trip = _round_trip(address, subscriber_port, publisher_port, left, credentials)
    return Answer(subscriber, publisher, round_trip)


def judge(found: str, credentials: Credentials | None) -> str:
    """Return what a greeting means to somebody with these keys: ANSWERS if they get along."""
    if credentials is None:
        return found
    return {ASKS_FOR_KEY: ANSWERS, ANSWERS: NO_KEYS}.get(found, found)


def greeting(address: str, port: str | int | None, timeout: float) -> str:
    """Say in words what stands at a port: ANSWERS or ASKS_FOR_KEY if it greets as ZeroMQ does.

    A ZMTP peer opens with 0xFF, eight bytes of padding and 0x7F, unasked; told that we are new
    enough, it goes on with its version and mechanism (ZMTP 3.1, Greeting). The greeting's end is
    waited for `timeout` seconds at most: from a peer of before ZMTP 3 it does not come.
    """
    if not port:
        return NOT_ASKED
    try:
        connection = socket.create_connection((address.strip("[]"), int(port)), timeout)
    except socket.gaierror:
        return UNKNOWN_HOST
    except ConnectionRefusedError:
        return NOBODY_LISTENS
    except OSError:
        return UNREACHABLE
    with connection:
        answer = _exchange(connection, timeout)
    if answer[:1] != b"\xff" or answer[9:10] != b"\x7f":
        return NO_ZEROMQ
    known = len(answer) == _GREETING_BYTES
    return ASKS_FOR_KEY if known and answer[_MECHANISM] != _WITHOUT_KEYS else ANSWERS


def greetings(ends: Iterable[tuple[str, str | int]], timeout: float) -> list[str]:
    """Say what stands at many addresses and ports, all asked at once, within `timeout` seconds.

    In threads of their own, for looking up a host name knows no timeout; UNREACHABLE for what
    is not known by then.
    """
    ends = list(ends)
    found = [UNREACHABLE] * len(ends)

    def ask(index: int, address: str, port: str | int) -> None:
        found[index] = greeting(address, port, timeout)

    threads = [
        threading.Thread(target=ask, args=(index, *end), daemon=True)
        for index, end in enumerate(ends)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return list(found)


def find_local(subscriber_port: str | int, publisher_port: str | int) -> str:
    """Return the address at which this machine's backplane answers on these two ports.

    Loopback comes first: it outlives changes of Wi-Fi and VPN. A backplane of python_banyan
    listens on the machine's LAN address alone. Raises BackplaneNotRunningError, which says what
    was tried and what to type.
    """
    tried: dict[str, str] = {}
    for address in local_addresses():
        found = greeting(address, publisher_port, _GREETING_TIMEOUT_S)
        if found in _THERE:
            found = greeting(address, subscriber_port, _GREETING_TIMEOUT_S)
        if found in _THERE:
            return address
        tried[address] = found
    raise BackplaneNotRunningError(_not_running(tried, subscriber_port, publisher_port))


def lan_address() -> str:
    """Return the address this machine's default route leaves from; 127.0.0.1 if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a datagram socket sends nothing; it only chooses the route.
            probe.connect(("198.51.100.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def local_addresses() -> Iterator[str]:
    """Yield the IPv4 addresses of this machine: loopback, the LAN's, then all others."""
    seen = {"127.0.0.1": None, lan_address(): None}
    yield from seen
    import psutil

    for items in psutil.net_if_addrs().values():
        for item in items:
            if item.family == socket.AF_INET and item.address not in seen:
                seen[item.address] = None
                yield item.address


def port_owner(port: int) -> str:
    """Return who listens on a port of this machine, as "NAME, pid N", or an empty string."""
    import psutil

    for process in psutil.process_iter(["name"]):
        if port in _listening(process):
            return f"{process.info['name']}, pid {process.pid}"
    return ""


def _exchange(connection: socket.socket, timeout: float) -> bytes:
    """Greet and return what the peer says, as far as it gets."""
    deadline = time.monotonic() + timeout
    answer = b""
    with contextlib.suppress(OSError):
        connection.sendall(_GREETING)
        while len(answer) < _GREETING_BYTES:
            connection.settimeout(max(0.001, deadline - time.monotonic()))
            chunk = connection.recv(_GREETING_BYTES - len(answer))
            if not chunk:
                break
            answer += chunk
    return answer


def _round_trip(
    address: str,
    subscriber_port: int | None,
    publisher_port: int | None,
    timeout: float,
    credentials: Credentials | None,
) -> float | None:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    link = Link(context, address, subscriber_port, publisher_port, credentials=credentials)
    try:
        if handshake.prove([link], timeout):
            return None
        start = time.perf_counter()
        handshake.prove([link], timeout)
        return time.perf_counter() - start if link.proven else None
    finally:
        link.close()
        context.destroy(linger=0)


def _not_running(
    tried: dict[str, str], subscriber_port: str | int, publisher_port: str | int
) -> str:
    where = "; ".join(f"{address}: {found}" for address, found in tried.items())
    lines = [
        "Backplane is not running - please start it.",
        f"Tried ports {publisher_port} (to publish) and {subscriber_port} (to subscribe) "
        f"of this machine: {where}.",
    ]
    lines += _other_backplanes()
    lines.append(
        "To start one, type in another terminal: backplane"
        + _port_options(subscriber_port, publisher_port)
        + "\nFor a backplane on another machine, give its address: -b ADDRESS "
        "(in Python: back_plane_ip_address=ADDRESS)."
    )
    return "\n".join(lines)


def _port_options(subscriber_port: str | int, publisher_port: str | int) -> str:
    defaults = (endpoint.DEFAULT_SUBSCRIBER_PORT, endpoint.DEFAULT_PUBLISHER_PORT)
    if (str(subscriber_port), str(publisher_port)) == defaults:
        return ""
    return f" -p {publisher_port} -s {subscriber_port}"


def _other_backplanes() -> Iterator[str]:
    """Yield a line for every process that is called a backplane and listens on other ports."""
    import psutil

    for process in psutil.process_iter(["name", "cmdline"]):
        words = [process.info["name"] or "", *(process.info["cmdline"] or [])[:4]]
        if not any("backplane" in word for word in words):
            continue
        ports = _listening(process)
        if len(ports) >= 2 and all(
            greeting(address, port, _GREETING_TIMEOUT_S) in _THERE
            for port, address in list(ports.items())[:2]
        ):
            numbers = " and ".join(str(port) for port in sorted(ports))
            yield f"A backplane (pid {process.pid}) listens on ports {numbers}: use -p and -s."


def _listening(process: psutil.Process) -> dict[int, str]:
    """Return the TCP ports a process listens on, each with an address to reach it at."""
    import psutil

    try:
        connections = process.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return {}  # a zombie, somebody else's process, or one that has just ended
    return {
        entry.laddr.port: "127.0.0.1" if entry.laddr.ip in ("0.0.0.0", "::") else entry.laddr.ip
        for entry in connections
        if entry.status == psutil.CONN_LISTEN
    }
