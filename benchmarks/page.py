"""Puts a run into docs/performance.md: `python -m benchmarks.page build/bench`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from banyan.cli import program
from benchmarks import report
from benchmarks.results import Results, from_json

PAGE: Final = Path(__file__).parents[1] / "docs" / "performance.md"
KEPT: Final = PAGE.parent / "performance"
"""Where the page's plots and figures are."""

_MEASURED: Final = re.compile(r"<!-- measured -->.*?<!-- end -->", re.DOTALL)


def with_results(text: str, results: Results, plots: Sequence[str]) -> str:
    """Return a page whose measured part shows these results and plots, which are file names."""
    parts = [
        "<!-- measured -->",
        report.introduction(results),
        *(f"![{Path(plot).stem}]({KEPT.name}/{plot})" for plot in plots),
        report.tables(results),
        report.growth_tables(results),
        report.left_out(results),
        f"## The machine\n\n{report.machine_table(results)}",
        "<!-- end -->",
    ]
    measured = "\n\n".join(part for part in parts if part)
    return _MEASURED.sub(lambda _: measured, text)


def kept_plots() -> list[str]:
    """Return the file names of the page's plots."""
    return sorted(plot.name for plot in KEPT.glob("*.svg"))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def command(folder: Path) -> None:
    """Show the results of FOLDER, where a run wrote them, in docs/performance.md."""
    results = from_json((folder / "results.json").read_text(encoding="utf-8"))
    shutil.rmtree(KEPT, ignore_errors=True)
    KEPT.mkdir()
    for file in (folder / "results.json", *folder.glob("*.svg")):
        shutil.copy(file, KEPT)
    text = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_results(text, results, kept_plots()), encoding="utf-8")


if __name__ == "__main__":
    raise SystemExit(program.run(command, "benchmarks.page"))
