"""Finds out why backplanes do not answer, and says what to do."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Iterable
from typing import Final

from banyan.transport import discovery
from banyan.transport.link import Link

logger = logging.getLogger("banyan")

_DIAGNOSIS_S: Final = 0.5
"""How long a warning may take to find out what stands at an address that did not answer."""

_LATER: Final = (
    "Going on: it is joined as soon as it answers; until then messages get lost. Start it there "
    "by typing `backplane`, or check the address and the ports."
)
_KEY_WANTED: Final = (
    "It lets in known keys only, so no message gets through. Give this component its key: "
    "--keys FILE, in Python keys=FILE, or the environment variable BANYAN_KEYS; "
    "`banyan keys --help` says how to get one."
)
_NO_KEYS_THERE: Final = (
    "This component has a key and talks to nobody who shows none. Start the backplane with "
    "`backplane --keys DIR`, or leave the key out here: --keys '', in Python keys='', or "
    "BANYAN_KEYS=; then start this component again."
)
_NO_MESSAGE: Final = (
    "It answers, but no message comes back. A backplane without keys refuses components from "
    "public addresses: see `backplane --allow` and `banyan keys --help`. Going on: this component "
    "joins as soon as it is let in; until then messages get lost."
)
_NO_AGREEMENT: Final = (
    "It does not take the key of {}: it is not known there, it was revoked, or it was made for "
    "another backplane (`banyan keys show` tells). To let it in, type at the backplane: "
    "banyan keys allow DIR {} {}"
)


def warn_of(links: Iterable[Link], waited: float) -> None:
    """Say of each link which ends were tried, what stands there and what to do."""
    ends = [
        (link, purpose, url)
        for link in links
        for purpose, url in (("publish", link.publisher_url), ("subscribe", link.subscriber_url))
        if url
    ]
    found = discovery.greetings((_host_and_port(url) for _, _, url in ends), _DIAGNOSIS_S)
    for link in dict.fromkeys(link for link, _, _ in ends):
        states = {
            purpose: discovery.judge(state, link.credentials)
            for (owner, purpose, _), state in zip(ends, found, strict=True)
            if owner is link
        }
        urls = {purpose: url for owner, purpose, url in ends if owner is link}
        logger.warning(
            "no answer from %s within %g s (%s). %s",
            link,
            waited,
            "; ".join(f"{urls[purpose]} to {purpose}: {states[purpose]}" for purpose in states),
            _advice(link, set(states.values())),
        )


def _advice(link: Link, states: set[str]) -> str:
    """Return what to do about a link that found such ends."""
    if discovery.ASKS_FOR_KEY in states:
        return _KEY_WANTED
    if discovery.NO_KEYS in states:
        return _NO_KEYS_THERE
    if states != {discovery.ANSWERS}:
        return _LATER
    if link.credentials is None:
        return _NO_MESSAGE
    name, public = link.credentials.name, shlex.quote(link.credentials.public.decode())
    return _NO_AGREEMENT.format(name, name, public)


def _host_and_port(url: str) -> tuple[str, str]:
    host, _, port = url.removeprefix("tcp://").rpartition(":")
    return host, port
