"""shared=True from component to component, and what those see who cannot share."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest
from tools import Backplane, eventually
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.shared import places

IMAGE = np.arange(640 * 480 * 3, dtype=np.uint8).reshape(480, 640, 3)
JPEG = bytes(range(256)) * 1000


def rings() -> set[Path]:
    return {path for place in places.places() for path in place.glob("banyan-*")}


def test_arrays_and_bytes_arrive_as_read_only_views(backplane: Backplane) -> None:
    with (
        Recorder("camera", numpy=True, **backplane.keywords) as component,
        BanyanBase(numpy=True, shared=True, **backplane.keywords) as camera,
        receiving(component),
    ):
        camera.publish_payload({"image": IMAGE, "jpeg": JPEG, "n": 1}, "camera/1")
        camera.publish_payload(IMAGE, "camera/2")
        camera.publish_payload({"n": 2}, "camera/3")
        (_, first), (_, second), (_, third) = component.wait_for(3)
        assert [topic for topic, _ in component.got] == ["camera/1", "camera/2", "camera/3"]
        assert np.array_equal(first["image"], IMAGE)
        assert np.array_equal(second, IMAGE)
        assert (first["n"], third) == (1, {"n": 2})
        assert type(first["jpeg"]) is memoryview
        assert first["jpeg"] == JPEG
        assert first["jpeg"].readonly
        with pytest.raises(ValueError, match="WRITEABLE"):
            second.flags.writeable = True
        assert camera.counters.shared == 2
        assert (component.counters.recycled, component.counters.elsewhere) == (0, 0)


def test_one_message_may_be_shared_or_not(backplane: Backplane) -> None:
    with (
        Recorder("", **backplane.keywords) as component,
        BanyanBase(**backplane.keywords) as sensor,
        BanyanBase(shared=True, **backplane.keywords) as camera,
        receiving(component),
    ):
        sensor.publish_payload({"jpeg": JPEG}, "in band")
        sensor.publish_payload({"jpeg": JPEG}, "shared", shared=True)
        component.wait_for(2)
        camera.publish_payload({"jpeg": JPEG}, "in band", shared=False)
        kinds = [type(payload["jpeg"]) for _, payload in component.wait_for(3)]
    assert kinds == [bytes, memoryview, bytes]


def test_on_many_backplanes_it_is_written_once(backplane: Backplane, tmp_path: Path) -> None:
    spec = tmp_path / "spec.csv"
    row = f"127.0.0.1,{backplane.subscriber_port},[],{backplane.publisher_port}"
    spec.write_text(
        "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
        f"one,{row}\ntwo,{row}\n",
        encoding="utf-8",
    )
    with (
        Recorder("camera", **backplane.keywords) as component,
        BanyanBaseMulti(str(spec), shared=True) as camera,
        receiving(component),
    ):
        camera.publish_payload({"jpeg": JPEG}, "BROADCAST", "camera")
        got = component.wait_for(2)
        assert [payload["jpeg"] == JPEG for _, payload in got] == [True, True]
        assert camera.counters.shared == 1


def test_a_publisher_that_ends_at_once_loses_nothing_and_leaves_nothing_for_long(
    backplane: Backplane,
) -> None:
    with Recorder("camera", **backplane.keywords) as component:
        with BanyanBase(shared=True, **backplane.keywords) as camera:
            camera.publish_payload({"jpeg": JPEG}, "camera")
        with receiving(component):
            ((_, payload),) = component.wait_for(1)
            assert payload["jpeg"] == JPEG


def test_an_old_subscriber_gets_a_map_that_explains_itself(backplane: Backplane) -> None:
    with (
        BanyanBase(**backplane.keywords) as old,
        BanyanBase(shared=True, **backplane.keywords) as camera,
    ):
        old.set_subscriber_topic("camera")
        camera.publish_payload({"jpeg": JPEG}, "camera")
        topic, body = old.subscriber.recv_multipart()
    payload = msgpack.unpackb(body)
    assert topic == b"camera"
    assert len(body) < 1000
    assert "publish without shared=True" in payload["banyan shared memory"]


def test_a_subscriber_elsewhere_is_told_what_to_do_and_hears_the_rest(
    backplane: Backplane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        Recorder("camera", **backplane.keywords) as component,
        BanyanBase(shared=True, **backplane.keywords) as camera,
        receiving(component),
    ):
        camera.publish_payload({"jpeg": JPEG}, "camera/here")
        component.wait_for(1)
        # The folder is looked for at the first message of a ring: another ring, not to be found.
        monkeypatch.setattr(places, "places", lambda: ())
        component._banyan.receiver._rings = None
        for _ in range(20):
            camera.publish_payload({"jpeg": JPEG}, "camera/away")
        camera.publish_payload({"n": 1}, "camera/small")
        assert component.wait_for(2)[1] == ("camera/small", {"n": 1})
        assert component.counters.elsewhere == 20
    warnings = [record.getMessage() for record in caplog.records if "missed" in record.getMessage()]
    assert len(warnings) == 1  # rate-limited
    assert re.search(r"missed a message on b'camera/away'.*publish without shared=True", *warnings)


PUBLISHER = """
import sys
from banyan.banyan_base import BanyanBase
camera = BanyanBase("127.0.0.1", sys.argv[1], sys.argv[2], shared=True)
camera.publish_payload({"jpeg": bytes(100_000)}, "camera")
print("published", flush=True)
sys.stdin.read()
"""


def test_a_killed_publisher_leaves_what_was_published_and_is_swept_up(
    backplane: Backplane, monkeypatch: pytest.MonkeyPatch
) -> None:
    from banyan import limits
    from banyan.shared.sweeper import sweep

    before = rings()
    with Recorder("camera", **backplane.keywords) as component, receiving(component):
        ports = (backplane.subscriber_port, backplane.publisher_port)
        publisher = subprocess.Popen(
            [sys.executable, "-c", PUBLISHER, *map(str, ports)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with publisher:
            assert publisher.stdout is not None
            assert any("published" in line for line in publisher.stdout)
            publisher.kill()
        ((_, payload),) = component.wait_for(1)
        assert payload["jpeg"] == bytes(100_000)
        assert len(rings() - before) == 1
        monkeypatch.setattr(limits, "SHARED_GRACE_S", 0.0)
        eventually(lambda: sweep() >= 0 and not rings() - before, what="the ring is swept up")
        assert payload["jpeg"] == bytes(100_000)  # what is held stays


def test_a_subscriber_too_slow_counts_its_gaps(
    backplane: Backplane, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is read until the ring has gone round: then only what is left of it."""
    frame = bytes(4_000_000)
    with (
        Recorder("camera", **backplane.keywords) as component,
        BanyanBase(shared=True, **backplane.keywords) as camera,
    ):
        for number in range(60):
            camera.publish_payload({"n": number, "jpeg": frame}, "camera")
        camera.publish_payload({"n": 60}, "camera")
        with receiving(component):
            eventually(lambda: component.got and component.got[-1][1]["n"] == 60, what="the last")
    counters = component.counters
    assert counters.received + counters.recycled == 61
    assert counters.recycled > 30
    numbers = [payload["n"] for _, payload in component.got]
    assert numbers == sorted(numbers)
    assert "missed a message on b'camera'" in caplog.text
