"""What is said: a line now and then, and in the end all figures, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soak.trend import trend
from soak.troupe import CHECKOUT
from soak.verdict import complaints

if TYPE_CHECKING:
    from soak.stage import Stage
    from soak.troupe import Actor

FILE = CHECKOUT / "build" / "soak" / "report.json"


def progress(now: float, troupe: Mapping[str, Actor], deeds: Mapping[str, int]) -> str:
    """Return one line of how it goes."""
    sums = {name: _sum(troupe, name) for name in ("received", "lost", "reported", "fault_count")}
    memory = " ".join(
        f"{name} {actor.latest.bytes / 1e6:.0f}"
        for name, actor in troupe.items()
        if actor.member.role == "backplane" and actor.samples
    )
    return (
        f"{now:6.0f} s  {sums['received']:>10,} received  {sums['lost']:>8,} lost  "
        f"{sums['reported']:>8,} reported  {sums['fault_count']} faults  "
        f"{sum(deeds.values())} deeds  MB: {memory}"
    )


def summary(stage: Stage) -> dict[str, Any]:
    """Return all figures."""
    wrong = complaints(stage.history)
    return {
        "passed": not wrong,
        "ended early": stage.early,
        "seed": stage.seed,
        "minutes": stage.minutes,
        "complaints": wrong,
        "deeds": stage.deeds,
        "longest way out, s": stage.history.leaving,
        "members": {name: _figures(stage, name, actor) for name, actor in stage.troupe.items()},
    }


def _figures(stage: Stage, name: str, actor: Actor) -> dict[str, Any]:
    lives = [*actor.samples.values()]
    longest = max(lives, key=len, default=[])
    found = trend(longest)
    figures: dict[str, Any] = {
        "lives": actor.starts,
        "descriptors, before and after": stage.history.descriptors.get(name),
        "most memory, MB": round(max((sample.bytes for sample in longest), default=0) / 1e6, 1),
        "memory, MB": found and round(found.level / 1e6, 1),
        "memory, KB a minute": found and round(found.per_minute / 1e3, 1),
    }
    for key in ("received", "lost", "reported", "foreign"):
        if actor.member.role == "subscriber":
            figures[key] = sum(said[key] for said in actor.farewells)
    for key in actor.farewells[-1]["counters"] if actor.farewells else ():
        figures[f"counted {key}"] = sum(said["counters"][key] for said in actor.farewells)
    return figures


def show(figures: Mapping[str, Any]) -> str:
    """Return the report as text."""
    lines = [""]
    for name, member in figures["members"].items():
        told = ", ".join(
            f"{key} {value:,}"
            for key, value in member.items()
            if value not in (None, 0) and not isinstance(value, tuple)
        )
        lines.append(f"{name:>12}: {told}")
    lines += ["", f"deeds: {figures['deeds']}", ""]
    lines += [f"WRONG: {complaint}" for complaint in figures["complaints"]]
    ending = ", ended early" if figures["ended early"] else ""
    outcome = "passed" if figures["passed"] else "FAILED"
    lines.append(f"{outcome}{ending}, seed {figures['seed']}; all figures: {FILE}")
    return "\n".join(lines)


def write(figures: Mapping[str, Any], file: Path = FILE) -> None:
    """Write the figures as JSON."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(figures, indent=1), encoding="utf-8")


def _sum(troupe: Mapping[str, Actor], key: str) -> int:
    said = [said for actor in troupe.values() for said in (*actor.farewells, *actor.statuses)]
    return sum(int(words.get(key, 0)) for words in said)
