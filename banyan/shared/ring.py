"""A ring: where a publisher writes its large data, once, for all subscribers of its machine."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from banyan import limits
from banyan.counters import Counters
from banyan.errors import PayloadTypeError
from banyan.logs import QuietLog
from banyan.shared import places
from banyan.shared.segment import Segment, aligned
from banyan.shared.store import Store, largest
from banyan.shared.sweeper import sweep
from banyan.wire import handle, leaves
from banyan.wire.leaves import Lifted

logger = logging.getLogger("banyan")

_HOLE: Final = secrets.token_hex(8)
"""A key that no payload has, as nobody can know it."""


class Ring:
    """Packs messages whose large data go through shared memory; from any thread.

    Nothing is made before the first large payload. `counters.shared` and `counters.shared_full`
    say how many large payloads went through the ring, and how many had no room in it.
    """

    def __init__(self, counters: Counters, folders: Sequence[Path] | None = None) -> None:
        self._counters = counters
        self._folders = folders
        self._log = QuietLog(logger)
        self._lock = threading.RLock()
        self._busy = False
        self._store: Store | None = None
        self._process = os.getpid()
        self._closed = False
        self._ring = ""
        self._not_before = 0.0

    def pack(
        self, payload: object, *, arrays: bool, max_bytes: int = limits.MAX_MESSAGE_BYTES
    ) -> bytes | None:
        """Return a message's second frame, or None: it is to be packed like any other.

        It is when nothing in the payload is large, when there is no room in the ring, and when
        the payload cannot be published at all: packing it says why.
        """
        lifted = leaves.lift(payload, _HOLE, arrays=arrays)
        if lifted is None or sum(leaf.nbytes for leaf in lifted.leaves) > max_bytes:
            return None
        if self._process != os.getpid():  # in a fork, which shares the memory and the locks
            return None
        with self._lock:
            if self._busy or self._closed:  # busy: in a signal handler that interrupted it
                return None
            self._busy = True
            try:
                return self._pack(lifted, arrays, max_bytes)
            finally:
                self._busy = False
                if self._closed:  # by a signal handler, meanwhile
                    self.close()

    def close(self) -> None:
        """Write no more. What was published can still be read for `limits.SHARED_GRACE_S`."""
        if self._process != os.getpid():
            return
        with self._lock:
            self._closed = True
            if self._store is not None and not self._busy:
                self._store.close()
                self._store = None

    def _pack(self, lifted: Lifted, arrays: bool, max_bytes: int) -> bytes | None:
        size = sum(aligned(leaf.nbytes) for leaf in lifted.leaves)
        segment = self._segment_for(size)
        if segment is None:
            self._counters.shared_full += 1
            self._log.warning("full", "published %d bytes in band: %s", size, _why_not(size))
            return None
        whereabouts = handle.Handle(
            places.host(),
            places.boot(),
            self._ring,
            segment.number,
            segment.generation,
            segment.write(lifted.leaves),
            _HOLE,
            lifted.skeleton,
        )
        try:
            body = handle.pack(whereabouts, arrays=arrays)
        except PayloadTypeError:
            return None
        if len(body) + size > max_bytes:
            return None
        self._counters.shared += 1
        return body

    def _segment_for(self, size: int) -> Segment | None:
        store = self._ready()
        with contextlib.suppress(OSError):
            return None if store is None else store.segment_for(size)
        return None

    def _ready(self) -> Store | None:
        """Return the store, made at the first call and again when it was deleted."""
        if self._store is not None and not self._store.is_there():
            self._store.close()
            self._store = None
        if self._store is None and time.monotonic() >= self._not_before:
            sweep(self._folders)
            self._store = self._made()
        return self._store

    def _made(self) -> Store | None:
        for folder in places.places() if self._folders is None else self._folders:
            self._ring = secrets.token_hex(16)
            with contextlib.suppress(OSError):
                return Store(folder, self._ring)
        self._not_before = time.monotonic() + limits.SHARED_RETRY_S
        return None


def _why_not(size: int) -> str:
    most = largest(limits.SHARED_RING_BYTES)
    if size > most:
        return f"shared memory takes {most} in one message at most"
    return (
        "there is no room in shared memory; either subscribers hold on to what they received,"
        f" or {' and '.join(map(str, places.places()))} are almost full"
    )
