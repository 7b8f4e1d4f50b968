"""Backplanes of both makes, shared by the tests of a module, and a component of ours on them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from interop.partner import Partner
from tools import Backplane, peers, running_backplane


@pytest.fixture(scope="session", autouse=True)
def peer_installed() -> None:
    """Install the peer once; without it these tests fail, none is skipped."""
    problem = ""
    try:
        peers.install()
    except peers.PeerMissingError as error:
        problem = str(error)
    if problem:
        pytest.fail(problem, pytrace=False)


@pytest.fixture(scope="module")
def our_backplane() -> Iterator[Backplane]:
    """Our backplane."""
    with running_backplane() as running:
        yield running


@pytest.fixture(scope="module")
def its_backplane() -> Iterator[Backplane]:
    """The peer's backplane."""
    with peers.running_peer_backplane() as running:
        yield running


@pytest.fixture(scope="module", params=["our_backplane", "its_backplane"])
def either_backplane(request: pytest.FixtureRequest) -> Backplane:
    """Ours, then the peer's."""
    running: Backplane = request.getfixturevalue(request.param)
    return running


@pytest.fixture
def partner(either_backplane: Backplane) -> Iterator[Partner]:
    """A component of ours on either backplane."""
    with Partner(either_backplane) as ours:
        yield ours
