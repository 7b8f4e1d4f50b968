"""What all programs share: the options every component takes, and how a program ends."""

from __future__ import annotations

import logging
import math
import os
import sys
from collections.abc import Callable
from typing import Any, Final

import click

from banyan import streams
from banyan.errors import BanyanError
from banyan.routing.endpoint import DEFAULT_PUBLISHER_PORT, DEFAULT_SUBSCRIBER_PORT
from banyan.signals import sigterm_as_ctrl_c

HELP: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
"""Settings of every command: `-h` works, and the help may be as wide as the terminal."""

PORT: Final = click.IntRange(1, 65535)

DAY_S: Final = 86_400
"""The longest time that an option takes: clocks in C end somewhere, and nobody waits that long."""


class Number(click.FloatRange):
    """A number within bounds; unlike click's own it does not take `nan` for one."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number; a usage error if it is none or out of bounds."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not a number.", param, ctx)
        return number


class Place(click.Path):
    """A path that is not empty: an empty one would stand for the current directory."""

    def convert(
        self,
        value: Any,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:
        """Return the path; a usage error if it is empty."""
        if not os.fspath(value):
            self.fail("an empty name stands for nothing.", param, ctx)
        return super().convert(value, param, ctx)


def seconds(least: float = 0, *, more_than: bool = False) -> Number:
    """Return the type of an option that is a time: from `least`, or more than it, to a day."""
    return Number(least, DAY_S, min_open=more_than)


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


def backplane_address(command: Command) -> Command:
    """Add `-b`, the backplane's address."""
    return click.option(
        "-b",
        "--backplane",
        "back_plane_ip_address",
        metavar="ADDRESS",
        help="Host name or address of the backplane.  [default: the one on this machine]",
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
        type=seconds(),
        default=0.1,
        show_default=True,
        metavar="SECONDS",
        help="Pause between idle-time actions; messages never wait for it.",
    )(command)


def keys(command: Command) -> Command:
    """Add `--keys`, the component's key file."""
    return click.option(
        "--keys",
        metavar="FILE",
        help="Key file, for a backplane with keys (see `banyan keys`).  [default: what the "
        "environment variable BANYAN_KEYS says]",
    )(command)


def component_options(name: str) -> Callable[[Command], Command]:
    """Add `-b -n -p -s -t --keys` to a command, as keyword arguments named as BanyanBase's are."""

    def add(command: Command) -> Command:
        for option in (keys, loop_time, subscriber_port, publisher_port, process_name(name)):
            command = option(command)
        return backplane_address(command)

    return add


def backplane_options(command: Command) -> Command:
    """Add `-b -p -s --keys`, to a command that is no component but deals with one backplane."""
    return backplane_address(publisher_port(subscriber_port(keys(command))))


def run(command: click.Command, program: str) -> int:
    """Run a command line and return its exit status; what goes wrong is said in one clear line.

    0: done, or ended by Ctrl-C or SIGTERM. 1: it could not be done. 2: wrong arguments.
    """
    streams.open_missing()
    logging.basicConfig(format=f"{program}: %(levelname)s: %(message)s")
    sigterm_as_ctrl_c()
    try:
        return _status(command, program)
    except BrokenPipeError:
        return 0  # whoever read our output has gone, as `head` does
    except OSError as error:
        streams.complain(f"{program}: {_reason(error)}")
        return 1
    finally:
        streams.settle()


def _status(command: click.Command, program: str) -> int:
    """Run a command line to its end; raise only OSErrors, and what is a bug."""
    try:
        # Not command.main(): it turns a broken pipe into exit status 1 before we see it.
        with command.make_context(program, sys.argv[1:]) as context:
            status = command.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.stdout.flush()
        return done.exit_code
    except click.ClickException as error:
        with streams.outlived(sys.stderr):
            error.show()
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return 0
    except BanyanError as error:
        streams.complain(f"{program}: {error}")
        return 1
    return status if isinstance(status, int) else 0


def _reason(error: OSError) -> str:
    """Say what the system refused, and of which file if it names one."""
    reason = error.strerror or str(error) or type(error).__name__
    return reason if error.filename is None else f"{error.filename}: {reason}"
