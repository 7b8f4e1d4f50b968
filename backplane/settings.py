"""What the command line of a backplane says, checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from banyan import limits

from .admission import Network


@dataclass(frozen=True, slots=True)
class Settings:
    """How one backplane runs; sizes in bytes."""

    name: str
    publisher_port: int
    subscriber_port: int
    addresses: tuple[str, ...]
    allowed: tuple[Network, ...]
    keys: Path | None
    max_message_bytes: int
    memory: int
    subscriber_queue: int
    max_connections: int | None
    """None: as many as descriptors allow."""
    wait: bool
    metrics: tuple[str, int] | None
    """Address and port of the metrics page."""

    @property
    def lossless_queue(self) -> int:
        """Messages in a queue that must not overflow: two full ones stay below the memory limit."""
        most = self.memory // limits.LOSSLESS_SHARE // self.max_message_bytes
        return max(1, min(limits.MESSAGE_QUEUE, most))
