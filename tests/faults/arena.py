"""A system under test: its backplane, the innocents beside it, and what can be seen of them."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Sequence
from typing import Any, Final, Self

import zmq
from tools.ports import free_ports

from banyan.transport import discovery
from faults import zmtp
from faults.case import Record
from faults.components import Component
from faults.processes import FaultError, Process, held_within, wait_until
from faults.system import PROGRAMS, System

MEMORY_LIMIT_MB: Final = 192
"""What a backplane is given where a case makes it grow: the machine is shared. About 40 MB of it
are a Python with libzmq."""

_PATIENCE_S: Final = 15.0
_PROOF = "proof"


class Arena:
    """One system during one case. Everything that is started ends with it."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.record = Record()
        self.note = self.record.note
        self.publisher_port, self.subscriber_port = free_ports(2)
        self.address = system.address()
        self._stack = contextlib.ExitStack()
        self._started: dict[str, Any] = {}
        self._idle_mb = 0.0
        self.backplane: Process
        self.innocents: tuple[Component, Component]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End everything that was started."""
        self._stack.close()

    # --- starting -------------------------------------------------------------------------------

    def start(
        self,
        *,
        memory_limit_mb: int | None = None,
        descriptors: int | None = None,
        inside: Sequence[object] = (),
        **options: Any,
    ) -> Process:
        """Start the backplane and return when it answers; `inside` goes before its command.

        `options` are subprocess.Popen's.
        """
        self._started = {
            "memory_limit_mb": memory_limit_mb, "descriptors": descriptors, "inside": inside,
            **options,
        }  # fmt: skip
        command = self.system.backplane(self.publisher_port, self.subscriber_port, memory_limit_mb)
        self.backplane = self.process([*inside, *command], descriptors=descriptors, **options)
        wait_until(self._answers, _PATIENCE_S, "the backplane answers")
        self.mark()
        return self.backplane

    def restart(self) -> None:
        """Start it again as it was started before."""
        self.start(**self._started)

    def process(self, command: Sequence[object], **options: Any) -> Process:
        """Start a program that ends with the arena."""
        process = Process(command, quiet=self.system.quiet, **options)
        self._stack.callback(process.close)
        return process

    def component(
        self,
        *topics: str,
        inside: Sequence[object] = (),
        place: tuple[str, int, int] | None = None,
        **options: Any,
    ) -> Component:
        """Start a component; it is `ready` a moment later. Options are programs/component.py's.

        `place` is an address with its publisher and subscriber port, if not the backplane's.
        """
        place = place or (self.address, self.publisher_port, self.subscriber_port)
        words: list[object] = [self.system.flavour, *place]
        for name, value in [*(("topic", topic) for topic in topics), *options.items()]:
            words += [f"--{name}"] if value is True else [f"--{name}", value]
        command = [*inside, self.system.python(), PROGRAMS / "component.py", *words]
        component = Component(command, quiet=self.system.quiet)
        self._stack.callback(component.close)
        return component

    def pair(self, topic: str = "innocent", name: str = "a") -> tuple[Component, Component]:
        """Start a publisher and a subscriber and return when the one hears the other."""
        subscriber, publisher = self.component(topic, _PROOF), self.component(name=name)
        subscriber.ready()
        publisher.ready()
        self.meet(publisher, subscriber)
        return publisher, subscriber

    def meet(self, publisher: Component, *subscribers: Component) -> None:
        """Publish until every subscriber has heard it, then have them count anew."""

        def all_heard() -> bool:
            name = publisher.ask("publish", topic=_PROOF, count=1)["publisher"]
            return all(name in one.pages() for one in subscribers)

        wait_until(all_heard, _PATIENCE_S, "a subscriber hears a publisher")
        last = publisher.ask("publish", topic=_PROOF, count=1)
        for one in subscribers:  # nothing may be under way any more
            one.wait_for_number(last["last"], last["publisher"])
        for component in (publisher, *subscribers):
            component.ask("forget")

    def witnesses(self) -> tuple[Component, Component]:
        """Start the pair that has to come through the case unharmed; memory counts from here."""
        self.innocents = self.pair()
        self.mark()
        return self.innocents

    # --- strangers ------------------------------------------------------------------------------

    @property
    def ports(self) -> dict[str, int]:
        """Return the port for each kind of peer."""
        return {"PUB": self.publisher_port, "SUB": self.subscriber_port}

    def connect(self, kind: str) -> socket.socket:
        """Return a plain TCP connection to the port for a kind of peer."""
        return self._stack.enter_context(zmtp.connect(self.address, self.ports[kind]))

    def peer(self, kind: str) -> socket.socket:
        """Return a connection that has shaken hands as a PUB or a SUB."""
        connection = self.connect(kind)
        zmtp.shake_hands(connection, kind)
        return connection

    def zmq_socket(self, kind: int, **options: Any) -> zmq.Socket[bytes]:
        """Return a pyzmq socket connected as a publisher or a subscriber is."""
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._stack.callback(context.destroy, linger=0)
        opened = context.socket(kind)
        self._stack.callback(opened.close, linger=0)
        for name, value in options.items():
            setattr(opened, name, value)
        port = self.ports["PUB" if kind == zmq.PUB else "SUB"]
        opened.connect(f"tcp://{self.address}:{port}")
        return opened

    # --- seeing ---------------------------------------------------------------------------------

    def mark(self) -> None:
        """Count memory from here."""
        self._idle_mb = self.backplane.resident_mb()
        self.backplane.forget_peak()

    def growth_mb(self) -> float:
        """Return the memory the backplane holds now beyond the mark."""
        return self.backplane.resident_mb() - self._idle_mb

    def peak_mb(self) -> float:
        """Return the most memory it has held beyond the mark."""
        return self.backplane.peak_mb() - self._idle_mb

    def note_memory(self, at_most: float) -> None:
        """Note the peak of the backplane's memory."""
        self.note("memory grew by", max(0.0, self.peak_mb()), "MB", at_most=at_most)

    def still_serves(self, *, memory_mb: float, within: float = 10) -> None:
        """Note whether the backplane lives, the innocents hear each other, and what it took."""
        if self.lives():
            self.note_memory(memory_mb)
            self.neighbours_hear(within)

    def neighbours_hear(self, within: float = 10) -> None:
        """Note whether the innocents hear each other; how soon, if it is not at once."""
        self.innocents[1].ask("forget")
        started = time.monotonic()
        heard = held_within(lambda: not self.backplane.running or self._is_heard(), within)
        if self.lives() and not heard:
            self.record.fail(f"the neighbours are not heard within {within:g} s")
        elif heard and (waited := time.monotonic() - started) > 1:
            self.note("neighbours heard after", waited, "s", at_most=within)

    def lives(self) -> bool:
        """Tell whether the backplane lives; its death is noted once."""
        if not self.backplane.running:
            reason = f"the backplane ended: {self.backplane.last_words()}"
            if reason not in self.record.failures:
                self.record.fail(reason)
        return self.backplane.running

    def newcomer(self, *, within: float) -> None:
        """Note how long a pair that comes now takes until it hears each other."""
        started = time.monotonic()
        try:
            self.pair("newcomer", "newcomer")
        except FaultError as error:
            self.record.fail(f"newcomers: {error}")
            return
        took = time.monotonic() - started
        self.note("newcomers heard after", took, "s", at_most=within)

    def _is_heard(self) -> bool:
        """Publish once more; tell whether anything of the innocent publisher has arrived."""
        publisher, subscriber = self.innocents
        publisher.ask("publish", topic="innocent", count=1)
        return bool(subscriber.pages())

    def _answers(self) -> bool:
        if not self.backplane.running:
            raise FaultError(f"the backplane did not start: {self.backplane.last_words()}")
        return all(
            discovery.greeting(self.address, port, 1) == discovery.ANSWERS
            for port in self.ports.values()
        )
