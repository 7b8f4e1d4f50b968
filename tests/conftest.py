"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tools import Backplane, running_backplane


@pytest.fixture
def backplane() -> Iterator[Backplane]:
    """A backplane on free ports, for this test alone."""
    with running_backplane() as running:
        yield running
