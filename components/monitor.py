"""monitor: prints every message that passes through a backplane."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import click

from banyan import streams
from banyan.banyan_base import BanyanBase
from banyan.cli import presentation, program
from banyan.cli.latency import Latencies, in_words
from banyan.errors import DecodeError
from banyan.wire.codec import Payload
from banyan.wire.stamp import Stamp

NAME: Final = "Monitor"
FLUSH_S: Final = 0.05
"""The longest a line waits in a steady stream; when nothing else has arrived it does not wait."""

FAULTS_SHOWN: Final = 100
"""Undecodable messages, and gaps, told of one by one; after these, one a second."""

Lines = Callable[..., str]
"""Makes a line of topic and payload, and of the stamp if there is one."""

EXAMPLES: Final = """
\b
Examples:
  monitor                              everything, as long as it runs
  monitor system/ alarm                topics that begin with one of these
  monitor --json system/cpu | jq .payload.percent
  monitor --count 1 reply              wait for one message

In a pipe a line is the topic, a space and the payload in Python's notation.
Of stamped messages a terminal shows the latency, --json publisher, sequence and
age_ms; what is missing is told on stderr, and summed up at the end.
"""


class Complaints:
    """Lines on stderr of one kind: the first `FAULTS_SHOWN`, then one a second."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0.0

    def are_due(self) -> bool:
        """Count one more; tell whether to show it."""
        now = time.monotonic()
        self.count += 1
        due = self.count <= FAULTS_SHOWN or now - self.last >= 1
        self.last = now if due else self.last
        return due


class Monitor(BanyanBase):
    """Writes a line for each message, and one to stderr for each that is none or is missing."""

    def __init__(self, lines: Lines, topics: tuple[str, ...], count: int | None, **options: Any):
        # It publishes nothing: this has it expect stamps from the first message on.
        super().__init__(stamped=True, **options)
        self.lines = lines
        self.left = count
        self.last_flush = 0.0
        self.faults, self.gaps = Complaints(), Complaints()
        self.latencies = Latencies()
        for topic in topics or ("",):
            self.set_subscriber_topic(topic)

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Write a line; flush as soon as there is nothing more to write."""
        line = self.line(topic, payload)
        if line is None:
            return
        sys.stdout.write(line + "\n")
        if self.left is not None:
            self.left -= 1
            if self.left == 0:
                self.stop()
        if not self.subscriber.poll(0) or time.monotonic() - self.last_flush > FLUSH_S:
            self.flush()
        elif self.receive_loop_idle_addition is None:
            # What follows may be nothing to print. The hook is there only while it is needed:
            # a component without one does not wake up while idle.
            self.receive_loop_idle_addition = self.flush

    def line(self, topic: str, payload: Payload) -> str | None:
        """Return a message's line; None, after saying so, if the payload has no form in text."""
        stamp = self.stamp
        if stamp is not None:
            self.latencies.add(stamp.age(time.time()))
        try:
            return self.lines(topic, payload, *([] if stamp is None else [stamp]))
        except Exception as error:  # whatever a peer's value raises: the monitor hears the others
            self.counters.undecodable += 1
            reason = f"it cannot be shown: {type(error).__name__}: {str(error)[:200]}"
            self.undecodable_message(topic.encode(), DecodeError(reason), "")
            return None

    def undecodable_message(self, topic: bytes, error: DecodeError, source: str) -> None:
        """Say what could not be decoded, and why."""
        if self.faults.are_due():
            self.flush()
            reason = presentation.printable(str(error))
            streams.complain(f"monitor: undecodable message on {topic[:100]!r}: {reason}")

    def on_gap(self, topic: str, publisher: str, missed: int) -> None:
        """Say how many messages are missing, of which topic and publisher."""
        if self.gaps.are_due():
            self.flush()
            name = presentation.printable(topic[:100])
            streams.complain(f"monitor: {missed} missed on {name} of publisher {publisher}")

    def flush(self) -> None:
        """Hand what was written to whoever reads it."""
        sys.stdout.flush()
        self.last_flush = time.monotonic()
        if self.receive_loop_idle_addition is not None:
            self.receive_loop_idle_addition = None

    def watch(self) -> None:
        """Write what arrives until the end; then say what was missed or could not be decoded."""
        try:
            self.receive_loop()
        finally:
            if total := self.counters.undecodable:
                streams.complain(f"monitor: {total} undecodable in all")
            if self.latencies.count:
                streams.complain(f"monitor: {self.summary()}")

    def summary(self) -> str:
        """Return what the stamps told, in a line."""
        counters, latencies = self.counters, self.latencies
        median, high = (in_words(latencies.percentile(percent)) for percent in (50, 99))
        return (
            f"{counters.received} received, {counters.missed} missed,"
            f" {counters.duplicates} duplicates; latency median {median}, 99 % {high},"
            f" worst {in_words(latencies.worst)}"
        )


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.argument("prefixes", nargs=-1, metavar="[PREFIX]...")
@click.option("--topic", multiple=True, metavar="PREFIX", help="As PREFIX; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; arrays summarised.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="End after N messages.")
@click.option(
    "-m",
    "--numpy",
    type=bool,
    default=False,
    show_default=True,
    metavar="True|False",
    help="Decode numpy arrays; without it, they are the maps they travel as.",
)
@program.component_options(NAME)
def command(
    prefixes: tuple[str, ...],
    topic: tuple[str, ...],
    as_json: bool,
    count: int | None,
    **options: Any,
) -> None:
    """Print all messages, or those whose topic begins with a PREFIX.

    A terminal gets time, topic and as much of the payload as fits; a pipe gets all of it.
    """
    # In a pipe only messages are on stdout; the banner goes to stderr.
    piped = as_json or not sys.stdout.isatty()
    with contextlib.redirect_stdout(sys.stderr) if piped else contextlib.nullcontext():
        monitor = Monitor(_lines(as_json), (*prefixes, *topic), count, **options)
    with monitor:
        monitor.watch()


def _lines(as_json: bool) -> Lines:
    """Choose what a line looks like; rich is imported for a terminal only."""
    if as_json:
        return _json_line
    if not sys.stdout.isatty():
        return lambda topic, payload, stamp=None: f"{topic} {payload!s}"
    from banyan.cli.terminal import TerminalLines

    terminal = TerminalLines()

    def line(topic: str, payload: Payload, stamp: Stamp | None = None) -> str:
        return terminal.line(topic, payload, None if stamp is None else stamp.age(time.time()))

    return line


def _json_line(topic: str, payload: Payload, stamp: Stamp | None = None) -> str:
    return presentation.json_line(topic, payload, datetime.now(UTC), stamp)


def main() -> int:
    """Run the `monitor` command; return its exit status."""
    return program.run(command, "monitor")


if __name__ == "__main__":
    raise SystemExit(main())
