"""Who may come in: by address where there are no keys, by key where there are."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import psutil
from zmq.utils import z85

from banyan.errors import EndpointError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether somebody may come in, under which name and key; if not, the reason in words."""

    admitted: bool
    reason: str = ""
    name: str = ""
    key: bytes = b""


LATER: Final = Verdict(False, "not now")
"""Not refused, but to try again in a moment."""


class Admission:
    """The rule of one backplane; `keys` and `banned`, those of them that are not let in after all,
    may be replaced at any time, from any thread.

    Without keys: this machine, private networks and those that were allowed by name. With keys:
    whoever has one of them, wherever he is.
    """

    def __init__(self, allowed: Iterable[Network], keys: Mapping[bytes, str] | None) -> None:
        self.keys = keys
        self.banned: frozenset[bytes] = frozenset()
        self._allowed = tuple(allowed)

    def judge(self, mechanism: bytes, address: str, credential: bytes) -> Verdict:
        """Decide on one connection; the arguments are those of ZeroMQ RFC 27 (ZAP).

        `credential` is the peer's public key as 32 bytes, for the mechanism CURVE.
        """
        if self.keys is None:
            return self._judge_address(address)
        if mechanism != b"CURVE" or len(credential) != 32:
            return Verdict(False, "it shows no key")
        key = z85.encode(credential)
        name = self.keys.get(key)
        if name is None:
            return Verdict(False, f"its key {key.decode()} is not among those let in", key=key)
        if key in self.banned:
            return Verdict(False, f"{name} has sent messages to the port for subscribers", key=key)
        return Verdict(True, name=name, key=key)

    def _judge_address(self, text: str) -> Verdict:
        try:
            address = parse_address(text)
        except ValueError:
            return Verdict(False, f"its address {text[:100]!r} is none")
        if not address.is_global or any(address in network for network in self._allowed):
            return Verdict(True)
        if _is_ours(address):
            return Verdict(True)
        return Verdict(
            False,
            f"its address is a public one. `--allow {address}` lets it in; keys are better, see "
            "`banyan keys --help`",
        )


def parse_address(text: str) -> Address:
    """Return an address as an object, an IPv4 one inside IPv6 as such; ValueError if it is none."""
    address = ipaddress.ip_address(text.strip("[]").partition("%")[0])
    return getattr(address, "ipv4_mapped", None) or address


def parse_network(text: str) -> Network:
    """Return a network, of one address or more (`203.0.113.0/24`); raise EndpointError if none."""
    try:
        return ipaddress.ip_network(text.strip("[]"))
    except ValueError as error:
        raise EndpointError(f"{error}; expected {_nearest(text)}") from error


def _nearest(text: str) -> str:
    """Return the network that was probably meant, or what one looks like."""
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return "an address, or a network such as 203.0.113.0/24"


def _is_ours(address: Address) -> bool:
    """Whether it is one of this machine: a component may connect to its own public address."""
    return any(
        item.address == str(address) for items in psutil.net_if_addrs().values() for item in items
    )
