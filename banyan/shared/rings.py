"""Rings: where a subscriber reads the data of messages whose second frame is a handle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from banyan import limits
from banyan.errors import DecodeError, SharedElsewhereError, SharedGapError
from banyan.shared import places, segment
from banyan.shared.mapping import Mapping
from banyan.wire import handle as handles
from banyan.wire import leaves
from banyan.wire.codec import Payload
from banyan.wire.handle import Handle
from banyan.wire.wording import shown

_CURE: Final = "publish without shared=True"


class Rings:
    """Unpacks handles, in one thread. Segments stay open to be read again.

    A handle comes from anybody on the bus. All that it can name is a file in a folder that this
    user alone may enter, and a place in it.
    """

    def __init__(self, folders: Sequence[Path] | None = None) -> None:
        self._folders = folders
        self._open: dict[tuple[str, int], Mapping] = {}

    def unpack(self, body: bytes | memoryview, *, arrays: bool) -> Payload:
        """Return the payload: large bytes are read-only memoryviews, arrays read-only views.

        Raises SharedGapError when the data have been replaced, SharedElsewhereError when they are
        out of reach, and DecodeError for what is no handle.
        """
        handle = handles.unpack(body)
        view = self._view(handle)
        if view is None:
            raise SharedGapError("came too late: the publisher has used the memory again")
        views = [_part(view, offset, length) for offset, length in handle.leaves]
        return leaves.put_back(handle.skeleton, handle.hole, views, arrays=arrays)

    def close(self) -> None:
        """Close all segments; what was received stays valid."""
        self._open.clear()

    def _view(self, handle: Handle) -> memoryview | None:
        try:
            return self._mapping(handle).view(handle.generation)
        except FileNotFoundError:
            raise SharedGapError("came too late: the publisher has deleted the data") from None
        except (OSError, ValueError) as error:
            raise SharedElsewhereError(
                f"the data cannot be read here ({error}); {_CURE}"
            ) from error

    def _mapping(self, handle: Handle) -> Mapping:
        key = handle.ring, handle.segment
        mapping = self._open.get(key)
        if mapping is None:
            path = self._folder(handle) / segment.name_of(handle.segment)
            self._make_room(handle.ring)
            mapping = self._open[key] = Mapping(path, handle.ring, handle.segment)
        return mapping

    def _folder(self, handle: Handle) -> Path:
        for place in places.places() if self._folders is None else self._folders:
            folder = places.folder_of(place, handle.ring)
            try:
                status = os.lstat(folder)
            except OSError:
                continue
            if not places.is_private_folder(status):
                raise SharedElsewhereError(f"the data are in memory of another user; {_CURE}")
            return folder
        raise SharedElsewhereError(f"{_where(handle)}; {_CURE}")

    def _make_room(self, ring: str) -> None:
        """Close what nobody reads: at a new ring, segments of those that ended; else the oldest."""
        if all(ring != other for other, _ in self._open):
            for key in [key for key, mapping in self._open.items() if mapping.is_deleted()]:
                del self._open[key]
        if len(self._open) < limits.SHARED_OPEN_SEGMENTS:
            return
        oldest = next((key for key, mapping in self._open.items() if not mapping.is_read()), None)
        if oldest is None:
            raise SharedGapError(
                f"data of {len(self._open)} segments are held on to: copy what is to be kept"
            )
        del self._open[oldest]


def _part(view: memoryview, offset: int, length: int) -> memoryview:
    if not segment.HEADER_BYTES <= offset <= view.nbytes - length:
        raise DecodeError(f"a handle to {length} bytes at {offset} of {view.nbytes}")
    return view[offset : offset + length]


def _where(handle: Handle) -> str:
    theirs, ours = handle.host, places.host()
    known = handle.boot and places.boot()
    same = handle.boot == places.boot() if known else theirs == ours
    if same and theirs == ours:
        return "the data are gone as their publisher ended, or belong to another container"
    if same:
        return f"the data are in another container, {shown(theirs)}, or their publisher ended"
    if theirs == ours:
        return f"the data are in the memory of another machine that is called {ours!r}, too"
    return f"the data are in the memory of {shown(theirs)}, and this is {ours!r}"
