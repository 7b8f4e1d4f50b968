"""Takes the large leaves out of a payload, and puts them back: bytes and the data of arrays.

Where a leaf was, a hole is left: the map {hole: index}, whose key is one that the payload does not
use. What is a legal payload is not decided here: the skeleton is packed like any payload.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from banyan.errors import DecodeError
from banyan.limits import MAX_DEPTH, MAX_SHARED_LEAVES, SHARED_MIN_BYTES
from banyan.wire.codec import Ext, Payload
from banyan.wire.payload import settle
from banyan.wire.unpackable import UnpackableError
from banyan.wire.wording import shown

if TYPE_CHECKING:
    import numpy as np

    Leaf: TypeAlias = memoryview | np.ndarray[Any, Any]
    """Contiguous bytes, or an array whose items are to lie in C order."""

_SMALL: Final = frozenset({type(None), bool, int, float, str, Ext})


@dataclass(frozen=True, slots=True)
class Lifted:
    """A payload in two parts."""

    skeleton: object
    """The payload with holes; containers without a large leaf are the caller's own."""
    leaves: list[Leaf]


def lift(payload: object, hole: str, *, arrays: bool) -> Lifted | None:
    """Take out the leaves of at least SHARED_MIN_BYTES; None when there are none.

    Nothing is copied but the containers on the way to a leaf. None is also the answer to a
    payload that cannot be published at all: packing it says why.
    """
    lifter = _Lifter(hole, arrays)
    try:
        skeleton = lifter.value(payload, MAX_DEPTH)
    except (UnpackableError, ValueError):  # ValueError: a memoryview that was released
        return None
    return Lifted(skeleton, lifter.leaves) if lifter.leaves else None


def put_back(skeleton: Payload, hole: str, views: list[memoryview], *, arrays: bool) -> Payload:
    """Return the payload, with a view in the place of each hole; with `arrays`, arrays over it.

    The skeleton is changed. Raises DecodeError for a hole without a view, or for an array that is
    none.
    """
    restore = _restore_hook() if arrays else _same

    def fill(entries: dict[Any, Any]) -> object:
        if hole not in entries:
            return restore(entries)
        index = entries[hole]
        if len(entries) != 1 or type(index) is not int or not 0 <= index < len(views):
            raise DecodeError(f"a handle to shared memory with the hole {shown(entries)}")
        return views[index]

    return settle(skeleton, _same, fill)


@dataclass(slots=True)
class _Lifter:
    hole: str
    arrays: bool
    leaves: list[Leaf] = field(default_factory=list)

    def value(self, value: Any, depth: int) -> object:
        """Return a value with holes; the value itself when nothing was taken out of it."""
        kind = type(value)
        if kind in _SMALL:
            return value
        if isinstance(value, dict):
            return self._mapping(value, depth - 1)
        if isinstance(value, list) or kind is tuple:
            return self._sequence(value, depth - 1)
        if isinstance(value, bytes | bytearray):
            return value if len(value) < SHARED_MIN_BYTES else self._bytes(memoryview(value))
        if isinstance(value, memoryview):
            return value if value.nbytes < SHARED_MIN_BYTES else self._bytes(value)
        return self._array(value) if self.arrays and _is_array(value) else value

    def _mapping(self, entries: dict[Any, Any], depth: int) -> object:
        _check_depth(depth)
        result = entries
        for key, item in entries.items():
            lifted = self.value(item, depth)
            if lifted is not item:
                if result is entries:
                    result = dict(entries)
                result[key] = lifted
        return result

    def _sequence(self, items: Any, depth: int) -> object:
        _check_depth(depth)
        if _SMALL.issuperset(map(type, items)):
            return items
        lifted = [self.value(item, depth) for item in items]
        return lifted if any(map(_differ, lifted, items)) else items

    def _bytes(self, view: memoryview) -> object:
        try:
            return self._take(view.cast("B"))
        except TypeError:  # not contiguous, which packing takes care of
            return view

    def _array(self, array: Any) -> object:
        from banyan.wire import arrays

        return arrays.to_map(array, self._data)

    def _data(self, array: np.ndarray[Any, Any]) -> object:
        return self._take(array)

    def _take(self, leaf: Leaf) -> object:
        if len(self.leaves) == MAX_SHARED_LEAVES:
            raise UnpackableError(f"has more than {MAX_SHARED_LEAVES} large leaves")
        self.leaves.append(leaf)
        return {self.hole: len(self.leaves) - 1}


def _is_array(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    return (
        numpy is not None and isinstance(value, numpy.ndarray) and value.nbytes >= SHARED_MIN_BYTES
    )


def _check_depth(depth: int) -> None:
    """Leave early: a list that contains itself twice would never end."""
    if depth < 0:
        raise UnpackableError(f"is more than {MAX_DEPTH} maps and arrays deep")


def _differ(one: object, other: object) -> bool:
    return one is not other


def _same(value: Any) -> object:
    return value


def _restore_hook() -> Any:
    from banyan.wire import arrays

    return arrays.from_map
