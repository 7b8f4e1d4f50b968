"""Addresses and ports: what may stand in a specification or after `-b`, and its zmq URL. Pure.

Nothing is looked up here: a host name is judged by its form alone.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from banyan.errors import EndpointError

__all__ = [
    "DEFAULT_PUBLISHER_PORT",
    "DEFAULT_SUBSCRIBER_PORT",
    "parse_address",
    "parse_port",
    "shown",
    "url",
]

DEFAULT_PUBLISHER_PORT: Final = "43124"
"""Where publishers connect (python_banyan's number; a str, as its constructors take it)."""

DEFAULT_SUBSCRIBER_PORT: Final = "43125"
"""Where subscribers connect."""

_EXPECTED: Final = "expected a host name, an IPv4 or an IPv6 address"
_HOST_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_HOST_LENGTH: Final = 253
"""Characters in a host name (RFC 1035, 2.3.4, without the root's octets)."""

_WITH_PORT: Final = re.compile(r"(?P<host>[^:\[\]]+|\[[^\]]*\]):[0-9]+")
_SHOWN_LENGTH: Final = 60


def shown(text: str) -> str:
    """Quote `text` for a message: control characters escaped, the middle of a long one left out."""
    if len(text) <= _SHOWN_LENGTH:
        return repr(text)
    half = _SHOWN_LENGTH // 2
    return repr(f"{text[:half]}...{text[-half:]}")


def parse_port(value: str | int) -> int:
    """Return the port number that `value` says; raise EndpointError outside 1..65535."""
    digits = str(value).strip()
    if not isinstance(value, bool) and re.fullmatch(r"[0-9]{1,5}", digits):
        port = int(digits)
        if 1 <= port <= 65535:
            return port
    raise EndpointError(f"bad port {shown(str(value))}: expected a whole number from 1 to 65535")


def parse_address(value: str) -> str:
    """Return the address in `value` without spaces around it and without IPv6 brackets.

    Raises EndpointError when it cannot be an address to connect to: `*`, a URL, `host:port`,
    illegal characters, or numbers with dots that are no IPv4 address.
    """
    address = value.strip()
    if _is_ipv6(address):
        return address.strip("[]")
    problem = _problem(address)
    if problem:
        raise EndpointError(f"bad address {shown(value)}: {problem}")
    return address


def url(address: str, port: str | int) -> str:
    """Return `tcp://host:port` as zmq wants it, IPv6 in brackets; raise EndpointError if bad."""
    host = parse_address(address)
    return (
        f"tcp://[{host}]:{parse_port(port)}" if ":" in host else f"tcp://{host}:{parse_port(port)}"
    )


def _is_ipv6(address: str) -> bool:
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    # A zone (fe80::1%eth0) is free text for ipaddress; a URL takes only these characters.
    if not re.fullmatch(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?", bare):
        return False
    try:
        ipaddress.IPv6Address(bare)
    except ValueError:
        return False
    return True


def _problem(address: str) -> str:
    """Say why a stripped text is neither host name nor IPv4 address; "" when it is one."""
    for judge in (_unlike_a_host, _not_a_number, _bad_characters):
        problem = judge(address)
        if problem:
            return problem
    return ""


def _unlike_a_host(address: str) -> str:
    """Recognise the things people write where an address belongs."""
    if not address:
        return f"it is empty; {_EXPECTED}"
    if address == "*":
        return f"'*' is where a backplane listens, not where one connects to; {_EXPECTED}"
    if "://" in address:
        bare = _host_in_url(address)
        return "give the bare host, without the protocol" + (f": {bare}" if bare else "")
    with_port = _WITH_PORT.fullmatch(address)
    if with_port:
        host = with_port["host"]
        legal = _is_ipv6(host) or not _problem(host)
        return "the port is given apart" + (f"; give the host alone: {host}" if legal else "")
    if ":" in address or "[" in address or "]" in address:
        return f"it is no IPv6 address; {_EXPECTED}"
    return ""


def _host_in_url(text: str) -> str:
    """Return the host of something like tcp://host:port/path, "" if that is no host either."""
    rest = text.split("://", 1)[1].split("/", 1)[0]
    with_port = _WITH_PORT.fullmatch(rest)
    host = with_port["host"] if with_port else rest
    if _is_ipv6(host):
        return host
    return "" if _unlike_a_host(host) or _bad_characters(host) else host


def _not_a_number(address: str) -> str:
    """A last label of digits makes an IPv4 address (as in the URL standard), so it must be one."""
    if not re.fullmatch(r"(.*\.)?[0-9]+\.?", address, re.DOTALL):
        return ""
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return "expected an IPv4 address of four numbers from 0 to 255, such as 192.168.2.194"
    return ""


def _bad_characters(address: str) -> str:
    bad = re.search(r"[^A-Za-z0-9_.-]", address)
    if bad:
        what = "a space" if bad[0].isspace() else shown(bad[0])
        return f"{what} cannot stand in a host name; {_EXPECTED}"
    labels = address.removesuffix(".").split(".")
    if len(address) > _HOST_LENGTH or not all(map(_HOST_LABEL.fullmatch, labels)):
        return f"it is no host name (too long, a part empty, or a hyphen at an end); {_EXPECTED}"
    return ""
