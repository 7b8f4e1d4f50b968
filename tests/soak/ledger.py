"""What one subscriber heard, message by message: finds loss that nobody reported, and more. Pure.

A publisher numbers its messages in the payload, for each topic from 1, and names itself anew with
each start (its life). So the truth is known without stamps. What nobody can know is left out:
messages before the first one heard of a life, and after the last one of a life that has ended.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass, field
from typing import Final

_REMEMBERED_LINES: Final = 1000
_REMEMBERED_GAPS: Final = 100
_SHOWN_FAULTS: Final = 20


@dataclass(slots=True)
class Line:
    """One topic of one life: the numbers heard."""

    first: int
    last: int
    gaps: deque[range] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_GAPS))

    def missed(self, number: int) -> bool:
        """Tell whether a number is one of those known to be lost."""
        return any(number in gap for gap in self.gaps)


@dataclass(slots=True)
class Ledger:
    """The account of one subscriber. What is wrong stands in `faults`, as sentences."""

    received: int = 0
    lost: int = 0
    """By the numbers in the payloads: the truth."""
    reported: int = 0
    """By on_gap, or by a counter: what the subscriber was told."""
    fault_count: int = 0
    faults: list[str] = field(default_factory=list)
    lines: OrderedDict[tuple[str, str], Line] = field(default_factory=OrderedDict)
    _told: Counter[str] = field(default_factory=Counter)

    def gap(self, topic: str, publisher: str, missed: int) -> None:
        """Note that a loss was reported; it belongs to the next message on the topic."""
        self.reported += missed
        self._told[topic] += missed
        if missed < 1:
            self._fault(f"a gap of {missed} messages was reported on {topic}")

    def heard(self, topic: str, life: str, number: int, *, intact: bool = True) -> None:
        """Note a message, and compare what is missing before it with what was reported."""
        self.received += 1
        if not intact:
            self._fault(f"malformed: {life} {topic} {number}")
        told = self._told.pop(topic, 0)
        line = self.lines.get((life, topic))
        if line is None:
            self._begin(topic, life, number, told)
        elif number > line.last:
            self._go_on(line, topic, life, number, told)
        else:
            kind = "out of order" if line.missed(number) else "duplicate"
            self._fault(f"{kind}: {life} {topic} {number} after {line.last}")

    def _begin(self, topic: str, life: str, number: int, told: int) -> None:
        self.lines[life, topic] = Line(number, number)
        if len(self.lines) > _REMEMBERED_LINES:
            self.lines.popitem(last=False)
        if told:
            self._fault(f"reported {told} lost before the first of {life} {topic}, {number}")

    def _go_on(self, line: Line, topic: str, life: str, number: int, told: int) -> None:
        missing = range(line.last + 1, number)
        self.lost += len(missing)
        if told != len(missing):
            self._fault(
                f"{'un' if told < len(missing) else 'over'}reported: {life} {topic} {line.last} to "
                f"{number} lacks {len(missing)}, reported {told}"
            )
        if missing:
            line.gaps.append(missing)
        line.last = number
        self.lines.move_to_end((life, topic))

    def _fault(self, sentence: str) -> None:
        self.fault_count += 1
        if len(self.faults) < _SHOWN_FAULTS:
            self.faults.append(sentence)
