"""A component of the peer on several backplanes: `multi_echo.py SPECIFICATION`.

Answers what arrives, from wherever, on `reply` of BP1 and on `all` of every backplane. With
numpy=True, because the peer's class receives nothing without it.
"""

from __future__ import annotations

import sys

from python_banyan.banyan_base_multi import BanyanBaseMulti


class MultiEcho(BanyanBaseMulti):
    """Answers until it is ended."""

    def __init__(self, file):
        super().__init__(
            back_plane_csv_file=file, process_name="MultiEcho", loop_time=0.001, numpy=True
        )
        self.receive_loop()

    def incoming_message_processing(self, topic, payload):
        self.publish_payload(payload, self.find_socket("BP1", self.PUB_SOCK), "reply")
        self.publish_payload(payload, "BROADCAST", "all")


MultiEcho(*sys.argv[1:])
