"""The socket a component receives from: hides probes, takes messages back, reads frames quickly."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

import zmq
from zmq.backend import Socket as BackendSocket

from banyan import limits
from banyan.wire import stamp
from banyan.wire.topics import is_reserved

# The methods of pyzmq's compiled socket, called without the Python layer above them: that layer
# costs more than libzmq itself (measured: a third of the throughput).
receive_frame: Final[Any] = BackendSocket.recv
_option: Final[Any] = BackendSocket.get

# As plain numbers: an enum costs more than receiving a frame.
NOBLOCK: Final = int(zmq.NOBLOCK)

Frames: TypeAlias = list[Any]
"""Of one message: bytes, or a memoryview where a frame is large."""


class SubscriberSocket(zmq.Socket[bytes]):
    """A SUB socket that never shows a probe or a stamp and can take back messages read too early.

    Proving a path means reading until the probe arrives; what else was read is put back with
    `hold` and comes out first, in order, whoever reads: a receive loop or a program's own
    `recv_multipart(zmq.NOBLOCK)`. Until then it stands in `held`.
    """

    held: deque[Frames]
    heed: Callable[[Frames], object]
    """Is given every message that is not shown, by whoever reads it."""
    bypassed: Callable[[Frames], object]
    """Is given every stamped message that a program reads itself, past a receive loop."""
    uncounted_bytes: int
    """Taken out past a receive loop, which counts what it takes itself."""
    _rest: deque[bytes]
    _timeout_ms: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.held = deque()
        self.heed = _disregard
        self.bypassed = _disregard
        self.uncounted_bytes = 0
        self._rest = deque()
        self._timeout_ms = -1

    def hold(self, messages: Iterable[Frames]) -> None:
        """Put messages back; they are the next to be received."""
        self.held.extend(messages)

    def next_message(self, flags: int = NOBLOCK) -> Frames:
        """Return the next message as `read_message` does, probes included.

        Raises zmq.Again if there is none. With flags=0 it waits, as long as `wait_at_most` said.
        """
        return self.held.popleft() if self.held else read_message(self, flags)

    def rest_of_message(self, most: int) -> list[bytes]:
        """Return at most so many of the frames that follow the one just read.

        Of a message of millions the surplus is thrown away as it comes, but not the last frame.
        """
        frames: list[bytes] = []
        while _option(self, zmq.RCVMORE):
            if len(frames) == most:
                self.uncounted_bytes += len(frames.pop())
            frames.append(receive_frame(self, NOBLOCK))
        return frames

    def wait_at_most(self, timeout_ms: int) -> None:
        """Bound the waiting of `next_message`; -1 takes the bound away.

        A receive loop takes it away at its end: a program that calls `recv` itself expects none.
        """
        if timeout_ms != self._timeout_ms and not self.closed:
            self.rcvtimeo = self._timeout_ms = timeout_ms

    def recv_multipart(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one message as a list of frames, as any pyzmq socket does.

        But never a probe; and a stamp is left out: programs that read so expect two frames.
        """
        if self._rest:
            frames = list(self._rest)
            self._rest.clear()
        else:
            frames = self._whole_message(flags)
        return frames if copy else [zmq.Frame(frame) for frame in frames]

    def recv(self, flags: int = 0, copy: bool = True, track: bool = False) -> Any:
        """Receive one frame; `getsockopt(zmq.RCVMORE)` tells whether another one belongs to it."""
        if not self._rest:
            self._rest.extend(self._whole_message(flags))
        frame = self._rest.popleft()
        return frame if copy else zmq.Frame(frame)

    def get(self, option: int) -> Any:
        """Return the value of a socket option."""
        if option == zmq.RCVMORE:
            return int(bool(self._rest))
        return super().get(option)

    getsockopt = get

    def poll(self, timeout: int | None = None, flags: int = zmq.POLLIN) -> int:
        """Wait for events, in milliseconds; a probe is none, a message put back is one."""
        if not flags & zmq.POLLIN:
            return super().poll(timeout, flags)
        deadline = None if timeout is None or timeout < 0 else time.monotonic() + timeout / 1000
        while not (self._rest or any(_is_shown(message) for message in self.held)):
            left = None if deadline is None else max(0, int((deadline - time.monotonic()) * 1000))
            if not self.readable(left):
                return 0
            message = read_message(self)  # what is held is not shown, and stays in front
            if is_reserved(message[0]):
                self.heed(message)
            else:
                self.held.append(message)
        return int(zmq.POLLIN)

    def readable(self, timeout: int | None) -> bool:
        """Wait, in milliseconds, until libzmq has something to read, be it a probe."""
        if timeout == 0:  # quicker than the poller that pyzmq makes
            return bool(_option(self, zmq.EVENTS) & zmq.POLLIN)
        return bool(super().poll(timeout, zmq.POLLIN))

    def _whole_message(self, flags: int) -> list[bytes]:
        while True:
            frames = [*map(bytes, self.held.popleft())] if self.held else self._read_all(flags)
            if _is_shown(frames):
                return self._without_stamp(frames)
            self.heed(frames)

    def _without_stamp(self, frames: list[bytes]) -> list[bytes]:
        if len(frames) < 3 or stamp.split(frames[-1]) is None:
            return frames
        self.bypassed(frames)
        return frames[:2]

    def _read_all(self, flags: int) -> list[bytes]:
        first = receive_frame(self, flags)
        frames = [first, *self.rest_of_message(limits.MAX_MESSAGE_FRAMES - 1)]
        self.uncounted_bytes += sum(map(len, frames))
        return frames


def _is_shown(message: Frames) -> bool:
    """Tell whether a message is for programs: no probe, and no stamp left over from another."""
    return not is_reserved(message[0]) and (len(message) > 1 or stamp.split(message[0]) is None)


def _disregard(message: Frames) -> None:
    """Do nothing with a message."""


def read_message(socket: zmq.Socket[Any], flags: int = NOBLOCK) -> Frames:
    """Return the first three frames of the next message; raise zmq.Again if there is none.

    Large ones are read-only views, not bytes. Further frames are read and thrown away, but a
    stamp at the end takes the third's place. A message is in the socket as a whole or not at all,
    so only its first frame can be missing.
    """
    # A frame object knows whether another one follows; asking the socket for that costs more.
    frame = receive_frame(socket, flags, False)
    frames: Frames = [frame.bytes]
    while frame.more:
        frame = receive_frame(socket, NOBLOCK, False)
        if len(frames) < 3:
            large = len(frame) >= limits.LARGE_FRAME_BYTES
            frames.append(memoryview(frame).toreadonly() if large else frame.bytes)
        elif not frame.more and stamp.split(last := frame.bytes):
            frames[2] = last
    return frames
