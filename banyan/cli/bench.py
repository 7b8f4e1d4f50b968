"""`banyan bench`: what a backplane achieves between processes of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from banyan import streams
from banyan.cli import bench_plan, program, run
from banyan.cli.bench_plan import MAX_SUBSCRIBERS, SIZES, Plan
from banyan.cli.children import Children, StoppedError, stop_on_signals
from banyan.cli.own_backplane import Place

if TYPE_CHECKING:
    from banyan.cli.bench_show import Results
    from banyan.transport.discovery import Answer

PROBE_S: Final = 2.0
"""How long a backplane that is given by its address may take to answer."""

EXAMPLES: Final = """
\b
Examples:
  banyan bench --local                  a backplane of its own: nothing need be started
  banyan bench -b 192.168.1.20 --quick
  banyan bench --size 100KB --size 4MB --subscribers 8
  banyan bench --size 1MB --shared      what shared memory is worth
  banyan bench --size 1KB --rate 20000 --trips 0
  banyan bench --json | jq .messages_per_second

It loads the backplane as far as it goes, so whoever shares it feels it; --rate keeps it within
bounds. Its messages are on topics of this run alone, banyan/bench/..., which reach nobody but
subscribers to everything, as `monitor` is: these receive all of them.
"""


def _sizes(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> tuple[int, ...]:
    """Return what --size was given, in bytes; a usage error if one is no size."""
    try:
        return tuple(map(bench_plan.parse_size, texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(context_settings=program.HELP, epilog=EXAMPLES)
@program.backplane_options
@click.option("--local", is_flag=True, help="Start a backplane of its own, on free ports.")
@click.option(
    "--size",
    "sizes",
    callback=_sizes,
    multiple=True,
    default=SIZES,
    show_default=True,
    metavar="SIZE",
    help="Bytes in a message, as 16, 1KB (1000), 1KiB (1024), 1MB; may be repeated. "
    f"Round trips are made with the first {bench_plan.TRIP_SIZES}.",
)
@click.option(
    "--seconds",
    type=program.seconds(0.5),
    default=bench_plan.FULL_S,
    show_default=True,
    help="Time for all measurements together.",
)
@click.option("--quick", is_flag=True, help=f"The same as --seconds {bench_plan.QUICK_S:g}.")
@click.option(
    "--count",
    type=click.IntRange(1, 10**9),
    metavar="N",
    help="Publish N messages of each size, however long it takes.",
)
@click.option(
    "--rate",
    type=program.Number(1, 10**7),
    metavar="N",
    help="Publish N messages a second.  [default: as many as go]",
)
@click.option(
    "--subscribers",
    type=click.IntRange(1, MAX_SUBSCRIBERS),
    default=1,
    show_default=True,
    metavar="N",
    help="Processes that receive every message.",
)
@click.option(
    "--trips",
    type=click.IntRange(0, 10**6),
    metavar="N",
    help="Make N round trips of each size, however long it takes; 0 makes none.",
)
@click.option(
    "--shared",
    is_flag=True,
    help="Publish with shared=True: large payloads stay in shared memory, which is for this "
    "machine alone.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each row.")
@click.pass_context
def bench(ctx: click.Context, /, **options: Any) -> int:
    """Measure throughput, loss and round trips through a backplane.

    Publisher, subscribers and an echo are processes of their own, made of the public class
    BanyanBase. Messages are counted where they arrive; those that do not are lost. A warm-up is
    not counted.
    """
    _check_together(ctx)
    seconds = bench_plan.QUICK_S if options["quick"] else options["seconds"]
    plan = bench_plan.plan(
        options["sizes"], seconds, options["count"], options["rate"], options["trips"]
    )
    from banyan.cli.bench_show import Results

    results = Results(options["as_json"], options["shared"])
    with stop_on_signals() as stop:
        try:
            with Children(stop) as children:
                _measure(children, plan, results, options)
        except StoppedError:
            streams.complain("Stopped early.")
        finally:
            results.show()
    return 0


def _check_together(ctx: click.Context) -> None:
    """Refuse options that contradict each other."""

    def given(name: str) -> bool:
        return ctx.get_parameter_source(name) is not ParameterSource.DEFAULT

    if given("quick") and given("seconds"):
        raise click.UsageError("--quick sets --seconds: give one of them.")
    places = ("back_plane_ip_address", "publisher_port", "subscriber_port", "keys")
    if given("local") and any(map(given, places)):
        raise click.UsageError(
            "--local starts a backplane of its own: -b, -p, -s and --keys do not go with it."
        )


def _measure(children: Children, plan: Plan, results: Results, options: dict[str, Any]) -> None:
    """Find or start the backplane, start the processes, and measure row by row."""
    from banyan.cli.bench_show import Bar
    from banyan.cli.bench_stage import Stage

    place = _own(children) if options["local"] else _given(options)
    if not options["as_json"]:
        click.echo(f"Backplane at {place}")
    with Bar(plan, silent=options["as_json"]) as bar:
        stage = Stage(
            children,
            place,
            options["subscribers"],
            trips=bool(plan.trips),
            shared=options["shared"],
            keys="" if options["local"] else options["keys"],
        )
        for task in plan.flows:
            bar.begin(f"throughput, {bench_plan.size_name(task.size)}")
            results.add(stage.throughput(task, bar.tick))
            bar.end()
        for task in plan.trips:
            bar.begin(f"round trips, {bench_plan.size_name(task.size)}")
            results.add(stage.round_trips(task, bar.tick))
            bar.end()


def _own(children: Children) -> Place:
    """Start a backplane and return where it is."""
    from banyan.cli import own_backplane

    if "backplane" not in (installed := run.programs()):
        raise click.ClickException(run.listing(installed))
    place = own_backplane.free_place()
    own_backplane.start(children, place)
    own_backplane.wait_for(children, place)
    return place


def _given(options: dict[str, Any]) -> Place:
    """Return where a running backplane is; BackplaneNotRunningError or ClickException if none."""
    from banyan.keys.choice import credentials_for
    from banyan.transport import discovery

    address = options["back_plane_ip_address"]
    ports = options["subscriber_port"], options["publisher_port"]
    if address is None:
        address = discovery.find_local(*ports)
    place = Place(address, publisher_port=ports[1], subscriber_port=ports[0])
    answer = discovery.probe_backplane(address, *ports, PROBE_S, credentials_for(options["keys"]))
    if not answer.ok:
        raise click.ClickException(_no_backplane(place, answer))
    return place


def _no_backplane(place: Place, answer: Answer) -> str:
    """Say what stands at the two ports, and what to do."""
    from banyan.transport.discovery import ANSWERS, ASKS_FOR_KEY, NO_KEYS

    states = {answer.publisher, answer.subscriber}
    hint = "Start one there by typing `backplane`, or measure one here: banyan bench --local"
    if ASKS_FOR_KEY in states:
        hint = "Give a key file that it knows, with --keys FILE; `banyan keys --help` says more."
    elif NO_KEYS in states:
        hint = "Leave the key out with --keys '', or start it with `backplane --keys DIR`."
    elif states == {ANSWERS}:
        hint = "No message comes through. Are -p and -s the right way round?"
    return (
        f"no backplane answers at {place.address}: "
        f"port {place.publisher_port} (to publish): {answer.publisher}; "
        f"port {place.subscriber_port} (to subscribe): {answer.subscriber}.\n{hint}"
    )
