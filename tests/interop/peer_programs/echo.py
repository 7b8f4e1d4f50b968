"""A component of the peer that answers: `echo.py ADDRESS PUBLISHER_PORT SUBSCRIBER_PORT [numpy]`.

`-` for the address leaves it out. It subscribes to everything, as the peer's monitor does, and
knows four topics:

    echo...   the payload comes back on `reply...`
    tell      publishes every value it can send, as `name` and `value` on `told`
    check     a `name` and a `value`: says on `checked` whether it is the one it knows: `right`
    pickle    publishes an array of Python objects, which its side can send, on `pickled`
"""

from __future__ import annotations

import sys

import array_values
import numpy
import spare_zombies  # noqa: F401 - first
import values
from python_banyan.banyan_base import BanyanBase


class Echo(BanyanBase):
    """Answers until it is ended."""

    def __init__(self, address, publisher_port, subscriber_port, arrays=""):
        super().__init__(
            back_plane_ip_address=None if address == "-" else address,
            publisher_port=publisher_port,
            subscriber_port=subscriber_port,
            process_name="Echo",
            loop_time=0.001,
            numpy=bool(arrays),
        )
        self.known = array_values.ALL if arrays else values.VALUES
        self.told = array_values.BOTH_WAYS if arrays else values.VALUES
        self.same = array_values.same if arrays else values.same
        self.set_subscriber_topic("")
        print(f"ready at {self.back_plane_ip_address}")
        self.receive_loop()

    def incoming_message_processing(self, topic, payload):
        if topic.startswith("echo"):
            self.publish_payload(payload, "reply" + topic[len("echo") :])
        elif topic == "tell":
            for name, value in self.told.items():
                self.publish_payload({"name": name, "value": value}, "told")
        elif topic == "check":
            name = payload["name"]
            right = self.same(payload["value"], self.known[name])
            self.publish_payload({"name": name, "right": right}, "checked")
        elif topic == "pickle":
            objects = numpy.array([{"not": "run"}], dtype=object)
            self.publish_payload({"value": objects}, "pickled")


Echo(*sys.argv[1:])
