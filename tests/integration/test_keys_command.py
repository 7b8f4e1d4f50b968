"""`banyan keys` as its users run it."""

from __future__ import annotations

import json
import os
import shlex
import stat
import subprocess
import sys

import pytest
from tools import CHECKOUT

from banyan.cli.main import main
from banyan.keys import KeyRing, load_credentials


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run `banyan keys` in this process and an empty directory: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    secrets = []

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["banyan", "keys", *map(str, arguments)])
        status = main()
        said = capsys.readouterr()
        secrets.extend(load_credentials(file).secret.decode() for file in tmp_path.rglob("*.key"))
        assert not any(secret in said.out + said.err for secret in secrets)
        return status, *said

    return call


def test_the_way_on_one_machine(run):
    assert run("new", "my_keys")[0] == 0
    status, said, _ = run("new", "alice.key", "--for", "my_keys")
    assert status == 0
    assert "monitor --keys alice.key" in said
    ring, alice = KeyRing.load("my_keys"), load_credentials("alice.key")
    assert ring.allowed == {alice.public: "alice"}
    assert (alice.name, alice.backplane) == ("alice", ring.own.public)
    if os.name == "posix":
        assert stat.S_IMODE(os.stat("alice.key").st_mode) == 0o600


def test_the_way_from_another_machine(run):
    """The public key is read off one screen, the line to type off the other."""
    run("new", "my_keys")
    own = json.loads(run("show", "my_keys", "--json")[1])["public"]
    status, said, _ = run("new", "bob.key", "--backplane", own, "--name", "bobby")
    assert status == 0
    line = next(line for line in said.splitlines() if "keys allow" in line)
    words = shlex.split(line.replace("DIR", "my_keys"))
    assert words[:2] == ["banyan", "keys"]
    assert run(*words[2:])[0] == 0
    assert KeyRing.load("my_keys").allowed == {load_credentials("bob.key").public: "bobby"}
    assert run("revoke", "my_keys", "bobby")[0] == 0
    assert KeyRing.load("my_keys").allowed == {}


def test_letting_in_a_file(run):
    run("new", "my_keys")
    own = KeyRing.load("my_keys").own.public.decode()
    run("new", "bob.key", "--backplane", own)
    assert run("allow", "my_keys", "bob", "bob.key")[0] == 0
    shown = [json.loads(line) for line in run("show", "my_keys", "--json")[1].splitlines()]
    assert [(row["role"], row["name"]) for row in shown] == [
        ("backplane", "backplane"),
        ("allowed", "bob"),
    ]
    assert run("show", "bob.key")[1].count(own) == 1
    assert run("show", "my_keys/allowed/bob.pub")[0] == 0


def test_a_key_that_begins_like_an_option_is_none(run):
    run("new", "my_keys")
    public = "-1iXJW<FsE0B*CQ}(zNC:wSROKuyFo0WSQrK@u(x"
    assert run("allow", "my_keys", "odd", public)[::2] == (0, "")
    assert run("show", "my_keys", "--json")[1].count(public) == 1


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("new", "x.key"), 2, "needs --for DIR"),
        (("new", "x", "--name", "x"), 2, "needs --for DIR"),
        (("new", "my_keys"), 1, "never overwritten"),
        (("new", "alice.key", "--for", "my_keys"), 1, "'alice' is let in already"),
        (("new", "alice.key", "--for", "my_keys", "--name", "a2"), 1, "never overwritten"),
        (("new", "x.key", "--for", "nix"), 1, "no such directory"),
        (("new", ".key", "--for", "my_keys"), 2, "--name gives another one"),
        (("new", "x.key", "--backplane", "short"), 2, "40 characters, not 5"),
        (("new", "x.key", "--for", "my_keys", "--backplane", "y"), 2, "leave out --backplane"),
        (("new", "nix/x.key", "--for", "my_keys"), 1, "cannot be written"),
        (("allow", "my_keys", "../x", "y"), 2, "bad name"),
        (("allow", "my_keys", "x", "nix.key"), 2, "neither a file nor a key"),
        (("allow", "my_keys", "x", "alice.key"), 1, "let in already, as 'alice'"),
        (("revoke", "my_keys", "alic"), 1, "did you mean 'alice'"),
        (("revoke", "nix", "alice"), 1, "no such directory"),
        (("show", "nix"), 1, "no such file"),
    ],
)
def test_what_goes_wrong(run, arguments, status, said):
    run("new", "my_keys")
    run("new", "alice.key", "--for", "my_keys")
    before = KeyRing.load("my_keys").allowed, load_credentials("alice.key")
    got = run(*arguments)
    assert got[0] == status
    assert said in " ".join(got[2].split())
    assert (KeyRing.load("my_keys").allowed, load_credentials("alice.key")) == before
    assert not os.path.exists("x.key")


def test_a_fault_in_the_directory_is_shown_beside_the_rest(run):
    run("new", "my_keys")
    run("new", "alice.key", "--for", "my_keys")
    with open("my_keys/allowed/bob.pub", "w", encoding="utf-8") as file:
        file.write("nonsense")
    status, said, errors = run("show", "my_keys")
    assert status == 1
    assert "alice" in said
    assert errors.startswith("my_keys/allowed/bob.pub: error: ")
    with open("my_keys/permissions.toml", "w", encoding="utf-8") as file:
        file.write("[alice]\npublish = 1\n")
    status, _, errors = run("show", "my_keys")
    assert status == 1
    assert "permissions.toml:2: error: publish is an int" in errors


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_an_exposed_secret_is_refused(run):
    run("new", "my_keys")
    run("new", "alice.key", "--for", "my_keys")
    os.chmod("alice.key", 0o644)
    monitor = [sys.executable, "-m", "components.monitor", "-b", "127.0.0.1", "--keys", "alice.key"]
    for command in ([sys.executable, "-m", "banyan", "keys", "show", "alice.key"], monitor):
        got = subprocess.run(
            command,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert got.returncode == 1
        assert got.stderr.endswith("Type: chmod 600 alice.key\n")
        assert len(got.stderr.splitlines()) == 1
    os.chmod("alice.key", 0o600)


def test_help_teaches_the_whole_way(run):
    status, said, _ = run("--help")
    assert status == 0
    for word in (
        "banyan keys new my_keys",
        "--for my_keys",
        "backplane --keys",
        "permissions.toml",
    ):
        assert word in said
