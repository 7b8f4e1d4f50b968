"""Medians, ratios within a round, percentiles. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return statistics.median(values)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def median_ratio(values: Mapping[int, float], reference: Mapping[int, float]) -> float | None:
    """Return the median of the ratios of rounds that both have; None where there are none."""
    ratios = [
        value / reference[number] for number, value in values.items() if reference.get(number)
    ]
    return median(ratios) if ratios else None
