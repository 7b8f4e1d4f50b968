"""What a case is, what it notes down, and the list of all cases. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from faults.arena import Arena

FOR_ROOT: Final = "not run: it needs root and the command ip"

Run = Callable[["Arena"], None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a run, and the bound it has to keep; without a bound it only tells."""

    what: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the number is within its bounds."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    def words(self) -> str:
        """Return it as text: `lost 1,678 messages`."""
        return f"{self.what} {_number(self.value)}{f' {self.unit}' if self.unit else ''}"

    def complaint(self) -> str:
        """Return it with the bound that it broke."""
        bound = f"at most {self.at_most:g}" if self.at_most is not None else ""
        least = f"at least {self.at_least:g}" if self.at_least is not None else ""
        return f"{self.words()} ({' and '.join(filter(None, (bound, least)))})"


@dataclass(slots=True)
class Record:
    """What one run of a case noted down."""

    figures: list[Figure] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    left_out: str = ""

    def note(
        self,
        what: str,
        value: float,
        unit: str = "",
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> bool:
        """Note a number down; tell whether it is within its bounds."""
        figure = Figure(what, round(float(value), 3), unit, at_most, at_least)
        self.figures.append(figure)
        return figure.holds

    def leave_out(self, reason: str) -> None:
        """Say that this system has not what the case is about."""
        self.left_out = reason

    def fail(self, reason: str) -> None:
        """Note down what went wrong and is no number."""
        self.failures.append(reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a system came through a case."""

    case: str
    system: str
    seconds: float
    figures: list[Figure]
    failures: list[str]
    skipped: str = ""
    """Why it was not run; it then tells nothing."""

    @property
    def survived(self) -> bool:
        """Whether nothing went wrong and every number is within its bounds."""
        return not self.failures and all(figure.holds for figure in self.figures)

    def complaints(self) -> list[str]:
        """Return what went wrong, in words."""
        broken = [figure.complaint() for figure in self.figures if not figure.holds]
        return [*self.failures, *broken]


@dataclass(frozen=True, slots=True)
class Case:
    """One fault, written once for all systems."""

    name: str
    group: str
    """What is attacked: the heading of its table."""
    run: Run
    fast: bool
    """Whether `make test` runs it, too."""
    needs_root: bool
    """It makes network namespaces."""


CASES: Final[list[Case]] = []


def case(
    name: str, *, group: str, fast: bool = False, needs_root: bool = False
) -> Callable[[Run], Run]:
    """Add a function to the list of cases."""

    def add(run: Run) -> Run:
        if any(known.name == name for known in CASES):
            raise ValueError(f"two cases are called {name!r}")
        CASES.append(Case(name, group, run, fast, needs_root))
        return run

    return add


def _number(value: float) -> str:
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"
