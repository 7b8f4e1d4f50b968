"""What `banyan bench` shows: a bar on stderr meanwhile, lines of JSON or tables on stdout."""

from __future__ import annotations

import json
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

import click

from banyan.cli import tables
from banyan.cli.bench_figures import FLOW_HEADER, TRIP_HEADER, RoundTrips, Throughput
from banyan.cli.bench_plan import Plan

if TYPE_CHECKING:
    from rich.progress import Progress


class Bar:
    """How far it has got, on stderr; nothing where stderr is no terminal or with `silent`."""

    def __init__(self, plan: Plan, silent: bool) -> None:
        self._progress: Progress | None = None
        self._done = 0
        if not silent and sys.stderr.isatty():
            self._progress = _progress()
            total = len(plan.flows) + len(plan.trips)
            self._task = self._progress.add_task("starting", total=total)

    def begin(self, what: str) -> None:
        """Name the row that is being measured."""
        self._update(0, what)

    def tick(self, part: float) -> None:
        """Show the part of the row that is done."""
        self._update(part)

    def end(self) -> None:
        """Go on to the next row."""
        self._done += 1
        self._update(0)

    def _update(self, part: float, what: str | None = None) -> None:
        if self._progress is not None:
            self._progress.update(
                self._task,
                completed=self._done + part,
                description=what,
                refresh=what is not None,  # a row may be done before the next regular look
            )

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._progress is not None:
            self._progress.stop()


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:24}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        # Drawing must not show in what is measured.
        refresh_per_second=4,
    )


class Results:
    """The rows so far."""

    def __init__(self, as_json: bool, shared: bool) -> None:
        self._as_json = as_json
        self._shared = shared
        self._flows: list[Throughput] = []
        self._trips: list[RoundTrips] = []

    def add(self, row: Throughput | RoundTrips) -> None:
        """Keep a row; as JSON it is printed at once."""
        if self._as_json:
            click.echo(json.dumps({**row.json(), "shared": self._shared}, allow_nan=False))
        elif isinstance(row, Throughput):
            self._flows.append(row)
        else:
            self._trips.append(row)

    def show(self) -> None:
        """Print the tables of the rows there are."""
        if self._flows:
            heard = self._flows[0].subscribers
            receivers = "1 subscriber" if heard == 1 else f"{heard} subscribers"
            way = ", large payloads in shared memory" if self._shared else ""
            click.echo(f"\nThroughput: 1 publisher, {receivers}{way}")
            tables.show(FLOW_HEADER, [row.cells() for row in self._flows], numbers=FLOW_HEADER)
            click.echo("publisher us, subscriber us: microseconds of CPU time for each message")
        for remark in filter(None, (row.remark() for row in self._flows)):
            click.echo(remark)
        if self._trips:
            click.echo("\nRound trips through an echo process, one at a time")
            tables.show(TRIP_HEADER, [row.cells() for row in self._trips], numbers=TRIP_HEADER)
