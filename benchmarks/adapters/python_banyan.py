"""python-banyan 3.17, run as it is: its classes, its backplane, its defaults.

It is installed in an environment of its own (.peers), as for the interoperation tests; a role adds
that environment's packages behind its own, so both use the same pyzmq and msgpack. Its backplane
listens on the machine's LAN address alone: messages go there, which is loopback all the same.
"""

from __future__ import annotations

import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.adapter import Message, OnMessage, Place

NAME = "python-banyan"
PORTS = 2
ABILITIES = frozenset({"arrays", "many"})

_PAUSE_S: Final = 0.001
_ARRAY: Final = "array"
"""The key under which an array travels: with numpy=True only dicts can be published (measured)."""

_REQUIREMENT: Final = "python-banyan==3.17"
_CHECKOUT: Final = Path(__file__).resolve().parents[2]
_HOME: Final = _CHECKOUT / ".peers" / "python_banyan-3.17"
_FOLDERS: Final = {"base": str(_HOME), "platbase": str(_HOME)}
_PACKAGES: Final = Path(sysconfig.get_path("purelib", "venv", _FOLDERS))
_PROGRAMS: Final = Path(sysconfig.get_path("scripts", "venv", _FOLDERS))

Publish = Callable[[Any, str], object]


def missing() -> str | None:
    """It is looked for where the interoperation tests install it, for this Python."""
    if (_PACKAGES / "python_banyan").is_dir():
        return None
    home = _HOME.relative_to(_CHECKOUT)
    pip = (_PROGRAMS / "pip").relative_to(_CHECKOUT)
    return (
        f"{_REQUIREMENT} is not installed in {home} for this Python: "
        f"{Path(sys.executable).name} -m venv {home} && {pip} install {_REQUIREMENT}"
    )


def broker(place: Place) -> Sequence[str]:
    """Return the command of its backplane, and note down where it will listen."""
    from banyan.transport.discovery import lan_address

    _address_file(place).write_text(lan_address(), encoding="utf-8")
    publisher_port, subscriber_port = map(str, place.ports)
    return [str(_PROGRAMS / "backplane"), "-p", publisher_port, "-s", subscriber_port]


def publish(places: Sequence[Place], messages: Iterable[Message | None]) -> None:
    """Publish with `publish_payload`; on several backplanes with "BROADCAST"."""
    component = _component(places, ())
    publish = _publisher(component, places)
    for message in messages:
        if message is None:
            time.sleep(_PAUSE_S)
        else:
            publish(message[1], message[0])
    component.clean_up()


def converse(
    places: Sequence[Place],
    topics: Sequence[str],
    on_message: OnMessage,
    ready: Callable[[], Message | None],
) -> None:
    """Receive with `receive_loop`."""
    component = _component(places, topics)
    publish = _publisher(component, places)

    def receive(_: str, payload: Any) -> None:
        answer = on_message(payload.get(_ARRAY, payload))
        if answer is not None:
            publish(answer[1], answer[0])

    component.incoming_message_processing = receive
    if (first := ready()) is not None:
        publish(first[1], first[0])
    component.receive_loop()


def _component(places: Sequence[Place], topics: Sequence[str]) -> Any:
    sys.path.append(str(_PACKAGES))
    sys.tracebacklimit = 0  # its source is not ours to read
    return _single(places[0], topics) if len(places) == 1 else _multi(places, topics)


def _single(place: Place, topics: Sequence[str]) -> Any:
    from python_banyan.banyan_base import BanyanBase

    publisher_port, subscriber_port = map(str, place.ports)
    component = BanyanBase(
        back_plane_ip_address=_address_file(place).read_text(encoding="utf-8"),
        publisher_port=publisher_port,
        subscriber_port=subscriber_port,
        numpy=place.arrays,
    )
    for topic in topics:
        component.set_subscriber_topic(topic)
    return component


def _multi(places: Sequence[Place], topics: Sequence[str]) -> Any:
    """With numpy=True, since it receives nothing without (measured)."""
    from python_banyan.banyan_base_multi import BanyanBaseMulti

    lines = ["backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"]
    for number, place in enumerate(places):
        publisher_port, port = place.ports
        address = _address_file(place).read_text(encoding="utf-8")
        subscriber_port = port if topics else ""  # with a port and no topic it gets everything
        subscribed = f'"[{",".join(topics)}]"'
        lines.append(f"BP{number},{address},{subscriber_port},{subscribed},{publisher_port}")
    specification = places[0].folder / f"routes_{os.getpid()}.csv"
    specification.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return BanyanBaseMulti(back_plane_csv_file=str(specification), numpy=True)


def _publisher(component: Any, places: Sequence[Place]) -> Publish:
    publish: Publish = component.publish_payload
    if len(places) > 1:
        return lambda payload, topic: component.publish_payload(payload, "BROADCAST", topic)
    if places[0].arrays:
        return lambda payload, topic: publish(_in_a_dict(payload), topic)
    return publish


def _in_a_dict(payload: Any) -> dict[str, Any]:
    return payload if isinstance(payload, dict) else {_ARRAY: payload}


def _address_file(place: Place) -> Path:
    return place.folder / "address"
