"""python-banyan 3.17 from an environment of its own, as tools.peers installs it.

Its backplane listens on the address of the default route alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tools import peers

from banyan.transport.discovery import lan_address
from faults.system import System


@dataclass(frozen=True, slots=True)
class PythonBanyan:
    """The peer, with its defaults."""

    key: str = "python-banyan"
    title: str = "python-banyan 3.17"
    flavour: str = "peer"
    quiet: bool = True

    def missing(self) -> str:
        try:
            peers.install()
        except peers.PeerMissingError as error:
            return str(error)
        return ""

    def python(self) -> str:
        return str(peers.install() / "python")

    def backplane(
        self, publisher_port: int, subscriber_port: int, memory_limit_mb: int | None
    ) -> list[object]:
        return [peers.install() / "backplane", "-p", publisher_port, "-s", subscriber_port]

    def monitor(self, address: str, publisher_port: int, subscriber_port: int) -> list[object]:
        options = ["-b", address, "-p", publisher_port, "-s", subscriber_port]
        return [peers.install() / "monitor", *options]

    def address(self) -> str:
        return lan_address()


PYTHON_BANYAN: Final[System] = PythonBanyan()
