from __future__ import annotations

from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import BanyanError, DecodeError, TopicError, TopicTypeError
from banyan.limits import MAX_TOPIC_BYTES
from banyan.wire import topics

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(TEXT)
def test_topics_come_back_as_they_were(topic: str) -> None:
    assert topics.decode_topic(topics.encode_topic(topic)) == topic


def test_the_empty_topic_is_legal() -> None:
    assert topics.encode_topic("") == b""


def test_a_str_enum_is_a_topic() -> None:
    class Topic(StrEnum):
        ECHO = "echo"

    assert topics.encode_topic(Topic.ECHO) == b"echo"


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        (5, "topic must be a str, not int (5)"),
        (None, "topic must be a str, not NoneType (None)"),
        (b"echo", "topic must be a str, not bytes (b'echo')"),
        (["a"], "topic must be a str, not list (['a'])"),
    ],
)
def test_what_is_no_str_is_a_type_error(topic: object, words: str) -> None:
    with pytest.raises(TopicTypeError) as caught:
        topics.encode_topic(topic)
    assert str(caught.value) == words
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize("topic", [list(range(100_000)), 10**5000, b"x" * 10**6], ids=type)
def test_a_huge_value_is_not_printed_whole(topic: object) -> None:
    with pytest.raises(TopicTypeError) as caught:
        topics.encode_topic(topic)
    assert len(str(caught.value)) < 200


def test_the_limit_counts_bytes_not_characters() -> None:
    fits = "é" * (MAX_TOPIC_BYTES // 2)
    assert len(topics.encode_topic(fits)) == MAX_TOPIC_BYTES
    with pytest.raises(TopicError, match=f"{MAX_TOPIC_BYTES + 1}.*{MAX_TOPIC_BYTES}"):
        topics.encode_topic(f"{fits}x")


@pytest.mark.parametrize("topic", ["\ud800", "a\udcffb", "__banyan__/", "__banyan__/probe"])
def test_surrogates_and_reserved_names_are_refused(topic: str) -> None:
    with pytest.raises(TopicError) as caught:
        topics.encode_topic(topic)
    assert isinstance(caught.value, ValueError)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("topic", ["__banyan__", "_banyan__/x", "a__banyan__/x"])
def test_only_the_prefix_is_reserved(topic: str) -> None:
    assert not topics.is_reserved(topics.encode_topic(topic))


def test_reserved_frames_are_known() -> None:
    assert topics.is_reserved(topics.RESERVED_PREFIX_BYTES + b"probe")


@pytest.mark.parametrize("frame", [b"\xff", b"echo\xc3", b"\xed\xa0\x80"])
def test_a_frame_that_is_not_utf8_is_refused(frame: bytes) -> None:
    with pytest.raises(DecodeError, match="not UTF-8") as caught:
        topics.decode_topic(frame)
    assert isinstance(caught.value, BanyanError)


@pytest.mark.parametrize(
    ("prefix", "topic", "expected"),
    [
        ("", "anything", True),
        ("", "", True),
        ("echo", "echo", True),
        ("echo", "echoes", True),
        ("echoes", "echo", False),
        ("Echo", "echo", False),
        ("größe", "größer", True),
    ],
)
def test_a_subscription_is_a_prefix(prefix: str, topic: str, expected: bool) -> None:
    assert topics.matches(prefix, topic) is expected


@given(TEXT, TEXT)
def test_matching_is_that_of_the_bytes(prefix: str, topic: str) -> None:
    for candidate in (topic, prefix + topic):
        expected = candidate.encode().startswith(prefix.encode())
        assert topics.matches(prefix, candidate) is expected


def test_an_absurd_topic_is_not_remembered() -> None:
    """It would stay in memory: a hostile peer can send frames of 16 MB for topics."""
    with pytest.raises(DecodeError, match="1001 bytes"):
        topics.open_topic(b"x" * 1001)
    assert topics.open_topic(b"x" * 1000) == "x" * 1000
    assert topics.open_topic(b"__banyan__/probe/1") is None
