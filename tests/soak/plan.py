"""What chaos does next, drawn from a seed: the same seed, the same plan. Pure."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

KILL, END, FREEZE, GARBAGE, SILENCE, FORGERY = (
    "kill",
    "end",
    "freeze",
    "garbage",
    "silence",
    "forgery",
)

WEIGHTS: Final = {KILL: 5, END: 3, FREEZE: 6, GARBAGE: 3, SILENCE: 2, FORGERY: 3}

FROZEN_SECONDS: Final = (0.1, 9.0)
"""Below and above the six seconds after which a silent connection is given up."""

AWAY_SECONDS: Final = (0.0, 4.0)
"""Between the end of a process and its next start."""

SILENT_CONNECTIONS: Final = 30


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing to do, so many seconds after the one before."""

    pause: float
    kind: str
    target: str
    seconds: float
    """How long the target is frozen or away, or connections stay open."""
    seed: int
    """For the bytes of garbage and forgeries."""


def deeds(
    seed: int,
    mortal: Sequence[str],
    all_of_them: Sequence[str],
    backplanes: Sequence[str],
    *,
    every: float,
) -> Iterator[Deed]:
    """Return an endless plan: a deed every so many seconds on average.

    Only the mortal are killed and ended; everybody is frozen at times.
    """
    chance = random.Random(seed)
    targets: Mapping[str, Sequence[str]] = {KILL: mortal, END: mortal, FREEZE: all_of_them}
    while True:
        kind = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        yield Deed(
            pause=chance.expovariate(1 / every),
            kind=kind,
            target=chance.choice(targets.get(kind, backplanes)),
            seconds=chance.uniform(*(FROZEN_SECONDS if kind == FREEZE else AWAY_SECONDS)),
            seed=chance.randrange(2**32),
        )
