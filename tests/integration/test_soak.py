"""A quarter of a minute of `make soak`: real processes, killed, stopped and frozen at random."""

from __future__ import annotations

import random

from soak import report
from soak.stage import Stage


def test_a_short_soak_loses_nothing_unreported() -> None:
    seed = random.randrange(2**32)
    said: list[str] = []
    stage = Stage(minutes=0.1, seed=seed, light=True, every=0.5, tell=said.append)
    stage.play()
    figures = report.summary(stage)
    assert figures["passed"], report.show(figures)
    assert sum(figures["deeds"].values()) >= 3, report.show(figures)
    for name in ("patient", "multi", "guest"):
        assert figures["members"][name]["received"] > 100, report.show(figures)
