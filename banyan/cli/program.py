"""What all programs share: the options every component takes, and how a program ends."""

from __future__ import annotations

import io
import logging
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from banyan.errors import BanyanError
from banyan.routing.endpoint import DEFAULT_PUBLISHER_PORT, DEFAULT_SUBSCRIBER_PORT
from banyan.signals import sigterm_as_ctrl_c

HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings of every command: `-h` works, and the help may be as wide as the terminal."""

PORT: Final = click.IntRange(1, 65535)

Command = Callable[..., Any]


def publisher_port(command: Command) -> Command:
    """Add `-p`, the port publishers connect to."""
    return click.option(
        "-p",
        "--publisher-port",
        type=PORT,
        default=int(DEFAULT_PUBLISHER_PORT),
        show_default=True,
        help="Port of the backplane that publishers connect to.",
    )(command)


def subscriber_port(command: Command) -> Command:
    """Add `-s`, the port subscribers connect to."""
    return click.option(
        "-s",
        "--subscriber-port",
        type=PORT,
        default=int(DEFAULT_SUBSCRIBER_PORT),
        show_default=True,
        help="Port of the backplane that subscribers connect to.",
    )(command)


def process_name(default: str) -> Callable[[Command], Command]:
    """Add `-n`, the name shown in the banner."""
    return click.option(
        "-n",
        "--name",
        "process_name",
        default=default,
        show_default=True,
        help="Name of this process, shown in its banner.",
    )


def loop_time(command: Command) -> Command:
    """Add `-t`, the pause between calls of the idle hook."""
    return click.option(
        "-t",
        "--loop-time",
        type=click.FloatRange(min=0),
        default=0.1,
        show_default=True,
        metavar="SECONDS",
        help="Pause between idle-time actions; messages never wait for it.",
    )(command)


def component_options(name: str) -> Callable[[Command], Command]:
    """Add `-b -n -p -s -t` to a command, as keyword arguments named as BanyanBase's are."""

    def add(command: Command) -> Command:
        for option in (loop_time, subscriber_port, publisher_port, process_name(name)):
            command = option(command)
        return click.option(
            "-b",
            "--backplane",
            "back_plane_ip_address",
            metavar="ADDRESS",
            help="Host name or address of the backplane.  [default: the one on this machine]",
        )(command)

    return add


def run(command: click.Command, program: str) -> int:
    """Run a command line and return its exit status; what goes wrong is said in one clear line.

    0: done, or ended by Ctrl-C or SIGTERM. 1: it could not be done. 2: wrong arguments.
    """
    _print_anything()
    logging.basicConfig(format=f"{program}: %(levelname)s: %(message)s")
    sigterm_as_ctrl_c()
    try:
        # Not command.main(): it turns a broken pipe into exit status 1 before we see it.
        with command.make_context(program, sys.argv[1:]) as context:
            status = command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 0
    except BanyanError as error:
        click.echo(f"{program}: {error}", err=True)
        return 1
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does. Python would complain once more when
        # it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status if isinstance(status, int) else 0


def _print_anything() -> None:
    """Escape what a pipe's or a console's encoding lacks, rather than fail on a topic or a name."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
