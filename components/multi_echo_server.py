"""multi_echo_server: an echo server on one backplane that sends a notice on another."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from banyan import streams
from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.cli import program
from banyan.wire.codec import Payload

NAME: Final = "MultiEchoServer"
SPEC: Final = (
    Path(__file__).resolve().parents[1] / "routing_specs" / "two_backplanes_one_machine.csv"
)
"""In the checkout; an installed package has no routing_specs, so there -f is needed."""

EXAMPLES: Final = """
The specification names the backplanes BP1, subscribed to `echo`, and BP2.

\b
Example, each line in its own terminal:
  backplane
  backplane -n BP2 -p 43126 -s 43127
  banyan run notifier -p 43126 -s 43127
  banyan run multi_echo_server
  banyan run echo_client
"""


class MultiEchoServer(BanyanBaseMulti):
    """Answers on BP1 whatever BP1 asked, and tells BP2 when a countdown has ended."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.replies = self.find_socket("BP1", self.PUB_SOCK)
        self.notices = self.find_socket("BP2", self.PUB_SOCK)
        streams.say("Echoing on BP1; the end of a countdown is noticed on BP2.")

    def incoming_message_processing(self, topic: str, payload: Payload) -> None:
        """Echo a message; number 0 is the last of a countdown."""
        self.publish_payload(payload, self.replies, "reply")
        number = payload.get("message_number") if isinstance(payload, dict) else None
        print(f"Message number: {number}", flush=True)
        if number == 0:
            self.publish_payload({"message": "got it", "id": "b"}, self.notices, "notice")


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@click.option(
    "-f",
    "--file",
    "back_plane_csv_file",
    type=click.Path(),
    metavar="SPEC",
    default=str(SPEC),
    help="Routing specification.  [default: routing_specs/two_backplanes_one_machine.csv]",
)
@program.process_name(NAME)
@program.loop_time
@program.keys
def command(**options: Any) -> None:
    """Echo on one backplane and notify another, as a routing specification says."""
    with MultiEchoServer(**options) as server:
        server.receive_loop()


def main() -> int:
    """Run the `multi_echo_server` command; return its exit status."""
    return program.run(command, "multi_echo_server")


if __name__ == "__main__":
    raise SystemExit(main())
