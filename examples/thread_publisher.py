"""Publishes from a worker thread while the main thread listens.

    python examples/thread_publisher.py

Hardware libraries often call back in a thread of theirs. publish_payload may be called from any
thread; messages are handled in the thread that runs receive_loop. A message on `thread_publisher`
ends the program, for instance from Python:

    BanyanBase().publish_payload({"command": "stop"}, "thread_publisher")
"""

import random
import threading
from typing import Any

import click

from banyan.banyan_base import BanyanBase
from banyan.cli import program


class ThreadPublisher(BanyanBase):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.set_subscriber_topic("thread_publisher")
        self.ending = threading.Event()
        self.worker = threading.Thread(target=self.read_sensor)
        self.worker.start()

    def read_sensor(self) -> None:
        """Take the part of a sensor's library: runs in its own thread."""
        while not self.ending.wait(0.1):
            self.publish_payload({"volts": round(random.uniform(0, 5), 3)}, "sensor")  # noqa: S311

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        if payload == {"command": "stop"}:
            self.stop()

    def clean_up(self) -> None:
        # The thread ends before the sockets it publishes on are closed.
        self.ending.set()
        self.worker.join()
        super().clean_up()


@click.command()
@program.component_options("ThreadPublisher")
def command(**options: Any) -> None:
    """Publish about ten random voltages a second on `sensor`."""
    with ThreadPublisher(**options) as publisher:
        publisher.receive_loop()
    print("Ended.", flush=True)


if __name__ == "__main__":
    raise SystemExit(program.run(command, "thread_publisher"))
