"""Routing specifications that are legal: what is read from them, however they were written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.errors import RoutingSpecError
from banyan.routing.spec import COLUMNS, EVERYTHING, Route, examine, parse

HEADER = "backplane_name,ip_address,subscriber_port,subscriber_topic,publisher_port\n"
SPECS = Path(__file__).parents[3] / "routing_specs"
SEED = (SPECS / "seed_sample.csv").read_text("utf-8")

SEED_ROUTES = (
    Route("BP1", "192.168.2.194", 43127, ("reply",), 43126, {}, 2),
    Route("BP2", "192.168.2.194", 43125, ("reply",), 43124, {}, 3),
    Route("BP3", "192.168.2.177", 43125, (), 43124, {}, 4),
    Route("BP4", "192.168.2.199", 43125, ("run_motors", "light_leds"), None, {}, 5),
    Route("BP5", "192.168.2.133", None, ("run_motors", "light_leds"), 43124, {}, 6),
)


def one(row, header=HEADER):
    (route,) = parse(header + row)
    return route


def test_the_seed_sample():
    assert parse(SEED) == SEED_ROUTES


def test_two_backplanes_on_one_machine():
    text = (SPECS / "two_backplanes_one_machine.csv").read_text("utf-8")
    assert parse(text) == (
        Route("BP1", "127.0.0.1", 43125, ("echo",), 43124, {}, 2),
        Route("BP2", "127.0.0.1", 43127, (), 43126, {}, 3),
    )


@pytest.mark.parametrize(
    ("field", "topics"),
    [
        ('"[]"', ()),
        ("[]", ()),
        ('"[*]"', (EVERYTHING,)),
        ("[reply]", ("reply",)),
        ('"[a,b]"', ("a", "b")),
        ('"[sensor/1,\u0442\u0435\u043c\u0430]"', ("sensor/1", "\u0442\u0435\u043c\u0430")),
        (f'"[{"x" * 1000}]"', ("x" * 1000,)),
    ],
)
def test_topics(field, topics):
    assert one(f"BP1,localhost,43125,{field},43124\n").topics == topics


@pytest.mark.parametrize("field", ["", '"[]"', '"[a]"'])
def test_topics_need_no_subscriber_port(field):
    route = one(f"BP1,localhost,,{field},43124\n")
    assert (route.subscriber_port, route.publisher_port) == (None, 43124)


def test_the_last_cells_may_be_left_out():
    assert one('BP4,localhost,43125,"[a]"\n').publisher_port is None


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("robot.local", "robot.local"),
        (" localhost ", "localhost"),
    ],
)
def test_addresses(address, read):
    assert one(f'BP1,{address},43125,"[a]",43124\n').address == read


def test_further_columns_are_kept():
    header = HEADER.strip() + ",room,note\n"
    route = one('BP1,localhost,43125,"[a]",43124,lab,"a, ""b"""\n', header)
    assert route.extra == {"room": "lab", "note": 'a, "b"'}


def test_columns_stand_in_any_order():
    header = "publisher_port,room,subscriber_topic,ip_address,subscriber_port,backplane_name\n"
    assert one('43124,lab,"[a,b]",localhost,43125,BP1\n', header) == Route(
        "BP1", "localhost", 43125, ("a", "b"), 43124, {"room": "lab"}, 2
    )


def rows_padded(text):
    first, *rest = text.splitlines()
    return "\n".join([first, *(f"{line},,," for line in rest)]) + "\n"


def spaced(text):
    return text.replace(',"', ' , "').replace('",', '" , ').replace("BP", "  BP")


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\r"),
        lambda text: text.replace("\n", ",,\n"),
        rows_padded,
        lambda text: text + ",,,,\n\n  \n",
        lambda text: text.rstrip("\n"),
        spaced,
        lambda text: text.replace(",", ";").replace("motors;", "motors,"),
        lambda text: text.replace(",", ";").replace("motors;", "motors,").replace('"', ""),
        lambda text: text.replace(",", "\t").replace("motors\t", "motors,"),
        lambda text: text.replace('"[reply]"', "[reply]"),
    ],
    ids=[
        "byte order mark",
        "Windows line ends",
        "old Mac line ends",
        "trailing commas everywhere",
        "trailing commas in rows",
        "bare commas and blank lines at the end",
        "no line end at the end",
        "spaces around cells",
        "semicolons",
        "semicolons without quotes",
        "tabs",
        "one topic without quotes",
    ],
)
def test_files_edited_on_other_machines_are_read_alike(edit):
    edited = edit(SEED)
    assert edited != SEED
    assert parse(edited) == SEED_ROUTES


def test_comments_and_blank_lines_keep_the_line_numbers():
    text = f'# my robots\n\n{HEADER}\n  # the arm\nBP1,localhost,1,"[#a]",2\n'
    assert [(route.line, route.topics) for route in parse(text)] == [(6, ("#a",))]


def test_one_backplane_may_have_two_names():
    """Two sets of topics on two sockets of one backplane: odd, but nothing forbids it."""
    assert len(parse(HEADER + 'A,robot,1,"[a]",2\nB,robot,1,"[b]",2\n')) == 2


# --- any text, any table --------------------------------------------------------------------

cell_texts = st.text(
    st.sampled_from('BP1a,;"[]* \t\n\r#0123456789.:-\ufeff\x00\u00e9'), max_size=20
)


@given(
    st.one_of(
        st.text(), st.lists(cell_texts, max_size=12).map(lambda rows: HEADER + "\n".join(rows))
    )
)
def test_any_text_is_read_or_refused_with_faults(text):
    rows, faults = examine(text, "x.csv")
    if faults:
        with pytest.raises(RoutingSpecError) as caught:
            parse(text, "x.csv")
        assert str(caught.value) == "\n".join(map(str, faults))
    else:
        assert parse(text) == tuple(row.route for row in rows) != ()


visible = st.characters(exclude_categories=["C", "Z"])
names = st.text(visible, min_size=1, max_size=20).filter(lambda name: not name.startswith("#"))
labels = st.text(
    visible.filter(lambda c: c not in "[],\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"),
    min_size=1,
    max_size=20,
)
topics = st.one_of(
    st.just((EVERYTHING,)),
    st.lists(labels.filter(lambda topic: topic != "*"), max_size=4).map(tuple),
)
addresses = st.one_of(
    st.ip_addresses().map(str), st.from_regex(r"[a-z][a-z0-9]{0,9}(\.[a-z]{2,5})?", fullmatch=True)
)


@st.composite
def tables(draw):
    """Legal routes: names differ, and a port serves subscribers (even) or publishers (odd)."""
    count = draw(st.integers(1, 5))
    columns = draw(
        st.lists(names.filter(lambda name: name not in COLUMNS), unique=True, max_size=2)
    )
    return [
        Route(
            name,
            draw(addresses),
            draw(st.integers(1, 32767)) * 2,
            draw(topics),
            draw(st.one_of(st.none(), st.integers(0, 32767).map(lambda half: half * 2 + 1))),
            {column: draw(names) for column in columns},
            line,
        )
        for line, name in enumerate(
            draw(st.lists(names, min_size=count, max_size=count, unique=True)), 2
        )
    ]


def written(table):
    """Write routes as CSV with Python's own writer."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow([*COLUMNS, *table[0].extra])
    for route in table:
        inside = ",".join(topic or "*" for topic in route.topics)
        ports = (route.subscriber_port or "", f"[{inside}]", route.publisher_port or "")
        writer.writerow([route.name, route.address, *ports, *route.extra.values()])
    return file.getvalue()


@given(tables())
def test_a_legal_table_reads_back_as_it_was(table):
    assert parse(written(table)) == tuple(table)
