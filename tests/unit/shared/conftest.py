"""A publisher's ring and a subscriber of it, in a folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.rings import SEGMENTS

from banyan import limits
from banyan.counters import Counters
from banyan.shared.ring import Ring
from banyan.shared.rings import Rings


@pytest.fixture
def small_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SHARED_RING_BYTES", SEGMENTS * 68 * 1024)


@pytest.fixture
def counters() -> Counters:
    return Counters()


@pytest.fixture
def ring(counters: Counters, tmp_path: Path) -> Iterator[Ring]:
    ring = Ring(counters, [tmp_path])
    yield ring
    ring.close()


@pytest.fixture
def rings(tmp_path: Path) -> Rings:
    return Rings([tmp_path])
