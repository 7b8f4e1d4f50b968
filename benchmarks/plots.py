"""Results as plots: ratios to the yardstick for each workload, and the curves of growth. SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.report import lost, number
from benchmarks.results import Curve, Results, Row

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "banyan",
    "font.size": 8,
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "figure.facecolor": "white",
    "lines.linewidth": 1.2,
}
_OTHERS: Final = "#9aa5b1"
_COLOURS: Final = {"banyan_base": "#1b7837", "banyan_shared": "#7fbf7b"}
_MARKS: Final = {"cpu_us": "-", "wall_us": "--"}
_COLUMNS: Final = 3
_ROOM: Final = 2.5
"""A bar that is twice as many times as long as the next one is cut at so many times."""

_TICKS: Final = (1, 2, 5)
_METADATA: Final = {"Date": None, "Creator": None}
"""Nothing that differs when nothing else does."""

BARS: Final = {
    "per_second": "delivered.svg",
    "cpu_us": "cpu.svg",
    "median_us": "trips.svg",
}


def draw(results: Results, folder: Path) -> list[Path]:
    """Write the plots into a folder, as far as there are results for them; return their paths."""
    import matplotlib as mpl

    mpl.use("svg")
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        drawn = [_bars(results, figure, folder / name) for figure, name in BARS.items()]
        drawn.append(_curves(results, folder / "growth.svg"))
    return [path for path in drawn if path is not None]


def _bars(results: Results, figure: str, path: Path) -> Path | None:
    """Draw a panel for each workload: a bar for each system, as times the yardstick."""
    rows = [row for row in results.rows if row.figure == figure and _ratios(results, row)]
    if not rows:
        return None
    lines = max(len(_ratios(results, row)) for row in rows)
    sketch, panels = _panels(len(rows), lines)
    for panel, row in zip(panels, rows, strict=True):
        _draw_bars(panel, results, row, lines)
    reference = results.systems[results.reference]
    better = "longer is better" if rows[0].higher_is_better else "shorter is better"
    sketch.suptitle(
        f"{rows[0].heading}: times {reference} ({better})", fontsize=9, x=0.01, ha="left"
    )
    return _saved(sketch, path)


def _ratios(results: Results, row: Row) -> dict[str, float]:
    ratios = {key: results.ratio(row.workload, key, row.figure) for key in results.systems}
    return {key: ratio for key, ratio in ratios.items() if ratio}


def _draw_bars(panel: Any, results: Results, row: Row, lines: int) -> None:
    ratios = _ratios(results, row)
    longest = _longest_bar(list(ratios.values()))
    lengths = [min(ratio, longest) for ratio in ratios.values()]
    names = [results.systems[key] for key in ratios]
    bars = panel.barh(names, lengths, color=[_colour(key) for key in ratios], height=0.7)
    labels = [_label(results, row, key, ratio, longest) for key, ratio in ratios.items()]
    panel.bar_label(bars, labels, padding=2, fontsize=7)
    panel.axvline(1, color="#cccccc", linewidth=0.8, zorder=0)
    panel.set_title(row.title)
    panel.set_ylim(lines - 0.5, -0.5)
    panel.margins(x=0.25)
    panel.tick_params(axis="y", length=0)
    panel.spines["bottom"].set_visible(False)
    panel.xaxis.set_visible(False)


def _longest_bar(ratios: Sequence[float]) -> float:
    """Return where bars end: one that leaves no room for the others is cut."""
    *_, second, first = sorted([0.0, *ratios])
    return second * _ROOM if first > 2 * _ROOM * second > 0 else first


def _label(results: Results, row: Row, system: str, ratio: float, longest: float) -> str:
    cut = " (cut)" if ratio > longest else ""
    return f"{number(ratio)}{cut}{lost(results, row, system)}"


def _colour(system: str) -> str:
    return _COLOURS.get(system, _OTHERS)


def _curves(results: Results, path: Path) -> Path | None:
    """Draw a panel for each curve and cost, both axes logarithmic."""
    curves = [curve for curve in results.curves if _systems(results, curve)]
    if not curves:
        return None
    sketch, panels = _panels(len(curves), 9, columns=2)
    for panel, curve in zip(panels, curves, strict=True):
        _draw_curves(panel, results, curve)
    title = "Cost of one delivered message, us (solid: CPU of all processes; dashed: time)"
    sketch.suptitle(title, fontsize=9, x=0.01, ha="left")
    return _saved(sketch, path)


def _draw_curves(panel: Any, results: Results, curve: Curve) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    for system in _systems(results, curve):
        for figure, style in _MARKS.items():
            points = _points(results, curve, system, figure)
            label = results.systems[system] if figure == "cpu_us" else None
            panel.plot(*points, style, color=_colour(system), marker=".", label=label)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xticks(list(curve.points.values()), map(number, curve.points.values()))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_major_locator(LogLocator(subs=_TICKS))
    panel.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    panel.yaxis.set_minor_locator(NullLocator())
    panel.set_title(curve.title)
    panel.set_xlabel(curve.unit)
    panel.legend(frameon=False, fontsize=7)
    panel.grid(visible=True, which="major", linewidth=0.3)


def _systems(results: Results, curve: Curve) -> list[str]:
    return [key for key in results.systems if _points(results, curve, key, "cpu_us")[0]]


def _points(
    results: Results, curve: Curve, system: str, figure: str
) -> tuple[list[float], list[float]]:
    found = [(at, results.median(point, system, figure)) for point, at in curve.points.items()]
    known = [(at, value) for at, value in found if value is not None]
    return [at for at, _ in known], [value for _, value in known]


def _panels(count: int, lines: int, columns: int = _COLUMNS) -> tuple[Any, Sequence[Any]]:
    """Return a figure with so many panels, each high enough for its lines."""
    import matplotlib.pyplot as plt

    columns = min(columns, count)
    rows = math.ceil(count / columns)
    size = (3.2 * columns, (0.5 + 0.19 * lines) * rows + 0.4)
    sketch, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    panels = list(axes.flat)
    for unused in panels[count:]:
        unused.remove()
    return sketch, panels[:count]


def _saved(sketch: Any, path: Path) -> Path:
    import matplotlib.pyplot as plt

    sketch.savefig(path, format="svg", metadata=_METADATA)
    plt.close(sketch)
    return path
