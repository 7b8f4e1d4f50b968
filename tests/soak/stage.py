"""The play: warm up, chaos, calm, the last count, the end. Nothing is left behind."""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import psutil
from tools.ports import free_ports

from soak import cast, plan
from soak.chaos import Chaos
from soak.report import progress
from soak.schedule import Schedule
from soak.troupe import AWAY, ON, Actor, Troupe
from soak.verdict import History

CALM_S: Final = 8.0
"""Longer than a connection stays open whose other end is gone or silent."""

SHORT_CALM_S: Final = 1.0
PATIENCE_S: Final = 60.0
"""For something that must happen: a start, a recovery, the last message."""

SPOKEN_EVERY_S: Final = 10.0
MOST_SAMPLES: Final = 3600
"""Of a process in one play: in an hour, one a second."""


class Stage:
    """One play. After `play`, what happened stands in `history`."""

    def __init__(
        self,
        minutes: float,
        seed: int,
        *,
        light: bool = False,
        every: float = 4.0,
        tell: Callable[[str], object] = print,
    ) -> None:
        """Prepare a play with a deed of chaos every so many seconds, on average."""
        self.minutes = minutes
        self.seed = seed
        self.light = light
        self.history = History()
        self.troupe = Troupe()
        self.early = False
        """Whether Ctrl-C ended it."""
        self._every = every
        self._tell = tell
        self._schedule = Schedule()
        self._chaos = Chaos(self.troupe, self._schedule, self.history)
        self._spoken = self._measured = 0.0

    @property
    def deeds(self) -> dict[str, int]:
        """How often each kind of deed was done."""
        return dict(self._chaos.deeds)

    def play(self) -> None:
        """Play from beginning to end; whatever happens, no process is left."""
        members = cast.members(light=self.light)
        ports = {bus: free_ports() for bus in cast.BUSES}
        self.history.audiences = list(cast.audiences(members))
        with tempfile.TemporaryDirectory() as folder:
            self.troupe.engage(members, ports, Path(folder))
            try:
                with contextlib.suppress(TimeoutError):  # it stands in the history
                    self._acts()
            finally:
                self.troupe.kill()
                self._schedule.hurry()  # closes connections
                self.troupe.kill()
                self._chaos.close()
        left = psutil.Process().children(recursive=True)
        self.history.events += [f"left behind: {process}" for process in left]
        self._collect()

    # --- the acts ---------------------------------------------------------------------------

    def _acts(self) -> None:
        before: dict[str, int] = {}
        try:
            self._warm_up()
            before = self._descriptors()
            self._rage()
        except KeyboardInterrupt:
            self.early = True
        self._calm_down()
        after = self._descriptors()
        for name in before:
            spare = self.troupe[name].member.spare_descriptors
            self.history.descriptors[name] = before[name], after[name], spare
        self._count()
        self._dismiss(self.troupe.of("subscriber"))
        self._dismiss(self.troupe.of("backplane"))

    def _warm_up(self) -> None:
        for role in ("backplane", "subscriber", "publisher"):
            for actor in self.troupe.of(role):
                actor.start()
            self._await(
                lambda role=role: _all_ready(self.troupe.of(role)), f"every {role} is there"
            )
        self._await(self._all_heard, "every subscriber hears every publisher")

    def _rage(self) -> None:
        mortal = [name for name, actor in self.troupe.items() if actor.member.mortal]
        end = self._schedule.now + self.minutes * 60
        for deed in plan.deeds(self.seed, mortal, list(self.troupe), cast.BUSES, every=self._every):
            due = min(end, self._schedule.now + deed.pause)
            while self._schedule.now < due:
                self._go_on()
            if due == end:
                return
            self._chaos.do(deed)

    def _calm_down(self) -> None:
        """Let everybody go on, start who is away, and wait until all hear each other."""
        self._schedule.hurry()
        for actor in self.troupe.values():
            if not actor.starts:  # Ctrl-C came early
                actor.start()
        self._await(partial(_all_ready, list(self.troupe.values())), "everybody is there again")
        self._await(self._all_heard, "every subscriber hears every publisher again")
        end = self._schedule.now + (SHORT_CALM_S if self.light else CALM_S)
        while self._schedule.now < end:
            self._go_on()

    def _count(self) -> None:
        """End the publishers, and wait until their last messages have been heard."""
        publishers = self.troupe.of("publisher")
        self._dismiss(publishers)
        for actor in publishers:
            if actor.farewells:
                self.history.sent[actor.member.name] = actor.farewells[-1]["sent"]
        with contextlib.suppress(TimeoutError):  # the verdict says what is missing
            self._await(self._all_counted, "the last messages are heard")

    def _dismiss(self, actors: list[Actor]) -> None:
        for actor in actors:
            if actor.state == ON:
                self._chaos.end(actor, signal.SIGTERM)
        self._await(lambda: all(actor.state == AWAY for actor in actors), "they have ended")

    # --- time -------------------------------------------------------------------------------

    def _await(self, condition: Callable[[], bool], what: str) -> None:
        end = self._schedule.now + PATIENCE_S
        while not condition():
            if self._schedule.now > end:
                self.history.events.append(f"not within {PATIENCE_S:g} s: {what}")
                raise TimeoutError(what)
            self._go_on()

    def _go_on(self) -> None:
        self._schedule.run()
        self._chaos.look_for_the_dead()
        now = self._schedule.now
        if now - self._measured >= max(1.0, self.minutes * 60 / MOST_SAMPLES):
            self._measured = now
            self.troupe.measure(now)
        if now - self._spoken >= SPOKEN_EVERY_S:
            self._spoken = now
            self._tell(progress(now, self.troupe, self.deeds))

    # --- what is heard ----------------------------------------------------------------------

    def _all_heard(self) -> bool:
        """Whether every line that is spoken now has been heard by everybody it reaches."""
        return all(
            self._last_heard(listener, line) > 0
            for listener, publisher, topic in self.history.audiences
            for line in _lines(self.troupe[publisher].status.get("sent", {_NONE: 0}), topic)
        )

    def _all_counted(self) -> bool:
        return all(
            self._last_heard(listener, line) >= self.history.sent[publisher][line]
            for listener, publisher, topic in self.history.audiences
            for line in _lines(self.history.sent.get(publisher, {}), topic)
        )

    def _last_heard(self, listener: str, line: str) -> int:
        return int(self.troupe[listener].status.get("last", {}).get(line, 0))

    # --- figures ----------------------------------------------------------------------------

    def _descriptors(self) -> dict[str, int]:
        self.troupe.measure(self._schedule.now)
        return {name: actor.latest.descriptors for name, actor in self.troupe.items()}

    def _collect(self) -> None:
        for name, actor in self.troupe.items():
            self.history.samples[name] = list(actor.samples.values())
            if actor.member.role == "subscriber":
                self.history.accounts[name] = actor.farewells


_NONE: Final = "no line yet"


def _lines(sent: dict[str, int], topic: str) -> list[str]:
    """Return those of a publisher's lines that are of a topic."""
    return [line for line in sent if line.endswith(f" {topic}") or line == _NONE]


def _all_ready(actors: list[Actor]) -> bool:
    return all(actor.ready for actor in actors)
