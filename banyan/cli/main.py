"""The `banyan` command. Each verb is a file of its own, imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import Final

import click

from banyan.cli.program import HELP, run
from banyan.version import __version__

__all__ = ["VERBS", "LazyGroup", "cli", "main"]

VERBS: Final = {
    "bench": ("banyan.cli.bench:bench", "Measure throughput and round trips of a backplane."),
    "demo": ("banyan.cli.demo:demo", "See real messages travel on this machine."),
    "keys": ("banyan.cli.keys:keys", "Make and show keys, and say who may come in."),
    "routes": ("banyan.cli.routes:routes", "Check and show routing specifications."),
    "run": ("banyan.cli.run:run", "Start a component by its name."),
}
"""Each verb's home and one-line help, which stands here so that `--help` imports no verb."""


class LazyGroup(click.Group):
    """A click group whose commands come from VERBS."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs, sorted."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None for a name that is none, which click reports."""
        if cmd_name not in VERBS:
            return None
        module, attribute = VERBS[cmd_name][0].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, VERBS[verb][1]) for verb in sorted(VERBS)])


@click.group(cls=LazyGroup, context_settings=HELP)
@click.version_option(__version__, prog_name="banyan", message="%(prog)s %(version)s")
def cli() -> None:
    """Banyan: a backplane for processes.

    Programs publish and subscribe through a backplane, on one machine or many.
    `banyan COMMAND --help` explains a command.

    \b
    Examples:
      banyan demo                       see it work, here and now
      banyan bench --local              how fast it is, here and now
      banyan run echo_server            start a component
      banyan routes check my_spec.csv   find what is wrong in a specification
    """


def main() -> int:
    """Run the command line; return 0 for success, 1 for a failure, 2 for wrong usage."""
    return run(cli, "banyan")
