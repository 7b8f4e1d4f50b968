"""The topics of a specification's row: `[a,b]`, `[]`, `[*]`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from banyan.errors import TopicError
from banyan.routing.endpoint import shown
from banyan.routing.table import QUOTES
from banyan.wire.topics import encode_topic

__all__ = ["EVERYTHING", "parse_topics"]

EVERYTHING: Final = ""
"""The topic that `[*]` subscribes to: a subscription is a prefix, and all begin with this one."""

_STAR: Final = "*"
_EXPECTED: Final = 'topics in brackets: "[a,b]", "[]" for none, "[*]" for everything'
_LISTED: Final = 3
"""Bad topics named for one field."""


def parse_topics(text: str) -> tuple[str, ...]:
    """Return the topics of a field; raise ValueError naming what is wrong with each."""
    problem = _bracket_problem(text)
    if problem:
        raise ValueError(problem)
    inside = text[1:-1]
    if inside == "":
        return ()
    if inside == _STAR:
        return (EVERYTHING,)
    topics = tuple(inside.split(","))
    problems = list(dict.fromkeys(problem for topic in topics for problem in _problems(topic)))
    if problems:
        more = "; ..." if len(problems) > _LISTED else ""
        raise ValueError(f"bad topics {shown(text)}: {'; '.join(problems[:_LISTED])}{more}")
    return topics


def _bracket_problem(text: str) -> str:
    if not text:
        return f"the topics are empty: expected {_EXPECTED}"
    missing = [
        name
        for name, there in (("[", text.startswith("[")), ("]", text.endswith("]")))
        if not there
    ]
    if not missing:
        return ""
    what = f"the bracket {missing[0]!r} is" if len(missing) == 1 else "the brackets are"
    return f"bad topics {shown(text)}: {what} missing; expected {_EXPECTED}"


def _problems(topic: str) -> Iterator[str]:
    """Say what is wrong with one topic."""
    if not topic:
        yield "an empty topic between commas: leave out the comma"
    elif topic == _STAR:
        yield "'*' means everything and stands alone: \"[*]\""
    elif any(character.isspace() for character in topic):
        yield f"a space in {shown(topic)}: expected commas alone between topics"
    elif any(character in QUOTES for character in topic):
        yield f"quotes inside the brackets at {shown(topic)}: expected topics without them"
    elif "[" in topic or "]" in topic:
        yield f"a bracket inside the brackets at {shown(topic)}"
    elif not topic.isprintable():
        yield f"an invisible character in {shown(topic)}"
    else:
        yield from _wire_problem(topic)


def _wire_problem(topic: str) -> Iterator[str]:
    """Say what keeps a topic off the wire: its length, a reserved name, a lone surrogate."""
    try:
        encode_topic(topic)
    except TopicError as error:
        yield str(error)
