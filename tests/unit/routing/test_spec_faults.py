"""Faults of routing specifications: each names its place, what stands there and what should."""

from __future__ import annotations

import time

import pytest

from banyan.errors import BanyanError, RoutingSpecError
from banyan.limits import MAX_SPEC_FAULTS
from banyan.routing.spec import examine, parse

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
GOOD = 'BP9,localhost,43125,"[ok]",43124\n'


def faults(text):
    with pytest.raises(RoutingSpecError) as caught:
        parse(text, "x.csv")
    return caught.value.faults


def only(text):
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


def check(fault, place, *essentials):
    assert f"{fault.line}:{fault.column}" == place, fault
    for essential in essentials:
        assert essential in fault.message


def test_the_error_is_what_python_banyan_raises_and_prints_as_compilers_do():
    with pytest.raises(RuntimeError, match=r"^x\.csv:2:5: error: bad address 'a b'") as caught:
        parse(HEADER + 'BP1,a b,1,"[a]",2\n', "x.csv")
    assert isinstance(caught.value, BanyanError)


@pytest.mark.parametrize(
    ("field", "essentials"),
    [
        ("reply", ["'reply'", "the brackets are missing", 'expected topics in brackets: "[a,b]"']),
        ('"[reply"', ["'[reply'", "the bracket ']' is missing"]),
        ('"reply]"', ["'reply]'", "the bracket '[' is missing"]),
        ("(reply)", ["'(reply)'", "the brackets are missing"]),
        ("", ["the topics are empty", '"[]" for none']),
        ('"[a, b]"', ["'[a, b]'", "a space in ' b'"]),
        ('"[a\tb]"', ["a space in"]),
        ('"[a,b] "', ["the bracket ']' is missing"]),
        ("\"['a']\"", ["quotes inside the brackets", "without them"]),
        ('"[""a"",""b""]"', ["quotes inside the brackets"]),
        ('"["a","b"]"', ["quotes inside the brackets"]),
        ('"[a,,b]"', ["an empty topic between commas"]),
        ('"[a,]"', ["an empty topic between commas"]),
        ('"[[a]]"', ["a bracket inside the brackets"]),
        ('"[*,a]"', ["'*' means everything and stands alone"]),
        ('"[a\u200bb]"', ["an invisible character", r"\u200b"]),
        ('"[' + "x" * 1001 + ']"', ["1001 bytes", "1000"]),
        ('"[' + "\u00e9" * 501 + ']"', ["1002 bytes"]),
        ('"[__banyan__/x]"', ["__banyan__/"]),
        ('"[a]"b', ["text follows the closing quote", "'\"[a]\"b'"]),
        ('"[a]', ["the quote opened here is not closed in this line"]),
        ("[a,b]", ["2 cells", 'in double quotes: "[a,b]"']),
        ("'[a,b]'", ["2 cells", 'in double quotes: "[a,b]"']),
        ("\u201c[a,b,c]\u201d", ["3 cells", 'in double quotes: "[a,b,c]"']),
        ('"[a,b]', ["not closed", "'\"[a,b]'"]),
    ],
)
@pytest.mark.parametrize("name", ["BP1", "\u00dcber"])
def test_topics(name, field, essentials):
    text = f"{HEADER}{name},localhost,43127,{field},43126\n{GOOD}"
    check(only(text), f"2:{len(name) + 18}", *essentials)


def test_every_bad_topic_of_a_field_is_told():
    message = only(HEADER + 'BP1,localhost,1,"[a b,,c]",2\n').message
    assert "a space in 'a b'" in message
    assert "an empty topic" in message


@pytest.mark.parametrize("end", ["", ",", ",,,"])
def test_topics_split_by_commas_do_not_shift_the_rest(end):
    found = only(f"{HEADER}BP4,localhost,43125,[run_motors,light_leds],{end}\n")
    check(found, "2:21", '"[run_motors,light_leds]"')


def test_split_topics_with_another_fault_behind_them():
    first, second = faults(f"{HEADER}BP4,localhost,43125,[a,b],x\n")
    check(first, "2:21", "in double quotes")
    check(second, "2:27", "bad port 'x'")


@pytest.mark.parametrize(
    ("row", "place", "essentials"),
    [
        (',localhost,1,"[a]",2', "2:1", ["name is empty", "expected one, such as BP1"]),
        ('B\x07,localhost,1,"[a]",2', "2:1", [r"'B\x07'", "invisible character"]),
        ('BP1,,1,"[a]",2', "2:5", ["bad address ''", "empty", "expected a host name"]),
        ('BP1,300.1.2.3,1,"[a]",2', "2:5", ["'300.1.2.3'", "IPv4"]),
        ('BP1,  tcp://robot,1,"[a]",2', "2:7", ["'tcp://robot'", "bare host"]),
        ('BP1,robot:43125,1,"[a]",2', "2:5", ["'robot:43125'", "host alone: robot"]),
        ('BP1,*,1,"[a]",2', "2:5", ["'*'", "listens"]),
        ('BP1,robot,x,"[a]",2', "2:11", ["bad port 'x'", "1 to 65535"]),
        ('BP1,robot,0,"[a]",2', "2:11", ["bad port '0'"]),
        ('BP1,robot,1,"[a]",65536', "2:19", ["bad port '65536'"]),
        ('BP1,robot,,"[a]",', "2:11", ["no port at all", "expected a subscriber port"]),
        ("BP1,robot", "2:10", ["no port at all"]),
        ('BP1,robot,7,"[a]",7', "2:19", ["bad port '7'", "subscriber_port of this line"]),
        ('BP1,robot,1,"[a]",2,x', "2:21", ["6 cells where the header has 5", "'x'", "quotes"]),
        ('BP1,robot,1,"[a]",2,,x', "2:22", ["7 cells", "'x'"]),
        ('"BP1,robot,1,"[a]",2', "2:1", ["not closed"]),
    ],
)
def test_rows(row, place, essentials):
    found = faults(f"{HEADER}{row}\n{GOOD}")
    assert [fault for fault in found if fault.line != 2] == []
    match = [fault for fault in found if f"{fault.line}:{fault.column}" == place]
    assert len(match) == 1, found
    check(match[0], place, *essentials)


def test_rows_have_no_more_faults_than_named():
    check(only(HEADER + 'BP1,robot,7,"[a]",7\n'), "2:19")
    check(only(HEADER + 'BP1,robot,,"[a]",\n'), "2:11")


def test_a_duplicate_name_names_the_other_line():
    text = f'{HEADER}BP1,a,1,"[a]",2\n\n"BP1 ",b,x,"[a]",2\n'
    first, second = faults(text)
    check(first, "4:1", "'BP1'", "taken by line 2")
    check(second, "4:10", "bad port 'x'")


def test_a_port_cannot_serve_both_in_two_rows():
    found = only(f'{HEADER}A,::1,1,"[a]",2\nB,[::1],2,"[a]",3\n')
    check(found, "3:9", "bad port '2'", "publisher_port of line 2", "'::1'")


def test_the_same_port_on_another_address_is_fine():
    assert len(parse(f'{HEADER}A,a,1,"[a]",2\nB,b,2,"[a]",1\n')) == 2


def test_a_field_over_two_lines_is_one_fault():
    check(only(f'{HEADER}BP1,localhost,1,"[a,\nb]",2\n{GOOD}'), "2:17", "not closed", "next line")


def test_two_forgotten_quotes_are_two_faults():
    rows = 'A,localhost,1,"[a],2\nB,localhost,1,"[b],2\n'
    assert [(fault.line, fault.column) for fault in faults(HEADER + rows)] == [(2, 15), (3, 15)]


# --- headers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("subscriber_topics", "subscriber_topic"),
        ("publiser_port", "publisher_port"),
        ("IP_Address", "ip_address"),
        ("Backplane Name", "backplane_name"),
        ("subscriber-port", "subscriber_port"),
    ],
)
def test_a_misspelt_header_gets_the_likely_name(wrong, right):
    column = HEADER.index(right) + 1
    found = only(HEADER.replace(right, wrong, 1) + GOOD)
    check(found, f"1:{column}", f"unknown column '{wrong}'", f"expected '{right}'")


def test_rows_under_a_misspelt_header_are_read():
    header = HEADER.replace("subscriber_topic", "subscriber_topics")
    assert [fault.line for fault in faults(header + 'BP1,localhost,1,"[a b]",2\n')] == [1, 2]


def test_two_misspelt_headers_do_not_take_each_others_names():
    header = HEADER.replace("subscriber_port", "subscriber_prt").replace(
        "publisher_port", "publisher_prt"
    )
    first, second = faults(header + GOOD)
    check(first, "1:27", "'subscriber_prt': expected 'subscriber_port'")
    check(second, "1:59", "'publisher_prt': expected 'publisher_port'")


@pytest.mark.parametrize("missing", HEADER.strip().split(","))
def test_a_missing_column(missing):
    names = [name for name in HEADER.strip().split(",") if name != missing]
    found = faults(",".join(names) + "\n" + "x,x,x,x\n")
    check(found[0], "1:1", f"the column '{missing}' is missing", "found '")


def test_rows_under_a_missing_column_are_still_checked():
    header = "backplane_name,ip_address,subscriber_topic,publisher_port\n"
    first, second = faults(header + 'BP1,a b,"[a]",\n')
    check(first, "1:1", "'subscriber_port' is missing")
    check(second, "2:5", "bad address 'a b'")


def test_a_duplicated_header():
    header = HEADER.replace("publisher_port", "publisher_port,ip_address")
    check(only(header + GOOD), "1:75", "'ip_address'", "again", "column 16")


def test_a_column_without_a_name():
    header = HEADER.replace("ip_address,", "ip_address,,")
    check(only(header + 'BP1,localhost,,1,"[a]",2\n'), "1:27", "without a name")


def test_a_missing_header_and_the_faults_of_the_rows():
    first, second = faults('BP1,localhost,1,"[a]",2\nBP2,localhost,x,"[a]",2\n')
    check(first, "1:1", "the header is missing", HEADER.strip(), "found 'BP1,localhost")
    check(second, "2:15", "bad port 'x'")


def test_another_kind_of_csv_gets_one_fault():
    check(only("time,value\n1,2\n3,4\n"), "1:1", "the header is missing", "'time,value'")


@pytest.mark.parametrize("text", ["", "\ufeff", "\n\n", "  \r\n", "# nothing\n", ",,,,\n"])
def test_an_empty_file(text):
    check(only(text), "1:1", "nothing stands in the file", HEADER.strip())


@pytest.mark.parametrize("text", [HEADER, HEADER.strip(), HEADER + "\n,,,,\n"])
def test_only_a_header(text):
    check(only(text), "2:1", "only a header", "a line for each backplane")


# --- many at once ---------------------------------------------------------------------------


def test_all_faults_come_at_once_in_the_order_of_the_file():
    rows = 'BP1,a b,99999,"[a, b]",0\nBP1,c,1,[x,y],1\n,,,"[]",\n'
    places = [(fault.line, fault.column) for fault in faults(HEADER + rows)]
    assert places == [
        (2, 5),
        (2, 9),
        (2, 15),
        (2, 24),
        (3, 1),
        (3, 9),
        (3, 15),
        (4, 1),
        (4, 2),
        (4, 3),
    ]


def test_faults_are_bounded():
    found = faults(HEADER + "x\n" * 100_000)
    assert len(found) == MAX_SPEC_FAULTS + 1
    assert "too many faults" in found[-1].message


@pytest.mark.parametrize(
    "text",
    [
        "a," * 500_000,
        '"[,' * 300_000,
        HEADER + '"[,' * 300_000,
        HEADER + '"' * 1_000_000,
        HEADER + "BP1," + "1." * 500_000,
        HEADER + "BP1," + "a" * 1_000_000 + ",,,",
        HEADER + 'BP1,a,1,"[' + "b," * 500_000 + "",
        HEADER + 'BP1,a,1,"[' + "b," * 500_000 + ']",',
        ("b" * 10_000 + ",") * 100,
    ],
    ids=[
        "columns",
        "quoted header",
        "quoted row",
        "quotes",
        "dots",
        "host",
        "open",
        "topics",
        "long",
    ],
)
def test_a_file_of_a_megabyte_takes_no_long_time(text):
    start = time.monotonic()
    faults(text)
    assert time.monotonic() - start < 5


def test_a_long_value_is_not_printed_whole():
    assert len(only(HEADER + f'BP1,{"a" * 5000},1,"[a]",2\n').message) < 300


@pytest.mark.parametrize("inside", ["a\x1b[2J,b", f"{'a' * 500},b"])
def test_what_is_suggested_for_a_field_without_quotes_can_be_shown(inside):
    (fault,) = examine(f"{HEADER}A,robot,1,[{inside}],2\n", "x.csv")[1]
    assert str(fault).isprintable()
    assert len(str(fault)) < 300
