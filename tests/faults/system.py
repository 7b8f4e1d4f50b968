"""What a case needs to know of a system: how its backplane and its components are started."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

PROGRAMS: Final = Path(__file__).parent / "programs"


class System(Protocol):
    """One of the systems; its files are black boxes."""

    @property
    def key(self) -> str:
        """Its name on the command line and in results.json."""

    @property
    def title(self) -> str:
        """Its name in the page."""

    @property
    def flavour(self) -> str:
        """The module of programs/ that makes its components."""

    @property
    def quiet(self) -> bool:
        """Whether nobody may read its stderr: a traceback would show its source."""

    def missing(self) -> str:
        """Say why it cannot be run here; "" if it can."""

    def python(self) -> str:
        """Return the Python that has its library."""

    def backplane(
        self, publisher_port: int, subscriber_port: int, memory_limit_mb: int | None
    ) -> list[object]:
        """Return the command of its backplane, bounded in memory if it knows how to be."""

    def monitor(self, address: str, publisher_port: int, subscriber_port: int) -> list[object]:
        """Return the command that shows what passes; [] if it has none."""

    def address(self) -> str:
        """Return the address at which its backplane is reached on this machine."""
