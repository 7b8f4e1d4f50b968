"""Banners to the letter; the rest of their text is held by the integration tests."""

from __future__ import annotations

import pytest

from banyan import banner
from banyan.routing import spec

SEED = """backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port
BP1,192.168.2.194,43127,"[reply]",43126
BP3,192.168.2.177,43125,"[]",43124
BP4,192.168.2.199,43125,"[run_motors,light_leds]",
BP5,192.168.2.133,,"[run_motors,light_leds]",43124
ALL,192.168.2.134,43125,"[*]",43124
"""


def test_multi(capsys: pytest.CaptureFixture[str]) -> None:
    banner.show_multi("MultiDriver", "seed.csv", spec.parse(SEED), 0.1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:6] == [
        "",
        "Using Backplane Descriptor File:  seed.csv",
        "",
        "*" * 60,
        "",
        "MultiDriver using BP1 Black plane at IP Address: 192.168.2.194",
    ]
    assert "        Subscribed to topic: " in lines
    assert "        Subscribed to topic: *" in lines
    assert lines.count("    Publisher  Port = None Specified") == 1
    assert lines.count("    Subscriber Port = None Specified") == 1
    assert lines[-4:] == ["", "Loop Time = 0.1 seconds", "", "*" * 60]


def test_width_of_the_backplanes(capsys: pytest.CaptureFixture[str]) -> None:
    banner.show(["one line"], banner.BACKPLANE_WIDTH)
    assert capsys.readouterr().out == f"\n{'*' * 42}\none line\n{'*' * 42}\n"
