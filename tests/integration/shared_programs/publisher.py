"""Writes frames into a ring and prints the handles, which some test takes for messages.

publisher.py PLACE RING_BYTES FRAME_BYTES COUNT [pause]: with `pause` it waits for its end.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from banyan import limits
from banyan.counters import Counters
from banyan.shared.ring import Ring

place, ring_bytes, frame_bytes, count, *pause = sys.argv[1:]
limits.SHARED_RING_BYTES = int(ring_bytes)  # type: ignore[misc]
counters = Counters()
ring = Ring(counters, [Path(place)])
for number in range(int(count)):
    payload = {"number": number, "data": bytes([number % 256]) * int(frame_bytes)}
    body = ring.pack(payload, arrays=False)
    if body:
        print(number, body.hex(), ".", flush=True)
print("done", counters.shared, counters.shared_full, flush=True)
if pause:
    time.sleep(60)
ring.close()
