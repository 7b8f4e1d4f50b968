"""Banyan survives every fault; the fast cases always, all of them with `--faults`."""

from __future__ import annotations

import sys

import pytest

from faults import cases  # noqa: F401 - fills CASES
from faults.case import CASES, Case
from faults.report import verdict
from faults.run import run_case
from faults.systems import BANYAN

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="cases read /proc and use Linux's ip"
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of every fast case, with `--faults` of every case."""
    everything = metafunc.config.getoption("--faults")
    chosen = [case for case in CASES if case.fast or everything]
    metafunc.parametrize("case", chosen, ids=lambda case: case.name)


def test_it_survives(case: Case) -> None:
    outcome = run_case(case, BANYAN)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    print(verdict(outcome))
    assert outcome.survived, verdict(outcome)
