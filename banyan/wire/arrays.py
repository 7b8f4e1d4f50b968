"""numpy arrays and scalars as msgpack-numpy writes them, read without ever running what arrives.

An array is a map with bytes keys: `nd` True, `type` (a dtype string, or a list of fields), `kind`
(empty, or V for fields), `shape` and `data` in C order. A scalar has `nd` False, `type` and `data`;
a complex number has `complex` True and `data`, its repr. msgpack-numpy's kind O is a pickle, that
is a program: it is neither read nor written here. numpy is imported at the first array.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from banyan.errors import DecodeError, MissingLibraryError
from banyan.limits import MAX_ARRAY_DIMENSIONS, MAX_MESSAGE_BYTES
from banyan.wire import dtypes
from banyan.wire.unpackable import UnpackableError

if TYPE_CHECKING:
    import numpy as np

_KINDS: Final = (b"", b"V", "", "V")
_MAX_COMPLEX_CHARACTERS: Final = 64
"""The longest repr of a complex number has 53."""

_LAST_CODE_POINT: Final = 0x10FFFF


def require_numpy() -> Any:
    """Return the numpy module; raise MissingLibraryError with the line that installs it."""
    try:
        import numpy
    except ImportError as error:
        raise MissingLibraryError("pip install 'banyan-backplane[numpy]'") from error
    return numpy


def to_map(value: object, data: Callable[[np.ndarray[Any, Any]], object] | None = None) -> object:
    """Return the map of a numpy array, a numpy scalar or a complex number; else the value itself.

    `data` makes of an array what stands for its data, instead of their bytes in C order. Raises
    UnpackableError for arrays of Python objects, which have no form but a pickle.
    """
    numpy = require_numpy()
    if isinstance(value, numpy.ndarray):
        if hasattr(value, "filled"):  # numpy.ma itself costs 10 ms to import
            raise UnpackableError(
                "is a masked array, whose mask would be lost", "send its filled()"
            )
        return _array_map(numpy.asarray(value), data or _bytes_of)
    if isinstance(value, numpy.generic):
        return {b"nd": False, b"type": dtypes.description(value.dtype), b"data": value.tobytes()}
    if isinstance(value, complex):
        return {b"complex": True, b"data": complex.__repr__(value)}
    return value


def from_map(entries: dict[Any, Any]) -> object:
    """Return what a received map stands for; a map with neither `nd` nor `complex` as it is.

    An array is a read-only view of the received bytes: copy() it to write into it. Raises
    DecodeError for a map that announces an array and holds none.
    """
    if b"nd" not in entries and b"complex" not in entries:
        return entries
    require_numpy()
    try:
        return _read(entries)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise DecodeError(f"no numpy value: {ascii(str(error))[1:160]}") from error


def _array_map(
    array: np.ndarray[Any, Any], data: Callable[[np.ndarray[Any, Any]], object]
) -> dict[bytes, object]:
    description = dtypes.description(array.dtype)
    return {
        b"nd": True,
        b"type": description,
        b"kind": b"" if isinstance(description, str) else b"V",
        b"shape": array.shape,
        b"data": data(array),
    }


def _bytes_of(array: np.ndarray[Any, Any]) -> memoryview | bytes:
    if not array.size:
        return b""
    import numpy

    return numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8).data


def _read(entries: dict[Any, Any]) -> object:
    flag = entries.get(b"nd")
    if b"nd" not in entries:
        return _complex(entries)
    if type(flag) is not bool:
        raise ValueError("nd is neither True nor False")
    _check_kind(entries.get(b"kind", b""))
    data = entries[b"data"]
    if type(data) is not bytes and type(data) is not memoryview:
        raise ValueError("the data are no bytes")
    dtype = dtypes.dtype_of(entries[b"type"])
    shape = _shape(entries[b"shape"]) if flag else ()
    array = _view(shape, dtype, data)
    return array if flag else array[()]


def _check_kind(kind: object) -> None:
    if kind in (b"O", "O"):
        raise ValueError("a pickle, which is never loaded")
    if kind not in _KINDS:
        raise ValueError("an unknown kind")


def _shape(shape: object) -> tuple[int, ...]:
    if type(shape) is not list or len(shape) > MAX_ARRAY_DIMENSIONS:
        raise ValueError(f"the shape is no list of at most {MAX_ARRAY_DIMENSIONS} dimensions")
    if any(type(size) is not int or size < 0 for size in shape):
        raise ValueError("a dimension is no int or is negative")
    if 0 in shape and math.prod(size for size in shape if size) > MAX_MESSAGE_BYTES:
        raise ValueError("an empty array with absurd dimensions")
    return tuple(shape)


def _view(
    shape: tuple[int, ...], dtype: np.dtype[Any], data: bytes | memoryview
) -> np.ndarray[Any, Any]:
    expected = math.prod(shape) * dtype.itemsize
    if expected != len(data):
        raise ValueError(f"type and shape make {expected} bytes, the data are {len(data)}")
    import numpy

    # Of a memoryview numpy.ndarray keeps what is behind it, and not that it is read-only.
    buffer = data if type(data) is bytes else numpy.frombuffer(data, numpy.uint8)
    array: np.ndarray[Any, Any] = numpy.ndarray(shape, dtype, buffer)
    _check_text(array)
    return array


def _check_text(array: np.ndarray[Any, Any]) -> None:
    """Refuse text beyond Unicode, also in fields: reading it would be a SystemError later on."""
    for name in array.dtype.names or ():
        _check_text(array[name])
    if array.dtype.kind == "U" and array.size:
        import numpy

        points = numpy.ascontiguousarray(array).view(f"{array.dtype.str[0]}u4")
        if points.max() > _LAST_CODE_POINT:
            raise ValueError("text beyond Unicode")


def _complex(entries: dict[Any, Any]) -> complex:
    text = entries[b"data"]
    if entries[b"complex"] is not True or not isinstance(text, str | bytes):
        raise ValueError("no complex number")
    if len(text) > _MAX_COMPLEX_CHARACTERS:
        raise ValueError(f"a complex number of over {_MAX_COMPLEX_CHARACTERS} characters")
    return complex(text if isinstance(text, str) else text.decode("ascii"))
