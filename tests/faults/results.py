"""What a run of all cases came to, and its file. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from faults.case import Figure, Outcome


@dataclass(frozen=True, slots=True)
class Results:
    """One run."""

    made: str
    machine: dict[str, str]
    systems: dict[str, str]
    """Titles by key, in the order of the columns."""
    cases: dict[str, str]
    """Groups by case, in the order of the rows."""
    outcomes: list[Outcome]

    def outcome(self, case: str, system: str) -> Outcome | None:
        """Return how a system came through a case; None if it was left out."""
        for one in self.outcomes:
            if (one.case, one.system) == (case, system):
                return one
        return None

    def groups(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each group with its cases."""
        for group in dict.fromkeys(self.cases.values()):
            yield group, [case for case, of in self.cases.items() if of == group]

    def survived(self, system: str) -> tuple[int, int]:
        """Return how many cases a system survived, and of how many."""
        run = [one for one in self.outcomes if one.system == system and not one.skipped]
        return sum(one.survived for one in run), len(run)


def to_json(results: Results) -> str:
    """Return the text of results.json."""
    return json.dumps(asdict(results), indent=1) + "\n"


def from_json(text: str) -> Results:
    """Read what `to_json` wrote."""
    fields: dict[str, Any] = json.loads(text)
    for one in fields["outcomes"]:
        one["figures"] = [Figure(**figure) for figure in one["figures"]]
    fields["outcomes"] = [Outcome(**one) for one in fields["outcomes"]]
    return Results(**fields)
