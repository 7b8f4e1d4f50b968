"""system_probe: publishes measurements of this machine, as psutil reads them."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from typing import Any, Final

import click

from banyan.banyan_base import BanyanBase
from banyan.cli import program

NAME: Final = "SystemProbe"
FIRST_S: Final = 0.5
"""Seconds until the first measurements: a load and a rate need some time to be of any meaning."""

EXAMPLES: Final = """
\b
Examples:
  banyan run system_probe                once a second
  banyan run system_probe --rate 0.1     every ten seconds
  monitor system/                        in another terminal: the measurements

\b
Topics: system/cpu, system/memory, system/disk, system/network and, where the machine
has sensors, system/temperature. Keys say their units: percent, used_bytes,
received_bytes_per_s, celsius. `host` is the machine's name.
"""

Measurement = dict[str, Any]


class SystemProbe(BanyanBase):
    """Publishes all measurements at a steady rate."""

    def __init__(self, rate: float, **options: Any) -> None:
        super().__init__(**options)
        self.period = 1 / rate
        self.host = platform.node()
        network, disk = Rates(), Rates()
        self.measurements: dict[str, Callable[[], Measurement]] = {
            "system/cpu": cpu,
            "system/memory": memory,
            "system/disk": lambda: disks(disk),
            "system/network": lambda: network_traffic(network),
            "system/temperature": temperatures,
        }
        self.measure()  # loads and rates are differences: this is what the first is taken from

    def run_at_rate(self) -> None:
        """Publish until Ctrl-C or SIGTERM; what one round takes does not delay the next."""
        due = time.monotonic() + min(self.period, FIRST_S)
        while True:
            time.sleep(max(0.0, due - time.monotonic()))
            for topic, measurement in self.measure().items():
                self.publish_payload({"host": self.host, **measurement}, topic)
            # Rounds missed while the machine slept are left out, not made up for.
            due = max(due + self.period, time.monotonic())

    def measure(self) -> dict[str, Measurement]:
        """Return what can be measured here now, by topic."""
        found = {topic: measurement() for topic, measurement in self.measurements.items()}
        return {topic: measurement for topic, measurement in found.items() if measurement}


class Rates:
    """Turns counters that only grow into changes per second."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._at = 0.0

    def per_second(self, counters: dict[str, int]) -> dict[str, float]:
        """Return each counter's change since the last call; 0 for one that is new or began anew."""
        now = time.monotonic()
        elapsed = max(now - self._at, 1e-6)
        last, self._last, self._at = self._last, counters, now
        return {
            name: round(max(0, value - last.get(name, value)) / elapsed, 1)
            for name, value in counters.items()
        }


def cpu() -> Measurement:
    """Return the load of the processor since the last call, in percent, in all and by core."""
    import psutil

    cores = psutil.cpu_percent(percpu=True)
    return {"percent": round(sum(cores) / max(1, len(cores)), 1), "per_core_percent": cores}


def memory() -> Measurement:
    """Return use of memory and swap."""
    import psutil

    main, swap = psutil.virtual_memory(), psutil.swap_memory()
    return {
        "percent": main.percent,
        "used_bytes": main.used,
        "available_bytes": main.available,
        "total_bytes": main.total,
        "swap_percent": swap.percent,
        "swap_used_bytes": swap.used,
        "swap_total_bytes": swap.total,
    }


def disks(rates: Rates) -> Measurement:
    """Return how full each disk is, by mount point, and what all of them read and write."""
    import psutil

    traffic = psutil.disk_io_counters(nowrap=True)
    counters = {"read": traffic.read_bytes, "written": traffic.write_bytes} if traffic else {}
    speeds = {f"{name}_bytes_per_s": rate for name, rate in rates.per_second(counters).items()}
    return {**speeds, "disks": {mount: found for mount in _mounts() if (found := _usage(mount))}}


def network_traffic(rates: Rates) -> Measurement:
    """Return traffic in all and by interface; the loopback interface counts as any other."""
    import psutil

    counters: dict[str, int] = {}
    for interface, traffic in psutil.net_io_counters(pernic=True).items():
        counters[f"{interface}/received"] = traffic.bytes_recv
        counters[f"{interface}/sent"] = traffic.bytes_sent
    interfaces: dict[str, dict[str, float]] = {}
    for name, rate in rates.per_second(counters).items():
        interface, _, way = name.rpartition("/")
        interfaces.setdefault(interface, {})[f"{way}_bytes_per_s"] = rate
    return {
        f"{way}_bytes_per_s": round(sum(each[f"{way}_bytes_per_s"] for each in interfaces.values()))
        for way in ("received", "sent")
    } | {"interfaces": interfaces}


def temperatures() -> Measurement:
    """Return the temperature of every sensor and the highest of them; nothing without sensors."""
    import psutil

    read = getattr(psutil, "sensors_temperatures", None)  # Linux and FreeBSD only
    sensors = {
        f"{chip} {sensor.label}".strip() + (f" {number}" if number else ""): sensor.current
        for chip, found in (read() if read else {}).items()
        for number, sensor in enumerate(found)
    }
    return {"celsius": max(sensors.values()), "sensors_celsius": sensors} if sensors else {}


def _mounts() -> list[str]:
    """Return one mount point for each disk; a container, which sees none, has at least its root."""
    import psutil

    by_device = {part.device: part.mountpoint for part in reversed(psutil.disk_partitions())}
    return sorted(by_device.values()) or ["/"]


def _usage(mount: str) -> Measurement:
    import psutil

    try:
        usage = psutil.disk_usage(mount)
    except OSError:
        return {}  # an empty drive, or one we may not look into
    return {
        "percent": usage.percent,
        "used_bytes": usage.used,
        "free_bytes": usage.free,
        "total_bytes": usage.total,
    }


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option(
    "--rate",
    type=program.Number(0.0001, 100),
    default=1.0,
    show_default=True,
    metavar="PER_SECOND",
    help="How often all measurements are published: 0.0001 to 100.",
)
@program.component_options(NAME)
def command(**options: Any) -> None:
    """Publish the load of this machine: processor, memory, disks, network, temperatures."""
    with SystemProbe(**options) as probe:
        probe.run_at_rate()


def main() -> int:
    """Run the `system_probe` command; return its exit status."""
    return program.run(command, "system_probe")


if __name__ == "__main__":
    raise SystemExit(main())
