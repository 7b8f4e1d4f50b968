"""What a component does however many backplanes it is on: receive, idle, stop, clean up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from banyan import limits
from banyan.errors import DecodeError
from banyan.session import Session
from banyan.transport.link import Link
from banyan.wire.codec import Payload


class Component:
    """The part that BanyanBase and BanyanBaseMulti share; not meant to be derived from directly.

    It has no constructor and defines none of threading.Thread's names, so that a component may be
    a thread as well. Every attribute may be assigned, before or after construction.
    """

    loop_time: float
    numpy: bool
    _session: Session
    _idle_hook: Callable[[], object] | None = None

    @property
    def receive_loop_idle_addition(self) -> Callable[[], object] | None:
        """What is called, without arguments, about every `loop_time` while nothing arrives.

        May be assigned at any time, from any thread: a loop that waits without a hook is woken.
        """
        return self._idle_hook

    @receive_loop_idle_addition.setter
    def receive_loop_idle_addition(self, hook: Callable[[], object] | None) -> None:
        self._idle_hook = hook
        if hasattr(self, "_session"):
            self._session.receiver.wake()

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
        self._session.log_undecodable(topic, error, source)

    # --- for a component to call ------------------------------------------------------------

    def receive_loop(self) -> None:
        """Receive messages until `stop()`; blocks without using the CPU while there are none.

        Undecodable messages are dropped, counted and passed to `undecodable_message`. Ctrl-C and
        SIGTERM clean up, then leave as KeyboardInterrupt.
        """
        try:
            self._session.receive(self)
        except KeyboardInterrupt:
            self.clean_up()
            raise

    def stop(self) -> None:
        """Make `receive_loop` return after the message in hand; from any thread or a handler."""
        self._session.receiver.stop()

    def clean_up(self) -> None:
        """Close the sockets once what was published has left, or after 2 s; twice is harmless."""
        self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clean_up()

    # --- inside -----------------------------------------------------------------------------

    def _deliver(self, link: Link, topic: str, payload: Payload) -> None:
        raise NotImplementedError

    def _idle(self) -> None:
        if self.receive_loop_idle_addition is not None:
            self.receive_loop_idle_addition()

    def _pause(self) -> float:
        """Return how long to wait for messages before looking around."""
        pause = float(self.loop_time)
        return pause if self.receive_loop_idle_addition else max(pause, limits.TICK_S)
