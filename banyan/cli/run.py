"""`banyan run NAME`: starts an installed program by its name.

Programs are found through the entry-point group `banyan_components`: a package of anybody's joins
with one line in its metadata that names a `main() -> int`.
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from typing import Final

import click

from banyan.cli import program

GROUP: Final = "banyan_components"


def programs() -> dict[str, EntryPoint]:
    """Return the installed programs by name, sorted."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


def load(entry: EntryPoint) -> Callable[[], int | None]:
    """Import a program and return its `main`; raises ClickException if it cannot be imported."""
    try:
        main: Callable[[], int | None] = entry.load()
    except Exception as error:  # whatever somebody's module raises
        raise click.ClickException(
            f"{entry.name} ({entry.value}) cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    return main


@click.command(
    context_settings={
        **program.HELP,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
def run(name: str | None, arguments: tuple[str, ...]) -> int:
    """Start the program NAME with its ARGUMENTS; without NAME, list all programs.

    \b
    Examples:
      banyan run                         the programs there are
      banyan run echo_server             start one
      banyan run echo_server --help      what it does and takes
    """
    found = programs()
    if name is None:
        click.echo(listing(found))
        return 0
    entry = found.get(name) or found.get(name.replace("-", "_"))
    if entry is None:
        raise click.UsageError(_unknown(name, found))
    main = load(entry)
    sys.argv = [entry.name, *arguments]
    return main() or 0


def listing(found: dict[str, EntryPoint]) -> str:
    """Return the programs, a line each, with what they say of themselves."""
    if not found:
        return "No programs are installed. In the project's folder type: pip install ."
    width = max(map(len, found))
    return "\n".join(
        ["Programs, to be started with `banyan run NAME`:", ""]
        + [f"  {name:{width}}  {summary(entry)}" for name, entry in found.items()]
    )


def summary(entry: EntryPoint) -> str:
    """Return the first sentence of a program's help, or else of its module's docstring."""
    try:
        module = sys.modules[load(entry).__module__]
    except click.ClickException as error:
        return f"({error.message})"
    command = getattr(module, "command", None)
    if isinstance(command, click.Command):
        return command.get_short_help_str(limit=90)
    return (module.__doc__ or "").strip().partition("\n")[0]


def _unknown(name: str, found: dict[str, EntryPoint]) -> str:
    near = difflib.get_close_matches(name, found, n=1)
    hint = f"\nDid you mean {near[0]}?" if near else ""
    return f"there is no program {name!r}.{hint}\n\n{listing(found)}"
