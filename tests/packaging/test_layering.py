"""The rules of imports, read from the source: who may import whom, and what nobody may use."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

from tools import CHECKOUT

PRODUCT = ("banyan", "backplane", "components")
INSTALLED = ("banyan_backplane", "banyan_components")

PURE = ("banyan/wire", "banyan/routing")
IMPURE_MODULES = {
    "argparse", "asyncio", "click", "logging", "multiprocessing", "psutil", "rich",
    "select", "socket", "subprocess", "threading", "time", "zmq",
}  # fmt: skip

ZMQ_ROOMS = ("banyan/transport", "backplane")
ZMQ_FILES = ("banyan/session.py", "banyan/reader.py", "banyan/receiver.py", "banyan/keys/key.py")

UNSAFE_MODULES = {
    "cPickle", "dill", "marshal", "msgpack_numpy", "pickle", "runpy", "shelve",
}  # fmt: skip
UNSAFE_CALLS = {"eval", "exec", "compile", "__import__", "execfile"}


def modules(*folders: str) -> list[Path]:
    return sorted(file for folder in folders for file in (CHECKOUT / folder).rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(CHECKOUT).as_posix()


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"), str(file))


def imports(file: Path) -> Iterator[tuple[int, int, str]]:
    """Yield line, level (0: absolute) and dotted name of all that a file imports, anywhere.

    `from a import b` yields a and a.b, since b may be a module. What only a type checker imports
    counts as well: it would tie the rooms together just so.
    """
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, 0, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield node.lineno, node.level, base
            for alias in node.names:
                yield node.lineno, node.level, f"{base}.{alias.name}".lstrip(".")
        elif isinstance(node, ast.Call) and _called(node) == "import_module":
            yield node.lineno, 0, str(getattr(node.args[0], "value", ""))


def _called(node: ast.Call) -> str:
    function = node.func
    return getattr(function, "id", "") or getattr(function, "attr", "")


def _within(name: str, parents: tuple[str, ...] | set[str]) -> bool:
    return any(name == parent or name.startswith(f"{parent}.") for parent in parents)


def _offending(files: list[Path], offends: Callable[[Path, int, str], bool]) -> list[str]:
    return [
        f"{name_of(file)}:{line}: imports {'.' * level}{name}"
        for file in files
        for line, level, name in imports(file)
        if offends(file, level, name)
    ]


def test_there_is_something_to_read() -> None:
    for folder in (*PRODUCT, *PURE):
        assert len(modules(folder)) > 2, folder


def test_the_library_imports_neither_daemon_nor_programs() -> None:
    outside = ("backplane", "components", *INSTALLED)
    found = _offending(
        modules("banyan"), lambda _, level, name: not level and _within(name, outside)
    )
    assert found == []


def test_nobody_imports_daemon_or_programs_by_name() -> None:
    """Rule 1: siblings relatively, so that both names of a package work."""
    names = ("backplane", "components", *INSTALLED)
    found = _offending(
        modules(*PRODUCT, "examples"), lambda _, level, name: not level and _within(name, names)
    )
    assert found == []


def test_daemon_and_programs_import_the_library_by_name() -> None:
    """A relative import that climbs out of its package would miss it once installed."""

    def climbs_out(file: Path, level: int, _: str) -> bool:
        depth = len(file.relative_to(CHECKOUT).parts) - 1
        return level > depth

    assert _offending(modules("backplane", "components"), climbs_out) == []


def test_the_library_imports_itself_by_name() -> None:
    assert _offending(modules("banyan"), lambda _, level, __: level > 0) == []


def test_wire_and_routing_are_pure() -> None:
    found = _offending(
        modules(*PURE), lambda _, level, name: not level and _within(name, IMPURE_MODULES)
    )
    assert found == []


def test_wire_and_routing_print_nothing_and_ask_nothing() -> None:
    found = [
        f"{name_of(file)}:{node.lineno}: calls {_called(node)}"
        for file in modules(*PURE)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call) and _called(node) in {"print", "input"}
    ]
    assert found == []


ROOMS = [
    ("banyan/errors.py", "banyan/limits.py", "banyan/version.py"),
    ("banyan/wire",),
    ("banyan/routing",),
    ("banyan/keys",),
    ("banyan/shared",),
    ("banyan/transport",),
    ("banyan/session.py", "banyan/reader.py", "banyan/receiver.py", "banyan/stamps.py"),
    ("banyan/component.py", "banyan/banyan_base", "banyan/banyan_base_multi"),
    ("banyan/cli",),
]
"""From the ground floor up: a room imports only from its own floor and those below."""


def _floor(place: str) -> int | None:
    for floor, rooms in enumerate(ROOMS):
        for room in rooms:
            stem = room.removesuffix(".py")
            if place == stem or place.startswith(f"{stem}/"):
                return floor
    return None


def test_rooms_import_only_downwards() -> None:
    def upwards(file: Path, level: int, name: str) -> bool:
        here, there = _floor(name_of(file).removesuffix(".py")), _floor(name.replace(".", "/"))
        return here is not None and there is not None and there > here

    assert _offending(modules("banyan"), upwards) == []


def test_every_room_of_the_list_exists() -> None:
    for room in (room for rooms in ROOMS for room in rooms):
        path = CHECKOUT / room
        assert path.exists() or path.with_suffix(".py").exists(), room


def test_only_some_rooms_touch_zmq() -> None:
    def touches(file: Path, level: int, name: str) -> bool:
        place = name_of(file)
        allowed = place.startswith(tuple(f"{room}/" for room in ZMQ_ROOMS))
        allowed = allowed or place in ZMQ_FILES or place.startswith("banyan/banyan_base")
        return not allowed and not level and _within(name, ("zmq",))

    assert _offending(modules(*PRODUCT), touches) == []


def test_nothing_runs_what_was_received() -> None:
    found = _offending(
        modules(*PRODUCT), lambda _, level, name: not level and _within(name, UNSAFE_MODULES)
    )
    assert found == []


def test_nothing_calls_what_could_run_it() -> None:
    found = [
        f"{name_of(file)}:{node.lineno}: {fault}"
        for file in modules(*PRODUCT)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Call)
        for fault in _faults(node)
    ]
    assert found == []


def _faults(call: ast.Call) -> Iterator[str]:
    if isinstance(call.func, ast.Name) and call.func.id in UNSAFE_CALLS:
        yield f"calls {call.func.id}"
    if isinstance(call.func, ast.Attribute) and call.func.attr in {"system", "popen"}:
        yield f"starts a shell with {call.func.attr}"
    for keyword in call.keywords:
        off = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if keyword.arg in {"shell", "allow_pickle"} and not off:
            yield f"switches {keyword.arg} on"
