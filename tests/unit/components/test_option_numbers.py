"""Numbers no program can work with are usage errors: nan, the infinities, absurd sizes."""

from __future__ import annotations

import importlib

import click
import pytest

NAN = ("nan", "inf", "-inf", "1e300", "-1")
CASES = [
    ("backplane.daemon:command", "-t", NAN),
    ("backplane.daemon:command", "--max-message-size", ("99999999999999999999", "0", "2147483648")),
    ("components.monitor:command", "-t", NAN),
    ("components.echo_server:command", "-t", NAN),
    ("components.multi_echo_server:command", "-t", NAN),
    ("components.echo_client:command", "--timeout", (*NAN, "0")),
    ("components.echo_client:command", "--interval", NAN),
    ("components.system_probe:command", "--rate", (*NAN, "0", "1e-10")),
    ("banyan.cli.demo:demo", "--seconds", NAN),
    ("banyan.cli.routes:show any.csv", "--timeout", NAN),
]


@pytest.mark.parametrize(("home", "option", "values"), CASES)
def test_a_wrong_number_is_a_usage_error(home: str, option: str, values: tuple[str, ...]) -> None:
    place, *arguments = home.split()
    module, name = place.split(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    for value in values:
        with pytest.raises(click.UsageError) as caught:  # parsed only: nothing is started
            command.make_context("program", [*arguments, option, value])
        assert option in caught.value.format_message(), value
