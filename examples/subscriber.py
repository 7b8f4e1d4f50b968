"""Prints what arrives on the topic `counter`. Start `backplane` first; Ctrl-C ends it."""

from contextlib import suppress

from banyan.banyan_base import BanyanBase


class Subscriber(BanyanBase):
    def incoming_message_processing(self, topic: str, payload: object) -> None:
        print(topic, payload)


with Subscriber(process_name="Subscriber") as subscriber, suppress(KeyboardInterrupt):
    subscriber.set_subscriber_topic("counter")
    subscriber.receive_loop()
