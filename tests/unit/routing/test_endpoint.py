"""Addresses, ports and their URLs: what is read, and what each mistake is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import EndpointError
from banyan.routing.endpoint import (
    DEFAULT_PUBLISHER_PORT,
    DEFAULT_SUBSCRIBER_PORT,
    parse_address,
    parse_port,
    shown,
    url,
)


def test_default_ports_are_those_of_python_banyan():
    assert (DEFAULT_PUBLISHER_PORT, DEFAULT_SUBSCRIBER_PORT) == ("43124", "43125")


@pytest.mark.parametrize(
    ("value", "port"), [("43124", 43124), (43125, 43125), (" 1 ", 1), ("65535", 65535)]
)
def test_ports(value, port):
    assert parse_port(value) == port


@pytest.mark.parametrize(
    "value",
    ["", "0", 0, -1, "65536", "4312x", "43124.0", "+1", "1_000", "\u0661", "9" * 5000, True, None],
)
def test_bad_port_says_what_stood_there_and_what_is_expected(value):
    with pytest.raises(EndpointError, match=r"bad port .*expected a whole number from 1 to 65535"):
        parse_port(value)


def test_the_value_of_a_bad_port_is_shown():
    with pytest.raises(EndpointError, match="'70000'"):
        parse_port(70000)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("localhost", "localhost"),
        ("  localhost\t", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("192.168.2.194", "192.168.2.194"),
        ("robot", "robot"),
        ("pi-3.local", "pi-3.local"),
        ("my_pc.example.org.", "my_pc.example.org."),
        ("4you.de", "4you.de"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1%eth0"),
        ("[2001:db8::2]", "2001:db8::2"),
        ("::ffff:192.168.2.1", "::ffff:192.168.2.1"),
    ],
)
def test_addresses(value, address):
    assert parse_address(value) == address


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("", "it is empty; expected a host name"),
        ("   ", "it is empty"),
        ("*", "where a backplane listens"),
        ("tcp://10.0.0.1", "give the bare host, without the protocol: 10.0.0.1"),
        ("tcp://10.0.0.1:43124", "give the bare host, without the protocol: 10.0.0.1"),
        ("http://robot/x", "give the bare host, without the protocol: robot"),
        ("tcp://*:1", "give the bare host, without the protocol$"),
        ("robot:43124", "give the host alone: robot"),
        ("[::1]:43124", r"give the host alone: \[::1\]"),
        ("\x1b[2J:43124", "it is no IPv6 address"),
        ("\x1b2J:43124", "the port is given apart$"),
        ("a" * 300 + ":43124", "the port is given apart$"),
        ("300.1.2.3", "expected an IPv4 address of four numbers from 0 to 255"),
        ("192.168.2", "expected an IPv4 address"),
        ("192.168.2.1.5", "expected an IPv4 address"),
        ("192.168.002.001", "expected an IPv4 address"),
        ("43125", "expected an IPv4 address"),
        ("my robot", "a space cannot stand in a host name"),
        ("robot\x00", r"'\\x00' cannot stand in a host name"),
        ("robot/1", "'/' cannot stand in a host name"),
        ("m\u00fcller", "'\u00fc' cannot stand in a host name"),
        ("a..b", "it is no host name"),
        ("-a", "it is no host name"),
        ("a" * 64, "it is no host name"),
        (".".join(["a" * 60] * 5), "it is no host name"),
        ("::1::2", "it is no IPv6 address"),
        ("[127.0.0.1]", "it is no IPv6 address"),
        ("fe80::1%eth 0", "it is no IPv6 address"),
    ],
)
def test_bad_address_says_why(value, hint):
    with pytest.raises(EndpointError, match=f"bad address .*{hint}") as caught:
        parse_address(value)
    assert shown(value) in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("address", "port", "expected"),
    [
        ("localhost", "43124", "tcp://localhost:43124"),
        (" 127.0.0.1 ", 1, "tcp://127.0.0.1:1"),
        ("::1", 43125, "tcp://[::1]:43125"),
        ("[::1]", 43125, "tcp://[::1]:43125"),
    ],
)
def test_url(address, port, expected):
    assert url(address, port) == expected


@pytest.mark.parametrize(("address", "port"), [("*", 1), ("localhost", 0)])
def test_url_refuses_what_is_no_endpoint(address, port):
    with pytest.raises(EndpointError):
        url(address, port)


def test_a_long_value_is_shown_by_its_ends():
    assert shown("a" * 50 + "b" * 50) == repr("a" * 30 + "..." + "b" * 30)


@given(st.text())
def test_any_text_is_an_address_or_an_endpoint_error(text):
    try:
        address = parse_address(text)
    except EndpointError:
        return
    assert parse_address(address) == address
