"""The demo's messages in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from rich.filesize import decimal

SENDERS: Final = {"echo": "echo_client", "reply": "echo_server", "system/": "system_probe"}
"""Which program of the demo publishes what; a message does not say where it comes from."""

BARS: Final = "▁▂▃▄▅▆▇█"


def sender(topic: str) -> str:
    """Return which program of the demo published a topic."""
    return next((name for prefix, name in SENDERS.items() if topic.startswith(prefix)), "")


def words(topic: str, payload: Any) -> str:
    """Return a measurement in words, any other payload as it is."""
    try:
        return MEASUREMENTS[topic](payload)
    except (KeyError, TypeError):
        return json.dumps(payload)


def _cpu(payload: dict[str, Any]) -> str:
    cores = payload["per_core_percent"]
    bars = "".join(BARS[min(int(core / 12.5), 7)] for core in cores[:32])
    return f"{payload['percent']:.0f} % of {len(cores)} cores busy  {bars}"


def _memory(payload: dict[str, Any]) -> str:
    used, total = decimal(payload["used_bytes"]), decimal(payload["total_bytes"])
    return f"{used} of {total} in use ({payload['percent']:.0f} %)"


def _disk(payload: dict[str, Any]) -> str:
    full = [f"{mount} {disk['percent']:.0f} % full" for mount, disk in payload["disks"].items()]
    written = payload.get("written_bytes_per_s")
    speed = "" if written is None else f", {decimal(int(written))}/s written"
    return ", ".join(full[:2]) + speed


def _network(payload: dict[str, Any]) -> str:
    received, sent = payload["received_bytes_per_s"], payload["sent_bytes_per_s"]
    return f"{decimal(int(received))}/s in, {decimal(int(sent))}/s out"


def _temperature(payload: dict[str, Any]) -> str:
    return (
        f"{payload['celsius']:.0f} °C at the hottest of {len(payload['sensors_celsius'])} sensors"
    )


MEASUREMENTS: Final[dict[str, Callable[[Any], str]]] = {
    "system/cpu": _cpu,
    "system/memory": _memory,
    "system/disk": _disk,
    "system/network": _network,
    "system/temperature": _temperature,
}
