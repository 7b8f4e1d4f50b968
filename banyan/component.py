"""What a component does however many backplanes it is on: receive, idle, stop, clean up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Self, overload

from banyan.errors import BanyanError, DecodeError, SettingError
from banyan.session import Session
from banyan.transport.link import Link
from banyan.wire.codec import Payload
from banyan.wire.stamp import Stamp


class _StampOfMessage:
    """The stamp of the message being handled; a program's own attribute of that name hides it.

    Which a property would not allow: python_banyan's programs may use any name.
    """

    @overload
    def __get__(self, component: None, kind: type) -> Self: ...
    @overload
    def __get__(self, component: Component, kind: type) -> Stamp | None: ...
    def __get__(self, component: Component | None, kind: type) -> Self | Stamp | None:
        if component is None:
            return self
        return component._banyan.receiver.stamps.opened() if "_banyan" in vars(component) else None


class Component:
    """The part that BanyanBase and BanyanBaseMulti share; not meant to be derived from directly.

    It has no constructor and defines none of threading.Thread's names, so that a component may be
    a thread as well. Every attribute may be assigned, before or after construction. What is not
    for others begins with `_banyan`: subclasses are free to use any other name.
    """

    loop_time: float
    numpy: bool
    stamp = _StampOfMessage()
    _banyan: Session
    _banyan_max_age: float | None = None
    _banyan_idle_hook: Callable[[], object] | None = None

    @property
    def receive_loop_idle_addition(self) -> Callable[[], object] | None:
        """What is called, without arguments, about every `loop_time` while nothing arrives.

        May be assigned at any time, from any thread: a loop that waits without a hook is woken.
        """
        return self._banyan_idle_hook

    @receive_loop_idle_addition.setter
    def receive_loop_idle_addition(self, hook: Callable[[], object] | None) -> None:
        self._banyan_idle_hook = hook
        if hasattr(self, "_banyan"):
            self._banyan.receiver.wake()

    @property
    def max_age(self) -> float | None:
        """Seconds from which on a stamped message is dropped instead of delivered, or None.

        May be assigned at any time. Messages without a stamp are delivered, whatever their age.
        It is counted from the publisher's clock to ours: between machines whose clocks differ,
        ages differ by as much. A message from the future has the age 0.

        Raises SettingError (a ValueError) for what is no positive number.
        """
        return self._banyan_max_age

    @max_age.setter
    def max_age(self, seconds: float | None) -> None:
        number = isinstance(seconds, int | float) and seconds > 0  # nan is not
        if seconds is not None and not number:
            raise SettingError(f"max_age must be a positive number of seconds, not {seconds!r}")
        self._banyan_max_age = seconds
        if hasattr(self, "_banyan"):
            self._banyan.receiver.stamps.max_age = seconds
            self._banyan.receiver.wake()

    # --- may be overridden ------------------------------------------------------------------

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Handle one message; must be overridden by a component that subscribes.

        Exceptions and `sys.exit()` leave `receive_loop`.
        """
        raise NotImplementedError(
            f"{type(self).__name__} got a message on {topic!r} but does not override"
            " incoming_message_processing(self, topic, payload)"
        )

    def undecodable_message(self, topic: bytes, error: DecodeError, source: str) -> None:
        """Hear of a message that was dropped and why; may be overridden, the default logs it.

        `topic` is the frame as it arrived, `source` says which backplane in words. It is already
        counted in `counters.undecodable`.
        """
        self._banyan.log_undecodable(topic, error, source)

    def on_gap(self, topic: str, publisher: str, missed: int) -> None:
        """Hear that messages are missing; may be overridden, the default logs it.

        So many on this topic, of the publisher with this id, never came: called before the
        message that shows it is handled, whose `stamp` can be looked at. They are already counted
        in `counters.missed`. Only stamps show what is missing.
        """
        self._banyan.log_gap(topic, publisher, missed)

    # --- for a component to call ------------------------------------------------------------

    def receive_loop(self) -> None:
        """Receive messages until `stop()`; blocks without using the CPU while there are none.

        Undecodable messages are dropped, counted and passed to `undecodable_message`. Ctrl-C and
        SIGTERM clean up, then leave as KeyboardInterrupt.
        """
        try:
            self._banyan.receive(self._banyan_view())
        except KeyboardInterrupt:
            self.clean_up()
            raise

    def stop(self) -> None:
        """Make `receive_loop` return after the message in hand; from any thread or a handler."""
        self._banyan.receiver.stop()

    def statistics(self) -> dict[str, Any]:
        """Return name, pid, uptime in seconds, all counters and how the backplanes are reached.

        From any thread. SIGUSR1 has every component write the same to stderr, as a line of JSON.
        """
        return self._banyan.statistics()

    def clean_up(self) -> None:
        """Close the sockets once what was published has left, or after 2 s; twice is harmless."""
        self._banyan.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    # --- inside -----------------------------------------------------------------------------

    def _banyan_view(self) -> ComponentView:
        raise NotImplementedError


class ComponentView:
    """A component as its receive loop sees it; apart from it, so that few names are taken there.

    Everything is looked up anew for each message: programs assign attributes at any time.
    """

    def __init__(self, component: Component) -> None:
        self.component = component

    def deliver(self, link: Link, topic: str, payload: Payload) -> None:
        """Hand over one message."""
        self.component.incoming_message_processing(topic, payload)

    def gap(self, topic: str, publisher: str, missed: int) -> None:
        """Tell of messages that are missing."""
        self.component.on_gap(topic, publisher, missed)

    def undecodable(self, topic: bytes, error: DecodeError, source: str) -> None:
        """Tell of a message that was dropped."""
        self.component.undecodable_message(topic, error, source)

    def missed(self, topic: bytes, error: BanyanError, source: str) -> None:
        """Tell of a message whose data in shared memory were missed."""
        self.component._banyan.log_missed(topic, error, source)

    def idle(self) -> None:
        """Do what is to be done while nothing arrives."""
        hook = self.component.receive_loop_idle_addition
        if hook is not None:
            hook()

    def pause(self) -> float:
        """Return how long to wait for messages before `idle`, in seconds; inf without a hook."""
        hook = self.component.receive_loop_idle_addition
        return float(self.component.loop_time) if hook else math.inf
