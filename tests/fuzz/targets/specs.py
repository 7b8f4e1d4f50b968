"""Any file as a routing specification: routes or faults with their places, and routes survive."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from banyan.errors import RoutingSpecError
from banyan.limits import MAX_SPEC_FAULTS
from banyan.routing import check, spec, spec_file
from banyan.routing.spec import COLUMNS, Route
from fuzz import refusals

_HEADER = ",".join(COLUMNS) + "\n"


def one_input(data: bytes) -> None:
    try:
        text = spec_file._decode(data, "x.csv")
    except RoutingSpecError as error:
        refusals.check(error)
        return
    rows, faults = spec.examine(text, "x.csv")
    assert len(faults) <= MAX_SPEC_FAULTS + 1
    last = len(text.splitlines()) + 1
    for fault in (*faults, *check.check(text, "x.csv")):
        assert str(fault).isprintable(), fault
        assert 0 <= fault.line <= last
        assert 0 <= fault.column <= len(text) + 2
    if rows and not faults:
        routes = tuple(row.route for row in rows)
        assert spec.parse(_written(routes)) == routes


def _written(routes: tuple[Route, ...]) -> str:
    """Write routes as CSV with Python's own writer."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow([*COLUMNS, *routes[0].extra])
    for route in routes:
        inside = ",".join(topic or "*" for topic in route.topics)
        ports = (route.subscriber_port or "", f"[{inside}]", route.publisher_port or "")
        writer.writerow([route.name, route.address, *ports, *route.extra.values()])
    return file.getvalue()


def seeds() -> Iterator[bytes]:
    yield (_HEADER + 'BP1,192.168.2.194,43127,"[reply]",43126\n').encode()
    yield (_HEADER + 'BP4,::1,43125,"[run,größe]",\nBP5,robot,,"[a]",43124\n').encode()
    yield (_HEADER + "A,robot,1,[a,b],2\nA,robot,1,[*],1\n").encode()
    yield (_HEADER.replace(",", ";") + 'A;robot;1;"[*]";2\r\n# end\r\n').encode("utf-8-sig")
    yield b'name,ip_address,"subscriber_port"\nBP1,"unclosed\nBP2,["a","b"],"x"y\n'
    yield (_HEADER.replace("\n", ",note\n") + 'A,robot,1,"[]",2,"said ""so"""\n').encode()
    yield _HEADER.encode("utf-16")
    yield _HEADER.encode() + b"\xff\x00"
