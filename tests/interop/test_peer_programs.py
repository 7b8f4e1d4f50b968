"""Programs of both makes with each other: echo clients and servers, monitors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from interop.partner import Partner
from tools import Backplane, Program, component, eventually
from tools.peers import peer_command, peer_component

TRAFFIC = [
    ("seen/map", {"message_number": 7, "text": "Grüße 🤖", "none": None, "on": True}),
    ("seen/floats", [0.1, 1e300, -0.0, float("inf")]),
    ("seen/bytes", b"\x00\xff'\""),
    ("seen/text", 'it\'s "so"\tand so\\'),
    ("seen/числа", [1, [2, [3]], {}]),
    ("seen/", None),
    ("seen/with space", 2**64 - 1),
]


def test_our_client_with_its_server(either_backplane: Backplane) -> None:
    with peer_component("echo", either_backplane) as server:
        with Partner(either_backplane) as ours:
            ours.meet(server, "echo", "reply")
        with component("echo_client", either_backplane, "-m", 200) as client:
            assert client.wait() == 0, client.report()
            client.wait_for_line("sent 201, received 201")


def test_its_client_with_our_server(either_backplane: Backplane) -> None:
    with (
        component("echo_server", either_backplane),
        peer_component("echo_client", either_backplane, 200) as client,
    ):
        assert client.wait(20) == 0, client.report()
        client.wait_for_line("201 of 201 answered")


def test_both_monitors_print_the_same(either_backplane: Backplane) -> None:
    with (
        component("monitor", either_backplane, env={"PYTHONUTF8": "1"}) as our_monitor,
        peer_command("monitor", *either_backplane.arguments) as its_monitor,
        Partner(either_backplane) as ours,
    ):
        monitors = (our_monitor, its_monitor)
        eventually(_both_show(monitors, ours), what="both monitors show what passes")
        for topic, payload in TRAFFIC:
            ours.publish_payload(payload, topic)
        ours.publish_payload("end", "seen/end")
        shown = [_seen(monitor) for monitor in monitors]
    assert shown[1] == shown[0]
    assert shown[0] == [f"{topic} {payload}" for topic, payload in TRAFFIC]


@pytest.mark.parametrize("arguments", [(), ("-m", "True")], ids=["plain", "numpy"])
def test_our_probes_do_not_disturb_its_monitor(
    our_backplane: Backplane, arguments: tuple[str, ...]
) -> None:
    with (
        peer_command("monitor", *our_backplane.arguments, *arguments) as monitor,
        Partner(our_backplane) as ours,
    ):
        eventually(_both_show((monitor,), ours), what="the monitor shows what passes")
        for number in range(10):
            with Partner(our_backplane, "some", "other"):
                ours.set_subscriber_topic(f"topic {number}")
        ours.publish_payload({"all": "well"}, "after the probes")
        monitor.wait_for_line("after the probes {'all': 'well'}")
        assert any(line.startswith("__banyan__/probe/") for line in monitor.lines)
        assert monitor.running, monitor.report()


def _both_show(monitors: tuple[Program, ...], ours: Partner) -> Callable[[], bool]:
    """Return a condition that publishes at each call until every monitor has shown it."""

    def condition() -> bool:
        for monitor in monitors:
            assert monitor.running, monitor.report()
        ours.publish_payload({}, "hello")
        ours.gather(1, 0.05)
        return all("hello {}" in monitor.lines for monitor in monitors)

    return condition


def _seen(monitor: Program) -> list[str]:
    monitor.wait_for_line("seen/end end")
    lines = [line for line in monitor.lines if line.startswith("seen/")]
    return lines[: lines.index("seen/end end")]
