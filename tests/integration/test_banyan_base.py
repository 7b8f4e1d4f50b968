"""BanyanBase against a real backplane: the API, its errors and python_banyan's constraints."""

from __future__ import annotations

import itertools
import logging
import random
import re
import signal
import sys
import threading
import time
from typing import Any

import pytest
import zmq
from tools import Backplane, Program, eventually, free_port, free_ports, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase
from banyan.errors import (
    BackplaneNotRunningError,
    BanyanError,
    ClosedError,
    EndpointError,
    PayloadSizeError,
    PayloadTypeError,
    TopicError,
    TopicTypeError,
)
from banyan.wire import codec


def test_a_message_travels(backplane: Backplane) -> None:
    with Recorder("greeting", enough=1, **backplane.keywords) as component:
        component.publish_payload({"text": "hello", "number": 1}, "greeting")
        component.receive_loop()
        assert component.got == [("greeting", {"text": "hello", "number": 1})]


def test_banner_is_python_banyans(backplane: Backplane, capsys: pytest.CaptureFixture[str]) -> None:
    BanyanBase(**backplane.keywords, process_name="Robot").clean_up()
    assert capsys.readouterr().out == (
        "\n" + "*" * 60 + "\n"
        "Robot using Back Plane IP address: 127.0.0.1\n"
        f"Subscriber Port = {backplane.subscriber_port}\n"
        f"Publisher  Port = {backplane.publisher_port}\n"
        "Loop Time = 0.1 seconds\n" + "*" * 60 + "\n"
    )


def test_subscription_is_a_prefix_and_empty_is_everything(backplane: Backplane) -> None:
    with (
        Recorder("echo", enough=2, **backplane.keywords) as some,
        Recorder("", enough=4, **backplane.keywords) as everything,
    ):
        for topic in ("echo", "echoes", "other", ""):
            some.publish_payload(topic, topic)
        some.receive_loop()
        everything.receive_loop()
    assert [topic for topic, _ in some.got] == ["echo", "echoes"]
    assert [topic for topic, _ in everything.got] == ["echo", "echoes", "other", ""]


def test_unsubscribed_topics_stay_away(backplane: Backplane) -> None:
    with Recorder("a", "a", "b", enough=1, **backplane.keywords) as component:
        component.unsubscribe_topic("a")
        component.set_subscriber_topic("c")  # its proof comes after the unsubscription
        for topic in "ab":
            component.publish_payload(topic, topic)
        component.receive_loop()
    assert component.got == [("b", "b")]


def test_external_processor_takes_the_place_of_the_method(backplane: Backplane) -> None:
    got: list[Any] = []
    component = Recorder("x", **backplane.keywords)

    def processor(topic: str, payload: object) -> None:
        got.append((topic, payload))
        component.stop()

    component.external_message_processor = processor
    with component:
        component.publish_payload(1, "x")
        component.receive_loop()
    assert got == [("x", 1)]
    assert component.got == []


@pytest.mark.parametrize("topic", [None, 5, b"bytes", ["list"]])
def test_topic_must_be_text(backplane: Backplane, topic: Any) -> None:
    with BanyanBase(**backplane.keywords) as component:
        with pytest.raises(TopicTypeError, match=type(topic).__name__):
            component.publish_payload({}, topic)
        with pytest.raises(TypeError):
            component.set_subscriber_topic(topic)
        with pytest.raises(TypeError):
            component.unsubscribe_topic(topic)


def test_bad_payloads_and_topics_name_what_is_wrong(backplane: Backplane) -> None:
    with BanyanBase(**backplane.keywords, max_message_size=2000) as component:
        with pytest.raises(PayloadTypeError, match=r"'motors'.*\['speed'\]\[1\].*set"):
            component.publish_payload({"speed": [1, {2}]}, "motors")
        with pytest.raises(PayloadTypeError, match=r"'motors'.*int"):
            component.publish_payload({1: "one"}, "motors")
        with pytest.raises(PayloadSizeError, match=r"'motors'.*2,?000"):
            component.publish_payload(b"x" * 3000, "motors")
        with pytest.raises(TopicError, match=r"1,?000"):
            component.publish_payload({}, "t" * 1001)
        with pytest.raises(TopicError, match="__banyan__"):
            component.publish_payload({}, "__banyan__/probe")
        assert component.counters.published == 0


def test_no_backplane_is_the_error_programs_know() -> None:
    publisher_port, subscriber_port = free_ports(2)
    with pytest.raises(RuntimeError, match=r"^Backplane is not running - please start it\.") as no:
        BanyanBase(subscriber_port=subscriber_port, publisher_port=publisher_port)
    assert isinstance(no.value, BackplaneNotRunningError)
    assert f"backplane -p {publisher_port} -s {subscriber_port}" in str(no.value)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1", "127.0.0.1:43124", "300.1.1.1", "a b", ""])
def test_impossible_addresses_are_errors(address: str) -> None:
    with pytest.raises(EndpointError):
        BanyanBase(back_plane_ip_address=address)


@pytest.mark.parametrize(
    ("address", "state"),
    [("127.0.0.1", "nobody listens"), ("no-such-host.invalid", "unknown host name")],
)
def test_unreachable_address_warns_and_goes_on(
    address: str, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with caplog.at_level(logging.WARNING, "banyan"):
        component = BanyanBase(address, port, free_port())
    component.publish_payload({}, "lost")
    started = time.monotonic()
    component.clean_up()
    assert time.monotonic() - started < 3
    warning = caplog.text
    assert f"tcp://{address}:{port} to subscribe: {state}" in warning
    assert "backplane" in warning


def test_component_started_first_is_joined_later(caplog: pytest.LogCaptureFixture) -> None:
    publisher_port, subscriber_port = free_ports(2)
    component = Recorder(
        "late",
        back_plane_ip_address="127.0.0.1",
        publisher_port=publisher_port,
        subscriber_port=subscriber_port,
    )
    assert "Going on" in caplog.text
    with (
        receiving(component),
        running_backplane(publisher_port=publisher_port, subscriber_port=subscriber_port),
    ):

        def heard() -> bool:
            component.publish_payload(1, "late")
            return bool(component.got)

        eventually(heard, timeout=5)


def test_clean_up_twice_and_use_after_it(backplane: Backplane) -> None:
    component = BanyanBase(**backplane.keywords)
    component.clean_up()
    component.clean_up()
    for use in (
        lambda: component.publish_payload({}, "x"),
        lambda: component.set_subscriber_topic("x"),
        component.receive_loop,
    ):
        with pytest.raises(ClosedError, match="clean_up"):
            use()


def test_stop_from_another_thread_a_handler_and_before_the_loop(backplane: Backplane) -> None:
    with Recorder(**backplane.keywords, loop_time=60) as component:
        threading.Timer(0.05, component.stop).start()
        started = time.monotonic()
        component.receive_loop()
        component.stop()
        component.receive_loop()
        assert time.monotonic() - started < 5


def test_clean_up_from_another_thread_ends_the_loop(backplane: Backplane) -> None:
    component = Recorder("x", **backplane.keywords)
    thread = threading.Thread(target=component.receive_loop)
    thread.start()
    component.publish_payload(1, "x")
    component.wait_for(1)
    component.clean_up()
    thread.join(5)
    assert not thread.is_alive()


def test_clean_up_in_a_handler(backplane: Backplane) -> None:
    class Once(Recorder):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            super().incoming_message_processing(topic, payload)
            self.clean_up()

    component = Once("x", **backplane.keywords)
    component.publish_payload(1, "x")
    component.publish_payload(2, "x")
    component.receive_loop()
    assert len(component.got) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_handler_exceptions_leave_the_loop_and_lose_nothing(
    backplane: Backplane, error: type[BaseException]
) -> None:
    class Fails(Recorder):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            super().incoming_message_processing(topic, payload)
            if payload == 1:
                raise error

    with Fails("x", enough=3, **backplane.keywords) as component:
        for number in range(3):
            component.publish_payload(number, "x")
        with pytest.raises(error):
            component.receive_loop()
        component.receive_loop()
        assert [payload for _, payload in component.got] == [0, 1, 2]


def test_missing_handler_says_what_to_override(backplane: Backplane) -> None:
    with BanyanBase(**backplane.keywords) as component:
        component.set_subscriber_topic("x")
        component.publish_payload(1, "x")
        with pytest.raises(NotImplementedError, match="incoming_message_processing"):
            component.receive_loop()


def test_idle_hook_may_come_late_and_keeps_its_pace(backplane: Backplane) -> None:
    calls: list[float] = []
    component = Recorder(**backplane.keywords, loop_time=0.02)
    with receiving(component):
        component.receive_loop_idle_addition = lambda: calls.append(time.monotonic())
        eventually(lambda: len(calls) >= 10)
    pauses = sorted(later - earlier for earlier, later in itertools.pairwise(calls))
    assert 0.015 < pauses[len(pauses) // 2] < 0.2


def test_idle_hook_is_called_between_messages(backplane: Backplane) -> None:
    """Messages that come faster than loop_time do not starve it."""
    calls: list[float] = []
    component = Recorder("x", **backplane.keywords, loop_time=0.05)
    component.receive_loop_idle_addition = lambda: calls.append(time.monotonic())
    with receiving(component):
        started = time.monotonic()
        while time.monotonic() - started < 2:
            component.publish_payload(1, "x")
            time.sleep(0.01)
    assert 15 <= len(calls) <= 45


def test_reception_does_not_wait_for_loop_time(backplane: Backplane) -> None:
    component = Recorder("x", **backplane.keywords, loop_time=30)
    with receiving(component):
        component.publish_payload(1, "x")
        component.wait_for(1, timeout=5)


def test_subclass_may_assign_base_attributes_first_and_be_a_thread(backplane: Backplane) -> None:
    class Gateway(BanyanBase, threading.Thread):
        def __init__(self) -> None:
            self.subscriber = self.publisher = self.loop_time = None  # type: ignore[assignment]
            self.my_context = self.numpy = self.backplane_exists = None  # type: ignore[assignment]
            super().__init__(**backplane.keywords)
            self.got: list[Any] = []
            self.daemon = True
            self.set_subscriber_topic("x")

        def run(self) -> None:
            self.receive_loop()

        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            self.got.append(payload)

    gateway = Gateway()
    gateway.start()
    gateway.publish_payload(5, "x")
    eventually(lambda: gateway.got == [5])
    gateway.stop()
    gateway.join(5)
    assert not gateway.is_alive()
    gateway.clean_up()


def test_sockets_are_real_and_usable_directly(backplane: Backplane) -> None:
    with Recorder("gui", **backplane.keywords) as component:
        assert isinstance(component.subscriber, zmq.Socket)
        with pytest.raises(zmq.error.Again):
            component.subscriber.recv_multipart(zmq.NOBLOCK)
        component.publish_payload({"a": 1}, "gui")
        assert component.subscriber.poll(5000) == zmq.POLLIN
        frames = component.subscriber.recv_multipart()
        assert frames == [b"gui", b"\x81\xa1a\x01"]  # two frames, no third


def test_messages_that_arrive_during_a_proof_keep_their_order(backplane: Backplane) -> None:
    """Subscribing reads ahead; a program that polls the socket itself must not miss a thing."""
    with (
        Recorder("flow", **backplane.keywords) as component,
        BanyanBase(**backplane.keywords) as source,
    ):
        for number in range(2000):
            source.publish_payload(number, "flow")
        for extra in range(50):
            component.set_subscriber_topic(f"other{extra}")
        poller = zmq.Poller()
        poller.register(component.subscriber, zmq.POLLIN)
        got = []
        while len(got) < 2000 and poller.poll(5000):
            while True:
                try:
                    topic, body = component.subscriber.recv_multipart(zmq.NOBLOCK)
                except zmq.Again:
                    break
                got.append((topic, body))
        assert [topic for topic, _ in got] == [b"flow"] * 2000
        component.enough = 2000
        for number in range(2000):
            source.publish_payload(number, "flow")
        component.set_subscriber_topic("one more")
        component.receive_loop()
        assert [payload for _, payload in component.got] == list(range(2000))


def test_subscriptions_from_other_threads_go_to_the_loop(backplane: Backplane) -> None:
    component = Recorder(**backplane.keywords)
    with receiving(component):
        threads = [
            threading.Thread(target=component.set_subscriber_topic, args=(f"topic{number}",))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        for number in range(8):
            component.publish_payload(number, f"topic{number}")
        assert sorted(payload for _, payload in component.wait_for(8)) == list(range(8))


GARBAGE = {
    "bad msgpack": [b"x", b"\xc1"],
    "truncated msgpack": [b"x", b"\x93\x01"],
    "trailing bytes": [b"x", b"\x01\x02"],
    "no payload": [b"x"],
    "topic that is no UTF-8": [b"x\xff\xfe", b"\x01"],
    "int key": [b"x", b"\x81\x01\x02"],
    "too deep": [b"x", b"\x91" * 5000 + b"\x01"],
    "size that lies": [b"x", b"\xdd\xff\xff\xff\xff"],
}


def test_garbage_is_dropped_counted_and_logged(
    backplane: Backplane, caplog: pytest.LogCaptureFixture
) -> None:
    component = Recorder("x", **backplane.keywords)
    with receiving(component):
        for frames in GARBAGE.values():
            component.publisher.send_multipart(frames)
        component.publisher.send_multipart([b"x", b"\x05", b"third frame"])
        component.publish_payload("still here", "x")
        assert component.wait_for(2) == [("x", 5), ("x", "still here")]
    assert component.counters.undecodable == len(GARBAGE)
    assert re.search(r"undecodable.*'x'", caplog.text)


PAYLOADS = (
    {"msg": 1}, {}, {"deep": {"list": [1, {"a": b"b"}]}}, {b"bytes": b"x"}, [1, 2], "text", 5, None,
    {"large": b"x" * 100_000},
)  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_odd_messages_in_a_flood_cost_no_other(backplane: Backplane, seed: int) -> None:
    """Nothing but a payload's being a map tells the receive loop where messages end."""
    chance = random.Random(seed)
    sent = []
    with (
        Recorder("", **backplane.keywords) as component,
        BanyanBase(**backplane.keywords) as sender,
        receiving(component),
    ):
        for number in range(3000):
            head, body = b"t%d" % number, codec.encode(chance.choice(PAYLOADS[: 9 - number % 2]))
            odd = chance.choice(["no", "no", "no", "alone", "three", "garbage"])
            if odd == "alone":
                sender.publisher.send_multipart([head])
            elif odd == "garbage":
                sender.publisher.send_multipart([head, b"\xc1"])
            else:
                frames = [head, body, b"stamp"] if odd == "three" else [head, body]
                sender.publisher.send_multipart(frames)
                sent.append((head.decode(), codec.decode(body)))
        assert component.wait_for(len(sent)) == sent
    assert component.counters.received == len(sent)


def test_a_handlers_own_zmq_again_leaves_the_loop(backplane: Backplane) -> None:
    class Impatient(Recorder):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            self.subscriber.recv_multipart(zmq.NOBLOCK)

    with Impatient("x", **backplane.keywords) as component:
        component.publish_payload({"n": 1}, "x")
        with pytest.raises(zmq.Again):
            component.receive_loop()


def test_a_probe_is_seen_by_nobody(backplane: Backplane) -> None:
    with Recorder("", **backplane.keywords) as everything:
        for _ in range(5):
            with BanyanBase(**backplane.keywords) as other:
                other.set_subscriber_topic("x")
        everything.enough = 1
        everything.publish_payload(1, "x")
        everything.receive_loop()
        assert everything.got == [("x", 1)]
        for _ in range(5):
            BanyanBase(**backplane.keywords).clean_up()
        with pytest.raises(zmq.Again):
            everything.subscriber.recv_multipart(zmq.NOBLOCK)


def test_numpy_arrays_travel(backplane: Backplane) -> None:
    import numpy

    picture = numpy.arange(24, dtype=numpy.uint8).reshape(2, 3, 4)
    with Recorder("picture", enough=1, numpy=True, **backplane.keywords) as component:
        component.publish_payload({"picture": picture}, "picture")
        component.receive_loop()
        received = component.got[0][1]["picture"]
        assert received.dtype == picture.dtype
        assert (received == picture).all()
    with (
        BanyanBase(**backplane.keywords) as plain,
        pytest.raises(PayloadTypeError, match="numpy=True"),
    ):
        plain.publish_payload({"picture": picture}, "picture")


RECEIVER = """
import sys
from banyan.banyan_base import BanyanBase

class Receiver(BanyanBase):
    def incoming_message_processing(self, topic, payload):
        print("got", payload, flush=True)

    def clean_up(self):
        print("cleaned up", flush=True)
        super().clean_up()

receiver = Receiver(sys.argv[1], sys.argv[2], sys.argv[3])
receiver.set_subscriber_topic("x")
print("ready", flush=True)
receiver.receive_loop()
"""


def test_a_signal_handler_may_clean_up_and_return(backplane: Backplane) -> None:
    code = RECEIVER.replace(
        "receiver.receive_loop()",
        "import signal\n"
        "signal.signal(signal.SIGTERM, lambda *_: receiver.clean_up())\n"
        "receiver.receive_loop()\n"
        "print('returned', flush=True)\n",
    )
    arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
    with (
        BanyanBase(**backplane.keywords) as source,
        Program(sys.executable, "-c", code, *arguments) as program,
    ):
        program.wait_for_line("ready")
        source.publish_payload(1, "x")
        program.wait_for_line("got")
        program.send_signal(signal.SIGTERM)
        program.wait_for_line("returned", timeout=5)
        assert program.wait(5) == 0, program.report()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_clean_up(backplane: Backplane, number: int) -> None:
    arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
    with (
        BanyanBase(**backplane.keywords) as source,
        Program(sys.executable, "-c", RECEIVER, *arguments) as program,
    ):
        program.wait_for_line("ready")
        source.publish_payload(1, "x")
        program.wait_for_line("got")  # so it is in its loop
        program.send_signal(number)
        program.wait_for_line("cleaned up", timeout=3)
        assert program.wait(3) != 0  # it does not catch KeyboardInterrupt
        assert "KeyboardInterrupt" in program.error_lines[-1]


def test_what_was_published_last_arrives_though_nothing_was_cleaned_up(
    backplane: Backplane,
) -> None:
    code = (
        "import sys; from banyan.banyan_base import BanyanBase\n"
        "component = BanyanBase(sys.argv[1], sys.argv[2], sys.argv[3])\n"
        "for number in range(1000): component.publish_payload(number, 'x')\n"
    )
    arguments = backplane.address, backplane.subscriber_port, backplane.publisher_port
    with (
        Recorder("x", enough=1000, **backplane.keywords) as component,
        Program(sys.executable, "-c", code, *arguments) as program,
    ):
        assert program.wait() == 0, program.report()
        component.receive_loop()
        assert [payload for _, payload in component.got] == list(range(1000))


def test_every_error_has_the_one_root() -> None:
    from banyan import errors

    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            assert issubclass(kind, BanyanError)


def test_subscribing_while_another_thread_begins_to_receive(backplane: Backplane) -> None:
    """The SUB socket changes threads, but is never used by two at once."""
    for round_number in range(20):
        component = Recorder(**backplane.keywords)
        thread = threading.Thread(target=component.receive_loop)
        thread.start()
        for number in range(5):
            component.set_subscriber_topic(f"t{number}")
        component.publish_payload(round_number, "t4")
        component.wait_for(1)
        component.stop()
        thread.join(5)
        assert not thread.is_alive()
        component.clean_up()


def test_one_receive_loop_at_a_time(backplane: Backplane) -> None:
    class Nested(Recorder):
        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            self.receive_loop()

    with Nested("x", **backplane.keywords) as component:
        component.publish_payload(1, "x")
        with pytest.raises(RuntimeError, match="handler"):
            component.receive_loop()
    component = Recorder(**backplane.keywords)
    with receiving(component):
        eventually(lambda: component._banyan.receiver._looping_in)
        with pytest.raises(RuntimeError, match="already running"):
            component.receive_loop()


def test_clean_up_while_other_threads_publish(backplane: Backplane) -> None:
    """libzmq aborts the process if a socket is closed while another thread sends on it."""
    for _ in range(10):
        component = BanyanBase(**backplane.keywords)
        ended: list[BaseException] = []

        def publish(component: BanyanBase, ended: list[BaseException]) -> None:
            try:
                while True:
                    component.publish_payload(b"x" * 1000, "x")
            except ClosedError as error:
                ended.append(error)

        threads = [threading.Thread(target=publish, args=(component, ended)) for _ in range(3)]
        for thread in threads:
            thread.start()
        eventually(lambda component=component: component.counters.published > 100)  # type: ignore[misc]
        component.clean_up()
        for thread in threads:
            thread.join(5)
        assert len(ended) == 3
