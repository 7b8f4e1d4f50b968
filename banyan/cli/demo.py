"""`banyan demo`: five programs on a private backplane, and what travels between them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import shutil
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from banyan.cli import own_backplane, program, run
from banyan.cli.children import Child, Children, StoppedError, stop_on_signals

if TYPE_CHECKING:
    from rich.console import Console

COUNTDOWN: Final = 10
SPREAD: Final = 0.8
"""Share of the demo's time over which the countdown is spread."""

WIDTH: Final = 100
"""Columns in a pipe and in the picture."""

ROLES: Final = {
    "backplane": "forwards every message to whoever asked for its topic",
    "monitor": "hears everything; what it prints is shown below",
    "system_probe": "publishes measurements of this machine",
    "echo_server": "sends what arrives on `echo` back on `reply`",
    "echo_client": "counts down on `echo` and checks every reply",
}

BY_HAND: Final = """\
[bold]The same by hand, each line in its own terminal:[/]
  [green]backplane[/]
  [green]monitor[/]
  [green]banyan run system_probe[/]
  [green]banyan run echo_server[/]
  [green]banyan run echo_client[/]
Ctrl-C ends each. `banyan run` lists all programs; --help explains each of them."""


@click.command(context_settings=program.HELP)
@click.option(
    "--seconds",
    type=program.seconds(1),
    default=6.0,
    show_default=True,
    help="How long to watch.",
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save what was shown as an SVG picture.",
)
def demo(seconds: float, picture: Path | None) -> int:
    """See real messages travel on this machine.

    Starts a backplane on free ports, a probe of this machine, an echo server, an echo client and
    a monitor, each a process of its own; shows what the monitor hears, and ends them all.

    \b
    Example:
      banyan demo --seconds 20
    """
    installed = run.programs()
    if not ROLES.keys() <= installed.keys():
        raise click.ClickException(run.listing({}))
    if picture:
        _check_writable(picture)
    console = _console(picture)
    with stop_on_signals() as stop:
        with Children(stop) as children:
            summary = _perform(console, children, seconds)
        console.print(f"[dim]All {len(children.all)} processes have ended.[/]\n")
    if summary is not None:
        console.print(BY_HAND)
        if shutil.which("backplane") is None:
            console.print(f"In each terminal, first: [green]{_activation()}[/]")
    if picture:
        console.save_svg(str(picture), title="banyan demo")
    return 0


def _console(picture: Path | None) -> Console:
    from rich.console import Console

    class HonestConsole(Console):
        def on_broken_pipe(self) -> None:
            """Leave a reader that has gone to program.run: rich would end with status 1."""
            raise  # noqa: PLE0704 - rich calls this while it handles the BrokenPipeError

    fixed = picture is not None or not sys.stdout.isatty()
    return HonestConsole(
        record=picture is not None, width=WIDTH if fixed else None, highlight=False
    )


def _check_writable(picture: Path) -> None:
    """Make the folder of a picture and see that it can be saved there, before the demo runs."""
    try:
        picture.parent.mkdir(parents=True, exist_ok=True)
        if not picture.exists():
            picture.touch()
            picture.unlink()
        elif not (picture.is_file() and os.access(picture, os.W_OK)):
            raise PermissionError(errno.EACCES, "it is no file that can be written")
    except OSError as error:
        raise click.ClickException(f"--picture {picture}: {error.strerror}") from error


def _perform(console: Console, children: Children, seconds: float) -> str | None:
    """Start everything and show it; return the echo client's summary, None if stopped early."""
    try:
        monitor, here = _start(console, children)
        pace = ("-m", COUNTDOWN, "--interval", round(seconds * SPREAD / COUNTDOWN, 3), "-t", 0.02)
        client = _introduce(console, children.start("echo_client", *pace, *here))
        console.print("\n[dim]time      published by  topic            payload[/]")
        _watch(console, children, monitor, client, seconds)
    except StoppedError:
        console.print("\nStopped early.")
        return None
    summary = client.unread()[-1]
    console.print(f"\n[dim]echo_client says:[/] {summary}")
    return summary


def _start(console: Console, children: Children) -> tuple[Child, tuple[object, ...]]:
    """Start all but the client; return the monitor and the options that lead to the backplane."""
    place = own_backplane.free_place()
    console.print(
        f"[bold]Banyan demo[/]: five processes; publishers connect to port {place.publisher_port}, "
        f"subscribers to {place.subscriber_port}.\n"
    )
    _introduce(console, own_backplane.start(children, place))
    own_backplane.wait_for(children, place)
    here = (*place.options, "--keys", "")
    monitor = _introduce(console, children.start("monitor", "--json", *here))
    server = _introduce(console, children.start("echo_server", *here))
    _introduce(console, children.start("system_probe", "--rate", "0.5", *here))
    children.wait_until(
        lambda: any(line.startswith("Echoing") for line in server.unread()),
        "the echo server is not ready",
    )
    children.wait_until(lambda: not monitor.lines.empty(), "no message arrives")
    return monitor, here


def _watch(
    console: Console, children: Children, monitor: Child, client: Child, seconds: float
) -> None:
    """Show what the monitor prints for some seconds, and until the countdown has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        children.check(may_end=client)
        with contextlib.suppress(queue.Empty):
            _show(console, monitor.lines.get(timeout=0.1))
    children.wait_until(
        lambda: client.status is not None, "the countdown has not ended", may_end=client
    )
    children.check(may_end=client)
    client.end(1)
    for line in monitor.unread():
        _show(console, line)


def _show(console: Console, line: str) -> None:
    """Show one message as the monitor wrote it, in JSON."""
    from rich.text import Text

    from banyan.cli.demo_words import sender, words
    from banyan.cli.presentation import printable

    message = json.loads(line)
    topic = str(message["topic"])
    arrived = datetime.fromisoformat(message["time"]).astimezone()
    text = Text.assemble(
        (f"{arrived:%H:%M:%S}  ", "dim"),
        f"{sender(topic):12}  ",
        (f"{printable(topic):16} ", "bold cyan" if topic.startswith("system/") else "bold yellow"),
        printable(words(topic, message["payload"])),
    )
    console.print(text, no_wrap=True, overflow="ellipsis")


def _introduce(console: Console, child: Child) -> Child:
    console.print(f"  [bold]{child.name:12}[/] pid {child.pid:<8} {ROLES[child.name]}")
    return child


def _activation() -> str:
    """Return what puts the commands of this environment on the PATH of a terminal."""
    if sys.platform == "win32":
        return str(Path(sys.prefix, "Scripts", "activate"))
    script = Path(sys.prefix, "bin", "activate")
    here = Path.cwd()
    return f". {script.relative_to(here) if script.is_relative_to(here) else script}"
