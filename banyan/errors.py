"""Every error Banyan raises. One root; each leaf is also the builtin a caller would catch.

    BanyanError
    ├── TopicTypeError           (TypeError)      a topic that is not a str
    ├── TopicError               (ValueError)     a topic too long, reserved or not encodable
    ├── PayloadTypeError         (TypeError)      something in a payload has no MessagePack form
    ├── PayloadSizeError         (ValueError)     a payload over its limit
    ├── DecodeError              (ValueError)     received bytes that are no message
    ├── SharedGapError           (LookupError)    data in shared memory replaced before being read
    ├── SharedElsewhereError     (LookupError)    data in shared memory that is not visible here
    ├── EndpointError            (ValueError)     an address or port that cannot be one
    ├── BackplaneNotRunningError (RuntimeError)   no address given and no backplane found
    ├── PortInUseError           (OSError)        a backplane's port is taken
    ├── RoutingSpecError         (RuntimeError)   a routing specification with faults
    ├── RoutingSpecMissingError  (ValueError)     no routing specification, or no such file
    ├── UnknownBackplaneError    (StopIteration)  a name that is not in the routing specification
    ├── KeyFileError             (ValueError)     a key file that is missing, faulty or not safe
    ├── SettingError             (ValueError)     an argument or variable with an impossible value
    ├── SocketTypeError          (ValueError)     a socket that is None or of the wrong kind
    ├── ClosedError              (RuntimeError)   a component used after clean_up()
    └── MissingLibraryError      (ImportError)    an optional library that is not installed

The builtins are those python_banyan raises, so that programs written for it catch ours.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "BackplaneNotRunningError",
    "BanyanError",
    "ClosedError",
    "DecodeError",
    "EndpointError",
    "Fault",
    "KeyFileError",
    "MissingLibraryError",
    "PayloadSizeError",
    "PayloadTypeError",
    "PortInUseError",
    "RoutingSpecError",
    "RoutingSpecMissingError",
    "SettingError",
    "SharedElsewhereError",
    "SharedGapError",
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


class SharedGapError(BanyanError, LookupError):
    """The data of a message in shared memory were replaced before this subscriber read them."""


class SharedElsewhereError(BanyanError, LookupError):
    """The data of a message are in memory that this process cannot see; the message says why."""


class EndpointError(BanyanError, ValueError):
    """An address or a port that cannot be one."""


class BackplaneNotRunningError(BanyanError, RuntimeError):
    """No address was given and no backplane runs on this machine."""


class PortInUseError(BanyanError, OSError):
    """A port that a backplane was to listen on is taken."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a text file, with its place; str() writes it as compilers do."""

    source: str
    line: int
    """Counted from 1; 0 means the file as a whole."""
    column: int
    """In characters, counted from 1; 0 means the line as a whole."""
    message: str
    severity: str = "error"
    """`error` or `warning`."""

    def __str__(self) -> str:
        place = [str(number) for number in (self.line, self.column) if number]
        return f"{':'.join([self.source, *place])}: {self.severity}: {self.message}"


class RoutingSpecError(BanyanError, RuntimeError):
    """A routing specification with faults; the message lists all of them, one a line."""

    def __init__(self, *args: object, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(*(args or ["\n".join(map(str, faults))]))
        self.faults = faults


class RoutingSpecMissingError(BanyanError, ValueError):
    """No routing specification was given, or there is no such file."""


class UnknownBackplaneError(BanyanError, StopIteration):
    """A backplane's name that is not in the routing specification."""


class KeyFileError(BanyanError, ValueError):
    """A key file, or a directory of them, that is missing, faulty, or open to other users.

    `faults` lists what is wrong in a file of permissions.
    """

    def __init__(self, *args: object, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(*(args or ["\n".join(map(str, faults))]))
        self.faults = faults


class SettingError(BanyanError, ValueError):
    """An argument or an environment variable with a value it cannot have; the message names it."""


class SocketTypeError(BanyanError, ValueError):
    """A socket that is None or of the wrong kind."""


class ClosedError(BanyanError, RuntimeError):
    """A component was used after clean_up()."""


class MissingLibraryError(BanyanError, ImportError):
    """An optional library is not installed; the message is the line that installs it."""
