"""What the benchmark's roles publish and how they count, without processes."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from benchmarks.publishing import Publishing, burst
from benchmarks.receiving import Asker, Tally, echo

BURST = {"do": "burst", "topics": ["t"], "first": 0, "count": 3}
END = {"do": "end"}


class Script:
    """A channel whose commands are known beforehand; None stands for: none has come yet."""

    def __init__(self, *commands: dict[str, Any] | None) -> None:
        self.commands = deque(commands)
        self.said: list[tuple[str, dict[str, Any]]] = []

    def say(self, said: str, **fields: Any) -> None:
        self.said.append((said, fields))

    def next(self) -> dict[str, Any]:
        while (command := self.commands.popleft()) is None:
            pass
        return command

    def poll(self) -> dict[str, Any] | None:
        return self.commands.popleft() if self.commands else None

    @property
    def words(self) -> list[str]:
        return [word for word, _ in self.said]


def published(*commands: dict[str, Any] | None, number: int = 0) -> tuple[list[Any], Script]:
    """Return the messages without the pauses, and the channel."""
    script = Script(*commands)
    messages = Publishing(script, number).messages()  # type: ignore[arg-type]
    return [message for message in messages if message is not None], script


def test_a_burst_is_published_and_reported():
    messages, script = published(BURST, END)
    assert messages == [("t", {"msg": number}) for number in range(3)]
    assert script.words == ["ready", "sent"]
    times = script.said[1][1]
    assert times["begun"] <= times["ended"]


def test_nothing_is_ready_before_the_first_message_is_asked_for():
    script = Script(END)
    messages = iter(Publishing(script, 0).messages())  # type: ignore[arg-type]
    assert script.words == []
    assert next(messages, "over") == "over"
    assert script.words == ["ready"]


def test_markers_come_until_the_next_command_then_the_last_one():
    messages, _ = published(
        {"do": "mark", "topic": "t"}, None, None, None, {"do": "last", "topic": "t"}, END, number=4
    )
    *markers, last = [payload for _, payload in messages]
    assert markers == [marker(count, 4) for count in range(len(markers))]
    assert last == marker("last", 4)
    assert len(markers) >= 2


def test_markers_become_rarer_unless_told_otherwise():
    rarer, _ = published({"do": "mark", "topic": "t"}, *[None] * 100, END)
    steady, _ = published({"do": "mark", "topic": "t", "pace": 1}, *[None] * 100, END)
    assert len(rarer) < 10
    assert len(steady) == 101


def test_bursts_follow_each_other():
    messages, script = published(BURST, None, BURST | {"first": 3}, END)
    assert [payload["msg"] for _, payload in messages] == [0, 1, 2, 3, 4, 5]
    assert script.words == ["ready", "sent", "sent"]


def test_messages_go_round_all_topics():
    assert [topic for topic, _ in burst_of(topics=["a", "b"], count=5)] == ["a", "b", "a", "b", "a"]


def test_a_payload_with_data_has_its_size():
    payload = burst_of(size=1000, count=1)[0][1]
    assert payload == {"msg": 0, "data": bytes(1000)}


def test_arrays_have_their_shape():
    array = burst_of(array=[4, 3], count=2)[1][1]
    assert array.shape == (4, 3)
    assert array.dtype == "uint8"


def test_a_paced_burst_takes_its_time(monkeypatch: pytest.MonkeyPatch):
    clock = itertools.count()
    monkeypatch.setattr("benchmarks.publishing.time.perf_counter", lambda: next(clock) * 1e-4)
    messages = burst_of(count=6, rate=2000, pauses=True)
    assert [payload["msg"] for _, payload in filter(None, messages)] == list(range(6))
    assert messages.count(None) >= 3
    assert messages[-1] is not None


def burst_of(*, pauses: bool = False, **fields: Any) -> list[Any]:
    messages = burst(BURST | fields)
    return list(messages) if pauses else [message for message in messages if message]


# --- counting -----------------------------------------------------------------------------------

START = {"publishers": 2, "copies": 2, "topics": ["t"], "trips": 3, "seconds": 100.0}


def tally_of(**fields: Any) -> tuple[Tally, Script]:
    script = Script()
    return Tally(script, START | fields), script  # type: ignore[arg-type]


def marker(number: object, by: int) -> dict[str, object]:
    return {"marker": number, "by": by}


def test_heard_is_one_marker_of_each_publisher_by_each_path():
    tally, script = tally_of()
    for payload in [marker(0, 0), marker(0, 1), marker(1, 0), marker(1, 0)]:
        tally.receive(payload)
    assert script.words == []
    tally.receive(marker(7, 1))
    tally.receive(marker(7, 1))
    tally.receive(marker(8, 1))
    assert script.words == ["heard"]


def test_steady_is_the_last_marker_of_each_publisher_by_each_path():
    tally, script = tally_of()
    for by in (0, 1, 1):
        tally.receive(marker("last", by))
    assert script.words == []
    tally.receive(marker("last", 0))
    assert script.words == ["steady"]


def test_complete_is_said_with_the_last_message():
    tally, script = tally_of()
    tally.receive(marker("last", 0))
    tally.obey({"do": "expect", "count": 1000})
    for number in range(999):
        tally.receive({"msg": number})
    assert script.words == ["expecting"]
    tally.receive({"msg": 999})
    word, fields = script.said[-1]
    assert word == "complete"
    assert fields["count"] == fields["looked"] == 1000


def test_progress_counts_what_is_there_and_when_it_was_looked_at():
    tally, script = tally_of()
    tally.obey({"do": "expect", "count": 2560})
    for number in range(25):
        tally.receive({"msg": number})
    tally.obey({"do": "progress"})
    fields = script.said[-1][1]
    assert fields["count"] == 25
    assert fields["looked"] == 20
    assert fields["at"] > 0


def test_a_second_burst_is_counted_anew():
    tally, script = tally_of()
    for _ in range(2):
        tally.obey({"do": "expect", "count": 2})
        tally.receive({"msg": 0})
        tally.receive({"msg": 1})
    assert script.words == ["expecting", "complete", "expecting", "complete"]


def test_topics_that_were_heard_are_counted():
    tally, script = tally_of(topics=["a", "b", "c", "d"])
    tally.receive_number(marker(0, 0))
    tally.obey({"do": "expect", "count": 100})
    for number in (0, 4, 8, 2):
        tally.receive_number({"msg": number})
    tally.obey({"do": "progress"})
    assert script.said[-1][1]["topics"] == 2


def test_arrays_are_no_markers():
    tally, script = tally_of()
    tally.receive(np.zeros((2, 2)))
    assert script.words == []


# --- round trips --------------------------------------------------------------------------------


def answers(asker: Asker) -> Iterator[Any]:
    """Answer each question until none comes."""
    question = asker.receive(marker("last", 0))
    while question is not None:
        yield question
        question = asker.receive(echo(question[1])[1])


def test_questions_follow_answers_from_the_last_marker_on():
    script = Script()
    asker = Asker(script, START)  # type: ignore[arg-type]
    assert asker.receive(marker(0, 0)) is None
    assert list(answers(asker)) == [("ask", {"msg": number}) for number in range(3)]
    assert script.words == ["heard", "trips"]
    assert len(script.said[-1][1]["times"]) == 3


def test_round_trips_end_when_their_time_is_over():
    script = Script()
    asker = Asker(script, START | {"seconds": 0.0})  # type: ignore[arg-type]
    assert len(list(answers(asker))) == 1
    assert len(script.said[-1][1]["times"]) == 1
