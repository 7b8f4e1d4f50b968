"""Banners to the letter; the rest of their text is held by the integration tests."""

from __future__ import annotations

import os
import sys

import pytest

from banyan import banner, streams
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/full")
def test_a_full_disk_is_left_for_the_program_to_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        banner.show(["one line"])
        with pytest.raises(OSError, match="space"):
            full.flush()
        streams.discard(full)


def test_a_pipe_that_nobody_reads_is_discarded(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        banner.show(["one line"])
        print("something else", flush=True)


def test_a_stream_that_was_never_open(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    banner.show(["one line"])
    streams.complain("and")
    streams.open_missing()
    for stream in (sys.stdout, sys.stderr):
        print("something", file=stream, flush=True)
        stream.close()
