"""Components on several backplanes: ours over backplanes of both makes, the peer's over ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from interop.partner import Partner
from tools import Backplane, eventually, running_backplane
from tools.peers import peer_component, peer_program

from banyan.banyan_base_multi import BanyanBaseMulti

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"


@pytest.fixture(scope="module")
def second_backplane() -> Iterator[Backplane]:
    """One more backplane of ours."""
    with running_backplane() as running:
        yield running


def _specification(folder: Path, topics: str, *backplanes: Backplane) -> Path:
    rows = [
        f'BP{number},{bp.address},{bp.subscriber_port},"{topics}",{bp.publisher_port}'
        for number, bp in enumerate(backplanes, 1)
    ]
    file = folder / "specification.csv"
    file.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return file


class Collector(BanyanBaseMulti):
    """Collects until it has heard from every backplane it expects."""

    def __init__(self, file: Path, expected: int) -> None:
        super().__init__(back_plane_csv_file=file, process_name="Collector", loop_time=0.05)
        self.heard: dict[str, Any] = {}
        self.expected, self.patience = expected, 200
        self.receive_loop_idle_addition = self.lose_patience

    def incoming_message_from(self, backplane_name: str, topic: str, payload: Any) -> None:
        self.heard[backplane_name] = (topic, payload)
        if len(self.heard) == self.expected:
            self.stop()

    def lose_patience(self) -> None:
        self.patience -= 1
        if not self.patience:
            self.stop()


def test_ours_on_backplanes_of_both_makes(
    our_backplane: Backplane, its_backplane: Backplane, tmp_path: Path
) -> None:
    backplanes = (our_backplane, its_backplane)
    with ExitStack() as stack:
        for backplane in backplanes:
            server = stack.enter_context(peer_component("echo", backplane))
            stack.enter_context(Partner(backplane)).meet(server, "echo", "reply")
        ours = stack.enter_context(Collector(_specification(tmp_path, "[reply]", *backplanes), 2))
        ours.publish_payload({"to": "both"}, "BROADCAST", "echo")
        ours.receive_loop()
        assert ours.heard == {name: ("reply", {"to": "both"}) for name in ("BP1", "BP2")}
        ours.heard.clear()
        ours.expected = 1
        ours.publish_payload({"to": 2}, ours.find_socket("BP2", ours.PUB_SOCK), "echo")
        ours.receive_loop()
        assert ours.heard == {"BP2": ("reply", {"to": 2})}


def test_its_on_two_backplanes_of_ours(
    our_backplane: Backplane, second_backplane: Backplane, tmp_path: Path
) -> None:
    file = _specification(tmp_path, "[echo]", our_backplane, second_backplane)
    with (
        peer_program("multi_echo", file) as peer,
        Partner(our_backplane, "reply", "all") as first,
        Partner(second_backplane, "reply", "all") as second,
    ):
        for ours in (first, second):
            eventually(lambda ours=ours: _answers(ours), what=peer.report())
        _let_pass(first, second)
        second.publish_payload({"from": "second"}, "echo")
        payload = {"from": "second"}
        assert first.gather(2) == [("reply", payload), ("all", payload)]
        assert second.gather(1) == [("all", payload)]


def _answers(ours: Partner) -> bool:
    ours.publish_payload({}, "echo")
    return ("all", {}) in ours.gather(1, 0.1)


def _let_pass(*components: Partner) -> None:
    """Take what is still to come of earlier answers."""
    for ours in components:
        while ours.gather(1, 0.3):
            pass
