"""Who may come in, by address or by key."""

from __future__ import annotations

import psutil
import pytest
import zmq
from zmq.utils import z85

from backplane.admission import Admission, parse_network
from banyan.errors import EndpointError


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("169.254.3.4", True),
        ("100.64.0.1", True),  # carrier-grade NAT
        ("100.128.0.1", False),
        ("8.8.8.8", False),
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("2606:4700::1111", False),
        ("::ffff:10.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("[::1]", True),
        ("", False),
        ("nonsense", False),
        ("8.8.8.8" * 1000, False),
    ],
)
def test_addresses(address: str, admitted: bool) -> None:
    verdict = Admission([], None).judge(b"NULL", address, b"")
    assert verdict.admitted is admitted
    assert bool(verdict.reason) is not admitted
    assert len(verdict.reason) < 300


def test_what_is_allowed_by_name() -> None:
    allowed = [parse_network("8.8.8.0/24"), parse_network("2606:4700::/32")]
    rule = Admission(allowed, None)
    assert rule.judge(b"NULL", "8.8.8.8", b"").admitted
    assert rule.judge(b"NULL", "::ffff:8.8.8.8", b"").admitted
    assert rule.judge(b"NULL", "2606:4700::1", b"").admitted
    assert not rule.judge(b"NULL", "8.8.9.8", b"").admitted
    for wrong in ("8.8.8.8/24", "x", "", "1.2.3.4/99"):
        with pytest.raises(EndpointError):
            parse_network(wrong)


def test_our_own_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    class Item:
        address = "8.8.4.4"

    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"eth0": [Item]})
    assert Admission([], None).judge(b"NULL", "8.8.4.4", b"").admitted
    assert not Admission([], None).judge(b"NULL", "8.8.8.8", b"").admitted


def test_keys() -> None:
    public, _ = zmq.curve_keypair()
    rule = Admission([], {public: "alice"})
    verdict = rule.judge(b"CURVE", "8.8.8.8", z85.decode(public))
    assert (verdict.admitted, verdict.name, verdict.key) == (True, "alice", public)
    assert not rule.judge(b"NULL", "127.0.0.1", b"").admitted
    assert not rule.judge(b"PLAIN", "127.0.0.1", z85.decode(public)).admitted
    for garbage in (b"", b"x", bytes(31), bytes(32), bytes(33), bytes(10_000)):
        assert not rule.judge(b"CURVE", "127.0.0.1", garbage).admitted
    rule.banned = frozenset([public])
    assert not rule.judge(b"CURVE", "127.0.0.1", z85.decode(public)).admitted
    rule.keys = {}
    assert "not among" in rule.judge(b"CURVE", "127.0.0.1", z85.decode(public)).reason
