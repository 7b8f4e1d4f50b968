"""Banyan's own base class, as its users derive from it."""

from banyan.banyan_base import BanyanBase


class Ends(BanyanBase):
    def __init__(self, options, receive):
        self.receive = receive
        super().__init__(
            back_plane_ip_address=options.address,
            publisher_port=options.publisher_port,
            subscriber_port=options.subscriber_port,
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
