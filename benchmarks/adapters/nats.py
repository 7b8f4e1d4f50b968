"""NATS: its server and nats-py, the asyncio client of the same project.

Set beyond the defaults, so that nothing has to be lost or refused: messages up to 32 MB (the
default is 1 MB), at the server 1 GB of unsent data and 60 s for a slow client (64 MB and 10 s), in
the client no limit on what waits for a subscription's callback (524,288 messages, 128 MB).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.installed import library_missing, program, program_missing
from benchmarks.packing import packer, unpacker

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

NAME = "NATS"
PORTS = 1
ABILITIES = frozenset({"arrays"})

_PAUSE_S: Final = 0.001
_CONFIGURATION: Final = """\
listen: "127.0.0.1:{port}"
max_payload: 32MB
max_pending: 1GB
write_deadline: "60s"
"""


def missing() -> str | None:
    """Both the server and the client are needed."""
    return program_missing("nats-server") or library_missing("nats", "nats-py")


def broker(place: Place) -> Sequence[str]:
    """Return the server's command, with a configuration file of its own."""
    configuration = place.folder / "nats.conf"
    configuration.write_text(_CONFIGURATION.format(port=place.ports[0]), encoding="utf-8")
    return [program("nats-server") or "nats-server", "--config", str(configuration)]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish from a coroutine; the client gathers messages and writes them in the background."""
    asyncio.run(_publish(places[0], messages))


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive in callbacks."""
    asyncio.run(_converse(places[0], topics, on_message, ready))


async def _publish(place: Place, messages: Iterable[Message | None]) -> None:
    client = await _connected(place)
    pack = packer(place)
    for message in messages:
        if message is None:
            await asyncio.sleep(_PAUSE_S)
        else:
            await client.publish(message[0], pack(message[1]))
    await client.drain()


async def _converse(
    place: Place,
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    client = await _connected(place)
    pack, unpack = packer(place), unpacker(place)

    async def receive(message: Msg) -> None:
        answer = on_message(unpack(message.data))
        if answer is not None:
            await client.publish(answer[0], pack(answer[1]))

    for topic in topics:
        await client.subscribe(topic, cb=receive, pending_msgs_limit=0, pending_bytes_limit=0)
    await client.flush()
    if (first := ready()) is not None:
        await client.publish(first[0], pack(first[1]))
    await asyncio.Event().wait()


async def _connected(place: Place) -> Client:
    import nats

    return await nats.connect(f"nats://127.0.0.1:{place.ports[0]}")
