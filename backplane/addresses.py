"""Which addresses a backplane listens on, of those that were given."""

from __future__ import annotations

import contextlib
import socket
from typing import Final

import click

_ALL_IPV4: Final = "*"
_ALL: Final = "::"
"""Everything: libzmq listens there for IPv4 as well."""


def distinct(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses without repetitions; `*` alone if there are none.

    Raises click.UsageError where one includes another: a port is listened on only once.
    """
    if not addresses:
        return (_ALL_IPV4,)
    by_number: dict[str, str] = {}
    for address in addresses:
        by_number.setdefault(_number(address) if len(addresses) > 1 else address, address)
    for wide, given in by_number.items():
        for number, included in by_number.items():
            if number != wide and _includes(wide, number):
                raise click.UsageError(
                    f"--bind {given} includes --bind {included}: give one of them alone"
                )
    return tuple(by_number.values())


def _includes(wide: str, number: str) -> bool:
    return wide == _ALL or (wide == _ALL_IPV4 and ":" not in number)


def _number(address: str) -> str:
    """Return the IPv4 address that a name stands for; what is none as it is."""
    bare = address.strip().strip("[]")
    if bare in (_ALL_IPV4, "0.0.0.0"):
        return _ALL_IPV4
    with contextlib.suppress(OSError, UnicodeError):
        return socket.gethostbyname(bare)
    return bare
