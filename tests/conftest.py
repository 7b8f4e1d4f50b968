"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tools import Backplane, running_backplane


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--faults`."""
    parser.addoption("--faults", action="store_true", help="run slow cases of tests/faults, too")


@pytest.fixture
def backplane() -> Iterator[Backplane]:
    """A backplane on free ports, for this test alone."""
    with running_backplane() as running:
        yield running
