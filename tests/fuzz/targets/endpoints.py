"""Any text as an address, and as a port: what is taken is taken again, alike."""

from __future__ import annotations

from collections.abc import Iterator

from banyan.errors import EndpointError
from banyan.routing import endpoint
from fuzz import refusals


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    _address(text)
    try:
        port = endpoint.parse_port(text)
    except EndpointError as error:
        refusals.check(error)
        return
    assert 1 <= port <= 65535
    assert endpoint.parse_port(port) == port


def _address(text: str) -> None:
    try:
        address = endpoint.parse_address(text)
    except EndpointError as error:
        refusals.check(error)
        return
    assert endpoint.parse_address(address) == address
    url = endpoint.url(text, 43124)
    assert url in (f"tcp://{address}:43124", f"tcp://[{address}]:43124")
    assert (":" in address) == ("[" in url)
    assert address.isascii()


def seeds() -> Iterator[bytes]:
    yield from (b"localhost", b"127.0.0.1", b"::1", b"[fe80::1%eth0]", b"robot.local.", b"1.2.3")
    yield from (b"*", b"tcp://robot:43124", b"robot:43124", b" 43124 ", b"65536", b"a" * 300)
    yield from ("größe".encode(), b"\xff", b"-a-", b"a b", b"0x7f.1")
