"""The demo's messages in words."""

from __future__ import annotations

import pytest

from banyan.cli.demo_words import sender, words


@pytest.mark.parametrize(
    ("topic", "payload", "text"),
    [
        ("system/cpu", {"percent": 50.4, "per_core_percent": [0, 100]}, "50 % of 2 cores busy  ▁█"),
        (
            "system/memory",
            {"used_bytes": 2_000_000_000, "total_bytes": 16_000_000_000, "percent": 12.5},
            "2.0 GB of 16.0 GB in use (12 %)",
        ),
        ("system/disk", {"disks": {"/": {"percent": 22.3}}}, "/ 22 % full"),
        (
            "system/network",
            {"received_bytes_per_s": 1500.0, "sent_bytes_per_s": 0},
            "1.5 kB/s in, 0 bytes/s out",
        ),
        (
            "system/temperature",
            {"celsius": 61.5, "sensors_celsius": {"a": 61.5, "b": 40}},
            "62 °C at the hottest of 2 sensors",
        ),
        ("echo", {"message_number": 3}, '{"message_number": 3}'),
        ("system/cpu", {"other": 1}, '{"other": 1}'),
        ("system/cpu", None, "null"),
    ],
)
def test_words(topic: str, payload: object, text: str) -> None:
    assert words(topic, payload) == text


def test_who_publishes_what() -> None:
    assert sender("system/cpu") == "system_probe"
    assert sender("reply") == "echo_server"
    assert sender("unknown") == ""
