"""Puts a run into docs/faults.md: `python -m faults.page build/faults`."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import click

from banyan.cli import program
from faults.report import left_out, machine, tables, totals
from faults.results import Results, from_json

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
KEPT: Final = PAGE.parent / "faults" / "results.json"
"""The figures of the run that the page shows."""

_MEASURED: Final = re.compile(r"<!-- measured -->.*?<!-- end -->", re.DOTALL)


def with_results(text: str, results: Results) -> str:
    """Return a page whose measured part shows these results."""
    parts = [
        "<!-- measured -->",
        f"One run, {results.made[:10]}.",
        totals(results),
        left_out(results),
        tables(results),
        f"## The machine\n\n{machine(results)}",
        "<!-- end -->",
    ]
    measured = "\n\n".join(part for part in parts if part)
    return _MEASURED.sub(lambda _: measured, text)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Show the results of FOLDER, where a run wrote them, in docs/faults.md."""
    KEPT.parent.mkdir(exist_ok=True)
    shutil.copy(folder / "results.json", KEPT)
    results = from_json(KEPT.read_text(encoding="utf-8"))
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_results(text, results), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(program.run(command, "faults.page"))
