"""The linter: the errors of the parser and warnings of its own, each at its cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from banyan.routing.check import check
from banyan.routing.spec import examine

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
SPECS = Path(__file__).parents[3] / "routing_specs"


def remarks(rows):
    return [
        (fault.line, fault.column, fault.severity, fault.message)
        for fault in check(HEADER + rows, "x.csv")
    ]


@pytest.mark.parametrize(
    ("row", "column", "essentials"),
    [
        ('BP1,robot,1,"[]",2', 13, ["subscribes to nothing", "'BP1'", '"[*]"']),
        ('BP1,robot,,"[a]",2', 12, ["without a subscriber port"]),
        ('BP1,robot,1,"[ab,a]",2', 13, ["'a' receives 'ab' too"]),
        ('BP1,robot,1,"[a,b,a]",2', 13, ["'a' stands here twice"]),
        ('BP1,robot,1,"[sensor/*]",2', 13, ["'sensor/*'", "letter by letter", "write sensor/"]),
        ('BP1,robot,1,"[sensor/#]",2', 13, ["write sensor/"]),
        ('BP1,robot,1,"[a;b]",2', 13, ["'a;b'", "separated by commas"]),
        ('BP1,robot,43124,"[a]",43125', 11, ["43124 is where publishers", "swapped"]),
        ('BP1,robot,,"",43125', 15, ["43125 is where subscribers", "swapped"]),
        ('BP1,0.0.0.0,1,"[a]",2', 5, ["0.0.0.0", "localhost"]),
    ],
)
def test_warnings(row, column, essentials):
    ((line, found, severity, message),) = remarks(row + "\n")
    assert (line, found, severity) == (2, column, "warning")
    for essential in essentials:
        assert essential in message


def test_a_backplane_that_stands_there_twice():
    rows = 'A,robot,1,"[a]",2\nB,ROBOT,1,"[a]",2\n'
    ((line, column, severity, message),) = remarks(rows)
    assert (line, column, severity) == (3, 9, "warning")
    assert "line 2" in message
    assert "twice" in message


def test_names_that_differ_in_case_only():
    ((line, column, _, message),) = remarks('bp1,a,1,"[a]",2\nBP1,b,1,"[a]",2\n')
    assert (line, column) == (3, 1)
    assert "'bp1' in line 2" in message


@pytest.mark.parametrize(
    "row", ['BP1,robot,43125,"[a,b]",43124', 'BP1,robot,,"[]",43124', 'BP1,robot,1,"[*]",2']
)
def test_a_clean_row_has_no_remarks(row):
    assert remarks(row + "\n") == []


def test_errors_are_the_parsers_and_come_in_order_with_the_warnings():
    rows = 'A,a,1,"[]",2\nB,b b,1,"[x]",2\nC,c,1,"[]",2\n'
    found = check(HEADER + rows, "x.csv")
    assert [(fault.line, fault.severity) for fault in found] == [
        (2, "warning"),
        (3, "error"),
        (4, "warning"),
    ]
    assert found[1] in examine(HEADER + rows, "x.csv")[1]
    assert str(found[0]).startswith("x.csv:2:7: warning: ")


@pytest.mark.parametrize(
    ("name", "lines"), [("seed_sample.csv", [4, 6]), ("two_backplanes_one_machine.csv", [3])]
)
def test_our_own_specifications_have_warnings_only_where_they_show_a_case(name, lines):
    found = check((SPECS / name).read_text("utf-8"), name)
    assert [(fault.line, fault.severity) for fault in found] == [(n, "warning") for n in lines]
