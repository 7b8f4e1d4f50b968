"""echo_server: sends every payload that arrives on `echo` back on `reply`."""

from __future__ import annotations

from typing import Any, Final

import click

from banyan import streams
from banyan.banyan_base import BanyanBase
from banyan.cli import program
from banyan.wire.codec import Payload

NAME: Final = "EchoServer"
REQUEST: Final = "echo"
REPLY: Final = "reply"

EXAMPLES: Final = """
\b
Example, each line in its own terminal:
  backplane
  banyan run echo_server
  banyan run echo_client
"""


class EchoServer(BanyanBase):
    """Answers requests until it is ended."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.set_subscriber_topic(REQUEST)
        streams.say(f"Echoing what arrives on {REQUEST!r} on {REPLY!r}.")

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Publish the payload as it came."""
        self.publish_payload(payload, REPLY)


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@program.component_options(NAME)
def command(**options: Any) -> None:
    """Send every message on `echo` back on `reply`."""
    with EchoServer(**options) as server:
        server.receive_loop()


def main() -> int:
    """Run the `echo_server` command; return its exit status."""
    return program.run(command, "echo_server")


if __name__ == "__main__":
    raise SystemExit(main())
