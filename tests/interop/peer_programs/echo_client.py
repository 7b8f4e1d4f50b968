"""A component of the peer that counts down on `echo`, and prints what came back on `reply`.

`echo_client.py ADDRESS PUBLISHER_PORT SUBSCRIBER_PORT COUNT`; `-` for the address leaves it out.
"""

from __future__ import annotations

import sys

import spare_zombies  # noqa: F401 - first
from python_banyan.banyan_base import BanyanBase


class EchoClient(BanyanBase):
    """Sends each number when the one before it came back; repeats the first until it does."""

    def __init__(self, address, publisher_port, subscriber_port, count):
        super().__init__(
            back_plane_ip_address=None if address == "-" else address,
            publisher_port=publisher_port,
            subscriber_port=subscriber_port,
            process_name="EchoClient",
            loop_time=0.01,
            receive_loop_idle_addition=self.knock,
        )
        self.number = self.count = int(count)
        self.answers = 0
        self.set_subscriber_topic("reply")
        self.receive_loop()

    def knock(self):
        if not self.answers:
            self.publish_payload({"message_number": self.number}, "echo")

    def incoming_message_processing(self, topic, payload):
        if payload["message_number"] != self.number:
            return
        self.answers += 1
        if self.number == 0:
            print(f"{self.answers} of {self.count + 1} answered")
            self.clean_up()
            sys.exit(0)
        self.number -= 1
        self.publish_payload({"message_number": self.number}, "echo")


EchoClient(*sys.argv[1:])
