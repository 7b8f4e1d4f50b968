"""The addresses a backplane is to listen on: repetitions are dropped, overlaps are refused."""

from __future__ import annotations

import click
import pytest

from backplane.addresses import distinct


@pytest.mark.parametrize(
    ("given", "listened_on"),
    [
        ((), ("*",)),
        (("no-such-host.invalid",), ("no-such-host.invalid",)),
        (("127.0.0.1", "127.0.0.1"), ("127.0.0.1",)),
        (("127.0.0.1", "localhost", "127.0.0.2"), ("127.0.0.1", "127.0.0.2")),
        (("localhost", "127.0.0.1"), ("localhost",)),
        (("*", "0.0.0.0", "*"), ("*",)),
        (("::1", "[::1]"), ("::1",)),
        (("*", "::1"), ("*", "::1")),
    ],
)
def test_repetitions_are_dropped(given: tuple[str, ...], listened_on: tuple[str, ...]) -> None:
    assert distinct(given) == listened_on


@pytest.mark.parametrize(
    "given", [("*", "127.0.0.1"), ("localhost", "*"), ("0.0.0.0", "10.0.0.1"), ("*", "::")]
)
def test_an_address_that_includes_another_is_a_usage_error(given: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError, match="includes") as caught:
        distinct(given)
    assert all(address in caught.value.message for address in given)
