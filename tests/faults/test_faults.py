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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_survives(case: Case, request: pytest.FixtureRequest) -> None:
    if not case.fast and not request.config.getoption("--faults"):
        pytest.skip("a slow case: make faults, or --faults")
    outcome = run_case(case, BANYAN)
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    print(verdict(outcome))
    assert outcome.survived, verdict(outcome)
