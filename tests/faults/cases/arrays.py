"""Hostile numpy payloads: code in a pickle, forged types, sizes that lie.

The witness of code that ran is a folder that a pickle makes; its name is this test's alone.
"""

from __future__ import annotations

import os
import pickle
import tempfile
from pathlib import Path
from typing import Any, Final

import msgpack
import zmq

from faults.arena import Arena
from faults.case import case
from faults.cases.frames import TOPIC, listener, still_hears

GROUP: Final = "Hostile numpy payloads"


class _Evil:
    """Makes a folder in whichever process unpickles it."""

    def __init__(self, witness: Path) -> None:
        self._witness = str(witness)

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._witness,)


def _array(**changes: object) -> bytes:
    """Return an array as msgpack-numpy writes it, but for what is changed."""
    right = {"nd": True, "type": "<f8", "kind": b"", "shape": [2], "data": bytes(16)}
    fields = {name.encode(): value for name, value in {**right, **changes}.items()}
    return bytes(msgpack.packb({"x": fields}))


def _run_pickle(arena: Arena, *, arrays: bool) -> None:
    """Send code; note whether it ran in the component."""
    with tempfile.TemporaryDirectory(prefix="banyan_faults_") as folder:
        witness = Path(folder) / "code ran"
        arena.start()
        publisher = arena.component()
        publisher.ready()
        stranger = arena.zmq_socket(zmq.PUB)
        options = {"arrays": True} if arrays else {}
        subscriber = listener(arena, publisher, stranger, **options)
        evil = pickle.dumps(_Evil(witness))
        stranger.send_multipart([TOPIC, _array(type="|O", kind=b"O", data=evil)])
        lives = still_hears(stranger, subscriber)
        arena.note("the publisher's code ran", witness.exists(), "times", at_most=0)
        if not lives:
            arena.record.fail(f"the component ended: {subscriber.end_in_words()}")


@case("code in a pickle (kind O), numpy on", group=GROUP, fast=True)
def pickle_with_numpy(arena: Arena) -> None:
    _run_pickle(arena, arrays=True)


@case("code in a pickle (kind O), numpy off", group=GROUP, fast=True)
def pickle_without_numpy(arena: Arena) -> None:
    _run_pickle(arena, arrays=False)


def _lies(arena: Arena, kinds: dict[str, bytes]) -> None:
    """Send each lie to a component that looks at what it gets; note which are deadly."""
    arena.start()
    publisher = arena.component()
    publisher.ready()
    stranger = arena.zmq_socket(zmq.PUB)
    subscriber, deadly = listener(arena, publisher, stranger, arrays=True), []
    for kind, body in kinds.items():
        stranger.send_multipart([TOPIC, body])
        if not still_hears(stranger, subscriber):
            deadly.append(f"{kind}: {subscriber.end_in_words()}")
            subscriber.close()
            subscriber = listener(arena, publisher, stranger, arrays=True)
    arena.note("deadly", len(deadly), f"of {len(kinds)}", at_most=0)
    if deadly:
        arena.record.fail("; ".join(deadly))


@case("forged object pointers", group=GROUP, fast=True)
def forged_objects(arena: Arena) -> None:
    """Types that hold Python objects, filled from the wire: pointers of the sender's choice."""
    pointers = b"\x41" * 16
    fields = [["f", "|O"], ["g", "|O"]]
    _lies(
        arena,
        {
            "|O as plain data": _array(type="|O", data=pointers),
            "O8 as plain data": _array(type="O8", data=pointers),
            "a field of objects": _array(type=fields, kind=b"V", shape=[1], data=pointers),
        },
    )


@case("types, shapes and sizes that lie", group=GROUP, fast=True)
def lies(arena: Arena) -> None:
    _lies(
        arena,
        {
            "negative shape": _array(shape=[-2]),
            "shape above the data": _array(shape=[1 << 40]),
            "product that overflows": _array(shape=[1 << 32, 1 << 32]),
            "70 dimensions": _array(shape=[1] * 70),
            "shape of text": _array(shape="ab"),
            "data of half an item": _array(data=bytes(15)),
            "no data": _array(data=b""),
            "items of no size": _array(type="|V0", data=b"", shape=[1 << 62]),
            "items of 2 GB": _array(type="|V2147483647", shape=[1]),
            "unknown type": _array(type="<q99"),
            "type that is a number": _array(type=7),
            "type of a million letters": _array(type="<f8," * 250_000),
            "10,000 fields": _array(
                type=[[f"f{number}", "|u1"] for number in range(10_000)], kind=b"V"
            ),
            "complex that is none": bytes(
                msgpack.packb({"x": {b"complex": True, b"data": "1;import os"}})
            ),
        },
    )
