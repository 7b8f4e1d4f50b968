"""MQTT: mosquitto and paho-mqtt, with quality of service 0.

Set beyond the defaults: TCP_NODELAY at the broker and in the client, or Nagle's algorithm would
hold small messages back; no limit on what the broker and the client hold for a receiver that is
behind (1,000 messages at the broker), so that nothing is dropped for want of a queue; no log.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from benchmarks.adapter import Message, OnMessage, Place
from benchmarks.installed import library_missing, program, program_missing
from benchmarks.packing import packer, unpacker

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

NAME = "mosquitto"
PORTS = 1
ABILITIES = frozenset({"arrays"})

_PAUSE_S: Final = 0.001
_UNSENT_BYTES: Final = 16_000_000
"""What a publisher lets paho gather before it waits: its queue has no other limit."""

_TOPICS_A_PACKET: Final = 100
_SUBSCRIBED_WITHIN_S: Final = 60.0
_CONFIGURATION: Final = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
max_queued_messages 0
max_queued_bytes 0
max_inflight_messages 0
persistence false
log_type none
"""


def missing() -> str | None:
    """Both the broker and the client are needed."""
    return program_missing("mosquitto") or library_missing("paho", "paho-mqtt")


def broker(place: Place) -> Sequence[str]:
    """Return the broker's command, with a configuration file of its own."""
    configuration = place.folder / "mosquitto.conf"
    configuration.write_text(_CONFIGURATION.format(port=place.ports[0]), encoding="utf-8")
    return [program("mosquitto") or "mosquitto", "-c", str(configuration)]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish while the client's own thread writes."""
    client = _connected(places[0])
    client.loop_start()
    pack = packer(places[0])
    unsent = 0
    for message in messages:
        if message is None:
            time.sleep(_PAUSE_S)
            continue
        body = pack(message[1])
        last = client.publish(message[0], body)
        unsent += len(body)
        if unsent > _UNSENT_BYTES:
            last.wait_for_publish()
            unsent = 0
    client.disconnect()
    client.loop_stop()


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive in callbacks of the client's own loop."""
    client = _connected(places[0])
    pack, unpack = packer(places[0]), unpacker(places[0])

    def receive(client: Client, _: Any, message: MQTTMessage) -> None:
        answer = on_message(unpack(bytes(message.payload)))
        if answer is not None:
            client.publish(answer[0], pack(answer[1]))

    client.on_message = receive
    client.loop_start()
    _subscribe(client, topics)
    if (first := ready()) is not None:
        client.publish(first[0], pack(first[1]))
    threading.Event().wait()


def _subscribe(client: Client, topics: Sequence[str]) -> None:
    """Subscribe and wait until the broker has acknowledged all of it."""
    acknowledged = threading.Semaphore(0)
    client.on_subscribe = lambda *_: acknowledged.release()
    packets = range(0, len(topics), _TOPICS_A_PACKET)
    for start in packets:
        client.subscribe([(topic, 0) for topic in topics[start : start + _TOPICS_A_PACKET]])
    for _ in packets:
        if not acknowledged.acquire(timeout=_SUBSCRIBED_WITHIN_S):
            raise TimeoutError("mosquitto did not acknowledge all subscriptions")


def _connected(place: Place) -> Client:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2)
    client.on_socket_open = _send_at_once
    client.connect("127.0.0.1", place.ports[0])
    return client


def _send_at_once(_: Client, __: Any, connection: Any) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
