"""The `backplane` command."""

from __future__ import annotations

import re
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from banyan import banner, limits, signals, streams
from banyan.cli import program
from banyan.errors import BanyanError
from banyan.version import __version__

from .addresses import distinct

if TYPE_CHECKING:
    from .admission import Network
    from .service import Service
    from .settings import Settings

LARGEST_SIZE: Final = 2**30
"""Bytes: libraries beneath count in C's int, which ends before 2 G."""

_SIZE: Final = re.compile(r"([0-9]{1,15})([kKmMgG]?)(?:i?[bB])?")
_SHIFTS: Final = {"": 0, "k": 10, "m": 20, "g": 30}

EXAMPLES = """
\b
Examples:
  backplane                          on the usual ports, reached from this machine and its network
  backplane --bind 127.0.0.1         reached from this machine only
  backplane -n BP2 -p 43126 -s 43127     a second one beside the first
  backplane --keys my_keys           reached by those who have a key; see `banyan keys --help`
  backplane --metrics-port 9464      with a page of figures at http://127.0.0.1:9464/metrics

A SIZE is a number of bytes, such as 500000, 512K, 64M or 2G.

Without keys, connections from public addresses are refused. A subscriber that is too slow is cut
off alone and comes back by itself. SIGUSR1 has the figures printed. Ctrl-C ends it; components
reconnect by themselves when it comes back.
"""


class Size(click.IntRange):
    """A number of bytes, such as 500000, 512K, 64M or 2G (units of 1024)."""

    name = "size"

    def _describe_range(self) -> str:
        """Have the help say the bounds as they may be typed."""
        most = f" to {_words(self.max)}" if self.max is not None else " or more"
        return f"{_words(self.min or 0)}{most}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number of bytes; a usage error if it is none or out of bounds."""
        match = _SIZE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no size; expected such as 500000, 512K, 64M or 2G", param, ctx)
        return int(super().convert(int(match[1]) << _SHIFTS[match[2].lower()], param, ctx))


def _words(size: float) -> str:
    """Return a size as it may be typed: 16M."""
    for unit in ("", "K", "M"):
        if size % 1024:
            return f"{size:.0f}{unit}"
        size /= 1024
    return f"{size:.0f}G"


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option("-n", "--name", default="", help="Name of this backplane, shown in its banner.")
@program.publisher_port
@program.subscriber_port
@click.option(
    "-t",
    "--loop-time",
    type=program.seconds(),
    default=0.001,
    metavar="SECONDS",
    help="Accepted for python_banyan's sake; forwarding waits for nothing.",
)
@click.option(
    "--bind",
    "addresses",
    multiple=True,
    metavar="ADDRESS",
    help="Listen on this address only; may be repeated.  [default: all addresses]",
)
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="NETWORK",
    help="Let in a public address or network too, such as 203.0.113.0/24; may be repeated. "
    "Everybody there can publish and listen: keys are better.",
)
@click.option(
    "--keys",
    type=program.Place(path_type=Path),
    metavar="DIR",
    help="Encrypt, and let in only the keys of this directory; see `banyan keys --help`.",
)
@click.option(
    "--when-full",
    type=click.Choice(["drop", "wait"]),
    default="drop",
    show_default=True,
    help="What becomes of messages for a subscriber that is behind. `wait` loses none of them, but "
    "one slow or stopped subscriber then holds up everybody: only for a backplane of a single "
    "pipeline.",
)
@click.option(
    "--max-message-size",
    type=Size(limits.MAX_SUBSCRIPTION_BYTES, LARGEST_SIZE),
    default=_words(limits.MAX_MESSAGE_BYTES),
    show_default=True,
    metavar="SIZE",
    help="Cut off a publisher that sends a larger frame.",
)
@click.option(
    "--memory-limit",
    type=Size(2 * limits.GUARD_FROM_BYTES),
    metavar="SIZE",
    help="Cut off whoever makes the memory of the backplane grow above this.  "
    "[default: 1G, or a quarter of the machine's]",
)
@click.option(
    "--subscriber-queue",
    type=Size(limits.MAX_SUBSCRIPTION_BYTES),
    metavar="SIZE",
    help="Cut off a subscriber that is further behind.  [default: as --memory-limit]",
)
@click.option(
    "--max-connections",
    type=click.IntRange(min=1),
    metavar="N",
    help="Let no more connections in; a component makes two.  [default: as many as descriptors]",
)
@click.option(
    "--metrics-port",
    type=program.PORT,
    help="Serve figures for Prometheus at http://ADDRESS:PORT/metrics.",
)
@click.option(
    "--metrics-bind",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address of that page.",
)
@click.version_option(__version__, prog_name="backplane")
def command(
    publisher_port: int,
    subscriber_port: int,
    loop_time: float,
    addresses: tuple[str, ...],
    allowed: tuple[str, ...],
    **options: Any,
) -> None:
    """Forward messages between components.

    Publishers connect to one port, subscribers to the other; each message reaches every
    subscriber that asked for its topic.
    """
    if publisher_port == subscriber_port:
        raise click.UsageError(
            f"publishers and subscribers need different ports; both are {publisher_port}"
        )
    _serve(_settings(publisher_port, subscriber_port, distinct(addresses), allowed, **options))


def _settings(
    publisher_port: int,
    subscriber_port: int,
    addresses: tuple[str, ...],
    allowed: tuple[str, ...],
    *,
    name: str,
    keys: Path | None,
    when_full: str,
    max_message_size: int,
    memory_limit: int | None,
    subscriber_queue: int | None,
    max_connections: int | None,
    metrics_port: int | None,
    metrics_bind: str,
) -> Settings:
    # Imported here, so that `--help` and wrong arguments are answered without zmq and psutil.
    from . import process
    from .settings import Settings

    memory = memory_limit or process.default_memory_limit()
    return Settings(
        name=name,
        publisher_port=publisher_port,
        subscriber_port=subscriber_port,
        addresses=addresses,
        allowed=_networks(allowed),
        keys=keys,
        max_message_bytes=max_message_size,
        memory=memory,
        subscriber_queue=subscriber_queue or memory,
        max_connections=max_connections,
        wait=when_full == "wait",
        metrics=(metrics_bind, metrics_port) if metrics_port else None,
    )


def _networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    from .admission import parse_network

    return tuple(parse_network(text) for text in texts)


def _serve(settings: Settings) -> None:
    # All of it is imported before it is ready: a signal that interrupts an import may end Python
    # with another status.
    from .statistics import as_json

    service = _open(settings)
    try:
        service.start()
        ended, questions = signals.Ended(), deque[bool]()
        signals.on_usr1(lambda: questions.append(True))
        banner.show(_banner(settings), banner.BACKPLANE_WIDTH)
        _tell_who_may_come_in(settings, service)
        while not ended:
            time.sleep(limits.MEMORY_CHECK_S)
            service.look()
            if questions:
                questions.clear()
                streams.complain(as_json(settings.name, service.statistics()))
    finally:
        service.close()


def _open(settings: Settings) -> Service:
    import zmq

    from .service import Service

    try:
        return Service(settings)
    except (zmq.ZMQError, OSError) as error:
        raise BanyanError(f"cannot open what is needed to begin: {error.strerror}") from error


def _tell_who_may_come_in(settings: Settings, service: Service) -> None:
    for network in settings.allowed:
        streams.complain(f"backplane: everybody in {network} is let in, and can do anything")
    if service.keeper is not None:
        ring = service.keeper.ring
        rights = "what permissions.toml says" if ring.permissions else "everything"
        streams.complain(
            f"backplane: keys let in: {len(ring.allowed)}; they may do {rights}; "
            f"its own public key is {ring.own.public.decode()}"
        )


def _banner(settings: Settings) -> list[str]:
    from banyan.transport.discovery import lan_address

    reached = ", ".join(
        lan_address() if address == "*" else address for address in settings.addresses
    )
    return [
        f"{settings.name} Backplane IP address: {reached}".lstrip(),
        f"Subscriber Port = {settings.subscriber_port}",
        f"Publisher  Port = {settings.publisher_port}",
    ]


def main() -> int:
    """Run the `backplane` command; return its exit status."""
    return program.run(command, "backplane")
