"""BanyanBaseMulti against real backplanes: the API, its errors, fairness and reload."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq
from tools import Backplane, eventually, free_port, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.errors import RoutingSpecError, SocketTypeError, UnknownBackplaneError

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"


def row(name: str, backplane: Backplane, topics: str = "[]", ends: str = "sp") -> str:
    subscriber = backplane.subscriber_port if "s" in ends else ""
    publisher = backplane.publisher_port if "p" in ends else ""
    return f'{name},{backplane.address},{subscriber},"{topics}",{publisher}\n'


class MultiRecorder(BanyanBaseMulti):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        self.got: list[tuple[str, str, Any]] = []
        super().__init__(*arguments, **keywords)

    def incoming_message_from(self, backplane_name: str, topic: str, payload: Any) -> None:
        self.got.append((backplane_name, topic, payload))

    def publisher(self, name: str) -> Any:
        return self.find_socket(name, self.PUB_SOCK)

    def subscriber(self, name: str) -> Any:
        return self.find_socket(name, self.SUB_SOCK)


@pytest.fixture
def two() -> Iterator[tuple[Backplane, Backplane]]:
    with running_backplane() as first, running_backplane() as second:
        yield first, second


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return tmp_path / "spec.csv"


def test_messages_of_all_backplanes_arrive_and_say_where_from(
    two: tuple[Backplane, Backplane], spec: Path
) -> None:
    spec.write_text(HEADER + row("BP1", two[0], "[a,b]") + row("BP2", two[1], "[*]"))
    multi = MultiRecorder(spec)
    with receiving(multi):
        multi.publish_payload(1, multi.publisher("BP1"), "a")
        multi.publish_payload(2, multi.publisher("BP2"), "other")
        multi.publish_payload(3, multi.publisher("BP1"), "other")
        multi.publish_payload(4, "BROADCAST", "b")
        eventually(lambda: len(multi.got) == 4)
    assert sorted(multi.got) == [
        ("BP1", "a", 1),
        ("BP1", "b", 4),
        ("BP2", "b", 4),
        ("BP2", "other", 2),
    ]


def test_plain_method_is_called_and_base_components_are_understood(
    backplane: Backplane, spec: Path
) -> None:
    class Plain(BanyanBaseMulti):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            self.publish_payload(payload + 1, self.find_socket("BP", self.PUB_SOCK), "answer")
            self.stop()

    spec.write_text(HEADER + row("BP", backplane, "[question]"))
    with (
        Plain(spec) as multi,
        Recorder("answer", enough=1, **backplane.keywords) as component,
    ):
        component.publish_payload(41, "question")
        multi.receive_loop()
        component.receive_loop()
        assert component.got == [("answer", 42)]


def test_rows_without_a_port_have_no_socket(backplane: Backplane, spec: Path) -> None:
    """A row with one end is usable at once, too: its connection is awaited."""
    spec.write_text(
        HEADER
        + row("SUB", backplane, "[x]", ends="s")
        + row("PUB", backplane, "[x]", ends="p")
        + row("NONE", backplane, "[]")
    )
    multi = MultiRecorder(spec)
    assert multi.publisher("SUB") is None
    assert multi.subscriber("PUB") is None
    assert [entry["backplane_name"] for entry in multi.backplane_table] == ["SUB", "PUB", "NONE"]
    assert multi.backplane_table[1]["subscriber"] is None
    assert isinstance(multi.backplane_table[1]["publisher"], zmq.Socket)
    with receiving(multi):
        multi.publish_payload("at once", multi.publisher("PUB"), "x")
        eventually(lambda: multi.got == [("SUB", "x", "at once")])


def test_banner_is_python_banyans(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The five rows of the seed's sample, at addresses of this machine where nobody listens."""
    ports = [free_port() for _ in range(4)]
    spec.write_text(
        HEADER + f'BP1,127.0.0.1,{ports[0]},"[reply]",{ports[1]}\n'
        f'BP2,127.0.0.1,{ports[2]},"[reply]",{ports[3]}\n'
        f'BP3,127.0.0.2,{ports[2]},"[]",{ports[3]}\n'
        f'BP4,127.0.0.3,{ports[2]},"[run_motors,light_leds]",\n'
        f'BP5,127.0.0.4,,"[run_motors,light_leds]",{ports[3]}\n'
    )
    BanyanBaseMulti(str(spec), process_name="MultiDriver").clean_up()
    assert capsys.readouterr().out == (
        f"\nUsing Backplane Descriptor File:  {spec}\n\n{'*' * 60}\n\n"
        "MultiDriver using BP1 Black plane at IP Address: 127.0.0.1\n"
        f"    Subscriber Port = {ports[0]}\n"
        "        Subscribed to topic: reply\n"
        f"    Publisher  Port = {ports[1]}\n"
        "MultiDriver using BP2 Black plane at IP Address: 127.0.0.1\n"
        f"    Subscriber Port = {ports[2]}\n"
        "        Subscribed to topic: reply\n"
        f"    Publisher  Port = {ports[3]}\n"
        "MultiDriver using BP3 Black plane at IP Address: 127.0.0.2\n"
        f"    Subscriber Port = {ports[2]}\n"
        "        Subscribed to topic: \n"
        f"    Publisher  Port = {ports[3]}\n"
        "MultiDriver using BP4 Black plane at IP Address: 127.0.0.3\n"
        f"    Subscriber Port = {ports[2]}\n"
        "        Subscribed to topic: run_motors\n"
        "        Subscribed to topic: light_leds\n"
        "    Publisher  Port = None Specified\n"
        "MultiDriver using BP5 Black plane at IP Address: 127.0.0.4\n"
        "    Subscriber Port = None Specified\n"
        f"    Publisher  Port = {ports[3]}\n"
        "\nLoop Time = 0.1 seconds\n\n" + "*" * 60 + "\n"
    )


def test_all_silent_backplanes_are_waited_for_at_once(
    spec: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [f'BP{n},127.0.0.1,{free_port()},"[]",{free_port()}\n' for n in range(5)]
    spec.write_text(HEADER + "".join(rows))
    started = time.monotonic()
    BanyanBaseMulti(spec).clean_up()
    assert time.monotonic() - started < 4
    assert all(f"backplane BP{n}" in caplog.text for n in range(5))


def test_errors(backplane: Backplane, spec: Path, tmp_path: Path) -> None:
    for missing in (None, tmp_path / "nothing.csv"):
        with pytest.raises(ValueError, match=r"csv|CSV|specification"):
            BanyanBaseMulti(missing)
    spec.write_text(HEADER + 'BP1,127.0.0.1,43125,"a",43124\nBP1,127.0.0.1,43125,"[a b]",43124\n')
    with pytest.raises(RuntimeError) as faults:
        BanyanBaseMulti(spec)
    assert isinstance(faults.value, RoutingSpecError)
    assert f"{spec}:2:" in str(faults.value)
    assert f"{spec}:3:" in str(faults.value)

    spec.write_text(HEADER + row("BP1", backplane) + row("SUB", backplane, ends="s"))
    with MultiRecorder(spec) as multi:
        with pytest.raises(StopIteration, match=r"BP9.*BP1, SUB") as unknown:
            multi.find_socket("BP9", multi.SUB_SOCK)
        assert isinstance(unknown.value, UnknownBackplaneError)
        with pytest.raises(ValueError, match="SUB_SOCK or PUB_SOCK"):
            multi.find_socket("BP1", 2)
        for call in (multi.set_subscriber_topic, multi.unsubscribe_topic):
            with pytest.raises(TypeError):
                call(5, None)  # type: ignore[arg-type]
            with pytest.raises(SocketTypeError, match="None"):
                call("x", None)
            with pytest.raises(SocketTypeError, match="SUB"):
                call("x", multi.publisher("BP1"))
        with pytest.raises(TypeError):
            multi.publish_payload({}, None, 5)  # type: ignore[arg-type]
        for socket in (None, multi.publisher("SUB"), multi.subscriber("BP1"), "broadcast", 5):
            with pytest.raises(ValueError, match=r"socket|PUB"):
                multi.publish_payload({}, socket, "x")


def test_topics_come_and_go(backplane: Backplane, spec: Path) -> None:
    spec.write_text(HEADER + row("BP", backplane, "[a]"))
    multi = MultiRecorder(spec)
    with receiving(multi):
        multi.set_subscriber_topic("b", multi.subscriber("BP"))
        multi.unsubscribe_topic("a", multi.subscriber("BP"))
        multi.set_subscriber_topic("c", multi.subscriber("BP"))
        for topic in "abc":
            multi.publish_payload(topic, multi.publisher("BP"), topic)
        eventually(lambda: len(multi.got) == 2)
    assert [topic for _, topic, _ in multi.got] == ["b", "c"]


def test_foreign_sockets_are_taken(backplane: Backplane, spec: Path) -> None:
    """python_banyan's programs pass sockets of their own."""
    spec.write_text(HEADER + row("BP", backplane))
    with MultiRecorder(spec) as multi:
        subscriber = multi.my_context.socket(zmq.SUB)
        subscriber.connect(f"tcp://127.0.0.1:{backplane.subscriber_port}")
        publisher = multi.my_context.socket(zmq.PUB)
        publisher.connect(f"tcp://127.0.0.1:{backplane.publisher_port}")
        multi.set_subscriber_topic("own", subscriber)

        def heard() -> bool:
            multi.publish_payload(1, publisher, "own")
            return bool(subscriber.poll(20))

        eventually(heard)
        assert subscriber.recv_multipart() == [b"own", b"\x01"]


def test_a_busy_backplane_does_not_starve_the_others(
    two: tuple[Backplane, Backplane], spec: Path
) -> None:
    spec.write_text(HEADER + row("BUSY", two[0], "[x]") + row("QUIET", two[1], "[x]"))
    with ExitStack() as stack:
        multi = stack.enter_context(MultiRecorder(spec))
        busy = stack.enter_context(Recorder(**two[0].keywords))
        quiet = stack.enter_context(Recorder(**two[1].keywords))
        for number in range(5000):
            busy.publish_payload(number, "x")
        quiet.publish_payload("now", "x")
        eventually(lambda: multi.subscriber("BUSY").poll(0) and multi.subscriber("QUIET").poll(0))
        with receiving(multi):
            eventually(lambda: len(multi.got) == 5001)
    position = multi.got.index(("QUIET", "x", "now"))
    assert position < 1000


def edit(spec: Path, text: str) -> None:
    """Replace a file as editors do, so that no half of it is ever seen."""
    draft = spec.with_suffix(".new")
    draft.write_text(text)
    os.replace(draft, spec)


def test_an_edit_is_followed_and_what_stayed_is_not_touched(
    two: tuple[Backplane, Backplane], spec: Path
) -> None:
    first, second = two
    spec.write_text(HEADER + row("STAYS", first, "[a]") + row("GOES", first, "[b]"))
    multi = MultiRecorder(spec, reload=True)
    stays = multi.subscriber("STAYS"), multi.publisher("STAYS")
    with receiving(multi):
        edit(spec, HEADER + row("NEW", second, "[c]") + row("STAYS", first, "[a]"))
        eventually(lambda: multi.backplane_table[0]["backplane_name"] == "NEW")
        assert stays == (multi.subscriber("STAYS"), multi.publisher("STAYS"))
        with pytest.raises(UnknownBackplaneError):
            multi.find_socket("GOES", multi.SUB_SOCK)
        multi.publish_payload(1, multi.publisher("NEW"), "c")
        multi.publish_payload(2, multi.publisher("STAYS"), "a")
        eventually(lambda: len(multi.got) == 2)
        assert sorted(multi.got) == [("NEW", "c", 1), ("STAYS", "a", 2)]

        # Other topics and another address.
        edit(spec, HEADER + row("STAYS", second, "[d]"))
        eventually(lambda: len(multi.backplane_table) == 1)
        assert stays[0] is not multi.subscriber("STAYS")

        def moved() -> bool:
            multi.publish_payload(3, multi.publisher("STAYS"), "a")
            multi.publish_payload(4, multi.publisher("STAYS"), "d")
            return ("STAYS", "d", 4) in multi.got

        eventually(moved)
        assert ("STAYS", "a", 3) not in multi.got


def test_an_invalid_edit_is_reported_and_the_old_table_stays(
    backplane: Backplane, spec: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = HEADER + row("BP", backplane, "[a]")
    spec.write_text(good)
    multi = MultiRecorder(spec, reload=True)
    with receiving(multi):
        edit(spec, good.replace('"[a]"', '"[a, b]"'))
        eventually(lambda: "the old table stays" in caplog.text)
        assert f"{spec}:2:" in caplog.text
        multi.publish_payload(1, multi.publisher("BP"), "a")
        eventually(lambda: multi.got == [("BP", "a", 1)])
        spec.unlink()
        eventually(lambda: caplog.text.count("the old table stays") == 2)
        edit(spec, HEADER + row("BP", backplane, "[z]"))
        eventually(lambda: multi._banyan_wiring.routes["BP"].topics == ("z",))
        multi.publish_payload(2, multi.publisher("BP"), "z")
        eventually(lambda: multi.got[-1] == ("BP", "z", 2))


def test_the_only_row_may_be_replaced_while_it_is_waited_on(
    two: tuple[Backplane, Backplane], spec: Path
) -> None:
    spec.write_text(HEADER + row("OLD", two[0], "[a]"))
    multi = MultiRecorder(spec, reload=True)
    with receiving(multi), Recorder(**two[0].keywords) as source:
        edit(spec, HEADER + row("NEW", two[1], "[b]"))

        def replaced() -> bool:
            source.publish_payload(1, "a")  # also under traffic
            return multi.backplane_table[0]["backplane_name"] == "NEW"

        eventually(replaced)
        multi.publish_payload(2, multi.publisher("NEW"), "b")
        eventually(lambda: multi.got[-1] == ("NEW", "b", 2))
        edit(spec, HEADER + row("PUB", two[1], ends="p"))
        eventually(lambda: multi.backplane_table[0]["backplane_name"] == "PUB")
        edit(spec, HEADER + row("LAST", two[0], "[c]"))
        eventually(lambda: multi.backplane_table[0]["backplane_name"] == "LAST")
        source.publish_payload(3, "c")
        eventually(lambda: multi.got[-1] == ("LAST", "c", 3))


def test_addresses_may_be_swapped_under_traffic(
    two: tuple[Backplane, Backplane], spec: Path
) -> None:
    rows = (
        row("BP1", two[0], "[a]") + row("BP2", two[1], "[a]"),
        row("BP1", two[1], "[a]") + row("BP2", two[0], "[a]"),
    )
    spec.write_text(HEADER + rows[0])
    multi = MultiRecorder(spec, reload=True)
    with (
        receiving(multi),
        Recorder(**two[0].keywords) as first,
        Recorder(**two[1].keywords) as second,
    ):
        for turn in (1, 0, 1):
            edit(spec, HEADER + rows[turn])
            wanted = {
                ("BP1", "a", two[turn].publisher_port),
                ("BP2", "a", two[1 - turn].publisher_port),
            }

            def swapped(wanted: set[tuple[str, str, int]] = wanted) -> bool:
                first.publish_payload(two[0].publisher_port, "a")
                second.publish_payload(two[1].publisher_port, "a")
                return wanted <= set(multi.got[-20:])

            eventually(swapped)


def test_one_ended_links_survive_any_number_of_reconnects(backplane: Backplane, spec: Path) -> None:
    """Reports of connections that nobody reads would stop libzmq when there are too many."""
    spec.write_text(HEADER + row("SUB", backplane, "[x]", ends="s") + row("BOTH", backplane))
    with MultiRecorder(spec) as multi:
        assert all(link.connected for link in multi._banyan_wiring.links.values())
    silent = HEADER + f'SUB,127.0.0.1,{free_port()},"[x]",\n'
    spec.write_text(silent)
    with MultiRecorder(spec) as multi:
        assert not multi._banyan_wiring.links["SUB"].connected
