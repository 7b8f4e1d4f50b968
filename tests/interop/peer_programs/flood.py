"""A component of the peer that sends a flood and counts another one.

`flood.py ADDRESS PUBLISHER_PORT SUBSCRIBER_PORT RATE`. Topics:

    hello     answered on `met`
    flood     N: publishes the numbers 0 .. N-1 on `from peer`, RATE a second
    to peer   counted; the `last` one is answered on `count`: [received, all in order]
"""

from __future__ import annotations

import sys
import time

from python_banyan.banyan_base import BanyanBase


class Flood(BanyanBase):
    """Counts or sends, one after the other."""

    def __init__(self, address, publisher_port, subscriber_port, rate):
        super().__init__(
            back_plane_ip_address=address,
            publisher_port=publisher_port,
            subscriber_port=subscriber_port,
            process_name="Flood",
            loop_time=0.001,
        )
        self.rate = int(rate)
        self.received, self.in_order = 0, True
        for topic in ("hello", "flood", "to peer"):
            self.set_subscriber_topic(topic)
        self.receive_loop()

    def incoming_message_processing(self, topic, payload):
        if topic == "hello":
            self.publish_payload(payload, "met")
        elif topic == "flood":
            self.send(payload)
        elif payload["last"]:
            self.publish_payload([self.received, self.in_order], "count")
            self.received, self.in_order = 0, True
        else:
            self.in_order = self.in_order and payload["number"] == self.received
            self.received += 1

    def send(self, count):
        start = time.monotonic()
        for number in range(count):
            ahead = start + number / self.rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            self.publish_payload({"number": number, "text": "x" * 50}, "from peer")


Flood(*sys.argv[1:])
