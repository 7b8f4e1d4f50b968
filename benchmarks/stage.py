"""The processes of one measurement, from their start until all paths between them are up."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks.adapter import Place
from benchmarks.ports import free_ports
from benchmarks.processes import Deadline, MeasurementError, Process, Warden, ended_together
from benchmarks.roles import Role, tell
from benchmarks.systems import System
from benchmarks.workloads import Workload

_ALL_TOPICS_S: Final = 2.0
"""How long the last topic's marker may take; systems that forget subscriptions never get it."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Places with their brokers, and the roles that run there."""

    system: System
    workload: Workload
    places: tuple[Place, ...]
    deadline: Deadline
    processes: list[Process] = field(default_factory=list)

    def role(self, name: str) -> Role:
        """Start a role; it waits for `begin`."""
        program = getattr(self.system.adapter, "program", None)
        role = Role(self.system.key, name, program(name) if program else ())
        self.processes.append(role)
        return role

    def begin(
        self, role: Role, topics: Sequence[str] = (), *, places: slice = slice(None), **more: Any
    ) -> None:
        """Have a role set itself up; `ready` follows."""
        role.tell(
            "start",
            places=[asdict(place) | {"folder": str(place.folder)} for place in self.places[places]],
            topics=topics,
            **more,
        )

    def all_ready(self, roles: Sequence[Role]) -> None:
        """Wait until roles have set themselves up."""
        for role in roles:
            role.hear("ready", self.deadline)

    def dismiss(self, role: Role) -> None:
        """End a role before the others."""
        self.processes.remove(role)
        with ended_together([role]):
            pass

    def failure(self) -> str:
        """Return why a role has failed, if one has: it is why another waits in vain."""
        roles = [process for process in self.processes if isinstance(process, Role)]
        return next((role.failure for role in roles if role.failure), "")

    def pids(self) -> list[int]:
        """Return the processes that are measured."""
        return [process.pid for process in self.processes]


@contextlib.contextmanager
def stage(system: System, workload: Workload, warden: Warden) -> Iterator[Stage]:
    """Start the brokers; everything that runs on the stage is ended on the way out."""
    with tempfile.TemporaryDirectory(dir=warden.folder, ignore_cleanup_errors=True) as folder:
        numbers = free_ports(system.adapter.PORTS * workload.places)
        places = tuple(_places(numbers, workload, Path(folder)))
        made = Stage(system, workload, places, Deadline(workload.deadline_s))
        with ended_together(made.processes):
            _start_brokers(made, warden)
            yield made


def _places(numbers: Sequence[int], workload: Workload, folder: Path) -> Iterator[Place]:
    each = len(numbers) // workload.places
    for index in range(workload.places):
        own = folder / str(index)
        own.mkdir()
        ports = tuple(numbers[index * each : (index + 1) * each])
        yield Place(ports, own, arrays=bool(workload.array))


def _start_brokers(stage: Stage, warden: Warden) -> None:
    """Start them all at once; `wait_for_brokers` says when they are up."""
    for place in stage.places:
        command = stage.system.adapter.broker(place)
        if command is not None:
            broker = Process("broker", command)
            stage.processes.append(broker)
            warden.watch(broker)


def wait_for_brokers(stage: Stage) -> None:
    """Return when all brokers accept connections."""
    brokers = [process for process in stage.processes if not isinstance(process, Role)]
    for broker, place in zip(brokers, stage.places, strict=False):
        broker.wait_for_ports(place.ports, stage.deadline)


def bring_up(
    stage: Stage, publishers: Sequence[Role], listeners: Sequence[Role], topics: Sequence[str]
) -> None:
    """Have markers published until all listeners have heard of all publishers, then a last one.

    With many topics, the last subscribed one is tried first; if it is not heard, the first.
    """
    topic = topics[-1]
    patience = _ALL_TOPICS_S if len(topics) > 1 else stage.workload.deadline_s
    deaf = _deaf(stage, publishers, listeners, topic, patience)
    if deaf and len(topics) > 1:
        topic = topics[0]
        deaf = _deaf(stage, publishers, deaf, topic, stage.workload.deadline_s)
    if deaf:
        raise MeasurementError(f"{len(deaf)} of {len(listeners)} subscribers hear nothing")
    tell(publishers, "last", topic=topic)


def _deaf(
    stage: Stage,
    publishers: Sequence[Role],
    listeners: Sequence[Role],
    topic: str,
    patience: float,
) -> list[Role]:
    """Have markers published on a topic; return the listeners that did not hear them in time."""
    tell(publishers, "mark", topic=topic)
    left = min(patience, stage.deadline.left("markers are heard"))
    return [listener for listener in listeners if not listener.hear_within(left, "heard")]
