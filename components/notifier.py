"""notifier: says that a message arrived on `notice`."""

from __future__ import annotations

from typing import Any, Final

import click

from banyan import streams
from banyan.banyan_base import BanyanBase
from banyan.cli import program
from banyan.wire.codec import Payload

NAME: Final = "Notifier"
TOPIC: Final = "notice"

EXAMPLES: Final = """
\b
Example, on the second of two backplanes:
  banyan run notifier -p 43126 -s 43127
"""


class Notifier(BanyanBase):
    """Prints a line for every notice."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.set_subscriber_topic(TOPIC)
        streams.say(f"Waiting for messages on {TOPIC!r}.")

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Say so; what the notice says does not matter here."""
        print("Notification Received!", flush=True)


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@program.component_options(NAME)
def command(**options: Any) -> None:
    """Print "Notification Received!" for every message on `notice`."""
    with Notifier(**options) as notifier:
        notifier.receive_loop()


def main() -> int:
    """Run the `notifier` command; return its exit status."""
    return program.run(command, "notifier")


if __name__ == "__main__":
    raise SystemExit(main())
