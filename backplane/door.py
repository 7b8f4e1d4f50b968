"""The thread at the door: answers who may come in, and keeps the list of who is there."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Iterable
from typing import Any, Final

import zmq

from banyan import limits
from banyan.logs import QuietLog
from banyan.transport import sockets

from .admission import LATER, Admission, Verdict
from .connections import PUBLISHERS, UNKNOWN, Connection, Connections, Monitor, admitted
from .stall import Stall

logger = logging.getLogger("banyan")

_CLAIM_S: Final = 0.05
"""How long an admitted connection may take to be seen; it takes less than a millisecond."""

_RECOVERY_S: Final = 0.05
"""Pause after an error, lest one that comes again and again take a whole core."""


class Door:
    """Answers libzmq's questions (ZAP) and reads its monitors; one thread, started by `open`.

    Which connection a question is about, libzmq does not say. But it lets nobody in before the
    question is answered, and they are answered one at a time: the connection that then begins
    to hear more than those outside do is the one that was let in. Where that stays unclear a
    connection counts as anybody's, and is cut off when any key is revoked.
    """

    def __init__(self, context: zmq.Context[Any], admission: Admission) -> None:
        self.connections = Connections()
        self._admission = admission
        self._questions = sockets.open_zap(context)
        self._bell, self._ear = sockets.open_pair(context)
        self._ringing = threading.Lock()
        self._ending = False
        self.stall = Stall(time.monotonic())
        self._monitors: dict[zmq.Socket[Any], Monitor] = {}
        self._arrivals: deque[Monitor] = deque()
        self._log = QuietLog(logger)
        self._thread = threading.Thread(target=self._serve, name="door", daemon=True)

    def open(self) -> None:
        """Begin; before the first socket listens, or strangers would have to wait for answers."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether somebody is at the door; without, nobody comes in."""
        return self._thread.is_alive()

    def watch(self, socket: zmq.Socket[Any], port: str) -> None:
        """Keep the list for one more socket; called by its own thread, before it listens."""
        self._arrivals.append(Monitor(socket, port))
        self._ring()

    def close(self) -> None:
        """End the thread; its sockets are closed with their context."""
        self._ending = True
        if self._thread.is_alive():
            self._ring()
            self._thread.join(limits.LINGER_MS / 1000)

    def _ring(self) -> None:
        # Where there is no room for one more ring, plenty are still unheard.
        with self._ringing, contextlib.suppress(zmq.Again):
            self._bell.send(b"", zmq.NOBLOCK)

    # --- for the thread -----------------------------------------------------------------------

    def _serve(self) -> None:
        """Serve until the end, whatever goes wrong: who gets no answer is not let in."""
        while not self._ending:
            try:
                self._poll((self._questions, self._ear, *self._monitors))
                self._take_arrivals()
                self._read_monitors()
                self._answer()
            except Exception:
                if not self._ending:
                    self._log.warning("door", "an error at the door:\n%s", traceback.format_exc())
                    time.sleep(_RECOVERY_S)

    def _poll(self, sockets: Iterable[zmq.Socket[Any]], timeout_ms: int | None = None) -> None:
        poller = zmq.Poller()
        for socket in sockets:
            poller.register(socket, zmq.POLLIN)
        poller.poll(timeout_ms)

    def _take_arrivals(self) -> None:
        with contextlib.suppress(zmq.Again):
            while True:
                self._ear.recv(zmq.NOBLOCK)
        while self._arrivals:
            monitor = self._arrivals.popleft()
            self._monitors[monitor.socket] = monitor

    def _read_monitors(self) -> None:
        for socket, monitor in list(self._monitors.items()):
            tally = self.connections.tallies[monitor.port]
            before = tally.without_key
            if not monitor.read(self.connections):
                del self._monitors[socket]
            if tally.without_key > before:
                self._log.warning(
                    f"keys at {monitor.port}",
                    "refused somebody at the port for %s: %s",
                    monitor.port,
                    self._mismatch(),
                )

    def _mismatch(self) -> str:
        if self._admission.keys is None:
            return "it uses keys, and this backplane none"
        return "it uses no keys"

    def _answer(self) -> None:
        """Answer one question; one a turn, so that it is known whom the answer lets in."""
        try:
            question = self._questions.recv_multipart(zmq.NOBLOCK)
        except zmq.Again:
            return
        verdict, newcomers, peer, port = LATER, [], "", ""
        try:
            _, _, domain, address, _, mechanism, *credentials = question
            peer = address.decode(errors="replace").strip("[]").partition("%")[0]
            port = domain.decode(errors="replace")
            if port == PUBLISHERS and self.stall.just_resumed(time.monotonic()):
                verdict = LATER
            else:
                verdict = self._admission.judge(mechanism, peer, b"".join(credentials[:1]))
            self._read_monitors()  # whoever the question is about is on the list by now
            if verdict.key and verdict.admitted:
                newcomers = self._newcomers(port, peer)
        except BaseException:
            verdict = LATER
            raise
        finally:  # a question without an answer would be the last one
            self._reply(question, verdict)
            if verdict is LATER:
                self._send_away(port, peer)
        if verdict.admitted:
            self._claim(verdict, newcomers)
        elif verdict is not LATER:
            self._tell(verdict, peer, port)

    def _reply(self, question: list[bytes], verdict: Verdict) -> None:
        # Not 400: libzmq at the other end would never try again, be it let in later or not.
        code, words = (b"200", b"OK") if verdict.admitted else (b"300", b"not now")
        version, number = question[:2]
        self._questions.send_multipart([version, number, code, words, verdict.name.encode(), b""])

    def _send_away(self, port: str, address: str) -> None:
        """End the connections of those who are not in yet, so that they try again.

        libzmq leaves them waiting until the handshake has taken too long.
        """
        for connection in self.connections:
            if (
                connection.port == port
                and connection.peer[0] == address
                and not admitted(connection.flow(), keys=False)
            ):
                self.connections.cut(connection)

    def _newcomers(self, port: str, address: str) -> list[Connection]:
        """Return those who might be meant; whoever is in already, unnoticed, gets UNKNOWN."""
        found = []
        for connection in self.connections:
            if connection.key is None and connection.port == port and not connection.cut:
                if admitted(connection.flow(), keys=True):
                    connection.key = UNKNOWN
                elif connection.peer[0] == address:
                    found.append(connection)
        return found

    def _claim(self, verdict: Verdict, newcomers: list[Connection]) -> None:
        """Write key and name to the one of them who is in now.

        If it is not seen, any of them may come in with this key later on.
        """
        deadline = time.monotonic() + _CLAIM_S
        while newcomers and time.monotonic() < deadline:
            for connection in newcomers:
                if admitted(connection.flow(), keys=True):
                    connection.key = UNKNOWN if connection.doubtful else verdict.key
                    connection.name = verdict.name
            if any(connection.key == verdict.key for connection in newcomers):
                return
            self._poll(self._monitors, 1)  # for the report that it is in, or gone
            self._read_monitors()
            newcomers = [entry for entry in newcomers if entry.key is None and not entry.gone]
        for connection in newcomers:
            connection.doubtful = True

    def _tell(self, verdict: Verdict, address: str, port: str) -> None:
        self._log.warning(
            f"refused at {port}",
            "refused %s at the port for %s: %s",
            address,
            port,
            verdict.reason,
        )
