"""python-banyan's own base class, as its users derive from it."""

import sys

from python_banyan.banyan_base import BanyanBase

sys.tracebacklimit = 0  # its source is not ours to read


class Ends(BanyanBase):
    def __init__(self, options, receive):
        self.receive = receive
        super().__init__(
            back_plane_ip_address=options.address,
            publisher_port=options.publisher_port,
            subscriber_port=options.subscriber_port,
            loop_time=0.001,
            numpy=options.arrays,
        )
        for topic in options.topic:
            self.set_subscriber_topic(topic)

    def incoming_message_processing(self, topic, payload):
        self.receive(topic, payload)

    def publish(self, topic, payload):
        self.publish_payload(payload, topic)

    def run(self):
        self.receive_loop()
