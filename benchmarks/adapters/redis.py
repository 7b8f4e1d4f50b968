"""Redis pub/sub: redis-server without persistence and redis-py, with hiredis where it is installed.

Set beyond the defaults: no limit on what the server holds for a subscriber that is behind (by
default it disconnects one after 32 MB), and in the client RESP2, with which redis-py 8.1 receives
1.3 times as fast as with RESP3, its default, and 8 times at 100 KB (measured). A publisher uses a
pipeline, as redis-py's documentation advises for many commands in a row; answers are published
one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.installed import library_missing, program, program_missing
from benchmarks.packing import packer, unpacker

NAME = "Redis"
PORTS = 1
ABILITIES = frozenset({"arrays"})

_PAUSE_S: Final = 0.001
_PIPELINE_COMMANDS: Final = 1000
_PIPELINE_BYTES: Final = 300_000
"""When a pipeline is sent. 10,000 commands were 0.6 times as fast; 1 MB half as fast at 100 KB a
message; 100 KB at a time 0.8 times at 1 KB a message (measured)."""


def missing() -> str | None:
    """Both the server and the client are needed."""
    return program_missing("redis-server") or library_missing("redis", "redis")


def broker(place: Place) -> Sequence[str]:
    """Return the server's command: it writes nothing to disk."""
    settings = {
        "--bind": ["127.0.0.1"],
        "--port": [str(place.ports[0])],
        "--dir": [str(place.folder)],
        "--save": [""],
        "--appendonly": ["no"],
        "--client-output-buffer-limit": ["pubsub", "0", "0", "0"],
    }
    words = [word for option, values in settings.items() for word in (option, *values)]
    return [program("redis-server") or "redis-server", *words]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish in pipelines."""
    pipeline = _connected(places[0]).pipeline(transaction=False)
    pack = packer(places[0])
    waiting = 0
    for message in messages:
        if message is None:
            pipeline.execute()
            waiting = 0
            time.sleep(_PAUSE_S)
            continue
        body = pack(message[1])
        pipeline.publish(message[0], body)
        waiting += len(body)
        if waiting > _PIPELINE_BYTES or len(pipeline) >= _PIPELINE_COMMANDS:
            pipeline.execute()
            waiting = 0
    pipeline.execute()


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive with `listen`."""
    client = _connected(places[0])
    subscriber = client.pubsub()
    subscriber.subscribe(*topics)
    pack, unpack = packer(places[0]), unpacker(places[0])
    unconfirmed = len(topics)
    for message in subscriber.listen():
        answer = None
        if message["type"] == "message":
            answer = on_message(unpack(message["data"]))
        elif message["type"] == "subscribe":
            unconfirmed -= 1
            answer = None if unconfirmed else ready()
        if answer is not None:
            client.publish(answer[0], pack(answer[1]))


def _connected(place: Place) -> Any:
    import redis

    return redis.Redis(host="127.0.0.1", port=place.ports[0], protocol=2)
