"""A backplane's directory of keys: read, changed, watched."""

from __future__ import annotations

import os
import re
import stat

import pytest

from banyan.errors import KeyFileError
from banyan.keys import KeyRing, directory
from banyan.keys.key_file import new_credentials

ALICE, BOB = new_credentials("alice"), new_credentials("bob")
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "deep" / "keys"
    directory.create(path)
    directory.admit(path, "alice", ALICE.public)
    return path


def test_what_was_let_in_is_read(place):
    ring = KeyRing.load(str(place))
    assert ring.allowed == {ALICE.public: "alice"}
    assert ring.own.public == directory.own_public(place)
    assert ring.own.backplane is None
    assert ring.permissions is None
    assert ring.faults == ()


@POSIX
def test_a_new_directory_is_ours_alone(place):
    for path in (place, place / "allowed"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((place / "backplane.key").stat().st_mode) == 0o600
    assert sorted(file.name for file in (place / "allowed").iterdir()) == ["alice.pub"]


def test_an_empty_directory_is_taken_one_with_keys_is_not(tmp_path, place):
    (tmp_path / "empty").mkdir(0o755)
    directory.create(tmp_path / "empty")
    before = (place / "backplane.key").read_bytes()
    with pytest.raises(KeyFileError, match="never overwritten"):
        directory.create(place)
    assert (place / "backplane.key").read_bytes() == before
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(KeyFileError, match="file"):
            directory.create(path)


def test_revoking(place):
    directory.revoke(place, "alice")
    assert KeyRing.load(place).allowed == {}
    with pytest.raises(KeyFileError, match="no key is let in as 'alice'"):
        directory.revoke(place, "alice")
    directory.admit(place, "bob", BOB.public)
    with pytest.raises(KeyFileError, match="did you mean 'bob'"):
        directory.revoke(place, "bobb")
    for name in ("../backplane", "..", "", "a/b"):
        with pytest.raises(KeyFileError, match="bad name"):
            directory.revoke(place, name)
    assert (place / "backplane.key").exists()


def test_a_name_and_a_key_are_let_in_once(place):
    with pytest.raises(KeyFileError, match="'alice' is let in already"):
        directory.admit(place, "alice", BOB.public)
    with pytest.raises(KeyFileError, match="let in already, as 'alice'"):
        directory.admit(place, "second", ALICE.public)
    assert KeyRing.load(place).allowed == {ALICE.public: "alice"}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("bad.pub", "nonsense", "a key has 40 characters"),
        ("bad.pub", 'public = "x"', "a key has 40 characters"),
        ("bad.pub", "", "a key has 40 characters|it has no 'public' key"),
        (".bob.pub", None, None),
        ("bob.txt", None, "not called NAME.pub"),
        ("b ob.pub", None, "bad name"),
        ("zoe.pub", ALICE.public.decode(), "the key of 'alice' again"),
    ],
)
def test_a_faulty_file_lets_nobody_in_and_hinders_nobody(place, name, text, said):
    (place / "allowed" / name).write_text(BOB.public.decode() if text is None else text)
    ring = KeyRing.load(place)
    assert ring.allowed == {ALICE.public: "alice"}
    if said is None:  # being written by somebody
        assert ring.faults == ()
    else:
        (fault,) = ring.faults
        assert fault.source == str(place / "allowed" / name)
        assert re.search(said, fault.message)


@POSIX
def test_what_others_may_change_is_refused(place):
    for path, mode, said in (
        (place, 0o770, "chmod go-w"),
        (place / "allowed", 0o707, "chmod go-w"),
        (place / "backplane.key", 0o640, "chmod 600"),
    ):
        before = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode)
        with pytest.raises(KeyFileError, match=said):
            KeyRing.load(place)
        path.chmod(before)
    (place / "allowed" / "alice.pub").chmod(0o666)
    ring = KeyRing.load(place)
    assert ring.allowed == {}
    assert "chmod go-w" in ring.faults[0].message


def test_a_missing_directory_is_said_how_to_make(tmp_path):
    with pytest.raises(KeyFileError, match=r"banyan keys new .*nix"):
        KeyRing.load(tmp_path / "nix")
    with pytest.raises(KeyFileError, match=r"backplane\.key: there is no such file"):
        KeyRing.load(tmp_path)


def test_there_is_an_end_to_keys(place, monkeypatch):
    monkeypatch.setattr("banyan.keys.key_ring.MAX_KEYS", 3)
    for number in range(3):
        (place / "allowed" / f"n{number}.pub").write_text(new_credentials("x").public.decode())
    with pytest.raises(KeyFileError, match="over 3 files"):
        KeyRing.load(place)


def test_the_stamp_changes_with_every_file(place):
    seen = [KeyRing.stamp(place)]
    for change in (
        lambda: directory.admit(place, "bob", BOB.public),
        lambda: (place / "permissions.toml").write_text('["*"]\n'),
        lambda: (place / "permissions.toml").write_text('["*"]\npublish = [""]\n'),
        (place / "permissions.toml").unlink,
        lambda: directory.revoke(place, "bob"),
        (place / "allowed" / "alice.pub").unlink,
        (place / "backplane.key").unlink,
    ):
        change()
        stamp = KeyRing.stamp(place)
        assert stamp != seen[-1]
        assert stamp == KeyRing.stamp(place)
        seen.append(stamp)
    assert KeyRing.stamp(place / "nix") == KeyRing.stamp(place / "nix")


def test_permissions_are_read_with_the_names_of_the_keys(place):
    (place / "permissions.toml").write_text('[alice]\npublish = ["a"]\n[bob]\n')
    ring = KeyRing.load(place)
    assert ring.permissions.may_subscribe("alice", b"__banyan__/rights/" + ALICE.public)
    assert [fault.severity for fault in ring.faults] == ["warning"]


def test_a_slip_in_the_permissions_keeps_the_old_ones_but_revokes(place):
    directory.admit(place, "bob", BOB.public)
    (place / "permissions.toml").write_text('[alice]\npublish = ["a"]\n')
    ring = KeyRing.load(place)
    (place / "permissions.toml").write_text('[alice]\npublish = "a"\n')
    directory.revoke(place, "bob")
    with pytest.raises(KeyFileError, match=r"permissions\.toml:2: error: publish is a str"):
        KeyRing.load(place)
    again = ring.reload()
    assert again.allowed == {ALICE.public: "alice"}
    assert again.permissions == ring.permissions
    assert [fault.line for fault in again.faults] == [2]
    (place / "permissions.toml").unlink()
    gone = ring.reload()
    assert gone.permissions == ring.permissions
    assert [fault.severity for fault in gone.faults] == ["warning"]


def test_our_own_keys_stay_while_we_run(place):
    ring = KeyRing.load(place)
    (place / "backplane.key").unlink()
    assert ring.reload() == ring
