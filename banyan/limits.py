"""Every number that bounds something, named, with its unit and its reason.

Sources: "measured" means the project's own fault cases and benchmarks on libzmq 4.3.5.
"""

from __future__ import annotations

import sys
from typing import Final

# --- what a peer may send -------------------------------------------------------------------

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Bytes in one frame. Above every camera frame in use; a streamed 4 GiB frame is cut here."""

MAX_TOPIC_BYTES: Final = 1000
"""Bytes of UTF-8 in a topic: fits MAX_SUBSCRIPTION_BYTES with ZMTP's SUBSCRIBE command name."""

LARGE_FRAME_BYTES: Final = 64 * 1024
"""Bytes from which a received frame is read where it lies, without a copy: below it is no gain."""

MEMORISED_TOPICS: Final = 1024
"""Topics whose frames are remembered, a few MB at worst: remembering takes a third of the time."""

MAX_SUBSCRIPTION_BYTES: Final = 1024
"""Bytes in one frame a backplane takes from a subscriber, which sends subscriptions only."""

MAX_DEPTH: Final = 100
"""Maps and arrays inside each other: far above real payloads, far below the recursion limit."""

MAX_CONTAINERS: Final = 1_000_000
"""Maps and arrays in one payload: an empty map is 1 byte on the wire and 64 bytes in memory."""

MAX_ARRAY_DIMENSIONS: Final = 32
"""Dimensions of a numpy array: numpy's own limit before 2.0."""

MAX_ARRAY_FIELDS: Final = 1000
"""Fields of a structured dtype over all its levels: building one costs numpy about 1 us each."""

# --- queues ---------------------------------------------------------------------------------

MESSAGE_QUEUE: Final = 1000
"""Messages a socket holds unread before the sender has to wait (libzmq's default)."""

PUBLISHER_QUEUE: Final = 1000
"""Messages a publisher holds before publish_payload waits. Ten times as many are no faster
(measured), and would be ten times the memory when a backplane hangs."""

SUBSCRIBER_QUEUE: Final = 200_000
"""Messages a backplane holds for each subscriber. libzmq learns of what was read only after half
a queue: a burst of 100,000 is never lost."""

BACKPLANE_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Memory at which a backplane throws away what waits for subscribers; a quarter of the machine's
if that is less."""

MEMORY_CHECK_S: Final = 0.25
"""How often a backplane looks at its memory: at full speed it grows by 0.3 GB meanwhile."""

MEMORY_SETTLES_S: Final = 2.0
"""How long freeing the queues may take to have its effect."""

# --- time -----------------------------------------------------------------------------------

HEARTBEAT_INTERVAL_MS: Final = 2000
HEARTBEAT_TIMEOUT_MS: Final = 6000
"""A dead link is noticed on both sides within 7.5 s (measured); plain TCP stays deaf for good."""

HANDSHAKE_TIMEOUT_MS: Final = 5000
"""A connection that does not greet is dropped, or silent strangers use up all descriptors."""

RECONNECT_MIN_MS: Final = 100
RECONNECT_MAX_MS: Final = 2000
"""Pause between attempts to reconnect: a restarted backplane is rejoined within 3 s."""

LINGER_MS: Final = 2000
"""How long clean_up() waits for what was published to leave: it ends even if the peer hangs."""

LISTEN_BACKLOG: Final = 512
"""Connections waiting to be accepted: a classroom that starts at once."""

PROOF_TIMEOUT_S: Final = 2.0
"""How long a constructor waits for a path to be proven; on loopback it takes about 2 ms."""

PROOF_INTERVAL_MS: Final = 2
"""Pause between probes while a path is being proven."""

FIRST_SUBSCRIPTION_MS: Final = 20
"""How long a publisher without a subscriber waits, once connected, to hear that it is heard."""

SEND_PATIENCE_S: Final = 6.0
"""How long publish_payload waits for a full queue: as long as a stalled link may go unnoticed."""

TICK_S: Final = 1.0 if sys.platform == "win32" else 5.0
"""How often a receive loop wakes that has nothing to do: a signal that arrives in the microsecond
before it blocks goes unnoticed until then, and on Windows Ctrl-C always does."""

SPEC_CHECK_S: Final = 0.25
"""How often a component with reload=True looks whether its specification was edited."""

LOG_INTERVAL_S: Final = 5.0
"""At most one log line of a kind in this time: garbage on the wire must not fill a disk."""

# --- shared memory --------------------------------------------------------------------------

SHARED_MIN_BYTES: Final = 16 * 1024
"""Bytes of a leaf that goes through shared memory: below, TCP is as fast (measured; at 32 KiB it
has half the throughput)."""

MAX_SHARED_LEAVES: Final = 1024
"""Large leaves in one message: as many of the smallest as fit in MAX_MESSAGE_BYTES."""

SHARED_RING_BYTES: Final = 64 * 1024 * 1024
"""Memory of one publisher's ring at most, and never more than half of what is free (a container
has 64 MB in all). At full speed a subscriber is up to 40 MB behind, whenever it does not run."""

SHARED_SEGMENTS: Final = 16
"""Parts a ring has at least; what a subscriber holds on to keeps its part from being used again."""

SHARED_OPEN_SEGMENTS: Final = 128
"""Segments a subscriber keeps open, at two descriptors each: the rings of eight publishers."""

SHARED_FLOOD_S: Final = 0.01
SHARED_BREATH_S: Final = 20e-6
"""A publisher that fills a segment in less than the one pauses for the other: where threads are
more than cores it would starve its subscribers (measured on two cores, 100 KB flat out: without
it up to 90 % lost, with it none, at the same rate)."""

SHARED_TOUCH_S: Final = 1.0
"""How often a ring in use says that it is, and looks whether its folder is still there."""

SHARED_RETRY_S: Final = 5.0
"""Pause before a ring that found no memory tries to grow again."""

SHARED_GRACE_S: Final = 30.0
"""How long a ring outlives its publisher, for subscribers that have not read it yet."""

# --- files ----------------------------------------------------------------------------------

MAX_SPEC_BYTES: Final = 1024 * 1024
"""Bytes in a routing specification: ten thousand backplanes; a wrong file is not read whole."""

MAX_SPEC_COLUMNS: Final = 100
"""Cells read in one line of a routing specification; it needs five."""

MAX_SPEC_FAULTS: Final = 100
"""Faults listed for one routing specification: more say only that it is another kind of file."""
