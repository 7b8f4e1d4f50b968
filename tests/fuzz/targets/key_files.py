"""Any text as a key file: a key, or an error that shows nothing of what may be a secret."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from banyan.errors import KeyFileError
from banyan.keys.key_file import load_credentials, load_public
from fuzz import refusals

_FOLDER = tempfile.TemporaryDirectory()
_PUBLIC = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
_SECRET = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs"
"""The pair in the example of ZeroMQ's RFC 32 and of its manual on CURVE."""


def one_input(data: bytes) -> None:
    file = Path(_FOLDER.name) / "x.key"
    file.write_bytes(data)
    file.chmod(0o600)
    for load in (load_credentials, load_public):
        try:
            found = load(file)
        except KeyFileError as error:
            refusals.check(error, _SECRET)
            continue
        public = found if isinstance(found, bytes) else found.public
        assert len(public) == 40
        assert isinstance(found, bytes) or _SECRET not in repr(found)


def seeds() -> Iterator[bytes]:
    pair = f'name = "alice"\npublic = "{_PUBLIC}"\nsecret = "{_SECRET}"\n'
    yield pair.encode()
    yield f'{pair}backplane = "{_PUBLIC}"\n# end'.encode()
    yield f'public = "{_PUBLIC}"\n'.encode()
    yield f"{_PUBLIC}\n".encode()
    yield f'{pair}"\\u001b[2J" = 5\n'.encode()
    yield f'name = "alice"\nsecret = {_SECRET}\n{_SECRET} = 1\n'.encode()
