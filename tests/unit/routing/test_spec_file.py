"""Files that hold no specification: what was looked for, and what was found instead."""

from __future__ import annotations

import os

import pytest

from banyan.errors import RoutingSpecError, RoutingSpecMissingError
from banyan.limits import MAX_SPEC_BYTES
from banyan.routing.spec import load, parse

TEXT = (
    "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
    'BP1,localhost,43125,"[echo]",43124\n'
)


def fault(path):
    with pytest.raises(RoutingSpecError) as caught:
        load(path)
    (found,) = caught.value.faults
    assert found.source == str(path)
    return found


@pytest.mark.parametrize("make", [lambda path: path, str, os.fspath])
def test_a_file_is_read(tmp_path, make):
    path = tmp_path / "spec.csv"
    path.write_bytes(TEXT.encode())
    assert load(make(path)) == parse(TEXT)


def test_a_file_of_a_spreadsheet_is_read(tmp_path):
    path = tmp_path / "spec.csv"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace(",", ";").replace("\n", "\r\n").encode())
    assert load(path) == parse(TEXT)


def test_faults_name_the_file(tmp_path):
    path = tmp_path / "spec.csv"
    path.write_text(TEXT.replace("localhost", "a b"))
    assert str(fault(path)).startswith(f"{path}:2:5: error: bad address")


def test_no_file_given():
    with pytest.raises(RoutingSpecMissingError, match=r"no routing specification was given.*CSV"):
        load(None)


def test_a_missing_file_says_what_was_looked_for_and_where(tmp_path):
    with pytest.raises(ValueError, match=r"'robots\.csv'") as caught:
        load(tmp_path / "robots.csv")
    assert isinstance(caught.value, RoutingSpecMissingError)
    assert str(tmp_path) in str(caught.value)
    assert "CSV file" in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_a_missing_file_names_the_one_that_is_probably_meant(tmp_path):
    (tmp_path / "robots.csv").write_text(TEXT)
    with pytest.raises(RoutingSpecMissingError, match=r"did you mean 'robots\.csv'"):
        load(tmp_path / "robot.csv")


def test_a_missing_folder(tmp_path):
    with pytest.raises(RoutingSpecMissingError, match="which is no folder"):
        load(tmp_path / "specs" / "robots.csv")


def test_a_folder(tmp_path):
    assert "it is a folder" in fault(tmp_path).message


def test_a_file_that_cannot_be_opened(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "spec.csv"
    path.write_text(TEXT)
    monkeypatch.setattr("pathlib.Path.open", refuse)
    assert fault(path).message == "it cannot be read: Permission denied"


def test_a_name_no_file_can_have():
    with pytest.raises((RoutingSpecError, RoutingSpecMissingError)):
        load("a\0b")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_a_file_that_is_not_utf8_says_which_byte(tmp_path, mark):
    path = tmp_path / "spec.csv"
    path.write_bytes(
        mark + TEXT.replace("\n", "\r\n").replace("echo", "\u00e9cho").encode("latin-1")
    )
    found = fault(path)
    offset = len(mark) + TEXT.index("echo") + 1
    assert found.message.startswith(f"byte 0xe9 at offset {offset} is not UTF-8")
    assert "CSV UTF-8" in found.message
    assert (found.line, found.column) == (2, 23)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le"])
def test_utf16_as_excel_writes_it(tmp_path, codec):
    path = tmp_path / "spec.csv"
    path.write_bytes(TEXT.encode(codec))
    found = fault(path)
    assert "expected UTF-8" in found.message
    assert "CSV UTF-8" in found.message
    assert ("UTF-16" in found.message) == (codec == "utf-16")


def test_a_huge_file_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "spec.csv"
    with path.open("wb") as file:
        file.truncate(MAX_SPEC_BYTES + 1)
    assert str(MAX_SPEC_BYTES) in fault(path).message
    path.write_bytes(TEXT.encode() + b"\n" * (MAX_SPEC_BYTES - len(TEXT)))
    assert load(path) == parse(TEXT)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs")
def test_what_is_no_regular_file_is_not_opened(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert "it is no regular file" in fault(path).message
    assert "it is no regular file" in fault(os.devnull).message


def test_a_name_that_is_too_long():
    assert "it cannot be read: File name too long" in fault("a" * 5000).message


def test_an_empty_name():
    with pytest.raises(RoutingSpecMissingError, match="no routing specification was given"):
        load("")
