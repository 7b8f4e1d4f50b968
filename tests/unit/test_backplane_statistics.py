"""The figures of a backplane: their names, their one line of JSON, and the page of metrics."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from tools import free_ports

from backplane.guard import KINDS
from backplane.metrics import Collector
from backplane.service import Service
from backplane.settings import Settings
from backplane.statistics import FAMILIES, Samples, as_json
from banyan.keys import directory
from banyan.keys.key import new_pair

OPEN = Settings(
    name="BP1",
    publisher_port=1,
    subscriber_port=2,
    addresses=("127.0.0.1",),
    allowed=(),
    keys=None,
    max_message_bytes=1 << 20,
    memory=1 << 30,
    subscriber_queue=1 << 30,
    max_connections=None,
    wait=False,
    metrics=None,
)


@pytest.fixture
def keyed(tmp_path: Path) -> Settings:
    """Settings with a directory of keys that lets one in."""
    directory.create(tmp_path / "keys")
    directory.admit(tmp_path / "keys", "alice", new_pair()[0])
    return replace(OPEN, keys=tmp_path / "keys")


@pytest.fixture(params=["open", "keyed", "permissions", "started"])
def samples(request: pytest.FixtureRequest, keyed: Settings) -> Iterator[Samples]:
    """What a backplane counts, of every kind of backplane."""
    publisher_port, subscriber_port = free_ports(2)
    kind: str = request.param
    settings = replace(
        OPEN if kind in ("open", "started") else keyed,
        publisher_port=publisher_port,
        subscriber_port=subscriber_port,
    )
    if kind == "permissions":
        assert keyed.keys is not None
        (keyed.keys / "permissions.toml").write_text('[alice]\npublish = [""]\n', encoding="utf-8")
    with closing(Service(settings)) as service:
        if kind == "started":
            service.start()
        yield service.statistics()


def test_every_sample_has_a_family(samples: Samples) -> None:
    assert {name for name, _ in samples} <= FAMILIES.keys()
    assert all(isinstance(value, int | float) for value in samples.values())


def test_every_family_has_a_sample(keyed: Settings) -> None:
    with closing(Service(keyed)) as service:
        assert {name for name, _ in service.statistics()} == FAMILIES.keys()


def test_all_samples_of_a_family_have_the_same_labels(samples: Samples) -> None:
    """Prometheus asks for that, and the line of JSON for names that differ."""
    shapes = {(name, tuple(label for label, _ in labels)) for name, labels in samples}
    assert len(shapes) == len({name for name, _ in samples})
    assert len(json.loads(as_json("", samples))) == len(samples) + 1


def test_nothing_has_happened_yet(samples: Samples) -> None:
    counters = [key for key in samples if FAMILIES[key[0]][0] == "counter"]
    assert counters
    assert all(samples[key] == 0 for key in counters)
    assert samples["memory_bytes", ()] > 1 << 20
    assert samples["memory_limit_bytes", ()] == OPEN.memory
    for kind in KINDS:
        assert samples["cut_off", (("reason", kind),)] == 0


def test_one_line_of_json() -> None:
    figures: Samples = {
        ("uptime_seconds", ()): 1.5,
        ("frames", (("direction", "in"),)): 3,
        ("frames", (("direction", "out"),)): 2**63,
        ("made_up", (("a", "x"), ("b", "y"))): 0,
    }
    line = as_json("BP1", figures)
    assert "\n" not in line
    assert json.loads(line) == {
        "backplane": "BP1",
        "uptime_seconds": 1.5,
        "frames.in": 3,
        "frames.out": 2**63,
        "made_up.x.y": 0,
    }


@pytest.mark.parametrize("name", ["", 'a "quoted"\nname', "\x1b[31m", "\N{SNOWMAN}", "\udcff"])
def test_any_name_stays_within_its_line(name: str) -> None:
    line = as_json(name, {})
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line) == {"backplane": name}


def test_the_page_of_metrics_has_all_of_them(samples: Samples) -> None:
    pytest.importorskip("prometheus_client")
    families = {family.name: family for family in Collector(lambda: samples).collect()}
    names = {name for name, _ in samples}
    assert families.keys() == {f"banyan_backplane_{name}" for name in names}
    for name in names:
        family = families[f"banyan_backplane_{name}"]
        assert (family.type, family.documentation) == FAMILIES[name]
        found = {tuple(item.labels.items()): item.value for item in family.samples}
        assert found == {labels: value for (own, labels), value in samples.items() if own == name}


def test_names_and_meanings_are_as_prometheus_wants_them() -> None:
    for name, (kind, meaning) in FAMILIES.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert not name.endswith("_total")  # prometheus-client adds that to counters
        assert kind in {"counter", "gauge"}
        assert meaning[0].isupper()
        assert not meaning.endswith(".")
