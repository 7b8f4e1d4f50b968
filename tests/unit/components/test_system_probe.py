"""The measurements of system_probe, without a backplane."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from components import system_probe


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that stands still until it is moved."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(system_probe.time, "monotonic", lambda: clock.now)
    return clock


def test_a_rate_is_the_change_over_the_time(clock: SimpleNamespace) -> None:
    rates = system_probe.Rates()
    assert rates.per_second({"sent": 1000}) == {"sent": 0}
    clock.now += 2
    assert rates.per_second({"sent": 1500, "new": 7}) == {"sent": 250, "new": 0}
    clock.now += 2
    assert rates.per_second({"sent": 10, "new": 8}) == {"sent": 0, "new": 0.5}


def test_interfaces_with_slashes_in_their_names(
    monkeypatch: pytest.MonkeyPatch, clock: SimpleNamespace
) -> None:
    traffic = {"usb/0": SimpleNamespace(bytes_recv=0, bytes_sent=0)}
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic: traffic)
    rates = system_probe.Rates()
    system_probe.network_traffic(rates)
    clock.now += 1
    traffic["usb/0"] = SimpleNamespace(bytes_recv=300, bytes_sent=100)
    assert system_probe.network_traffic(rates) == {
        "received_bytes_per_s": 300,
        "sent_bytes_per_s": 100,
        "interfaces": {"usb/0": {"received_bytes_per_s": 300, "sent_bytes_per_s": 100}},
    }


def test_temperatures_name_the_hottest(monkeypatch: pytest.MonkeyPatch) -> None:
    def read() -> dict[str, list[SimpleNamespace]]:
        core = SimpleNamespace(label="Core", current=61.5)
        return {"coretemp": [core, core], "acpitz": [SimpleNamespace(label="", current=40.0)]}

    monkeypatch.setattr(psutil, "sensors_temperatures", read, raising=False)
    assert system_probe.temperatures() == {
        "celsius": 61.5,
        "sensors_celsius": {"coretemp Core": 61.5, "coretemp Core 1": 61.5, "acpitz": 40.0},
    }


def test_a_machine_without_sensors_disks_or_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(psutil, "sensors_temperatures", raising=False)
    monkeypatch.setattr(psutil, "disk_io_counters", lambda nowrap: None)
    monkeypatch.setattr(psutil, "disk_partitions", list)
    assert system_probe.temperatures() == {}
    assert list(system_probe.disks(system_probe.Rates())) == ["disks"]


def test_a_disk_that_cannot_be_read_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(mount: str) -> None:
        raise PermissionError(mount)

    monkeypatch.setattr(psutil, "disk_usage", refuse)
    assert system_probe.disks(system_probe.Rates())["disks"] == {}


def test_this_machine_has_a_load_and_memory() -> None:
    load, memory = system_probe.cpu(), system_probe.memory()
    assert len(load["per_core_percent"]) == psutil.cpu_count()
    assert 0 < memory["used_bytes"] <= memory["total_bytes"]
