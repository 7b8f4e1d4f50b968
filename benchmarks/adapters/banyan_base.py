"""Banyan: BanyanBase, with several places BanyanBaseMulti, through the `backplane` command."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BROADCAST, BanyanBaseMulti
from benchmarks.adapter import Message, OnMessage, Place

NAME = "banyan"
PORTS = 2
ABILITIES = frozenset({"arrays", "many"})

Publish = Callable[[Any, str], object]


def missing() -> str | None:
    """Nothing is: Banyan is what is measured."""
    return None


def broker(place: Place) -> Sequence[str]:
    """Return the command of a backplane for this machine alone."""
    publisher_port, subscriber_port = map(str, place.ports)
    ports = ("-p", publisher_port, "-s", subscriber_port)
    return [sys.executable, "-m", "backplane", *ports, "--bind", "127.0.0.1"]


def publish(places: Sequence[Place], messages: Iterable[Message | None], **options: Any) -> None:
    """Publish with `publish_payload`; on several backplanes with "BROADCAST"."""
    if len(places) == 1:
        with BanyanBase(**_ends(places[0]), numpy=places[0].arrays, **options) as component:
            _publish_all(component.publish_payload, messages)
    else:
        with BanyanBaseMulti(_table(places), numpy=places[0].arrays, **options) as multi:
            _publish_all(
                lambda payload, topic: multi.publish_payload(payload, BROADCAST, topic), messages
            )


def _publish_all(publish: Publish, messages: Iterable[Message | None]) -> None:
    for message in messages:
        if message is None:
            time.sleep(0.001)
        else:
            topic, payload = message
            publish(payload, topic)


class Subscriber(BanyanBase):
    """A component that hands on what it receives and publishes the answers."""

    on_message: OnMessage

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        answer = self.on_message(payload)
        if answer is not None:
            self.publish_payload(answer[1], answer[0])


class MultiSubscriber(BanyanBaseMulti):
    """The same on several backplanes: it answers on the one that a message came from."""

    on_message: OnMessage

    def incoming_message_from(self, backplane_name: str, topic: str, payload: Any) -> None:
        answer = self.on_message(payload)
        if answer is not None:
            publisher = self.find_socket(backplane_name, self.PUB_SOCK)
            self.publish_payload(answer[1], publisher, answer[0])


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
    **options: Any,
) -> None:
    """Receive with `receive_loop`."""
    if len(places) == 1:
        component = Subscriber(**_ends(places[0]), numpy=places[0].arrays, **options)
        for topic in topics:
            component.set_subscriber_topic(topic)
        _receive(component, component.publish_payload, on_message, ready)
    else:
        multi = MultiSubscriber(_table(places, topics), numpy=places[0].arrays, **options)

        def publish(payload: Any, topic: str) -> None:
            multi.publish_payload(payload, BROADCAST, topic)

        _receive(multi, publish, on_message, ready)


def _receive(
    component: Subscriber | MultiSubscriber,
    publish: Publish,
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    component.on_message = on_message
    if (first := ready()) is not None:
        publish(first[1], first[0])
    component.receive_loop()


def _ends(place: Place) -> dict[str, Any]:
    publisher_port, subscriber_port = place.ports
    return {
        "back_plane_ip_address": "127.0.0.1",
        "publisher_port": publisher_port,
        "subscriber_port": subscriber_port,
    }


def _table(places: Sequence[Place], topics: Sequence[str] = ()) -> Path:
    """Write a routing specification of all places."""
    lines = ["backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"]
    for number, place in enumerate(places):
        publisher_port, subscriber_port = place.ports
        subscribed = f'"[{",".join(topics)}]"'
        lines.append(f"BP{number},127.0.0.1,{subscriber_port},{subscribed},{publisher_port}")
    path = places[0].folder / f"routes_{os.getpid()}.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
