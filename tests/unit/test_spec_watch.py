"""When an edit of a routing specification is read, and when not."""

from __future__ import annotations

from pathlib import Path

import pytest

from banyan import limits
from banyan.spec_watch import SpecWatch

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
ONE = HEADER + 'BP1,127.0.0.1,43125,"[a]",43124\n'
TWO = ONE + 'BP2,127.0.0.1,43127,"[]",43126\n'


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPEC_CHECK_S", 0.0)


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "spec.csv"
    path.write_text(ONE)
    return path


def test_an_edit_is_read_once_it_has_come_to_rest(spec: Path) -> None:
    watch = SpecWatch(spec)
    assert watch.edited() is None
    spec.write_text(TWO[:-20])  # half written
    assert watch.edited() is None
    spec.write_text(TWO)
    assert watch.edited() is None
    routes = watch.edited()
    assert routes is not None
    assert [route.name for route in routes] == ["BP1", "BP2"]
    assert watch.edited() is None


def test_an_invalid_edit_or_a_lost_file_is_logged_once(
    spec: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watch = SpecWatch(spec)
    spec.write_text(ONE.replace("[a]", "[a b]"))
    assert [watch.edited() for _ in range(4)] == [None] * 4
    assert caplog.text.count("the old table stays") == 1
    assert f"{spec}:2:" in caplog.text
    spec.unlink()
    assert [watch.edited() for _ in range(4)] == [None] * 4
    assert caplog.text.count("the old table stays") == 2


def test_it_does_not_look_all_the_time(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SPEC_CHECK_S", 3600.0)
    watch = SpecWatch(spec)
    assert watch.edited() is None
    spec.write_text(TWO)
    assert [watch.edited() for _ in range(3)] == [None] * 3
