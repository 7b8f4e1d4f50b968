"""The `backplane` command."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import click

from banyan import banner, limits, signals
from banyan.cli import program
from banyan.routing import endpoint
from banyan.version import __version__

from .addresses import distinct

if TYPE_CHECKING:
    from .forwarder import Forwarder
    from .memory import MemoryWatch

logger = logging.getLogger("banyan")

LARGEST_SIZE: Final = 2**31 - 1
"""Bytes: libraries beneath count in C's int."""

EXAMPLES = """
\b
Examples:
  backplane                          on the usual ports, reached from this machine and its network
  backplane --bind 127.0.0.1         reached from this machine only
  backplane -n BP2 -p 43126 -s 43127     a second one beside the first

Ctrl-C ends it. Components reconnect by themselves when it comes back.
"""


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
    "--max-message-size",
    type=click.IntRange(limits.MAX_SUBSCRIPTION_BYTES, LARGEST_SIZE),
    default=limits.MAX_MESSAGE_BYTES,
    show_default=True,
    metavar="BYTES",
    help="Cut off a publisher that sends a larger frame.",
)
@click.version_option(__version__, prog_name="backplane")
def command(
    name: str,
    publisher_port: int,
    subscriber_port: int,
    loop_time: float,
    addresses: tuple[str, ...],
    max_message_size: int,
) -> None:
    """Forward messages between components.

    Publishers connect to one port, subscribers to the other; each message reaches every
    subscriber that asked for its topic.
    """
    if publisher_port == subscriber_port:
        raise click.UsageError(
            f"publishers and subscribers need different ports; both are {publisher_port}"
        )
    _serve(name, publisher_port, subscriber_port, distinct(addresses), max_message_size)


def _serve(
    name: str,
    publisher_port: int,
    subscriber_port: int,
    addresses: tuple[str, ...],
    max_message_size: int,
) -> None:
    # Imported here, so that `--help` and wrong arguments are answered without zmq; and all of it
    # before it is ready: a signal that interrupts an import may end Python with another status.
    from banyan.shared.sweeper import sweep

    from .forwarder import Forwarder
    from .memory import MemoryWatch

    memory = MemoryWatch()
    forwarder = Forwarder(max_message_size)
    try:
        for address in addresses:
            forwarder.bind(
                _listen_url(address, publisher_port), _listen_url(address, subscriber_port)
            )
        forwarder.start()
        ended = signals.Ended()
        banner.show(
            _banner(name, publisher_port, subscriber_port, addresses), banner.BACKPLANE_WIDTH
        )
        swept = time.monotonic()
        while not ended:
            time.sleep(limits.MEMORY_CHECK_S)
            _look_after(memory, forwarder)
            if time.monotonic() - swept > limits.SHARED_GRACE_S:
                sweep()  # what killed publishers left in shared memory
                swept = time.monotonic()
    finally:
        forwarder.close()


def _look_after(memory: MemoryWatch, forwarder: Forwarder) -> None:
    used = memory.used()
    if memory.exceeded(used, time.monotonic()):
        logger.warning(
            "%.0f MB are in use: what waits for subscribers that are behind is thrown away, "
            "and all subscribers reconnect",
            used / 1e6,
        )
        forwarder.free_queues()


def _listen_url(address: str, port: int) -> str:
    return f"tcp://*:{port}" if address == "*" else endpoint.url(address, port)


def _banner(
    name: str, publisher_port: int, subscriber_port: int, addresses: tuple[str, ...]
) -> list[str]:
    from banyan.transport.discovery import lan_address

    reached = ", ".join(lan_address() if address == "*" else address for address in addresses)
    return [
        f"{name} Backplane IP address: {reached}".lstrip(),
        f"Subscriber Port = {subscriber_port}",
        f"Publisher  Port = {publisher_port}",
    ]


def main() -> int:
    """Run the `backplane` command; return its exit status."""
    return program.run(command, "backplane")
