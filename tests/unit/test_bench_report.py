"""The benchmark's results: as JSON, as Markdown, and what a failure leaves of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.plots import draw
from benchmarks.processes import MeasurementError
from benchmarks.report import growth_tables, left_out, markdown, number, tables
from benchmarks.results import Curve, Measurement, Omission, Results, Row, from_json, to_json
from benchmarks.run import Run
from benchmarks.workloads import Workload

ROWS = [
    Row("small", "per_second", "small messages", "Messages a second", True, True, True),
    Row("small", "cpu_us", "small messages", "CPU time", False, False, True),
    Row("many", "topics", "many topics", "Topics heard", True, False, False),
]


def results(**fields: Any) -> Results:
    made = {
        "made": "2026-01-02T03:04:05+00:00",
        "quick": False,
        "rounds": 3,
        "seconds": 600.0,
        "machine": {"CPU": "a|b", "cores": "2"},
        "systems": {"raw": "raw", "banyan_base": "banyan", "nats": "NATS"},
        "reference": "raw",
        "rows": ROWS,
        "curves": [Curve("growth", "subscribers", "subscribers", "raw", {"g1": 1.0, "g8": 8.0})],
    }
    return Results(**(made | fields))


def measured() -> Results:
    made = results()
    for round_number, (raw, ours) in enumerate([(100e3, 400e3), (150e3, 300e3), (90e3, 270e3)]):
        for system, value, lost in (("raw", raw, 0.11), ("banyan_base", ours, 0.0)):
            figures = {"per_second": value, "cpu_us": 1e6 / value, "lost": lost}
            made.measurements.append(Measurement("small", system, round_number, figures))
    made.measurements.append(Measurement("many", "raw", 0, {"topics": 1000.0}))
    made.measurements.append(Measurement("many", "banyan_base", 0, {"topics": 10_000.0}))
    for point, cost in (("g1", 10.0), ("g8", 5.0)):
        for system, factor in (("raw", 1.0), ("banyan_base", 0.5)):
            figures = {"cpu_us": cost * factor, "wall_us": cost * factor / 2}
            made.measurements.append(Measurement(point, system, 0, figures))
    return made


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0512, "0.051"), (0, "0"), (1.5, "1.5"), (11.68, "11.7"), (99.96, "100"), (244.3, "244"),
        (200_600, "201k"), (9_876, "9,876"), (43_210, "43.2k"), (638_000, "638k"),
        (999_900, "1M"), (1_426_000, "1.43M"), (-3.25, "-3.25"),
    ],
)  # fmt: skip
def test_numbers_are_short(value: float, words: str):
    assert number(value) == words


def test_json_brings_everything_back():
    made = measured()
    made.omissions.append(Omission("nats", "", "not installed"))
    assert from_json(to_json(made)) == made


def test_medians_ratios_and_losses_stand_in_the_tables():
    text = tables(measured())
    assert "|  | raw | banyan |" in text
    assert "| small messages | 100k, 11 % lost | 300k (3.00) |" in text
    assert "| small messages | 10 | 3.33 (0.33) |" in text


def test_what_has_no_sensible_ratio_shows_none():
    assert "| many topics | 1,000 | 10k |" in tables(measured())


def test_systems_without_figures_have_no_column():
    assert "NATS" not in tables(measured())


def test_a_little_loss_is_not_rounded_away():
    made = results()
    made.measurements.append(Measurement("small", "raw", 0, {"per_second": 5.0, "lost": 0.001}))
    assert "5, <1 % lost" in tables(made)


def test_what_failed_in_one_workload_only_leaves_a_gap():
    made = measured()
    made.measurements.append(Measurement("small", "nats", 0, {"per_second": 50e3, "lost": 0.0}))
    made.measurements.append(Measurement("small2", "nats", 0, {"per_second": 1.0, "lost": 0.0}))
    made.rows = [*ROWS, Row("small2", "per_second", "other", "Messages a second", True, True, True)]
    assert "| other |  |  | 1 |" in tables(made)


def test_growth_is_a_table_with_ratios_at_each_point():
    text = growth_tables(measured())
    assert "| subscribers | raw: CPU | banyan: CPU | raw: time | banyan: time |" in text
    assert "| 8 | 5 | 2.5 (0.50) | 2.5 | 1.25 (0.50) |" in text


def test_a_curve_without_figures_is_not_shown():
    assert growth_tables(results()) == ""


def test_what_is_left_out_is_named_with_its_reason():
    made = results(
        omissions=[
            Omission("nats", "", "nats-server is not installed"),
            Omission("banyan_base", "small", "not within 30 s"),
        ]
    )
    assert "- NATS: nats-server is not installed" in left_out(made)
    assert "- banyan, small: not within 30 s" in left_out(made)
    assert left_out(results()) == ""


def test_the_page_has_date_machine_and_how_to_repeat_it():
    page = markdown(measured())
    assert "2026-01-02" in page
    assert "| CPU | a\\|b |" in page
    assert "make bench" in page
    assert "3 rounds" in page


def test_a_page_of_nothing_is_still_a_page():
    assert markdown(results()).startswith("# Measured on 2026-01-02")


# --- failures -----------------------------------------------------------------------------------


def system(key: str) -> Any:
    return SimpleNamespace(
        key=key, name=key.upper(), adapter=SimpleNamespace(ABILITIES=frozenset())
    )


def test_who_fails_is_left_out_with_the_reason_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch,
):
    asked: list[str] = []

    def measure(which: Any, *_: Any) -> dict[str, float]:
        asked.append(which.key)
        if which.key == "bad":
            raise MeasurementError("it broke")
        return {"per_second": 1.0}

    monkeypatch.setattr("benchmarks.run.measure", measure)
    made, lines = results(), []
    run = Run(
        made,
        [system("bad"), system("good")],
        warden=None,  # type: ignore[arg-type]
        step=lambda done, total, line: lines.append((done, total, line)),
    )
    run.everything([(Workload("w", "W"), 3)])
    assert asked == ["bad", "good", "good", "good"]
    assert made.omissions == [Omission("bad", "w", "it broke")]
    assert [one.round for one in made.measurements] == [0, 1, 2]
    assert lines[0][:2] == (1, 6)
    assert "w, BAD: left out: it broke" in lines[0][2]


# --- plots --------------------------------------------------------------------------------------


def test_plots_are_drawn_alike_from_the_same_results(tmp_path: Path):
    first, second = (draw(measured(), tmp_path / name) for name in ("a", "b"))
    assert {path.name for path in first} == {"delivered.svg", "cpu.svg", "growth.svg"}
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
        assert b"banyan</text>" in one.read_bytes()
