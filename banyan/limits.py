"""Every number that bounds something, named, with its unit and its reason.

Sources: "measured" means the project's own fault cases and benchmarks on libzmq 4.3.5.
"""

from __future__ import annotations

import sys
from typing import Final

# --- what a peer may send -------------------------------------------------------------------

MAX_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""Bytes in one frame. Above every camera frame in use; a streamed 4 GiB frame is cut here."""

MAX_RECEIVED_BYTES: Final = 64 * 1024 * 1024
"""Bytes in one frame that a component takes from a backplane, or its `max_message_size` if that is
more: larger than what a backplane lets pass unless told otherwise, for the backplane may be."""

MAX_TOPIC_BYTES: Final = 1000
"""Bytes of UTF-8 in a topic: fits MAX_SUBSCRIPTION_BYTES with ZMTP's SUBSCRIBE command name."""

LARGE_FRAME_BYTES: Final = 64 * 1024
"""Bytes from which a received frame is read where it lies, without a copy: below it is no gain."""

MEMORISED_TOPICS: Final = 1024
"""Topics whose frames are remembered, a few MB at worst: remembering takes a third of the time."""

MAX_MESSAGE_FRAMES: Final = 1000
"""Frames of a message, of which three have a place in it. `recv_multipart` returns no more; where
permissions are in force who sends more is kept out: a million take a second to be looked at."""

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

LOSSLESS_SHARE: Final = 3
"""A lossless backplane holds for one subscriber, or from one publisher, as many messages of the
largest size as fit in its memory divided by this: the guard must not cut off who is waited for."""

BACKPLANE_MEMORY_BYTES: Final = 1024 * 1024 * 1024
"""Memory at which a backplane cuts off whoever makes it grow; a quarter of the machine's if that
is less. Half of it may wait for one subscriber."""

RECEIVE_QUEUE_BYTES: Final = 512 * 1024 * 1024
"""Memory of the messages that wait for a component's handler, before its connection is cut: ten
seconds of 50 MB/s, for one that is stopped in a debugger."""

RECEIVE_QUEUE_CHECK_S: Final = 0.25
"""How often that is looked at while messages come: at full speed it grows by 0.3 GB meanwhile."""

RECEIVE_QUEUE_QUIET_S: Final = 1.0
"""After how long without a message nobody looks any more, until the next one."""

MEMORY_CHECK_S: Final = 0.1
"""How often a backplane looks at its memory: at full speed it grows by 0.2 GB meanwhile."""

KEYS_CHECK_S: Final = 0.25
"""How often it looks whether its directory of keys was edited."""

MEMORY_SETTLES_S: Final = 1.0
"""How long freeing memory may take to have its effect."""

GUARD_FROM_BYTES: Final = 64 * 1024 * 1024
"""Growth of a backplane's memory from which it looks at each connection."""

GUARD_STEP_BYTES: Final = 1024 * 1024
GUARD_IDLE_S: Final = 1.0
"""Growth from which it looks at what has gone through at all; and how often in any case."""

STRANGER_BYTES: Final = 64 * 1024
"""Bytes a connection may send before it has shown a key; a handshake takes less than 1,000."""

MAX_SUBSCRIPTIONS_BYTES: Final = 4 * 1024 * 1024
"""Bytes of subscriptions of one connection: 100,000 topics; they take 200 MB (measured)."""

HEARTBEAT_BYTES_A_SECOND: Final = 64
"""What a silent subscriber sends at most: pings and pongs, encrypted."""

CROWD: Final = 100
"""Connections that have not come in yet; more of them at once are no class that starts up."""

STALL_S: Final = 2.0
"""A backplane that did not run for so long was stopped, and its publishers may have given up."""

OVERTAKING_S: Final = 1.0
"""How long after that new publishers have to wait: what a connection held is read in less."""

METRICS_VISIT_S: Final = 5.0
"""How long somebody may take to ask for the metrics page."""

DESCRIPTOR_RESERVE: Final = 48
"""Descriptors a backplane leaves unused: without any, libzmq uses up a core to no avail (measured).
More than it accepts before those above the limit are turned away."""

ASSUMED_DESCRIPTORS: Final = 1024
"""Where the system does not tell how many there may be."""

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

# --- stamps ---------------------------------------------------------------------------------

MAX_STAMPED_TOPICS: Final = 100_000
"""Topics that a stamped publisher counts on one backplane: 20 MB if their names are 20 bytes long.
With one more it starts afresh under a new id, so that receivers see no gap."""

WATCHED_SEQUENCES_BYTES: Final = 32 * 1024 * 1024
"""Memory for the sequences of stamps on one backplane, whatever peers send: 140,000 pairs of a
publisher and a topic of 20 bytes, 27,000 of the longest. The oldest pairs make room."""

SEQUENCE_BYTES: Final = 200
"""What a pair takes beside its topic: objects and their place in a table (measured: 190)."""

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

MAX_KEY_FILE_BYTES: Final = 4096
"""Bytes in a key file; it needs 250. A wrong file is not read whole."""

MAX_KEY_NAME: Final = 64
"""Characters in the name of a key."""

MAX_KEYS: Final = 10_000
"""Keys that one backplane lets in: looking whether their files changed takes 30 ms (measured)."""

MAX_PERMISSIONS_BYTES: Final = 1024 * 1024
"""Bytes in permissions.toml: a hundred for each of MAX_KEYS keys."""
