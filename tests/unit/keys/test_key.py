"""Keys as text, and their names."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zmq.utils import z85

from banyan.keys.key import new_pair, parse_key, parse_name, public_of

GOOD = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"


@given(st.binary(min_size=32, max_size=32))
def test_every_key_as_zeromq_writes_it_is_one(raw):
    text = z85.encode(raw)
    assert parse_key(text.decode()) == text


@given(st.text(max_size=50) | st.text(alphabet="0#!~ ", min_size=40, max_size=40))
@example("#" * 40)  # in the alphabet, but above four bytes
@example("é" + GOOD[1:])
@example(GOOD + "\n")
def test_what_zeromq_cannot_read_is_refused(text):
    try:
        raw = z85.decode(text.encode()) if len(text) == 40 else b""
    except Exception:
        raw = b""
    if len(raw) == 32 and text.isascii():
        assert parse_key(text) == text.encode()
    else:
        with pytest.raises(ValueError, match="key"):
            parse_key(text)


@pytest.mark.parametrize("value", [None, 7, GOOD.encode(), [GOOD]])
def test_a_key_is_a_text(value):
    with pytest.raises(ValueError, match=f"not {type(value).__name__}"):
        parse_key(value)


@given(st.from_regex(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", fullmatch=True))
def test_names(name):
    assert parse_name(name) == name


@given(st.text(max_size=70))
@example("..")
@example(".hidden")
@example("a/b")
@example("a\\b")
@example("a\0b")
@example("alice\n")
@example("a" * 65)
@example("")
def test_no_name_leads_out_of_its_directory(text):
    safe = 0 < len(text) <= 64 and text[0] != "."
    safe = safe and all(c.isascii() and (c.isalnum() or c in "._-") for c in text)
    if safe:
        assert parse_name(text) == text
    else:
        with pytest.raises(ValueError, match="bad name"):
            parse_name(text)


def test_a_new_pair_belongs_together_and_is_no_option():
    public, secret = new_pair()
    assert public_of(secret) == public == parse_key(public.decode())
    assert public[:1].isalnum()
    assert new_pair()[1] != secret
