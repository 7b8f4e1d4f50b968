"""`banyan routes`: checks routing specifications, shows them, and asks their backplanes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import click

from banyan.cli import program, tables
from banyan.errors import Fault, RoutingSpecError, RoutingSpecMissingError
from banyan.routing.check import WARNING, check
from banyan.routing.spec import EVERYTHING, Route, load
from banyan.routing.spec_file import read_text

if TYPE_CHECKING:
    from concurrent.futures import Future

    from banyan.keys.key_file import Credentials
    from banyan.transport.discovery import Answer

__all__ = ["routes"]

_PROBES: Final = 32
"""Backplanes asked at a time."""

_NONE: Final = "-"


@click.group()
def routes() -> None:
    """Check and show routing specifications: CSV files that wire a component to backplanes.

    \b
    backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port
    BP1,localhost,43125,"[echo,reply]",43124

    \b
    Examples:
      banyan routes check my_spec.csv
      banyan routes show --probe my_spec.csv
    """


@routes.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.pass_context
def check_files(ctx: click.Context, files: tuple[str, ...]) -> None:
    """Print every fault of each FILE as `file:line:column: error: ...`.

    Warnings tell of what is legal but hardly meant. Exits with 1 if any file has an error.

    \b
    Example:
      banyan routes check routing_specs/*.csv
    """
    faults = [fault for file in files for fault in _check_file(file)]
    warnings = sum(fault.severity == WARNING for fault in faults)
    errors = len(faults) - warnings
    click.echo(
        f"{_count(len(files), 'file')} checked: "
        f"{_count(errors, 'error')}, {_count(warnings, 'warning')}"
    )
    ctx.exit(1 if errors else 0)


@routes.command()
@click.argument("file", metavar="FILE")
@click.option("--probe", is_flag=True, help="Ask each backplane, and time a message through it.")
@click.option(
    "--timeout",
    type=program.seconds(0.1),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long --probe waits for an answer.",
)
@program.keys
@click.pass_context
def show(ctx: click.Context, file: str, probe: bool, timeout: float, keys: str | None) -> None:
    """Print the backplanes of FILE as a table.

    With --probe it says what stands at each port and how long a message takes through the
    backplane, and exits with 1 if one does not answer.

    \b
    Example:
      banyan routes show --probe routing_specs/two_backplanes_one_machine.csv
    """
    try:
        table = load(file)
    except RoutingSpecError as error:
        click.echo(str(error), err=True)
        ctx.exit(1)
    answers = _probe(table, timeout, keys) if probe else []
    header = [
        "backplane",
        "address",
        "subscriber port",
        "topics",
        "publisher port",
        *table[0].extra,
    ]
    rows = [_cells(route) for route in table]
    if probe:
        header += ["subscriber", "publisher", "round trip"]
        rows = [row + _answer_cells(answer) for row, answer in zip(rows, answers, strict=True)]
    tables.show(header, rows)
    ctx.exit(0 if all(answer.ok for answer in answers) else 1)


def _check_file(file: str) -> list[Fault]:
    """Print and return the faults of one file."""
    try:
        faults = check(*read_text(file))
    except RoutingSpecError as error:
        faults = list(error.faults)
    except RoutingSpecMissingError as error:
        faults = [Fault(file, 0, 0, str(error))]
    for fault in faults:
        click.echo(str(fault))
    if not faults:
        click.echo(f"{file}: ok")
    return faults


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _cells(route: Route) -> list[str]:
    topics = ",".join("*" if topic == EVERYTHING else topic for topic in route.topics)
    return [
        route.name,
        route.address,
        str(route.subscriber_port or _NONE),
        f"[{topics}]",
        str(route.publisher_port or _NONE),
        *route.extra.values(),
    ]


# --- asking ---------------------------------------------------------------------------------


def _probe(table: tuple[Route, ...], timeout: float, keys: str | None) -> list[Answer]:
    """Ask all backplanes at once; return their answers in the table's order."""
    from banyan.keys.choice import credentials_for

    credentials = credentials_for(keys)
    answers: list[Answer] = []
    for start in range(0, len(table), _PROBES):
        asked = [_ask(route, timeout, credentials) for route in table[start : start + _PROBES]]
        answers += [answer.result() for answer in asked]
    return answers


def _ask(route: Route, timeout: float, credentials: Credentials | None) -> Future[Answer]:
    """Probe a backplane in a thread of its own."""
    from concurrent.futures import Future

    from banyan.transport.discovery import probe_backplane

    future: Future[Answer] = Future()

    def ask() -> None:
        try:
            ports = route.subscriber_port, route.publisher_port
            future.set_result(probe_backplane(route.address, *ports, timeout, credentials))
        except Exception as error:
            future.set_exception(error)

    # A daemon, unlike the threads of an executor: Ctrl-C waits for no silent host.
    threading.Thread(target=ask, daemon=True).start()
    return future


def _answer_cells(answer: Answer) -> list[str]:
    from banyan.transport.discovery import ANSWERS

    round_trip = _NONE
    if answer.round_trip_s is not None:
        round_trip = f"{answer.round_trip_s * 1000:.2f} ms"
    elif answer.subscriber == answer.publisher == ANSWERS:
        round_trip = "no message came through"
    return [answer.subscriber, answer.publisher, round_trip]
