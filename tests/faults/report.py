"""Outcomes as lines for the shell and as Markdown for the page. Pure."""

from __future__ import annotations

from typing import Final

from faults.case import FOR_ROOT, Figure, Outcome
from faults.results import Results

_SHOWN: Final = 160
"""Characters of a reason in a table."""


def verdict(outcome: Outcome) -> str:
    """Return how a system came through a case, in a line."""
    if outcome.skipped:
        return outcome.skipped
    measured = ", ".join(figure.words() for figure in outcome.figures)
    if outcome.survived:
        return f"survived; {measured}" if measured else "survived"
    return f"FAILED: {'; '.join(outcome.complaints())}; measured: {measured or 'nothing'}"


def summary(results: Results) -> str:
    """Return how many cases each system survived."""
    lines = []
    for key, title in results.systems.items():
        survived, run = results.survived(key)
        lines.append(f"{title}: survives {survived} of {run}")
        for_root = sum(one.skipped == FOR_ROOT for one in results.outcomes if one.system == key)
        if for_root:
            lines[-1] += f"; {for_root} NOT RUN: they need root and the command ip"
    return "\n".join(lines)


def tables(results: Results) -> str:
    """Return a table for each group: a row a case, a column a system."""
    return "\n\n".join(
        f"### {group}\n\n{_cases(results, cases)}" for group, cases in results.groups()
    )


def totals(results: Results) -> str:
    """Return the table of how many cases were survived."""
    counts = [results.survived(key) for key in results.systems]
    cells = [f"**{survived} of {run}**" for survived, run in counts]
    return _table(["", *results.systems.values()], [["survives", *cells]])


def machine(results: Results) -> str:
    """Return the machine and the versions as a table."""
    return _table(["", ""], [[key, value] for key, value in results.machine.items()])


def left_out(results: Results) -> str:
    """Return a sentence on the cases that this run could not do; "" if there are none."""
    cases = {one.case for one in results.outcomes if one.skipped == FOR_ROOT}
    return f"Not run for want of root: {', '.join(sorted(cases))}." if cases else ""


def _cases(results: Results, cases: list[str]) -> str:
    rows = [
        [case, *(_cell(results.outcome(case, key)) for key in results.systems)] for case in cases
    ]
    return _table(["", *results.systems.values()], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(map(_row, [head, ["---"] * len(head), *rows]))


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _cell(outcome: Outcome | None) -> str:
    """Return a verdict with its figures; those out of bounds are bold."""
    if outcome is None:
        return ""
    if outcome.skipped:
        return outcome.skipped
    words = [_shortened(reason) for reason in outcome.failures]
    words += [_figure(figure) for figure in outcome.figures]
    mark = "survives" if outcome.survived else "**fails**"
    return f"{mark}: {'; '.join(words)}" if words else mark


def _figure(figure: Figure) -> str:
    return figure.words() if figure.holds else f"**{figure.words()}**"


def _shortened(reason: str) -> str:
    line = " ".join(reason.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
