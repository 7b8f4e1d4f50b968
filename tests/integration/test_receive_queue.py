"""A component that is slower than its messages takes bounded memory, and harms nobody."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest
from tools import Backplane, Program
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what arrived")

MIB = 1024 * 1024
LIMIT = 192 * MIB

SLOW = """
import sys, time
from banyan.banyan_base import BanyanBase
class Slow(BanyanBase):
    slow = True
    def incoming_message_processing(self, topic, payload):
        if topic == "again": print("again", flush=True)
        elif self.slow: self.pause()
        elif payload["number"] == int(sys.argv[6]): print("last", flush=True)
        if not self.counters.received % 50: print("received", self.counters.received, flush=True)
    def pause(self):
        print("waits", flush=True); time.sleep(float(sys.argv[5])); self.slow = False
slow = Slow(*sys.argv[1:4], receive_queue_bytes=int(sys.argv[4]))
slow.set_subscriber_topic("")
print("ready", flush=True)
slow.receive_loop()
"""


def slow_program(backplane: Backplane, limit: int, seconds: float, last: int) -> Program:
    ends = backplane.address, backplane.subscriber_port, backplane.publisher_port
    return Program(sys.executable, "-c", SLOW, *ends, limit, seconds, last)


def memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


class Counting(Recorder):
    def incoming_message_processing(self, topic: str, payload: object) -> None:
        if isinstance(payload, dict):
            payload = payload["number"]
        super().incoming_message_processing(topic, payload)


def test_a_flood_of_large_messages_is_cut_off(backplane: Backplane) -> None:
    with (
        slow_program(backplane, LIMIT, 4, -1) as program,
        BanyanBase(**backplane.keywords) as source,
    ):
        healthy = Counting("flood", **backplane.keywords)
        with receiving(healthy):
            program.wait_for_line("ready")
            before = peak = memory(program.pid)
            source.publish_payload({"number": -2}, "flood")
            program.wait_for_line("waits")
            for number in range(700):
                source.publish_payload({"number": number, "data": bytes(MIB)}, "flood")
                # No faster than a subscriber that counts can follow on a busy machine.
                healthy.wait_for(number - 100)
                peak = max(peak, memory(program.pid))
            healthy.wait_for(701)
            assert [number for _, number in healthy.got] == [-2, *range(700)]
            assert healthy.counters.cut_off == 0
            print(f"grew by {(peak - before) // MIB} MiB of {LIMIT // MIB}")
            assert peak - before < 1.5 * LIMIT
            program.wait_for_line("too slow for its messages", errors=True)
            for _ in range(300):
                source.publish_payload({"number": 0}, "again")
                if "again" in program.lines:
                    break
                time.sleep(0.1)  # the time between two attempts, not a wait for an event
            assert "again" in program.lines, program.report()
            program.send_signal(signal.SIGUSR1)
            program.wait_for_line('"cut_off": 1,', errors=True)


def test_a_component_that_pauses_under_moderate_traffic_loses_nothing(
    backplane: Backplane,
) -> None:
    with (
        slow_program(backplane, LIMIT, 3, 999) as program,
        BanyanBase(**backplane.keywords) as source,
    ):
        program.wait_for_line("ready")
        source.publish_payload({"number": -2}, "x")
        program.wait_for_line("waits")
        for number in range(1000):
            source.publish_payload({"number": number, "data": bytes(100_000)}, "x")
            time.sleep(0.001)  # that is moderate: 100 MB/s at most
        program.wait_for_line("last", 20)
        program.wait_for_line("received 1000")
        assert not program.error_lines, program.report()
