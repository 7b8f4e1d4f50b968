"""Sizes as they are typed at the command line of a backplane."""

from __future__ import annotations

import click
import pytest

from backplane.daemon import LARGEST_SIZE, Size, command


def converted(text: object, least: int = 0, most: int | None = None) -> int:
    return Size(least, most).convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("500000", 500_000),
        ("512K", 512 << 10),
        ("512k", 512 << 10),
        ("64M", 64 << 20),
        ("64MB", 64 << 20),
        ("64MiB", 64 << 20),
        ("64mib", 64 << 20),
        ("2G", 2 << 30),
        ("100B", 100),
        (2048, 2048),
    ],
)
def test_sizes(text: object, size: int) -> None:
    assert converted(text) == size


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "M", "-1", "+1", "1.5G", "1e6", "64 M", "64M ", "64M\n", "64T", "64MM", "64Mi"),
        *("0x10", "nan", "inf", "one", "1_000", "1,000", "9" * 16, "9" * 10_000),
    ],
)
def test_nonsense_is_refused_in_words(text: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        converted(text)
    assert "is no size; expected such as 500000, 512K, 64M or 2G" in caught.value.message
    assert repr(text) in caught.value.message


def test_bounds_belong_to_it_and_are_named_as_they_may_be_typed() -> None:
    assert converted("1K", 1024, 16 << 20) == 1024
    assert converted("16M", 1024, 16 << 20) == 16 << 20
    for text in ("1023", "0", "16777217", "17M", "999999999999999G"):
        with pytest.raises(click.BadParameter, match="1K to 16M"):
            converted(text, 1024, 16 << 20)


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (1024, LARGEST_SIZE, "1K to 1G"),
        (128 << 20, None, "128M or more"),
        (1000, 1_000_000, "1000 to 1000000"),
        (3 << 30, 5000 << 30, "3G to 5000G"),
    ],
)
def test_the_range_in_words(least: int, most: int | None, words: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        converted("1", least, most)
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("option", "text", "says"),
    [
        ("--max-message-size", "2G", "1K to 1G"),
        ("--max-message-size", "1000", "1K to 1G"),
        ("--memory-limit", "64M", "128M or more"),
        ("--subscriber-queue", "1", "1K or more"),
        ("--memory-limit", "plenty", "'plenty' is no size"),
    ],
)
def test_the_options_have_their_bounds(option: str, text: str, says: str) -> None:
    with pytest.raises(click.BadParameter) as caught:
        command.make_context("backplane", [option, text])
    assert says in caught.value.message
    assert caught.value.param is not None
    assert option in caught.value.param.opts


def test_the_default_is_a_size_itself() -> None:
    context = command.make_context("backplane", [])
    assert context.params["max_message_size"] == 16 << 20
    assert context.params["memory_limit"] is None
