"""A process of `banyan bench`: publishes, subscribes, asks or echoes, as it is told on stdin.

Commands and answers are JSON objects, one a line; topics are PREFIX/flow, /ask and /answer.
Messages that are measured are bytes; maps among them are marks, which are counted by nobody.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, Protocol

import click

from banyan import streams
from banyan.banyan_base import BanyanBase
from banyan.cli import program
from banyan.cli.bench_plan import CHUNK_S
from banyan.errors import BanyanError
from banyan.wire.codec import Payload

Command = dict[str, Any]

_LOOK: Final = 15
"""The clock is looked at when no bit of the count is in this mask, every 16th message."""


def say(said: str, **fields: object) -> None:
    """Send one line to the benchmark; if it has gone, this process ends all the same."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps({"said": said, **fields}) + "\n")
        sys.stdout.flush()


class Peer(BanyanBase):
    """What all roles share. `obey` is called in a thread of its own."""

    def __init__(self, prefix: str, **options: Any) -> None:
        with contextlib.redirect_stdout(io.StringIO()):  # the banner is no answer
            super().__init__(**options)
        self.prefix = prefix

    def obey(self, command: Command) -> None:
        """Do one command; `usage` is common to all roles."""
        if command["do"] == "usage":
            say("usage", cpu_s=time.process_time())

    def work(self) -> None:
        """Do what the role does, until the process is ended."""
        self.receive_loop()


class Publisher(Peer):
    """Publishes bursts: {"do": "burst", "number", "count", "size", "rate"}, each with a mark."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix, **options)
        self.commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.topic = f"{prefix}/flow"

    def obey(self, command: Command) -> None:
        """Leave it to the main thread: one burst after the other."""
        self.commands.put(command)

    def work(self) -> None:
        """Do commands as they come."""
        while True:
            command = self.commands.get()
            if command["do"] == "burst":
                self.burst(**{name: command[name] for name in ("number", "count", "size", "rate")})
            elif command["do"] == "mark":
                self.mark(command["number"], "late")
            else:
                super().obey(command)

    def burst(self, number: int, count: int, size: int, rate: float | None) -> None:
        """Publish between two marks, and say how long it took."""
        payload = bytes(size)
        publish, topic = self.publish_payload, self.topic
        given_up = self.counters.given_up
        self.mark(number, "begin")
        begun = time.perf_counter()
        for messages in _paced(count, rate) if rate else (range(count),):
            for _ in messages:
                publish(payload, topic)
        seconds = time.perf_counter() - begun
        say("sent", seconds=seconds, given_up=self.counters.given_up - given_up)
        self.mark(number, "end")

    def mark(self, number: int, moment: str) -> None:
        """Publish a mark: `begin` and `end` of a burst, `late` if the end may have got lost."""
        self.publish_payload({"mark": number, "moment": moment}, self.topic)


def _paced(count: int, rate: float) -> Iterator[range]:
    """Yield chunks of so many messages, each followed by a pause that keeps the rate."""
    size = max(1, round(rate * CHUNK_S))
    begun = time.perf_counter()
    for first in range(0, count, size):
        chunk = range(first, min(first + size, count))
        yield chunk
        time.sleep(max(0.0, begun + chunk.stop / rate - time.perf_counter()))


class Subscriber(Peer):
    """Counts messages between two marks, and says `heard`."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix, **options)
        self.count = 0
        self.begun = self.looked = 0.0
        self.marked = -1
        self.set_subscriber_topic(f"{prefix}/flow")

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Count a message; this is part of what is measured."""
        if isinstance(payload, dict):
            self.mark(payload["mark"], payload["moment"])
            return
        count = self.count
        if not count & _LOOK:
            self.looked = time.perf_counter()
            if not self.begun:  # the mark got lost
                self.begun = self.looked
        self.count = count + 1

    def mark(self, number: int, moment: str) -> None:
        """Begin a burst, or end it, once.

        A mark that came late says nothing of when the last message did.
        """
        now = time.perf_counter()
        if moment == "begin":
            self.begun = now
        elif number != self.marked:
            ended = self.looked if moment == "late" else now
            seconds = ended - self.begun if self.count else 0.0
            say("heard", number=number, count=self.count, seconds=seconds)
            self.marked, self.count, self.begun = number, 0, 0.0


class Echo(Peer):
    """Sends every question back as the answer."""

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix, **options)
        self.answer = f"{prefix}/answer"
        self.set_subscriber_topic(f"{prefix}/ask")

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Publish it as it came."""
        self.publish_payload(payload, self.answer)


class Asker(Peer):
    """Makes round trips, one at a time: {"do": "trips", "count", "size", "seconds"}.

    {"do": "knock"} sends a mark, which is answered by `answered` if it comes back.
    """

    def __init__(self, prefix: str, **options: Any) -> None:
        super().__init__(prefix, **options)
        self.ask = f"{prefix}/ask"
        self.times: list[float] = []
        self.question = b""
        self.count = 0
        self.until = self.asked = 0.0
        self.set_subscriber_topic(f"{prefix}/answer")

    def obey(self, command: Command) -> None:
        """Ask the first question; nothing is under way then, so the loop's thread is at rest."""
        if command["do"] == "knock":
            self.publish_payload({"mark": 0}, self.ask)
        elif command["do"] == "trips":
            self.times, self.count = [], command["count"]
            self.question = bytes(command["size"])
            self.until = time.perf_counter() + command["seconds"]
            self.asked = time.perf_counter()
            self.publish_payload(self.question, self.ask)
        else:
            super().obey(command)

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Note the time of an answer and ask again."""
        now = time.perf_counter()
        if isinstance(payload, dict):
            say("answered")
            return
        self.times.append(now - self.asked)
        if len(self.times) >= self.count or now >= self.until:
            say("trips", times=self.times)
            return
        self.asked = time.perf_counter()
        self.publish_payload(self.question, self.ask)


class Role(Protocol):
    """How a peer is made."""

    def __call__(self, prefix: str, **options: Any) -> Peer: ...


ROLES: Final[dict[str, Role]] = {
    "publisher": Publisher,
    "subscriber": Subscriber,
    "echo": Echo,
    "asker": Asker,
}


@click.command(context_settings=program.HELP)
@click.argument("role", type=click.Choice(list(ROLES)))
@click.argument("prefix")
@program.backplane_options
@click.option("--shared", is_flag=True)
def command(role: str, prefix: str, **options: Any) -> None:
    """Serve `banyan bench`, which starts this; it is no program for users."""
    peer = ROLES[role](prefix, **options)
    threading.Thread(target=_listen, args=(peer.obey,), daemon=True).start()
    say("ready")
    peer.work()


def _listen(obey: Callable[[Command], None]) -> None:
    """Do what is read; end the process at once when the benchmark has ended, however it did."""
    try:
        for line in sys.stdin:
            obey(json.loads(line))
    except BanyanError as error:
        streams.complain(f"bench_peer: {error}")
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    # No ordinary end: a thread that reads stdin is an error to an interpreter that shuts down.
    os._exit(program.run(command, "bench_peer"))
