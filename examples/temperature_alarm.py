"""Listens to the measurements of `banyan run system_probe` and raises an alarm when it gets hot.

    python examples/temperature_alarm.py --limit 70

It shows how a component publishes in answer to what it hears, notices silence with the idle hook,
and ends itself with stop().
"""

import time
from typing import Any

import click

from banyan.banyan_base import BanyanBase
from banyan.cli import program


class TemperatureAlarm(BanyanBase):
    def __init__(self, limit: float, silence: float, once: bool, **options: Any) -> None:
        super().__init__(receive_loop_idle_addition=self.notice_silence, **options)
        self.limit, self.silence, self.once = limit, silence, once
        self.last_heard = time.monotonic()
        self.hot = False
        self.set_subscriber_topic("system/temperature")

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        self.last_heard = time.monotonic()
        was_hot, self.hot = self.hot, payload["celsius"] > self.limit
        if self.hot and not was_hot:  # once each time it gets hot, not with every measurement
            self.publish_payload({"celsius": payload["celsius"], "limit": self.limit}, "alarm")
            print(f"Alarm: {payload['celsius']} °C on {payload['host']}", flush=True)
            if self.once:
                self.stop()  # receive_loop returns after this message

    def notice_silence(self) -> None:
        # Called about every `loop_time` seconds while nothing arrives; it must not block.
        if time.monotonic() - self.last_heard > self.silence:
            print("No measurements: does `banyan run system_probe` run?", flush=True)
            self.last_heard = time.monotonic()


@click.command()
@click.option("--limit", default=70.0, show_default=True, help="Degrees Celsius.")
@click.option("--silence", default=10.0, show_default=True, help="Seconds without measurements.")
@click.option("--once", is_flag=True, help="End after the first alarm.")
@program.component_options("TemperatureAlarm")
def command(**options: Any) -> None:
    """Publish an `alarm` when a temperature goes over a limit."""
    with TemperatureAlarm(**options) as alarm:
        alarm.receive_loop()


if __name__ == "__main__":
    raise SystemExit(program.run(command, "temperature_alarm"))
