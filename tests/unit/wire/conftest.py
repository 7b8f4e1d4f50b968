"""Runs a test once with each of the three MessagePack libraries."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from banyan.wire import codec


@pytest.fixture(params=["msgspec", "msgpack", "umsgpack"])
def backend(request: pytest.FixtureRequest) -> Iterator[str]:
    codec.use(request.param)
    yield request.param
    codec.use(None)
