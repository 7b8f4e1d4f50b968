"""Every error Banyan raises. One root; each leaf is also the builtin a caller would catch.

    BanyanError
    ├── TopicTypeError           (TypeError)      a topic that is not a str
    ├── TopicError               (ValueError)     a topic too long, reserved or not encodable
    ├── PayloadTypeError         (TypeError)      something in a payload has no MessagePack form
    ├── PayloadSizeError         (ValueError)     a payload over its limit
    ├── DecodeError              (ValueError)     received bytes that are no message
    ├── EndpointError            (ValueError)     an address or port that cannot be one
    ├── BackplaneNotRunningError (RuntimeError)   no address given and no backplane found
    ├── PortInUseError           (OSError)        a backplane's port is taken
    ├── RoutingSpecError         (RuntimeError)   a routing specification with faults
    ├── RoutingSpecMissingError  (ValueError)     no routing specification, or no such file
    ├── UnknownBackplaneError    (StopIteration)  a name that is not in the routing specification
    ├── SocketTypeError          (ValueError)     a socket that is None or of the wrong kind
    ├── ClosedError              (RuntimeError)   a component used after clean_up()
    └── MissingLibraryError      (ImportError)    an optional library that is not installed

The builtins are those python_banyan raises, so that programs written for it catch ours.
"""

from __future__ import annotations

__all__ = [
    "BackplaneNotRunningError",
    "BanyanError",
    "ClosedError",
    "DecodeError",
    "EndpointError",
    "MissingLibraryError",
    "PayloadSizeError",
    "PayloadTypeError",
    "PortInUseError",
    "RoutingSpecError",
    "RoutingSpecMissingError",
    "SocketTypeError",
    "TopicError",
    "TopicTypeError",
    "UnknownBackplaneError",
]


class BanyanError(Exception):
    """The root of all errors raised by Banyan."""


class TopicTypeError(BanyanError, TypeError):
    """A topic that is not a str."""


class TopicError(BanyanError, ValueError):
    """A topic that is too long, reserved, or cannot be written as UTF-8."""


class PayloadTypeError(BanyanError, TypeError):
    """Something in a payload has no MessagePack form; the message names the key path and type."""


class PayloadSizeError(BanyanError, ValueError):
    """A payload over its limit; the message carries both numbers."""


class DecodeError(BanyanError, ValueError):
    """Received bytes that are no message; the message says why."""


class EndpointError(BanyanError, ValueError):
    """An address or a port that cannot be one."""


class BackplaneNotRunningError(BanyanError, RuntimeError):
    """No address was given and no backplane runs on this machine."""


class PortInUseError(BanyanError, OSError):
    """A port that a backplane was to listen on is taken."""


class RoutingSpecError(BanyanError, RuntimeError):
    """A routing specification with faults; the message lists all of them."""


class RoutingSpecMissingError(BanyanError, ValueError):
    """No routing specification was given, or there is no such file."""


class UnknownBackplaneError(BanyanError, StopIteration):
    """A backplane's name that is not in the routing specification."""


class SocketTypeError(BanyanError, ValueError):
    """A socket that is None or of the wrong kind."""


class ClosedError(BanyanError, RuntimeError):
    """A component was used after clean_up()."""


class MissingLibraryError(BanyanError, ImportError):
    """An optional library is not installed; the message is the line that installs it."""
