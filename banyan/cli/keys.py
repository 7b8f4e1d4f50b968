"""`banyan keys`: makes and shows keys, says whom a backplane lets in; never prints a secret."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from banyan.cli import program, tables
from banyan.errors import KeyFileError
from banyan.keys import directory, key_file
from banyan.keys.key import parse_key, parse_name
from banyan.keys.key_ring import KeyRing

if TYPE_CHECKING:
    from banyan.errors import Fault
    from banyan.keys.key_file import Credentials

__all__ = ["keys"]

PATH: Final = program.Place(path_type=Path)

KEY_SUFFIX: Final = ".key"

_LENIENT: Final = {"ignore_unknown_options": True}
"""A public key may begin with a hyphen."""


@click.group()
def keys() -> None:
    """Make and show keys, and say who may come in.

    With keys a backplane lets in known components only, all they say is encrypted, and nobody
    else can pass for the backplane. It has a directory of its own; each component has a file,
    which says who it is and which backplane it trusts. A secret key never leaves its file, and
    what is copied from machine to machine is public.

    \b
    On one machine:
      banyan keys new my_keys                          the backplane's directory
      banyan keys new alice.key --for my_keys          a key for the component alice
      backplane --keys my_keys
      monitor --keys alice.key
    \b
    The component on another machine:
      banyan keys show my_keys                         at the backplane: its public key
      banyan keys new bob.key --backplane 'PUBLICKEY'  over there; prints what to type here:
      banyan keys allow my_keys bob 'PUBLICKEY'
    \b
    Taking it back; a running backplane cuts its connection within a second:
      banyan keys revoke my_keys bob
    \b
    Who may publish and subscribe to what stands in my_keys/permissions.toml; without that file
    every key may everything:
      [alice]
      publish = ["camera/"]               topics that begin so
      subscribe = ["command/", "time"]
      ["*"]                               all others
      subscribe = [""]                    everything
    """


@keys.command()
@click.argument("path", type=PATH, metavar="PATH")
@click.option(
    "--for",
    "directory_",
    type=PATH,
    metavar="DIR",
    help="Make a component's key, and let it in at the backplane of this directory.",
)
@click.option(
    "--backplane",
    metavar="PUBLICKEY",
    help="Make a component's key for the backplane with this public key.",
)
@click.option("--name", metavar="NAME", help="Name of the component.  [default: the file's]")
def new(path: Path, directory_: Path | None, backplane: str | None, name: str | None) -> None:
    """Make a backplane's directory, or with --for or --backplane a component's key file.

    What exists is never overwritten.

    \b
    Examples:
      banyan keys new my_keys
      banyan keys new alice.key --for my_keys
      banyan keys new bob.key --backplane 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
    """
    if directory_ is not None and backplane is not None:
        raise click.UsageError("--for knows the backplane's public key: leave out --backplane.")
    if directory_ is None and backplane is None:
        _new_directory(path, name)
        return
    name = _name(name or path.stem, "; --name gives another one")
    if directory_ is not None:
        _new_here(path, name, directory_)
    else:
        _new_elsewhere(path, name, _key(backplane))


@keys.command()
@click.argument("path", type=PATH, metavar="PATH")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, one for each key.")
@click.pass_context
def show(ctx: click.Context, path: Path, as_json: bool) -> None:
    """Print the public key of a file, or a backplane's own and all that it lets in.

    PATH is a key file or a backplane's directory. Exits with 1 if something is wrong in it.

    \b
    Examples:
      banyan keys show alice.key
      banyan keys show my_keys
    """
    rows, faults = _rows_of_directory(path) if path.is_dir() else (_rows_of_file(path), ())
    if as_json:
        for role, name, public in rows:
            click.echo(json.dumps({"role": role, "name": name, "public": public}))
    else:
        tables.show(["role", "name", "public key"], rows)
    for fault in faults:
        click.echo(str(fault), err=True)
    ctx.exit(1 if any(fault.severity == "error" for fault in faults) else 0)


@keys.command(context_settings=_LENIENT)
@click.argument("directory_", type=PATH, metavar="DIR")
@click.argument("name", metavar="NAME")
@click.argument("public", metavar="PUBLICKEY|FILE")
def allow(directory_: Path, name: str, public: str) -> None:
    """Let a key in at the backplane of DIR, under a name.

    The key is given as its 40 characters, or as a file that holds it. A running backplane takes
    note within a second.

    \b
    Examples:
      banyan keys allow my_keys bob 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7'
      banyan keys allow my_keys bob bob.pub
    """
    directory.admit(directory_, _name(name), _key_or_file(public))
    click.echo(f"{name} is let in at the backplane of {directory_}.")


@keys.command()
@click.argument("directory_", type=PATH, metavar="DIR")
@click.argument("name", metavar="NAME")
def revoke(directory_: Path, name: str) -> None:
    """Take a key back.

    A running backplane cuts its connection within a second and refuses it from then on.

    \b
    Example:
      banyan keys revoke my_keys bob
    """
    directory.revoke(directory_, _name(name))
    click.echo(f"{name} is let in no more at the backplane of {directory_}.")


# --- making ---------------------------------------------------------------------------------


def _new_directory(path: Path, name: str | None) -> None:
    if path.suffix == KEY_SUFFIX or name is not None:
        raise click.UsageError(
            "a component's key needs --for DIR, or --backplane PUBLICKEY on another machine "
            f"than the backplane's. {path} alone would be a backplane's directory."
        )
    own = directory.create(path)
    click.echo(f"Made {path} for a backplane; its public key is {own.public.decode()}")
    _say_next(
        ("make a component's key and let it in", "banyan keys new NAME.key --for", path),
        ("start the backplane", "backplane --keys", path),
    )


def _new_here(path: Path, name: str, backplane: Path) -> None:
    """Make a component's key and let it in; all or nothing."""
    own = directory.own_public(backplane)
    directory.check_new(backplane, name)
    credentials = _new_file(path, name, own)
    try:
        directory.admit(backplane, name, credentials.public)
    except KeyFileError:
        path.unlink()
        raise
    click.echo(f"{name} is let in at the backplane of {backplane}.")
    _say_use(path)


def _new_elsewhere(path: Path, name: str, backplane: bytes) -> None:
    credentials = _new_file(path, name, backplane)
    public = shlex.quote(credentials.public.decode())
    click.echo(f"To let it in, type at the backplane:\n  banyan keys allow DIR {name} {public}")
    _say_use(path)


def _new_file(path: Path, name: str, backplane: bytes) -> Credentials:
    credentials = key_file.new_credentials(name, backplane)
    key_file.save(credentials, path)
    click.echo(f"Made {path}, the key of {name}. Whoever reads it can pass for {name}.")
    return credentials


def _say_use(path: Path) -> None:
    _say_next(("connect with it", "monitor --keys", path))
    click.echo(f"In Python: BanyanBase(keys={str(path)!r}); for all programs: BANYAN_KEYS={path}")


def _say_next(*steps: tuple[str, str, Path]) -> None:
    for what, command, path in steps:
        click.echo(f"To {what}:\n  {command} {shlex.quote(str(path))}")


# --- reading what was typed -----------------------------------------------------------------


def _name(text: str, hint: str = "") -> str:
    try:
        return parse_name(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}{hint}") from None


def _key(text: str | None) -> bytes:
    try:
        return parse_key(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}. `banyan keys show` prints public keys.") from None


def _key_or_file(text: str) -> bytes:
    """Return a key; a file that exists is one, even if its path could be a key."""
    file = Path(text)
    if file.is_file():
        return key_file.load_public(file)
    try:
        return parse_key(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is neither a file nor a key: {error}.") from None


# --- showing --------------------------------------------------------------------------------


def _rows_of_file(path: Path) -> list[list[str]]:
    try:
        credentials = key_file.load_credentials(path)
    except KeyFileError:
        if path.suffix == KEY_SUFFIX:
            raise
        return [["key", path.stem, key_file.load_public(path).decode()]]
    rows = [["key", credentials.name, credentials.public.decode()]]
    if credentials.backplane is not None:
        rows.append(["backplane", "", credentials.backplane.decode()])
    return rows


def _rows_of_directory(path: Path) -> tuple[list[list[str]], tuple[Fault, ...]]:
    ring = KeyRing.load(path)
    rows = [["backplane", ring.own.name, ring.own.public.decode()]]
    names = sorted((name, public.decode()) for public, name in ring.allowed.items())
    return rows + [["allowed", name, public] for name, public in names], ring.faults
