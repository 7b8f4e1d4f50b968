"""Numbers no program can work with are usage errors: nan, the infinities, absurd sizes."""

from __future__ import annotations

import importlib

import click
import pytest
from click.testing import CliRunner

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
    ("banyan.cli.routes:routes show any.csv", "--timeout", NAN),
]


@pytest.mark.parametrize(("home", "option", "values"), CASES)
def test_a_wrong_number_is_a_usage_error(home: str, option: str, values: tuple[str, ...]) -> None:
    place, *arguments = home.split()
    module, name = place.split(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    for value in values:
        result = CliRunner().invoke(command, [*arguments, option, value])
        assert result.exit_code == 2, (value, result.output)
        assert option in result.output
