"""Components and a backplane with keys: who comes in, what is said to who does not, and rights."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools import CHECKOUT, Backplane, component, eventually, running_backplane
from tools.recorder import Recorder, receiving

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti
from banyan.errors import KeyFileError
from banyan.keys import directory
from banyan.keys.key_file import new_credentials, save
from banyan.transport import discovery


@dataclass(frozen=True)
class Keyed:
    """A backplane with keys, and the files of those who might come in."""

    backplane: Backplane
    place: Path
    alice: Path
    bob: Path
    stranger: Path
    """A key that is not let in."""

    def permit(self, text: str) -> None:
        (self.place / "permissions.toml").write_text(text, "utf-8")


def make_keys(folder):
    """Make a backplane's directory and three key files, two of them let in."""
    place = folder / "keys"
    own = directory.create(place)
    files = []
    for name in ("alice", "bob", "stranger"):
        credentials = new_credentials(name, own.public)
        save(credentials, folder / f"{name}.key")
        files.append(folder / f"{name}.key")
        if name != "stranger":
            directory.admit(place, name, credentials.public)
    return place, *files


@pytest.fixture
def keyed(tmp_path):
    place, *files = make_keys(tmp_path)
    with running_backplane("--keys", place) as running:
        yield Keyed(running, place, *files)


@pytest.fixture
def permitting(tmp_path):
    """As `keyed`, with permissions for alice from the start."""
    place, *files = make_keys(tmp_path)
    found = Keyed(None, place, *files)
    found.permit('[alice]\npublish = ["a", "shared/"]\nsubscribe = ["a"]\n["*"]\nsubscribe = [""]')
    with running_backplane("--keys", place) as running:
        yield Keyed(running, place, *files)


# --- coming in ------------------------------------------------------------------------------


def test_with_a_key_everything_works_as_without(keyed):
    begun = time.monotonic()
    with (
        Recorder("greeting", enough=1, keys=keyed.alice, **keyed.backplane.keywords) as recorder,
        BanyanBase(keys=str(keyed.bob), **keyed.backplane.keywords) as publisher,
    ):
        assert time.monotonic() - begun < 1.5
        publisher.publish_payload({"number": 1}, "greeting")
        recorder.receive_loop()
    assert recorder.got == [("greeting", {"number": 1})]


def test_no_word_is_said_where_all_is_well(keyed, caplog):
    with BanyanBase(keys=keyed.alice, **keyed.backplane.keywords) as publisher:
        publisher.set_subscriber_topic("x")
        publisher.publish_payload(1, "x")
        assert publisher.counters.refused == 0
    assert caplog.records == []


def test_the_environment_says_which_key(keyed, monkeypatch):
    monkeypatch.setenv("BANYAN_KEYS", str(keyed.alice))
    with Recorder("x", enough=1, **keyed.backplane.keywords) as recorder:
        recorder.publish_payload(1, "x")
        recorder.receive_loop()
    assert recorder.got == [("x", 1)]


def test_a_backplane_with_keys_is_found_on_this_machine(keyed):
    ports = keyed.backplane.subscriber_port, keyed.backplane.publisher_port
    assert discovery.find_local(*ports) == "127.0.0.1"


def test_programs_take_the_option(keyed):
    with (
        component("monitor", keyed.backplane, "--keys", keyed.alice, "--count", 1) as monitor,
        BanyanBase(keys=keyed.bob, **keyed.backplane.keywords) as publisher,
    ):
        eventually(lambda: _told(publisher, monitor), what="the monitor shows a message")
        assert monitor.wait() == 0


def _told(publisher, monitor):
    publisher.publish_payload("hello", "said")
    return any("hello" in line for line in monitor.lines)


def test_on_several_backplanes_each_with_a_key_of_its_own(keyed, tmp_path):
    (tmp_path / "second").mkdir()
    place, *files = make_keys(tmp_path / "second")
    with running_backplane("--keys", place) as second, running_backplane() as third:
        spec = tmp_path / "spec.csv"
        rows = [
            f"{name},127.0.0.1,{b.subscriber_port},[x],{b.publisher_port}\n"
            for name, b in (("BP1", keyed.backplane), ("BP2", second), ("BP3", third))
        ]
        header = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
        spec.write_text(header + "".join(rows))
        with (many := Many(spec, keys={"BP1": keyed.alice, "BP2": files[0]})), receiving(many):
            many.publish_payload(1, "BROADCAST", "x")
            eventually(lambda: sorted(many.got) == ["BP1", "BP2", "BP3"])


class Many(BanyanBaseMulti):
    def __init__(self, *arguments, **keywords):
        self.got = []
        super().__init__(*arguments, **keywords)

    def incoming_message_from(self, backplane_name, topic, payload):
        self.got.append(backplane_name)


# --- not coming in --------------------------------------------------------------------------


def warning(caplog):
    (record,) = [record for record in caplog.records if record.name == "banyan"]
    return record.getMessage()


def test_without_a_key_nothing_is_heard_and_the_warning_says_what_to_type(keyed, caplog):
    with Recorder("x", keys="", **keyed.backplane.keywords) as deaf:
        said = warning(caplog)
        with Recorder("x", enough=1, keys=keyed.alice, **keyed.backplane.keywords) as heard:
            deaf.publish_payload("deaf", "x")
            heard.publish_payload("heard", "x")
            heard.receive_loop()
        assert heard.got == [("x", "heard")]
        assert deaf.subscriber.poll(200) == 0
    assert said.count("answers, but asks for a key") == 2
    for word in ("--keys FILE", "keys=FILE", "BANYAN_KEYS", "banyan keys --help"):
        assert word in said


def test_a_key_that_is_not_known_is_told_so_and_let_in_once_it_is(keyed, caplog):
    with Recorder("x", keys=keyed.stranger, **keyed.backplane.keywords) as stranger:
        said = warning(caplog)
        assert "not known there" in said
        assert "revoked" in said
        public = stranger._banyan_link.credentials.public
        assert f"banyan keys allow DIR stranger '{public.decode()}'" in said
        directory.admit(keyed.place, "stranger", public)
        with receiving(stranger):
            eventually(lambda: _heard_itself(stranger), what="it joins once it is let in")


def _heard_itself(recorder):
    recorder.publish_payload(1, "x")
    time.sleep(0.05)
    return recorder.got


def test_revoking_cuts_off_within_a_second(keyed):
    with (
        Recorder("x", keys=keyed.alice, **keyed.backplane.keywords) as alice,
        receiving(alice),
        BanyanBase(keys=keyed.bob, **keyed.backplane.keywords) as bob,
    ):
        bob.publish_payload(1, "x")
        alice.wait_for(1)
        directory.revoke(keyed.place, "alice")
        begun = time.monotonic()
        eventually(lambda: not alice._banyan_link.connected, what="alice is cut off")
        assert time.monotonic() - begun < 2  # it says a second; a busy machine is slower
        bob.publish_payload(2, "x")
        eventually(lambda: alice._banyan_link.failure, what="alice is refused")
        assert alice.got == [("x", 1)]


def test_a_key_made_for_another_backplane(keyed, tmp_path, caplog):
    save(new_credentials("lost", new_credentials("other").public), tmp_path / "lost.key")
    with BanyanBase(keys=tmp_path / "lost.key", **keyed.backplane.keywords):
        assert "made for another backplane" in warning(caplog)


def test_a_key_where_the_backplane_has_none(backplane, tmp_path, caplog):
    _, alice, *_ = make_keys(tmp_path)
    with BanyanBase(keys=alice, **backplane.keywords):
        said = warning(caplog)
    assert said.count("answers, but uses no keys") == 2
    assert "backplane --keys DIR" in said
    assert "BANYAN_KEYS=" in said


def test_a_key_file_that_cannot_be_used_leaves_nothing_open(keyed):
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    for keys in (keyed.place / "nix.key", keyed.place / "backplane.key", keyed.place):
        with pytest.raises(KeyFileError):
            BanyanBase(keys=keys, **keyed.backplane.keywords)
    after = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    assert after == before


# --- rights ---------------------------------------------------------------------------------


def test_rights_are_known_when_the_constructor_returns(permitting, caplog):
    with Recorder(keys=permitting.alice, **permitting.backplane.keywords) as alice:
        alice.publish_payload(1, "b")
        assert alice.counters.refused == 1
        assert "publishing on 'b' is not permitted to key alice" in warning(caplog)
        caplog.clear()
        alice.set_subscriber_topic("c")
        assert alice.counters.refused == 2
        assert "subscribing to 'c'" in warning(caplog)
        assert warning(caplog).endswith("permitted: 'a'")


def test_what_is_refused_does_not_pass_and_the_rest_does(permitting):
    keywords = permitting.backplane.keywords
    with (
        Recorder("", enough=2, keys=permitting.bob, **keywords) as bob,
        BanyanBase(keys=permitting.alice, **keywords) as alice,
    ):
        for topic in ("a", "b", "shared", "shared/x"):
            alice.publish_payload(1, topic)
        bob.receive_loop()
        assert [topic for topic, _ in bob.got] == ["a", "shared/x"]
        assert bob.counters.refused == 0
        permitting.backplane.program.wait_for_line("refused alice to publish 'b'", errors=True)
        assert alice.counters.refused == 2


def test_a_forbidden_subscription_receives_nothing(permitting):
    keywords = permitting.backplane.keywords
    with Recorder("", "a", enough=1, keys=permitting.alice, **keywords) as alice:
        assert alice.counters.refused == 1
        for topic in ("shared/x", "a"):
            alice.publish_payload(1, topic)
        alice.receive_loop()
        assert [topic for topic, _ in alice.got] == ["a"]


def test_new_rights_are_heard_in_the_loop(permitting):
    keywords = permitting.backplane.keywords
    with Recorder("a", keys=permitting.alice, **keywords) as alice, receiving(alice):
        permitting.permit('[alice]\npublish = ["b"]\nsubscribe = ["b"]\n')
        eventually(lambda: alice.counters.refused == 1, what="its subscription is refused")
        before = alice.counters.refused
        alice.publish_payload(1, "b")
        assert alice.counters.refused == before


def test_a_program_that_reads_its_socket_itself_never_sees_them(permitting):
    keywords = permitting.backplane.keywords
    with BanyanBase(keys=permitting.alice, **keywords) as alice:
        alice.set_subscriber_topic("a")
        permitting.permit('[alice]\npublish = ["a", "b"]\nsubscribe = ["a"]\n')

        def passes():
            alice.publish_payload(1, "b")
            alice.subscriber.poll(10)
            return alice._banyan_link.granted.rights.publish == (b"a", b"b")

        eventually(passes, what="the new rights have come")
        alice.publish_payload(1, "a")
        assert alice.subscriber.recv_multipart()[0] == b"a"


# --- commands that look ---------------------------------------------------------------------


def banyan(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "banyan", *map(str, arguments)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_routes_show_probe_says_what_a_key_changes(keyed, tmp_path):
    spec = tmp_path / "spec.csv"
    ports = keyed.backplane.subscriber_port, keyed.backplane.publisher_port
    spec.write_text(
        "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
        f"BP1,127.0.0.1,{ports[0]},[x],{ports[1]}\n"
    )
    without = banyan("routes", "show", "--probe", spec)
    assert without.returncode == 1
    assert without.stdout.count("answers, but asks for a key") == 2
    with_key = banyan("routes", "show", "--probe", "--keys", keyed.alice, spec)
    assert (with_key.returncode, with_key.stderr) == (0, "")
    assert " ms" in with_key.stdout


def test_bench_takes_a_key(keyed):
    arguments = ("bench", "-b", "127.0.0.1", *keyed.backplane.arguments[2:])
    quick = ("--count", 50, "--size", 16, "--trips", 5, "--json")
    without = banyan(*arguments, *quick)
    assert without.returncode == 1
    assert "--keys FILE" in without.stderr
    got = banyan(*arguments, *quick, "--keys", keyed.alice)
    assert got.returncode == 0, got.stderr
    assert json.loads(got.stdout.splitlines()[0])["lost"] == 0


# --- greetings ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("greeting", "found"),
    [
        (b"\xff" + bytes(8) + b"\x7f", discovery.ANSWERS),  # of before ZMTP 3
        (b"\xff" + bytes(8) + b"\x7f\x01\x02", discovery.ANSWERS),
        (b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(52, b"\0"), discovery.ANSWERS),
        (b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"CURVE".ljust(52, b"\0"), discovery.ASKS_FOR_KEY),
        (b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"PLAIN".ljust(52, b"\0"), discovery.ASKS_FOR_KEY),
        (b"\xff" * 64, discovery.NO_ZEROMQ),
        (b"\xff", discovery.NO_ZEROMQ),
    ],
)
def test_what_greetings_mean(greeting, found):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.sendall(greeting)
                connection.settimeout(5)
                while connection.recv(100):
                    pass

        thread = threading.Thread(target=answer)
        thread.start()
        begun = time.monotonic()
        assert discovery.greeting("127.0.0.1", server.getsockname()[1], 0.3) == found
        assert time.monotonic() - begun < 1
        thread.join(5)
