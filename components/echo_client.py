"""echo_client: counts down on `echo` and checks every answer on `reply`."""

from __future__ import annotations

import statistics
import time
from typing import Any, Final

import click

from banyan.banyan_base import BanyanBase
from banyan.cli import program
from banyan.wire.codec import Payload

NAME: Final = "EchoClient"
REQUEST: Final = "echo"
REPLY: Final = "reply"
GIVE_UP_AFTER: Final = 3
"""Numbers without an answer in a row after which the server is taken for dead."""

SHOWN: Final = 10
"""Missing numbers named in the summary; more are counted."""

EXAMPLES: Final = """
\b
Example, with `backplane` and `banyan run echo_server` in other terminals:
  banyan run echo_client
  banyan run echo_client -m 10000        the round trip time, from many messages
"""


class EchoClient(BanyanBase):
    """Sends one number at a time, each when the answer to the one before it has come."""

    def __init__(self, messages: int, timeout: float, interval: float, **options: Any) -> None:
        super().__init__(receive_loop_idle_addition=self.look_at_clock, **options)
        self.number = messages
        self.total = messages + 1
        self.timeout = timeout
        self.interval = interval
        self.waiting = False
        self.sent = 0
        self.sent_at = 0.0
        self.round_trips: list[float] = []
        self.missing: list[int] = []
        self.missing_in_a_row = 0
        self.unexpected = 0
        self.set_subscriber_topic(REPLY)

    def count_down(self) -> None:
        """Send all numbers, unless nobody answers; returns when none is waited for any more."""
        self.send()
        self.receive_loop()

    def send(self) -> None:
        """Send the number that is due."""
        self.sent_at = time.perf_counter()
        self.sent += 1
        self.waiting = True
        self.publish_payload({"message_number": self.number}, REQUEST)

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Check an answer; another client's or a late one is counted and changes nothing."""
        elapsed = time.perf_counter() - self.sent_at
        if topic == REPLY and self.waiting and payload == {"message_number": self.number}:
            self.round_trips.append(elapsed)
            self.missing_in_a_row = 0
            self.go_on()
        else:
            self.unexpected += 1
            self.look_at_clock()

    def look_at_clock(self) -> None:
        """Give an answer up that is overdue; send the next number when its time has come."""
        elapsed = time.perf_counter() - self.sent_at
        if not self.waiting and elapsed >= self.interval:
            self.send()
        elif self.waiting and elapsed >= self.timeout:
            self.missing.append(self.number)
            self.missing_in_a_row += 1
            if self.round_trips and self.missing_in_a_row < GIVE_UP_AFTER:
                self.go_on()
            else:
                self.stop()  # nobody answers: the others would be waited for in vain as well

    def go_on(self) -> None:
        """Take the next number, the end after 0."""
        self.waiting = False
        if self.number == 0:
            self.stop()
            return
        self.number -= 1
        if not self.interval:
            self.send()

    def summary(self) -> str:
        """Say in a line or two how it went."""
        lines = [f"sent {self.sent}, received {len(self.round_trips)}"]
        if self.round_trips:
            middle, worst = statistics.median(self.round_trips), max(self.round_trips)
            lines[0] += f"; round trip: median {middle * 1e3:.2f} ms, worst {worst * 1e3:.2f} ms"
        if self.unexpected:
            lines.append(f"{self.unexpected} other messages on {REPLY!r}: does another client run?")
        if self.missing:
            numbers = ", ".join(map(str, self.missing[:SHOWN]))
            more = f" and {len(self.missing) - SHOWN} more" if len(self.missing) > SHOWN else ""
            lines.append(f"no answer within {self.timeout:g} s to number {numbers}{more}")
        if unsent := self.total - self.sent:
            lines.append(f"{unsent} of {self.total} numbers were not sent")
        if self.missing and not self.round_trips:
            lines.append("no echo server answers; start one: banyan run echo_server")
        return "\n".join(lines)


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option(
    "-m",
    "--messages",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Count down from N to 0.",
)
@click.option(
    "--timeout",
    type=program.seconds(more_than=True),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for each answer.",
)
@click.option(
    "--interval",
    type=program.seconds(),
    default=0.0,
    show_default=True,
    metavar="SECONDS",
    help="Least time between two messages.",
)
@program.component_options(NAME)
def command(**options: Any) -> int:
    """Count down on `echo` and check every answer on `reply`.

    Says how long the answers took. Ends with status 0 if all answers came or Ctrl-C ended it, 1 if
    not; gives up after three numbers in a row without an answer.
    """
    with EchoClient(**options) as client:
        try:
            client.count_down()
        except KeyboardInterrupt:
            print(client.summary(), flush=True)
            raise
        print(client.summary(), flush=True)
        return 1 if client.missing else 0


def main() -> int:
    """Run the `echo_client` command; return its exit status."""
    return program.run(command, "echo_client")


if __name__ == "__main__":
    raise SystemExit(main())
