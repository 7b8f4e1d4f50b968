"""Components of python_banyan 3.17 take no notice of stamps."""

from __future__ import annotations

from typing import Any

from interop.partner import Partner
from tools import Backplane
from tools.peers import peer_component


class StampedPartner(Partner):
    """Stamps what it publishes, and keeps the stamps it hears."""

    def __init__(self, backplane: Backplane) -> None:
        self.sequences: list[int | None] = []
        super().__init__(backplane)

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        self.sequences.append(self.stamp.sequence if self.stamp else None)
        super().incoming_message_processing(topic, payload)


def test_stamped_messages_reach_the_peer_unharmed(
    either_backplane: Backplane, monkeypatch: Any
) -> None:
    """Through its backplane too; its answers have no stamps, and both kinds mix on one link."""
    monkeypatch.setenv("BANYAN_STAMPED", "1")
    with (
        peer_component("echo", either_backplane) as peer,
        StampedPartner(either_backplane) as ours,
    ):
        ours.meet(peer, "echo", "reply")
        ours.set_subscriber_topic("own")
        ours.sequences.clear()
        payloads: list[Any] = [{"n": 1}, [1, 2], "text", {"big": b"x" * 100_000}, 5]
        for payload in payloads:
            ours.publish_payload(payload, "own")
            assert ours.gather(1) == [("own", payload)]
            ours.publish_payload(payload, "echo")
            assert ours.gather(1) == [("reply", payload)]
        assert ours.sequences == [1, None, 2, None, 3, None, 4, None, 5, None]
        assert ours.counters.missed == ours.counters.duplicates == ours.counters.undecodable == 0
