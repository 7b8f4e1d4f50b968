"""Public addresses are refused where there are no keys: in a network namespace; root only."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools import CHECKOUT, Program, eventually

HERE, THERE = "8.8.8.8", "8.8.8.9"

TRY = """
import sys, zmq
context = zmq.Context()
publisher, subscriber = context.socket(zmq.PUB), context.socket(zmq.SUB)
if len(sys.argv) > 2:
    from banyan.keys import load_credentials
    key = load_credentials(sys.argv[2])
    for one in (publisher, subscriber):
        one.curve_serverkey = key.backplane
        one.curve_publickey, one.curve_secretkey = key.public, key.secret
subscriber.subscribe(b"")
subscriber.connect(f"tcp://{sys.argv[1]}:43125")
publisher.connect(f"tcp://{sys.argv[1]}:43124")
for _ in range(30):
    publisher.send_multipart([b"t", b"x"])
    if subscriber.poll(100):
        print("heard")
        break
context.destroy(linger=0)
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or shutil.which("ip") is None,
    reason="network namespaces need root and iproute2",
)


def ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=10, check=False)
    if done.returncode:
        pytest.skip(f"no network namespaces here: ip {' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture
def spaces() -> Iterator[tuple[str, str]]:
    """Two namespaces with a cable between them: a backplane's, at HERE, and another, at THERE."""
    ours, other = names = (f"bpa{os.getpid()}", f"bpb{os.getpid()}")
    try:
        for name in names:
            ip("netns", "add", name)
        ip("-n", ours, "link", "add", "near", "type", "veth", "peer", "name", "far", "netns", other)
        for name, device, address in ((ours, "near", HERE), (other, "far", THERE)):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            for one in ("lo", device):
                ip("-n", name, "link", "set", one, "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def start(space: str, *arguments: object) -> Program:
    program = Program("ip", "netns", "exec", space, sys.executable, "-m", "backplane", *arguments)
    program.wait_for_line("Publisher  Port")
    return program


def heard(space: str, *arguments: object) -> bool:
    command = ["ip", "netns", "exec", space, sys.executable, "-c", TRY, HERE, *map(str, arguments)]
    return (
        "heard"
        in subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=True, cwd=CHECKOUT
        ).stdout
    )


def test_a_public_address_is_refused_and_our_own_is_not(spaces: tuple[str, str]) -> None:
    ours, other = spaces
    with start(ours) as program:
        assert not heard(other)
        line = program.wait_for_line(f"refused {THERE}", errors=True)
        assert f"--allow {THERE}" in line
        assert heard(ours)


def test_what_is_allowed_comes_in(spaces: tuple[str, str]) -> None:
    ours, other = spaces
    with start(ours, "--allow", "8.8.8.0/24") as program:
        assert heard(other)
        eventually(lambda: any("8.8.8.0/24" in line for line in program.error_lines))


def test_a_key_comes_in(spaces: tuple[str, str], tmp_path: Path) -> None:
    from banyan.keys import Credentials, directory
    from banyan.keys.key import new_pair
    from banyan.keys.key_file import save

    ring, (public, secret) = tmp_path / "keys", new_pair()
    own = directory.create(ring)
    directory.admit(ring, "alice", public)
    save(Credentials("alice", public, secret, own.public), tmp_path / "alice.key")
    ours, other = spaces
    with start(ours, "--keys", ring):
        assert heard(other, tmp_path / "alice.key")
        assert not heard(other)
