"""Holds on to the data of all handles it is given, until its end.

subscriber.py PLACE HANDLE...: says `holding`, then waits to be killed; with `-` last it ends.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from banyan.shared.rings import Rings

place, *handles = sys.argv[1:]
rings = Rings([Path(place)])
payloads = [rings.unpack(bytes.fromhex(text), arrays=True) for text in handles if text != "-"]
arrays = [np.frombuffer(payload["data"], np.uint8) for payload in payloads]
print("holding", len(payloads), flush=True)
if "-" not in handles:
    time.sleep(60)
