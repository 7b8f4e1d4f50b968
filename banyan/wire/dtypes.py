"""numpy's dtypes to and from their descriptions in a message, bounded.

A description is a dtype string such as "<f8", or for a structured dtype a list of fields:
[name, description] or [name, description, shape]. A field without a name is padding.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from banyan.limits import MAX_ARRAY_DIMENSIONS, MAX_ARRAY_FIELDS, MAX_MESSAGE_BYTES
from banyan.wire.unpackable import UnpackableError
from banyan.wire.wording import shown

if TYPE_CHECKING:
    import numpy as np

_SIMPLE: Final = re.compile(r"[<>=|]?[biufcSUmMV?][0-9]{0,8}(\[([1-9][0-9]{0,8})?[a-zA-Z]{1,7}\])?")
"""Every string that numpy's dtype.str makes for a legal kind, and little else. A count of 0 in the
unit of a time would be a division by 0 when it is printed."""

_KINDS: Final = frozenset("biufcSUmMV")
"""dtype.kind of everything that is plain bytes; O, Python objects, is the one that is not."""


def description(dtype: np.dtype[Any]) -> object:
    """Return a dtype's description; raise UnpackableError for one that cannot be sent."""
    import numpy

    if dtype.hasobject:
        raise UnpackableError("is a numpy array of Python objects", "send a list instead")
    if dtype.kind not in _KINDS or (dtype.kind == "V" and not issubclass(dtype.type, numpy.void)):
        raise UnpackableError(f"has the dtype {dtype}, which a receiver cannot know", "astype it")
    if _unitless(dtype):
        raise UnpackableError("holds times without a unit", "astype it, to 'M8[s]' or 'm8[s]'")
    if not dtype.itemsize:
        raise UnpackableError(f"has the dtype {dtype}, whose items have no bytes")
    return _fields(dtype) if dtype.kind == "V" else dtype.str


def dtype_of(described: object) -> np.dtype[Any]:
    """Return the dtype that a received description stands for.

    Raises ValueError or TypeError; what is not one of the legal kinds never reaches numpy.
    """
    dtype = _Reader().dtype(described)
    if dtype.hasobject or dtype.kind not in _KINDS:
        raise ValueError("a dtype of Python objects")
    if not 0 < dtype.itemsize <= MAX_MESSAGE_BYTES:
        raise ValueError(f"a dtype of {dtype.itemsize} bytes; the limit is {MAX_MESSAGE_BYTES}")
    return dtype


def _fields(dtype: np.dtype[Any]) -> object:
    try:
        fields = dtype.descr
    except ValueError as error:
        raise UnpackableError(f"has a dtype that cannot be described ({error})") from error
    if _titled(fields):
        raise UnpackableError("has a dtype with titles, which cannot be described")
    return fields


def _titled(fields: Any) -> bool:
    return any(
        not isinstance(name, str) or (isinstance(inner, list) and _titled(inner))
        for name, inner, *_ in fields
    )


def _unitless(dtype: np.dtype[Any]) -> bool:
    """Return whether times in a dtype have no unit: numpy cannot print those it reads."""
    import numpy

    if dtype.kind in "Mm":
        return numpy.datetime_data(dtype)[0] == "generic"
    if dtype.subdtype:
        return _unitless(dtype.base)
    return any(_unitless(dtype[name]) for name in dtype.names or ())


class _Reader:
    """Builds one dtype, counting its fields over all levels."""

    def __init__(self) -> None:
        import numpy

        self._numpy: Any = numpy
        self._left = MAX_ARRAY_FIELDS

    def dtype(self, described: object) -> np.dtype[Any]:
        if isinstance(described, list):
            return self._structured(described)
        code = _text(described)
        if not _SIMPLE.fullmatch(code):
            raise ValueError(f"the dtype {shown(code)} is not one of plain bytes")
        dtype: np.dtype[Any] = self._numpy.dtype(code)
        if _unitless(dtype):
            raise ValueError(f"the dtype {shown(code)} is a time without a unit")
        return dtype

    def _structured(self, fields: list[Any]) -> np.dtype[Any]:
        self._left -= len(fields)
        if self._left < 0:
            raise ValueError(f"a dtype of more than {MAX_ARRAY_FIELDS} fields")
        names, formats, offsets, end = [], [], [], 0
        for field in fields:
            name, part = self._field(field)
            if name:
                names.append(name)
                formats.append(part)
                offsets.append(end)
            end += part.itemsize
        if not names:
            return self.dtype(f"|V{end}")
        layout = {"names": names, "formats": formats, "offsets": offsets, "itemsize": end}
        dtype: np.dtype[Any] = self._numpy.dtype(layout)
        return dtype

    def _field(self, field: object) -> tuple[str, np.dtype[Any]]:
        if not isinstance(field, list) or len(field) not in (2, 3):
            raise ValueError("a field is no list of name, type and perhaps shape")
        name, part = _text(field[0]), self.dtype(field[1])
        if not name and (part.kind != "V" or part.names):
            raise ValueError("a field without a name")
        if len(field) == 3:
            part = self._numpy.dtype((part, _subshape(field[2])))
        return name, part


def _subshape(shape: object) -> tuple[int, ...]:
    sizes = shape if isinstance(shape, list) else [shape]
    if len(sizes) > MAX_ARRAY_DIMENSIONS:
        raise ValueError(f"a field of more than {MAX_ARRAY_DIMENSIONS} dimensions")
    if any(type(size) is not int or not 0 < size <= MAX_MESSAGE_BYTES for size in sizes):
        raise ValueError("a field's dimension is no positive int")
    return tuple(sizes)


def _text(value: object) -> str:
    """Return text that a sender on Python 2 may have packed as bytes."""
    if isinstance(value, bytes):
        return value.decode()
    if not isinstance(value, str):
        raise TypeError(f"a dtype or a field's name is no text but {shown(value)}")
    return value
