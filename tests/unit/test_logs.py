"""A flood of the same warning is one line, and says how many it stands for."""

from __future__ import annotations

import logging

import pytest

from banyan import limits, logs


def test_one_line_of_a_kind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr(logs.time, "monotonic", lambda: now)
    quiet = logs.QuietLog(logging.getLogger("banyan.test"))
    for number in range(5):
        quiet.warning("kind", "message %d", number)
    quiet.warning("other", "another")
    assert caplog.messages == ["message 0", "another"]
    now += limits.LOG_INTERVAL_S
    quiet.warning("kind", "message %d", 5)
    assert caplog.messages[-1] == "message 5 (and 4 more like it)"
