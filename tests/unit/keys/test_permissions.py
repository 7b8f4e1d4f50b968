"""permissions.toml, and what follows from it."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import KeyFileError
from banyan.keys.key_file import new_credentials
from banyan.keys.permissions import load_permissions, parse_permissions
from banyan.keys.rights import Rights
from banyan.limits import MAX_PERMISSIONS_BYTES
from banyan.wire import codec

ALICE, BOB = (new_credentials(name).public for name in ("alice", "bob"))
KEYS = {"alice": ALICE, "bob": BOB}
FILE = Path("permissions.toml")
PROBE = b"__banyan__/probe/" + b"0123456789abcdef" * 2

EXAMPLE = """
[alice]
publish = ["camera/", "é"]
subscribe = ["command/alice"]

["*"]
subscribe = [""]
"""


def permissions(text):
    return parse_permissions(text, FILE, KEYS)


def test_the_example_of_the_docstring():
    rules = permissions(EXAMPLE)
    assert rules.may_publish("alice", b"camera/front")
    assert rules.may_publish("alice", "état".encode())
    assert not rules.may_publish("alice", b"camera")
    assert not rules.may_publish("alice", b"")
    assert rules.may_subscribe("alice", b"command/alice/now")
    assert not rules.may_subscribe("alice", b"command/")
    assert not rules.may_subscribe("alice", b"")
    assert rules.may_subscribe("bob", b"")
    assert rules.may_subscribe("bob", b"anything")
    assert not rules.may_publish("bob", b"camera/front")
    assert rules.rights("alice") == {"publish": ["camera/", "é"], "subscribe": ["command/alice"]}
    assert rules.faults == ()


def test_nothing_is_permitted_that_is_not_written_down():
    for text in ("", "[alice]\n", "[alice]\npublish = []"):
        for name in ("alice", "bob", "unknown", ""):
            assert not permissions(text).may_publish(name, b"x")
            assert not permissions(text).may_subscribe(name, b"x")


def test_a_section_is_not_added_to_the_one_for_all():
    rules = permissions('["*"]\npublish = [""]\n[alice]\nsubscribe = ["x"]')
    assert not rules.may_publish("alice", b"x")
    assert rules.may_publish("bob", b"x")


@pytest.mark.parametrize("text", ["", '["*"]\npublish = [""]\nsubscribe = [""]'])
def test_of_banyans_own_topics_only_these(text):
    rules = permissions(text)
    rights = b"__banyan__/rights/"
    assert rules.may_publish("alice", PROBE)
    assert rules.may_subscribe("alice", PROBE)
    assert rules.may_subscribe("alice", rights + ALICE)
    assert rules.may_subscribe("alice", b"__banyan__/bell")
    for topic in (
        b"__banyan__/",
        b"__banyan__/bell",
        b"__banyan__/probe/",
        PROBE[:-1],
        PROBE + b"0",
        PROBE + b"\n",
        PROBE[:-1] + b"G",
        rights + ALICE,
        rights + BOB,
    ):
        assert not rules.may_publish("alice", topic), topic
    for prefix in (b"__banyan__/", b"__banyan__/x", rights, rights + BOB, PROBE[:-1]):
        assert not rules.may_subscribe("alice", prefix), prefix


@given(
    st.lists(st.text(max_size=5), max_size=4),
    st.text(max_size=8).filter(lambda topic: not topic.startswith("__banyan__/")),
)
def test_a_topic_is_permitted_if_it_begins_as_one_of_the_list(prefixes, topic):
    rights = Rights(tuple(map(str.encode, prefixes)), tuple(map(str.encode, prefixes)))
    expected = any(topic.startswith(prefix) for prefix in prefixes)
    assert rights.may_publish(topic.encode()) == expected
    assert rights.may_subscribe(topic.encode()) == expected


@given(st.lists(st.text(max_size=5), max_size=4), st.text(max_size=4), st.text(max_size=4))
def test_whoever_may_subscribe_receives_only_what_is_permitted(prefixes, prefix, rest):
    """What a permitted subscription receives, a permitted topic begins."""
    rights = Rights((), tuple(map(str.encode, prefixes)))
    if rights.may_subscribe(prefix.encode()) and not prefix.startswith("__banyan__/"):
        assert any((prefix + rest).startswith(permitted) for permitted in prefixes)


# --- faults ---------------------------------------------------------------------------------


def faults(text):
    with pytest.raises(KeyFileError) as caught:
        permissions(text)
    assert str(caught.value) == "\n".join(map(str, caught.value.faults))
    return [(fault.line, fault.message) for fault in caught.value.faults]


def test_all_faults_are_listed_with_their_lines():
    found = faults(
        '[alice]\npublish = ["ok", 3, "__banyan__/x"]\n\n[bob]\nsubscribed = [""]\n'
        'subscribe = "all"\n[".x"]\npublish=["' + "x" * 1001 + '"]\n'
    )
    assert [line for line, _ in found] == [2, 2, 5, 6, 7, 8]
    said = " ".join(message for _, message in found)
    for part in (
        "topic must be a str, not int (3)",
        "Banyan's own",
        "'subscribed' is unknown here: expected publish or subscribe",
        'subscribe is a str: expected a list of topics, such as ["camera/"]',
        "bad name '.x'",
        "is 1001 bytes long; the limit is 1000",
    ):
        assert part in said


def test_a_list_outside_of_sections():
    (line, message), *_ = faults('publish = [""]\n')
    assert line == 1
    assert "stands in no section" in message


def test_no_toml():
    assert faults("[alice\n")[0] == (
        1,
        "it is no TOML: Expected ']' at the end of a table declaration",
    )
    assert faults("[alice]\n[alice]\n")[0][1].startswith("it is no TOML: Cannot declare")


def test_a_name_that_nobody_has_is_a_warning():
    (fault,) = permissions('[alise]\npublish = ["x"]').faults
    assert str(fault) == "permissions.toml:1: warning: no key is called 'alise'"


def test_there_is_an_end_to_faults():
    assert len(faults("[alice]\n" + "".join(f"x{n} = 1\n" for n in range(500)))) == 100


@given(st.text(max_size=200))
def test_whatever_stands_in_it_the_error_is_ours(text):
    with contextlib.suppress(KeyFileError):
        permissions(text)


def test_no_file_is_no_permissions_but_an_unsafe_one_is_an_error(tmp_path):
    file = tmp_path / "permissions.toml"
    assert load_permissions(file, KEYS) is None
    file.write_text(EXAMPLE)
    file.chmod(0o644)
    assert load_permissions(file, KEYS) == permissions(EXAMPLE)
    file.write_text("#" * (MAX_PERMISSIONS_BYTES + 1))
    with pytest.raises(KeyFileError, match="bytes"):
        load_permissions(file, KEYS)
    file.unlink()
    file.symlink_to(tmp_path / "gone")
    with pytest.raises(KeyFileError, match="no such file"):
        load_permissions(file, KEYS)


# --- telling the component ------------------------------------------------------------------


def test_a_component_learns_what_the_backplane_knows():
    rules = permissions(EXAMPLE)
    assert Rights.unpack(rules.of("alice").pack(), ALICE) == rules.of("alice")
    assert Rights.unpack(codec.encode(rules.rights("alice")), ALICE) == rules.of("alice")


@pytest.mark.parametrize(
    "said",
    [
        None,
        1,
        [],
        {},
        {"publish": []},
        {"publish": [], "subscribe": "x"},
        {"publish": [1], "subscribe": []},
    ],
)
def test_what_is_no_message_of_rights_is_none(said):
    assert Rights.unpack(codec.encode(said)) is None
    assert Rights.unpack(b"\xc1") is None


@pytest.mark.parametrize("line", ["[{}", "[{}a{}", "{}", "a{}", '"{}'])
def test_no_line_is_looked_at_twice(line: str) -> None:
    """A header with 4,000 spaces once took 20 s."""
    text = "# " + "x" * 10 + "\n" + line.replace("{}", " " * 100_000) + "\n"
    started = time.process_time()
    with contextlib.suppress(KeyFileError):
        parse_permissions(text, Path("permissions.toml"), {})
    assert time.process_time() - started < 2
