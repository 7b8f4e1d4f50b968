"""20,000 messages at 4,000 a second, both ways, through either backplane: all, in their order.

The rate is what the peer sustains: its own publisher drops what exceeds 1,000 queued messages.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from interop.partner import Partner
from tools import Backplane, Program
from tools.peers import peer_component

COUNT = 20_000
RATE = 4_000


@pytest.fixture(scope="module")
def flood(either_backplane: Backplane) -> Iterator[Program]:
    """The peer's component that sends a flood and counts ours."""
    with peer_component("flood", either_backplane, RATE) as program:
        yield program


def _message(number: int, *, last: bool = False) -> dict[str, object]:
    return {"number": number, "last": last, "text": "x" * 50}


def test_from_us_to_the_peer(partner: Partner, flood: Program) -> None:
    partner.meet(flood, "hello", "met")
    partner.set_subscriber_topic("count")
    start = time.monotonic()
    for number in range(COUNT):
        partner.publish_payload(_message(number), "to peer")
        ahead = start + number / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
    assert partner.ask(_message(COUNT, last=True), "to peer") == ("count", [COUNT, True])


def test_from_the_peer_to_us(partner: Partner, flood: Program) -> None:
    partner.meet(flood, "hello", "met")
    partner.set_subscriber_topic("from peer")
    partner.publish_payload(COUNT, "flood")
    numbers = [payload["number"] for _, payload in partner.gather(COUNT, COUNT / RATE + 10)]
    assert len(numbers) == COUNT
    assert numbers == list(range(COUNT))
