"""In which order things are measured, and how a limit is searched. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

T = TypeVar("T")

RATES: Final = (
    5_000, 10_000, 20_000, 40_000, 80_000, 120_000, 160_000, 240_000, 320_000, 480_000, 640_000,
    960_000,
)  # fmt: skip
"""Messages a second; the ladder on which the highest lossless rate is searched."""


def highest(ladder: Sequence[int], holds: Callable[[int], bool]) -> int:
    """Return the highest rung that holds, by bisection; 0 if not even the lowest does."""
    low, high = 0, len(ladder)
    while low < high:
        middle = (low + high) // 2
        if holds(ladder[middle]):
            low = middle + 1
        else:
            high = middle
    return ladder[low - 1] if low else 0


def turns(items: Sequence[T], rounds: int) -> Iterator[tuple[int, T]]:
    """Yield every item once a round, each round beginning with another one."""
    for number in range(rounds):
        shift = number % max(1, len(items))
        for item in [*items[shift:], *items[:shift]]:
            yield number, item
