"""The names and signatures that programs written for python_banyan use."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tools import CHECKOUT, Backplane

from banyan.banyan_base import BanyanBase
from banyan.banyan_base_multi import BanyanBaseMulti

SIGNATURES: dict[type, dict[str, object]] = {
    BanyanBase: {
        "back_plane_ip_address": None,
        "subscriber_port": "43125",
        "publisher_port": "43124",
        "process_name": "None",
        "loop_time": 0.1,
        "numpy": False,
        "external_message_processor": None,
        "receive_loop_idle_addition": None,
        "connect_time": 0.3,
    },
    BanyanBaseMulti: {
        "back_plane_csv_file": None,
        "process_name": "None",
        "loop_time": 0.1,
        "numpy": False,
        "connect_time": 0.3,
    },
}

METHODS: dict[type, dict[str, list[str]]] = {
    BanyanBase: {
        "get_subscriber": [],
        "get_publisher": [],
        "set_subscriber_topic": ["topic"],
        "publish_payload": ["payload", "topic=''"],
        "receive_loop": [],
        "incoming_message_processing": ["topic", "payload"],
        "clean_up": [],
    },
    BanyanBaseMulti: {
        "find_socket": ["backplane", "socket_type"],
        "set_subscriber_topic": ["topic", "subscriber_socket"],
        "unsubscribe_topic": ["topic", "subscriber_socket"],
        "publish_payload": ["payload", "publisher_socket", "topic=''"],
        "receive_loop": [],
        "incoming_message_processing": ["topic", "payload"],
        "clean_up": [],
    },
}

ATTRIBUTES = (
    "subscriber", "publisher", "my_context", "back_plane_ip_address", "subscriber_port",
    "publisher_port", "loop_time", "numpy", "backplane_exists", "external_message_processor",
    "receive_loop_idle_addition", "connect_time",
)  # fmt: skip

CLASSES = (BanyanBase, BanyanBaseMulti)


def _parameters(function: Any) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())[1:]


@pytest.mark.parametrize("name", ["banyan_base.BanyanBase", "banyan_base_multi.BanyanBaseMulti"])
def test_flat_names(name: str) -> None:
    module, _, attribute = name.partition(".")
    assert inspect.isclass(getattr(importlib.import_module(f"banyan.{module}"), attribute))


@pytest.mark.parametrize("kind", CLASSES)
def test_constructor_takes_what_it_always_took(kind: type) -> None:
    theirs = [p for p in _parameters(kind.__init__) if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [(p.name, p.default) for p in theirs] == list(SIGNATURES[kind].items())


@pytest.mark.parametrize("kind", CLASSES)
def test_what_we_add_is_keyword_only_and_optional(kind: type) -> None:
    for parameter in _parameters(kind.__init__)[len(SIGNATURES[kind]) :]:
        assert parameter.kind is parameter.KEYWORD_ONLY, parameter
        assert parameter.default is not parameter.empty, parameter


@pytest.mark.parametrize("kind", CLASSES)
def test_methods(kind: type) -> None:
    for name, expected in METHODS[kind].items():
        found = [
            p.name if p.default is p.empty else f"{p.name}={p.default!r}"
            for p in _parameters(getattr(kind, name))
            if p.kind is p.POSITIONAL_OR_KEYWORD
        ]
        assert found == expected, name


def test_kinds_of_sockets() -> None:
    assert (BanyanBaseMulti.SUB_SOCK, BanyanBaseMulti.PUB_SOCK) == (0, 1)


@pytest.mark.parametrize("kind", CLASSES)
def test_none_of_the_names_of_a_thread(kind: type) -> None:
    """Gateways derive from both: a name of ours would hide the thread's or be hidden by it."""
    ours = {name for base in kind.__mro__[:-1] for name in vars(base) if not name.startswith("__")}
    assert ours & set(dir(threading.Thread)) == set()


@pytest.mark.parametrize("kind", CLASSES)
def test_attributes_may_be_assigned_before_the_base_class_is_initialised(kind: type) -> None:
    """And read again: no slots, no read-only properties, no need of what is made later."""
    bare = kind.__new__(kind)
    for name in (*ATTRIBUTES, "backplane_table", "something_of_its_own"):
        setattr(bare, name, name)
        assert getattr(bare, name) == name


def test_attributes_and_their_own_names(backplane: Backplane) -> None:
    with BanyanBase(**backplane.keywords) as component:
        assert [name for name in ATTRIBUTES if not hasattr(component, name)] == []
        names = {name for name in vars(component) if not name.startswith("__")}
        assert names & set(dir(threading.Thread())) == set()


def test_a_component_may_be_a_thread(backplane: Backplane) -> None:
    class Both(BanyanBase, threading.Thread):
        def __init__(self) -> None:
            threading.Thread.__init__(self)
            BanyanBase.__init__(self, **backplane.keywords)
            self.got: list[Any] = []

        def run(self) -> None:
            self.receive_loop()

        def incoming_message_processing(self, topic: str, payload: Any) -> None:
            self.got.append((topic, payload))
            self.stop()

    with Both() as both:
        both.set_subscriber_topic("to the thread")
        both.start()
        both.publish_payload([1], "to the thread")
        both.join(5)
        assert not both.is_alive()
        assert both.got == [("to the thread", [1])]


def test_a_component_may_be_a_thread_the_cooperative_way(backplane: Backplane) -> None:
    """`super().__init__()` of ours reaches the thread's."""

    class Both(BanyanBase, threading.Thread):
        def __init__(self) -> None:
            self.loop_time = 7  # programs assign before; the base class assigns its own
            super().__init__(**backplane.keywords)

        def run(self) -> None:
            self.publish_payload("ran", "from the thread")

    with Both() as both:
        both.start()
        both.join(5)
        assert both.counters.published == 1


def test_typed_as_a_user_types(tmp_path: Path) -> None:
    """A user's program under `mypy --strict`, with the library found as an installed one."""
    program = tmp_path / "users_program.py"
    text = (Path(__file__).parent / "users_program.txt").read_text(encoding="utf-8")
    program.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file=", program.name],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expected = {
        number: line.partition("# error: ")[2]
        for number, line in enumerate(text.splitlines(), 1)
        if "# error: " in line
    }
    found = {
        int(line.split(":")[1]): line.rpartition("[")[2].rstrip("]")
        for line in done.stdout.splitlines()
        if line.startswith(f"{program.name}:") and ": error: " in line
    }
    assert found == expected, done.stdout + done.stderr
