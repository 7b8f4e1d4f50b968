"""What a component does with the rights that a backplane tells it of."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from banyan.counters import Counters
from banyan.keys.key_file import new_credentials
from banyan.keys.rights import Rights
from banyan.limits import MEMORISED_TOPICS
from banyan.logs import QuietLog
from banyan.refusals import Refusals
from banyan.transport.granted import Granted
from banyan.wire import codec

ALICE, BOB = new_credentials("alice"), new_credentials("bob")
ON_A = Rights((b"a",), (b"a",)).pack()


@pytest.fixture
def granted():
    return Granted("alice", ALICE.public)


def test_before_anything_is_told_everything_may_be_published(granted):
    assert granted.may_publish(b"b")
    assert granted.newly_refused({"b"}) == []


def test_it_goes_by_what_was_told_last(granted):
    assert granted.heed([granted.topic, ON_A])
    assert (granted.may_publish(b"ab"), granted.may_publish(b"b")) == (True, False)
    assert not granted.heed([granted.topic, ON_A])
    assert granted.heed([granted.topic, Rights((b"",)).pack()])
    assert granted.may_publish(b"b")


@pytest.mark.parametrize(
    "message",
    [
        [b"__banyan__/rights/" + BOB.public, ON_A],
        [b"__banyan__/rights/" + ALICE.public],
        [b"__banyan__/rights/" + ALICE.public, b""],
        [b"__banyan__/rights/" + ALICE.public, b"\xc1"],
        [b"__banyan__/rights/" + ALICE.public, codec.encode({"publish": "a", "subscribe": []})],
        [b"__banyan__/bell", b"\x80"],
    ],
)
def test_all_else_is_ignored(granted, message):
    assert not granted.heed(message)
    assert granted.rights is None


def test_what_is_remembered_has_a_bound(granted):
    granted.heed([granted.topic, ON_A])
    for number in range(3 * MEMORISED_TOPICS):
        assert granted.may_publish(b"a%d" % number)
    assert len(granted._publish) <= MEMORISED_TOPICS


def test_a_subscription_is_refused_once_and_again_after_it_was_permitted(granted):
    granted.heed([granted.topic, ON_A])
    assert granted.newly_refused({"b", "ab", ""}) == ["", "b"]
    assert granted.newly_refused({"b", "ab", "", "c"}) == ["c"]
    granted.heed([granted.topic, Rights((), (b"",)).pack()])
    assert granted.newly_refused({"b"}) == []
    granted.heed([granted.topic, ON_A])
    assert granted.newly_refused({"b"}) == ["b"]


def test_refusals_are_counted_and_said_with_what_is_permitted(granted, caplog):
    counters = Counters()
    refusals = Refusals(counters, QuietLog(logging.getLogger("banyan")))
    link = SimpleNamespace(granted=granted, topics={"b"}, credentials=ALICE)
    refusals.watch(link)
    many = tuple(b"a%d" % number for number in range(12))
    granted.heed([granted.topic, Rights(many, ()).pack()])
    granted.changed()
    for _ in range(3):
        refusals.publishing(granted, b"secret")
    assert counters.refused == 4
    first, second = (record.getMessage() for record in caplog.records)
    assert "subscribing to 'b'" in first
    assert first.endswith("permitted: nothing")
    assert "publishing on 'secret' is not permitted to key alice" in second
    assert second.endswith("'a8', 'a9', 2 more")
