"""What components tell of themselves: counters of connections, statistics, SIGUSR1."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tools import Backplane, Program, eventually, free_port, free_ports, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="asks with SIGUSR1")

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"

COMPONENT = """
import sys
from banyan.banyan_base import BanyanBase
class Component(BanyanBase):
    def incoming_message_processing(self, topic, payload): pass
component = Component(*sys.argv[1:4], process_name="Tested")
component.set_subscriber_topic("x")
print("ready", flush=True)
"""
IDLE = COMPONENT + "component.receive_loop()"
FLOOD = (
    COMPONENT
    + """
for number in range(10**9): component.publish_payload({"number": number}, "flood")
"""
)


def ends(backplane: Backplane) -> tuple[object, ...]:
    return backplane.address, backplane.subscriber_port, backplane.publisher_port


def reports(program: Program) -> list[dict[str, Any]]:
    return [json.loads(line) for line in program.error_lines if line.startswith("{")]


@pytest.fixture(params=[IDLE, FLOOD], ids=["idle", "publishing"])
def program(request: pytest.FixtureRequest, backplane: Backplane) -> Iterator[Program]:
    with Program(sys.executable, "-c", request.param, *ends(backplane)) as running:
        running.wait_for_line("ready")
        yield running


def test_sigusr1_writes_a_line_whatever_it_interrupts(program: Program) -> None:
    for count in range(1, 21):
        program.send_signal(signal.SIGUSR1)
        eventually(lambda count=count: len(reports(program)) >= count, what=program.report())
    assert program.running
    first, last = reports(program)[0], reports(program)[-1]
    assert first["name"] == "Tested"
    assert first["pid"] == program.pid
    assert first["reconnects"] == 0
    assert first["links"][0]["connected"]
    assert last["published"] >= first["published"]
    assert last["uptime_s"] > first["uptime_s"]


def test_sigusr1_comes_before_the_construction_has_ended() -> None:
    """The backplane is away, so the constructor waits for 2 s."""
    code = """
import sys, os, signal, threading
from banyan.banyan_base import BanyanBase
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1)).start()
component = BanyanBase("127.0.0.1", sys.argv[1], sys.argv[2])
print("constructed", flush=True)
"""
    with Program(sys.executable, "-c", code, *free_ports(2)) as program:
        program.wait_for_line("constructed")
        assert program.wait() == 0, program.report()
    (report,) = reports(program)
    assert not report["links"][0]["connected"]


def test_a_program_keeps_its_own_handler(backplane: Backplane) -> None:
    code = """
import signal
signal.signal(signal.SIGUSR1, lambda *_: print("mine", flush=True))
"""
    with Program(sys.executable, "-c", code + IDLE, *ends(backplane)) as program:
        program.wait_for_line("ready")
        program.send_signal(signal.SIGUSR1)
        program.wait_for_line("mine")
        assert reports(program) == []


def test_nobody_has_to_read_the_reports(backplane: Backplane) -> None:
    """The pipe is full after a few hundred lines; the component answers all the same."""
    deaf = "import os\nreading, writing = os.pipe()\nos.dup2(writing, 2)\n"
    code = deaf + IDLE.replace("pass", "self.publish_payload(payload, 'reply')")
    with (
        Recorder("reply", **backplane.keywords) as asking,
        Program(sys.executable, "-c", code, *ends(backplane)) as program,
    ):
        program.wait_for_line("ready")
        for number in range(400):
            program.send_signal(signal.SIGUSR1)
            asking.publish_payload(number, "x")
            assert asking.subscriber.poll(5000), program.report()
            assert asking.subscriber.recv_multipart()[0] == b"reply"


def test_reconnects_are_counted_and_seen_in_process() -> None:
    publisher_port, subscriber_port = free_ports(2)
    ports = {"publisher_port": publisher_port, "subscriber_port": subscriber_port}
    with running_backplane(**ports) as first:
        component = Recorder("x", **first.keywords)
        with receiving(component):
            assert component.counters.reconnects == 0
            (link,) = component.statistics()["links"]
            assert link["connected"]
            first.program.end(signal.SIGKILL)
            eventually(lambda: not component.statistics()["links"][0]["connected"])
            with running_backplane(**ports):
                eventually(lambda: component.statistics()["links"][0]["connected"])
                assert component.counters.reconnects == 2  # both of its sockets
                assert component.statistics()["reconnects"] == 2
    assert component.counters.reconnects == 2  # after clean_up too


def test_statistics_of_many_backplanes(backplane: Backplane, tmp_path: Path) -> None:
    spec = tmp_path / "spec.csv"
    spec.write_text(
        HEADER
        + f'HERE,127.0.0.1,{backplane.subscriber_port},"[x]",{backplane.publisher_port}\n'
        + f'AWAY,127.0.0.1,{free_port()},"[x]",\n'
    )
    with BanyanBaseMulti(spec, "Both") as multi:
        multi.publish_payload(1, "BROADCAST", "y")
        known = multi.statistics()
        assert json.loads(json.dumps(known)) == known
        assert known["name"] == "Both"
        assert known["published"] == 1
        assert known["published_bytes"] == 2
        connected = {link["backplane"]: link["connected"] for link in known["links"]}
        assert connected == {"HERE": True, "AWAY": False}


def test_a_component_that_is_gone_writes_nothing(backplane: Backplane) -> None:
    code = COMPONENT + "component.clean_up(); BanyanBase(*sys.argv[1:4])\nimport os, signal\n"
    code += "os.kill(os.getpid(), signal.SIGUSR1); print('end', flush=True)"
    with Program(sys.executable, "-c", code, *ends(backplane)) as program:
        program.wait_for_line("end")
        assert program.wait() == 0
        assert reports(program) == []


def test_statistics_may_be_a_name_of_the_program(backplane: Backplane) -> None:
    class Mine(BanyanBase):
        statistics = "mine"  # type: ignore[assignment]

    with Mine(**backplane.keywords) as component:
        assert component.statistics == "mine"
        assert component._banyan.statistics()["published"] == 0
