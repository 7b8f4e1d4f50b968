"""Loss and age are seen where messages are stamped; real processes and outages."""

from __future__ import annotations

import json
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zmq
from tools import Backplane, Program, component, eventually, free_ports, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.errors import SettingError
from banyan.wire.stamp import Stamp

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port"


class Watcher(Recorder):
    """Keeps gaps and stamps as well."""

    def __init__(self, *topics: str, **keywords: Any) -> None:
        self.gaps: list[tuple[str, str, int]] = []
        self.stamps: list[Stamp | None] = []
        super().__init__(*topics, **keywords)

    def incoming_message_processing(self, topic: str, payload: Any) -> None:
        self.stamps.append(self.stamp)
        super().incoming_message_processing(topic, payload)

    def on_gap(self, topic: str, publisher: str, missed: int) -> None:
        assert len(self.got) == len(self.stamps)  # before the message that shows it
        self.gaps.append((topic, publisher, missed))

    @property
    def missed(self) -> int:
        assert self.counters.missed == sum(missed for *_, missed in self.gaps)
        return self.counters.missed


SLOW = """
import sys, time
from banyan.banyan_base import BanyanBase
class Slow(BanyanBase):
    count = told = 0
    def incoming_message_processing(self, topic, payload):
        self.count += 1
        if payload == "end":
            print(self.count, self.counters.missed, self.told, self.counters.duplicates, flush=True)
            self.stop()
        elif self.count == 1:
            print("ready", flush=True)
    def on_gap(self, topic, publisher, missed): self.told += missed
with Slow(*sys.argv[1:4]) as slow:
    slow.set_subscriber_topic("x")
    slow.receive_loop()
"""


def _ends(backplane: Backplane) -> tuple[object, ...]:
    return backplane.address, backplane.subscriber_port, backplane.publisher_port


def test_every_message_dropped_at_a_stopped_subscriber_is_reported() -> None:
    """It stands still while more is published than its queue in the backplane holds."""
    with (
        running_backplane() as backplane,
        Program(sys.executable, "-c", SLOW, *_ends(backplane)) as slow,
        BanyanBase(stamped=True, **backplane.keywords) as source,
    ):
        published = 0

        def hears() -> bool:
            nonlocal published
            source.publish_payload("hello", "x")
            published += 1
            time.sleep(0.02)
            return "ready" in slow.lines

        eventually(hears)
        slow.send_signal(signal.SIGSTOP)
        body = b"x" * 200
        for _ in range(300_000):
            source.publish_payload(body, "x")
        slow.send_signal(signal.SIGCONT)
        published += 300_000

        def ended() -> bool:
            nonlocal published
            source.publish_payload("end", "x")
            published += 1
            time.sleep(0.2)
            return not slow.running

        eventually(ended, 60)
        received, missed, told, duplicates = map(int, slow.lines[-1].split())
    print(f"{missed} of {published} missed")
    assert missed == told > 0
    assert duplicates == 0
    # What came before the first message it heard is nobody's loss; the last ones came after.
    assert received + missed <= published
    assert received + missed >= 300_001


def test_what_a_program_drops_is_counted_to_the_message(backplane: Backplane) -> None:
    """99 of 99: a publisher that gives up, and one whose messages never leave."""
    listener = Watcher("x", **backplane.keywords)
    with receiving(listener), BanyanBase(stamped=True, **backplane.keywords) as source:
        dropped = 0
        sender = source._banyan.sender(source.publisher)
        for number in range(1000):
            if 0 < number < 991 and number % 10 == 0:
                sender.stamper.stamp(b"x", 1)  # numbered and gone
                dropped += 1
            source.publish_payload({"n": number}, "x")
        listener.wait_for(1000)
        assert listener.missed == dropped == 99
        assert [payload["n"] for _, payload in listener.got] == list(range(1000))
        assert {missed for *_, missed in listener.gaps} == {1}


def test_a_stamp_tells_publisher_number_and_age(backplane: Backplane) -> None:
    with (
        Watcher("", enough=4, stamped=True, **backplane.keywords) as ours,
        BanyanBase(stamped=False, **backplane.keywords) as other,
    ):
        ours.publish_payload({"n": 1}, "a")
        ours.publish_payload(2, "a")
        ours.publish_payload(b"x" * 100_000, "b")
        time.sleep(0.05)
        other.publish_payload({}, "a")
        ours.receive_loop()
        first, second, third = (stamp for stamp in ours.stamps if stamp)
        assert ours.stamps.count(None) == 1
        assert (first.sequence, second.sequence, third.sequence) == (1, 2, 1)
        assert re.fullmatch("[0-9a-f]{16}", first.publisher)
        assert first.publisher == second.publisher == third.publisher
        assert 0 < first.age(time.time()) < 10
        assert first.age(first.sent - 5) == 0
        assert ours.stamp is None
        assert ours.counters.received_bytes == ours.counters.published_bytes + len(b"a\x80")


def test_a_programs_own_attribute_called_stamp_stays_its_own(backplane: Backplane) -> None:
    with BanyanBase(**backplane.keywords) as program:
        program.stamp = 5
        assert program.stamp == 5


def test_a_restarted_backplane_costs_messages_that_are_reported() -> None:
    ports = dict(zip(("publisher_port", "subscriber_port"), free_ports(2), strict=True))
    with running_backplane(**ports) as first:
        listener = Watcher("x", **first.keywords)
        source = BanyanBase(stamped=True, **first.keywords)
        stop = threading.Event()

        def publish() -> None:
            number = 0
            while not stop.wait(0.002):
                source.publish_payload({"n": number}, "x")
                number += 1

        thread = threading.Thread(target=publish)
        with receiving(listener):
            thread.start()
            try:
                listener.wait_for(20)
                first.program.end(signal.SIGKILL)
                time.sleep(0.5)
                before = len(listener.got)
                with running_backplane(**ports):
                    listener.wait_for(before + 50)
                    stop.set()
                    thread.join(10)
            finally:
                stop.set()
        source.clean_up()
    numbers = [payload["n"] for _, payload in listener.got]
    assert numbers == sorted(set(numbers))
    assert listener.missed == numbers[-1] - numbers[0] + 1 - len(numbers)
    assert listener.counters.duplicates == 0


def test_what_waited_through_an_outage_is_too_old() -> None:
    ports = dict(zip(("publisher_port", "subscriber_port"), free_ports(2), strict=True))
    with running_backplane(**ports) as first:
        listener = Watcher("x", max_age=0.5, **first.keywords)
        source = BanyanBase(stamped=True, **first.keywords)
        plain = BanyanBase(**first.keywords)
        with receiving(listener), source, plain:
            source.publish_payload({"n": 0}, "x")
            listener.wait_for(1)
            first.program.end(signal.SIGKILL)
            for number in range(1, 101):
                source.publish_payload({"n": number}, "x")
            time.sleep(0.7)
            with running_backplane(**ports):

                def fresh() -> bool:
                    source.publish_payload({"n": "fresh"}, "x")
                    plain.publish_payload("no stamp", "x")
                    time.sleep(0.01)
                    heard = [payload for _, payload in listener.got]
                    return {"n": "fresh"} in heard and "no stamp" in heard

                eventually(fresh)
    late = [p for _, p in listener.got[1:] if p not in ({"n": "fresh"}, "no stamp")]
    assert late == []
    # Which of them the publisher still had is libzmq's affair: they came late or never.
    assert listener.counters.stale + listener.counters.missed >= 100


def test_stale_messages_are_dropped_and_are_not_missed(backplane: Backplane) -> None:
    with Watcher("x", enough=1, **backplane.keywords) as ours:
        source = BanyanBase(stamped=True, **backplane.keywords)
        for _ in range(50):
            source.publish_payload({}, "x")
        time.sleep(0.3)
        ours.max_age = 0.25
        source.publish_payload({"n": 1}, "x")
        ours.receive_loop()
        source.clean_up()
        assert ours.got == [("x", {"n": 1})]
        assert (ours.counters.stale, ours.missed, ours.counters.received) == (50, 0, 1)


@pytest.mark.parametrize("age", [0, -1, float("nan")])
def test_a_max_age_that_cannot_be_is_refused(backplane: Backplane, age: float) -> None:
    with pytest.raises(SettingError, match="max_age"):
        BanyanBase(max_age=age, **backplane.keywords)
    with BanyanBase(**backplane.keywords) as ours, pytest.raises(ValueError, match="max_age"):
        ours.max_age = age


def test_the_environment_stamps_programs_that_know_nothing_of_it(backplane: Backplane) -> None:
    code = """
import sys
from banyan.banyan_base import BanyanBase
with BanyanBase(*sys.argv[1:4]) as program: program.publish_payload({}, "x")
"""
    command = sys.executable, "-c", code, *_ends(backplane)
    listener = Watcher("x", **backplane.keywords)
    with receiving(listener):
        for value, stamped in (("1", True), ("0", False)):
            with Program(*command, env={"BANYAN_STAMPED": value}) as program:
                assert program.wait() == 0, program.report()
            listener.wait_for(1)
            eventually(lambda: listener.stamps)
            assert bool(listener.stamps.pop()) == stamped
            listener.got.clear()
    with Program(*command, env={"BANYAN_STAMPED": "yes"}) as program:
        assert program.wait() == 1
        assert "SettingError: BANYAN_STAMPED must be 1 or 0, not 'yes'" in program.error_lines[-1]


def test_subscribing_anew_is_no_gap(backplane: Backplane) -> None:
    with (
        Watcher("a", stamped=True, **backplane.keywords) as listener,
        BanyanBase(stamped=True, **backplane.keywords) as source,
        receiving(listener),
    ):
        for turn in range(10):
            for number in range(20):
                source.publish_payload({"n": number}, "x")
                source.publish_payload({"n": number}, "a")
            if turn % 2:
                listener.unsubscribe_topic("x")
            else:
                listener.set_subscriber_topic("x")
        source.publish_payload("end", "a")
        eventually(lambda: ("a", "end") in listener.got)
        assert sum(topic == "x" for topic, _ in listener.got) < 200
        assert sum(topic == "a" for topic, _ in listener.got) == 201
        assert listener.missed == 0
        assert listener.counters.duplicates == 0


def test_a_message_that_a_handler_reads_itself_is_not_missing(backplane: Backplane) -> None:
    class Asker(Watcher):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            super().incoming_message_processing(topic, payload)
            if len(self.got) % 3 == 0:
                self.subscriber.poll(5000)
                assert len(self.subscriber.recv_multipart()) == 2

    with Asker("x", enough=61, stamped=True, **backplane.keywords) as ours:
        for number in range(81):
            ours.publish_payload({"n": number}, "x")
        ours.receive_loop()
        assert ours.missed == 0


def test_four_threads_publishing(backplane: Backplane) -> None:
    listener = Watcher("x", **backplane.keywords)
    with receiving(listener), BanyanBase(stamped=True, **backplane.keywords) as source:

        def publish(thread: int) -> None:
            for number in range(2000):
                source.publish_payload({"t": thread, "n": number}, "x")

        threads = [threading.Thread(target=publish, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        listener.wait_for(8000)
        assert (listener.missed, listener.counters.duplicates) == (0, 0)
        numbers = [stamp.sequence for stamp in listener.stamps if stamp]
        assert numbers == list(range(8001 - len(numbers), 8001))


def test_shared_memory_and_stamps(backplane: Backplane) -> None:
    picture = np.zeros((100, 1000), np.uint8)
    listener = Watcher("x", numpy=True, **backplane.keywords)
    source = BanyanBase(stamped=True, shared=True, numpy=True, **backplane.keywords)
    with receiving(listener), source:
        for number in range(50):
            source.publish_payload({"n": number, "picture": picture}, "x")
            source.publish_payload({"n": number}, "x")
        listener.wait_for(100)
        assert source.counters.shared == 50
        assert (listener.missed, listener.counters.duplicates) == (0, 0)
        assert [stamp.sequence for stamp in listener.stamps if stamp][-1] == 100
        assert listener.got[-2][1]["picture"].shape == (100, 1000)


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[list[Backplane], Path]]:
    """Two backplanes and the routing specification of a component on both."""
    with running_backplane() as first, running_backplane() as second:
        rows = [
            f'BP{number},{one.address},{one.subscriber_port},"[x]",{one.publisher_port}'
            for number, one in enumerate((first, second))
        ]
        spec = tmp_path / "two.csv"
        spec.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
        yield [first, second], spec


def test_each_backplane_has_its_own_sequence(two: tuple[list[Backplane], Path]) -> None:
    backplanes, spec = two
    listeners = [Watcher("x", **one.keywords) for one in backplanes]
    with (
        receiving(listeners[0]),
        receiving(listeners[1]),
        BanyanBaseMulti(spec, stamped=True) as source,
    ):
        both = "BROADCAST", "BROADCAST"
        ends = [source.find_socket(name, source.PUB_SOCK) for name in ("BP0", "BP1")]
        for number in range(300):
            source.publish_payload({"n": number}, (*both, *ends)[number % 4], "x")
        counts = [225, 225]
        for listener, count in zip(listeners, counts, strict=True):
            listener.wait_for(count)
            assert (listener.missed, listener.counters.duplicates) == (0, 0)
            assert [one.sequence for one in listener.stamps if one][-1] == count
        ids = {stamp.publisher for one in listeners for stamp in one.stamps if stamp}
        assert len(ids) == 2


def test_a_component_on_two_backplanes_sees_gaps_of_each(
    two: tuple[list[Backplane], Path],
) -> None:
    backplanes, spec = two

    class Both(BanyanBaseMulti):
        gaps = 0

        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            if self.counters.received == 7:
                self.stop()

        def on_gap(self, topic: str, publisher: str, missed: int) -> None:
            self.gaps += missed

    with Both(spec) as listener:
        for one in backplanes:
            with BanyanBase(stamped=True, **one.keywords) as source:
                for _ in range(3):
                    source.publish_payload({}, "x")
                    source._banyan.sender(source.publisher).stamper.stamp(b"x", 1)
        with BanyanBase(**backplanes[1].keywords) as source:
            source.publish_payload("end", "x")
        listener.receive_loop()
        assert listener.counters.missed == listener.gaps == 4


def test_a_gap_is_logged_by_default(backplane: Backplane, caplog: pytest.LogCaptureFixture) -> None:
    listener = Recorder("x", **backplane.keywords)
    with receiving(listener), BanyanBase(stamped=True, **backplane.keywords) as source:
        stamper = source._banyan.sender(source.publisher).stamper
        for _ in range(20):
            source.publish_payload({}, "x")
            stamper.stamp(b"x", 1)
        listener.wait_for(20)
    text = f"missed 1 message on 'x' of publisher {stamper.publisher.hex()}; 1 missed in all"
    assert caplog.text.count("missed 1 message") == 1
    assert text in caplog.text


def test_probes_and_unstamped_messages_are_two_frames(backplane: Backplane) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as raw:
        raw.linger = 0
        raw.subscribe(b"")
        raw.connect(f"tcp://{backplane.address}:{backplane.subscriber_port}")
        with BanyanBase(stamped=True, **backplane.keywords) as ours:
            while not raw.poll(10):
                ours.publish_payload({}, "hello")
            ours.set_subscriber_topic("y")
            ours.publish_payload({}, "end")
            counts: dict[bool, set[int]] = {True: set(), False: set()}
            topic = b""
            while topic != b"end":
                assert raw.poll(5000)
                topic, *rest = raw.recv_multipart()
                counts[topic.startswith(b"__banyan__/")].add(1 + len(rest))
    assert counts == {True: {2}, False: {3}}


def test_monitor_shows_loss_and_latency(backplane: Backplane) -> None:
    with (
        component("monitor", backplane, "--json") as monitor,
        BanyanBase(stamped=True, **backplane.keywords) as source,
    ):

        def hears() -> bool:
            source.publish_payload("ready?", "ready")
            time.sleep(0.05)
            return bool(monitor.lines)

        eventually(hears)
        for number in range(5):
            source.publish_payload({"n": number}, "x")
            source._banyan.sender(source.publisher).stamper.stamp(b"x", 1)
        source.publish_payload({"n": "end"}, "x")
        line = json.loads(monitor.wait_for_line('"end"'))
        assert (line["sequence"], len(line["publisher"])) == (11, 16)
        assert 0 <= line["age_ms"] < 10_000
        monitor.wait_for_line(f"1 missed on x of publisher {line['publisher']}", errors=True)
        monitor.end()
        summary = monitor.error_lines[-1]
    assert re.fullmatch(
        r"monitor: \d+ received, 5 missed, 0 duplicates;"
        r" latency median [\d.]+ ms, 99 % [\d.]+ ms, worst [\d.]+ ms",
        summary,
    )


def test_a_monitor_of_unstamped_messages_says_nothing_of_stamps(backplane: Backplane) -> None:
    with (
        component("monitor", backplane, "--json") as monitor,
        BanyanBase(**backplane.keywords) as source,
    ):

        def hears() -> bool:
            source.publish_payload({}, "x")
            time.sleep(0.05)
            return bool(monitor.lines)

        eventually(hears)
        assert json.loads(monitor.lines[0]).keys() == {"topic", "payload", "time"}
        monitor.end()
        assert "received" not in monitor.report()
