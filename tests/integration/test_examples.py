"""Every program in examples/ is run, as it stands, against a real backplane."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path

import pytest
from tools import CHECKOUT, Backplane, Program
from tools.recorder import Recorder, receiving

EXAMPLES = CHECKOUT / "examples"

ON_OTHER_PORTS = """
import os, runpy, sys
from banyan.banyan_base import BanyanBase
defaults = BanyanBase.__init__.__defaults__
ports = os.environ["SUBSCRIBER_PORT"], os.environ["PUBLISHER_PORT"]
assert defaults[:3] == (None, "43125", "43124")
BanyanBase.__init__.__defaults__ = (None, *ports, *defaults[3:])
runpy.run_path(sys.argv[1], run_name="__main__")
"""
"""Runs a program that takes no options as if the backplane's usual ports were others."""


def example(name: str, backplane: Backplane, *arguments: object) -> Program:
    """Start an example that takes the usual options."""
    return Program(sys.executable, EXAMPLES / name, *backplane.arguments, *arguments)


def plain_example(name: str, backplane: Backplane) -> Program:
    """Start an example that takes no options."""
    environment = {
        "PUBLISHER_PORT": str(backplane.publisher_port),
        "SUBSCRIBER_PORT": str(backplane.subscriber_port),
        "PYTHONUNBUFFERED": "1",
    }
    return Program(sys.executable, "-c", ON_OTHER_PORTS, EXAMPLES / name, env=environment)


def test_publisher_and_subscriber(backplane: Backplane) -> None:
    with (
        plain_example("subscriber.py", backplane) as subscriber,
        plain_example("publisher.py", backplane) as publisher,
    ):
        subscriber.wait_for_line("counter {'number': 9}")
        assert publisher.wait() == 0, publisher.report()
        assert subscriber.running
        assert subscriber.end(signal.SIGINT) == 0
        assert subscriber.error_lines == []


def test_camera_and_viewer(backplane: Backplane) -> None:
    with (
        example("numpy_viewer.py", backplane) as viewer,
        example("numpy_camera.py", backplane) as camera,
    ):
        assert "240x320x3" in viewer.wait_for_line("camera/front", count=3)
        means = [float(line.split()[-1]) for line in viewer.lines if "camera/" in line]
        assert means == sorted(set(means)), "each picture is brighter than the one before"
        assert camera.end(signal.SIGINT) == 0, camera.report()
        assert viewer.end() == 0, viewer.report()


def test_temperature_alarm(backplane: Backplane) -> None:
    with (
        Recorder("alarm", **backplane.keywords) as probe,
        receiving(probe),
        example(
            "temperature_alarm.py", backplane, "--limit", 50, "--silence", 0.2, "--once"
        ) as alarm,
    ):
        alarm.wait_for_line("No measurements")
        for celsius in (40, 60):
            probe.publish_payload({"host": "oven", "celsius": celsius}, "system/temperature")
        assert alarm.wait() == 0, alarm.report()
        alarm.wait_for_line("Alarm: 60 °C on oven")
        assert probe.wait_for(1) == [("alarm", {"celsius": 60, "limit": 50.0})]


def test_thread_publisher(backplane: Backplane) -> None:
    with (
        Recorder("sensor", **backplane.keywords) as listener,
        receiving(listener),
        example("thread_publisher.py", backplane) as publisher,
    ):
        topic, payload = listener.wait_for(3)[0]
        assert topic == "sensor"
        assert 0 <= payload["volts"] <= 5
        listener.publish_payload({"command": "stop"}, "thread_publisher")
        assert publisher.wait() == 0, publisher.report()
        publisher.wait_for_line("Ended.")


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_no_example_is_left_out(name: str) -> None:
    assert f'example("{name}", backplane' in re.sub(r"\(\s+", "(", Path(__file__).read_text())
