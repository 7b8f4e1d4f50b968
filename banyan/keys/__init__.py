"""Key files: who may come in to a backplane, and what about. Knows files, no sockets."""

from __future__ import annotations

from banyan.keys.key_file import Credentials, load_credentials
from banyan.keys.key_ring import KeyRing
from banyan.keys.permissions import Permissions
from banyan.keys.rights import Rights

__all__ = ["Credentials", "KeyRing", "Permissions", "Rights", "load_credentials"]
