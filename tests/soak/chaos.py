"""Does to the troupe what the plan says, and sees to it that who dies comes back."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from typing import Final

import zmq

from soak import attack, plan
from soak.plan import Deed
from soak.schedule import Action, Schedule
from soak.troupe import FROZEN, LEAVING, ON, Actor, Troupe
from soak.verdict import History

HANGING_S: Final = 20.0
"""After SIGTERM, before SIGKILL."""

_LOOK_S: Final = 0.05
_RESTART_S: Final = 1.0


class Chaos:
    """The deeds, counted in `deeds`; what goes wrong meanwhile is noted in the history."""

    def __init__(self, troupe: Troupe, schedule: Schedule, history: History) -> None:
        self.deeds: Counter[str] = Counter()
        self._troupe = troupe
        self._schedule = schedule
        self._history = history
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._attacks: dict[str, Callable[[Deed], None]] = {
            plan.GARBAGE: self._garbage,
            plan.SILENCE: self._silence,
            plan.FORGERY: self._forge,
        }

    def do(self, deed: Deed) -> None:
        """Do one deed; not to who is just frozen, away or not yet there."""
        actor = self._troupe[deed.target]
        if deed.kind in self._attacks:
            self._attacks[deed.kind](deed)
        elif not actor.settled:
            return
        elif deed.kind == plan.FREEZE:
            actor.signal(signal.SIGSTOP, FROZEN)
            self._schedule.later(deed.seconds, lambda: actor.signal(signal.SIGCONT, ON))
        else:
            number = signal.SIGKILL if deed.kind == plan.KILL else signal.SIGTERM
            self.end(actor, number, lambda: self._schedule.later(deed.seconds, actor.start))
        self.deeds[deed.kind] += 1

    def end(self, actor: Actor, number: int, then: Action = lambda: None) -> None:
        """Send a signal that ends a process; do what comes then when it has ended."""
        asked, name = self._schedule.now, actor.member.name
        actor.signal(number, LEAVING)

        def look() -> None:
            took = self._schedule.now - asked
            if actor.code is None and took < HANGING_S:
                self._schedule.later(_LOOK_S, look)
                return
            if actor.code is None:
                self._history.events.append(f"{name} did not end within {HANGING_S:g} s")
                actor.signal(signal.SIGKILL, LEAVING)
            elif number == signal.SIGTERM:
                leaving = self._history.leaving
                leaving[name] = max(leaving.get(name, 0.0), took)
                if actor.code != 0:
                    self._unexpected(actor)
            actor.bury()
            then()

        look()

    def look_for_the_dead(self) -> None:
        """Note who has ended without being asked to, and start them again."""
        for actor in self._troupe.values():
            if actor.state == ON and actor.code is not None:
                self._unexpected(actor)
                actor.bury()
                self._schedule.later(_RESTART_S, actor.start)

    def close(self) -> None:
        """Close the strangers' sockets."""
        self._context.destroy(linger=0)

    def _unexpected(self, actor: Actor) -> None:
        said = "".join(f"\n      {line}" for line in actor.said)
        when = f"{self._schedule.now:.0f} s"
        self._history.events.append(
            f"{actor.member.name} ended with status {actor.code} at {when}:{said}"
        )

    def _garbage(self, deed: Deed) -> None:
        for port in self._troupe[deed.target].ports:
            attack.send_garbage(port, deed.seed)

    def _silence(self, deed: Deed) -> None:
        for port in self._troupe[deed.target].ports:
            opened = attack.open_silent(port, plan.SILENT_CONNECTIONS)
            self._schedule.later(deed.seconds, opened.close)

    def _forge(self, deed: Deed) -> None:
        port = self._troupe[deed.target].ports[0]
        attack.publish_forgeries(self._context, port, deed.seed)
