"""Key files: whole, ours, and nobody else's business."""

from __future__ import annotations

import contextlib
import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.errors import KeyFileError
from banyan.keys import guarded
from banyan.keys.choice import KeyChoice, credentials_for
from banyan.keys.key_file import load_credentials, load_public, new_credentials, save
from banyan.limits import MAX_KEY_FILE_BYTES

BACKPLANE = new_credentials("backplane").public
ALICE = new_credentials("alice", BACKPLANE)
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "alice.key"
    save(ALICE, path)
    return path


def rewrite(file, old, new):
    file.write_text(file.read_text().replace(old, new))


def test_what_is_saved_is_loaded(file):
    assert load_credentials(file) == ALICE
    assert load_credentials(str(file)) == ALICE


def test_a_secret_is_never_shown(file):
    assert ALICE.secret.decode() not in repr(load_credentials(file))
    assert str(ALICE.secret) not in repr(load_credentials(file))


@POSIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_new_file_is_for_our_eyes_only_whatever_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        save(ALICE, tmp_path / "new.key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.key").stat().st_mode) == 0o600


def test_nothing_is_overwritten_not_even_through_a_link(file, tmp_path):
    before = file.read_bytes()
    with pytest.raises(KeyFileError, match=r"alice\.key: it exists already"):
        save(new_credentials("eve", BACKPLANE), file)
    link = tmp_path / "link.key"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyFileError, match="exists already"):
        save(ALICE, link)
    assert file.read_bytes() == before
    assert not (tmp_path / "elsewhere").exists()


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777])
def test_a_secret_others_may_touch_is_refused_with_the_cure(file, mode):
    file.chmod(mode)
    with pytest.raises(KeyFileError) as caught:
        load_credentials(file)
    assert f"(mode 0{mode:o})" in str(caught.value)
    assert str(caught.value).endswith(f"Type: chmod 600 {file}")


@POSIX
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_modes_that_are_safe(file, mode):
    file.chmod(mode)
    assert load_credentials(file) == ALICE


@POSIX
def test_the_cure_quotes_what_a_shell_would_split(tmp_path):
    file = tmp_path / "my $key.key"
    save(ALICE, file)
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match=r"chmod 600 '.*my \$key\.key'$"):
        load_credentials(file)


@POSIX
def test_a_file_of_another_user_is_refused(file, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    real = os.fstat

    def fstat(descriptor):
        status = list(real(descriptor))
        status[stat.ST_UID] = 12345
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", fstat)
    with pytest.raises(KeyFileError, match=r"belongs to user 12345, not to us \(54321\) or root"):
        load_credentials(file)


@POSIX
def test_a_link_is_judged_by_what_it_leads_to(file, tmp_path):
    link = tmp_path / "link.key"
    link.symlink_to(file)
    assert load_credentials(link) == ALICE
    file.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_credentials(link)


@POSIX
def test_what_is_no_file_is_refused_without_waiting(tmp_path):
    pipe = tmp_path / "pipe.key"
    os.mkfifo(pipe, 0o600)
    for path in (pipe, tmp_path, "/dev/zero"):
        with pytest.raises(KeyFileError, match="it is no file but"):
            load_credentials(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(KeyFileError, match=r"nix\.key: there is no such file"):
        load_credentials(tmp_path / "nix.key")
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_credentials("a\0b")


def test_a_wrong_file_is_not_read_whole(file):
    with file.open("a") as more:
        more.write("#" * MAX_KEY_FILE_BYTES)
    with pytest.raises(KeyFileError, match=f"over {MAX_KEY_FILE_BYTES} bytes"):
        load_credentials(file)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("public = ", "public = = ", r"alice\.key:3:10: error: it is no TOML"),
        ('name = "alice"', 'name = "../alice"', "bad name"),
        ('name = "alice"', "name = 3", "bad name 3"),
        ('name = "alice"\n', "", "it has no 'name'"),
        ("backplane = ", "backplain = ", "'backplain' does not belong"),
        ("public = ", "public = 3 # ", "'public' is wrong: a key is a text"),
        ("public = ", "[public]\nx = ", "it is no key file: it has no 'secret'"),
        (ALICE.public.decode(), ALICE.public.decode()[1:], "'public' is wrong: .* not 39"),
        (ALICE.public.decode(), BACKPLANE.decode(), "does not belong to its secret key"),
        (ALICE.secret.decode(), "#" * 40, "'secret' is wrong: it is no key"),
    ],
)
def test_what_is_wrong_is_said(file, old, new, said):
    rewrite(file, old, new)
    with pytest.raises(KeyFileError, match=said) as caught:
        load_credentials(file)
    assert ALICE.secret.decode() not in str(caught.value)
    assert str(file) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 2000,
        "x = " + "9" * 4000 + "9" * 90,
        "x = 0x" + "f" * 3000,
        ".".join("a" * 1500) + " = 1",
        "\ufeffname = 1",
        "a = 1\na = 2",
        "",
        "\0",
    ],
)
def test_hostile_toml_is_an_error_like_any_other(tmp_path, text):
    file = tmp_path / "hostile.key"
    guarded.create(file, text)
    with pytest.raises(KeyFileError, match=r"hostile\.key"):
        load_credentials(file)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_whatever_stands_in_it_the_error_is_ours(tmp_path, data):
    file = tmp_path / "fuzz.key"
    file.touch(0o600)
    file.write_bytes(data)
    for load in (load_credentials, load_public):
        with contextlib.suppress(KeyFileError):
            load(file)


# --- public keys ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["{}", "{}\n", "  {}\r\n", 'public = "{}"\n', '# bob\nname = "bob"\npublic = "{}"']
)
def test_a_public_key_stands_alone_or_with_its_name(tmp_path, text):
    file = tmp_path / "bob.pub"
    file.write_text(text.format(ALICE.public.decode()))
    assert load_public(file) == ALICE.public


def test_a_public_key_comes_out_of_a_key_file_too(file):
    assert load_public(file) == ALICE.public


@POSIX
def test_a_public_key_others_may_change_is_refused(tmp_path):
    file = tmp_path / "bob.pub"
    file.write_text(ALICE.public.decode())
    file.chmod(0o664)
    with pytest.raises(KeyFileError, match="chmod go-w"):
        load_public(file)


def test_a_public_key_with_something_else_beside_it(tmp_path):
    file = tmp_path / "bob.pub"
    file.write_text(f'public = "{ALICE.public.decode()}"\nadmin = true\n')
    with pytest.raises(KeyFileError, match="'admin' does not belong"):
        load_public(file)


# --- which key a component uses -------------------------------------------------------------


def test_the_environment_is_the_default_and_an_empty_value_means_none(file, monkeypatch):
    monkeypatch.delenv("BANYAN_KEYS", raising=False)
    assert credentials_for(None) is None
    monkeypatch.setenv("BANYAN_KEYS", str(file))
    assert credentials_for(None) == ALICE
    assert credentials_for("") is None
    monkeypatch.setenv("BANYAN_KEYS", "")
    assert credentials_for(None) is None
    assert credentials_for(file) == ALICE


def test_a_backplanes_own_pair_cannot_connect(tmp_path):
    save(new_credentials("backplane"), tmp_path / "backplane.key")
    with pytest.raises(KeyFileError, match=r"no 'backplane' key.*--for DIR"):
        credentials_for(tmp_path / "backplane.key")


def test_a_key_for_each_backplane(file, monkeypatch):
    monkeypatch.setenv("BANYAN_KEYS", str(file))
    choice = KeyChoice({"BP1": file, "BP2": ""})
    assert (choice.of("BP1"), choice.of("BP2"), choice.of("BP3")) == (ALICE, None, None)
    assert KeyChoice(None).of("BP1") == KeyChoice(file).of("BP2") == ALICE
