"""The metrics page, in the text format of Prometheus."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from banyan import limits
from banyan.errors import EndpointError, MissingLibraryError, PortInUseError
from banyan.transport.discovery import port_owner

from .statistics import FAMILIES, Samples

if TYPE_CHECKING:
    from prometheus_client import Metric

_PREFIX = "banyan_backplane_"


class Collector:
    """Asks for the figures whenever the page is fetched; between, nothing is done."""

    def __init__(self, read: Callable[[], Samples]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        """Yield every family that has a value, as prometheus-client wants them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for (name, labels), value in self._read().items():
            kind, meaning = FAMILIES[name]
            if name not in families:
                family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                names = [label for label, _ in labels]
                families[name] = family(_PREFIX + name, meaning, labels=names)
            families[name].add_metric([text for _, text in labels], value)
        yield from families.values()


def serve(address: str, port: int, read: Callable[[], Samples]) -> None:
    """Serve the page at `http://ADDRESS:PORT/metrics` from a thread of its own.

    One visitor at a time, and none for longer than `limits.METRICS_VISIT_S`: idle visitors must
    not take the descriptors that components need.
    Raises MissingLibraryError, PortInUseError or EndpointError.
    """
    try:
        from prometheus_client import CollectorRegistry, make_wsgi_app
    except ImportError as error:
        raise MissingLibraryError(
            "--metrics-port needs prometheus-client: pip install 'banyan-backplane[metrics]'"
        ) from error
    registry = CollectorRegistry()
    registry.register(Collector(read))
    try:
        server = _Server((address, port), _Visit)
    except UnicodeError as error:
        raise EndpointError(f"--metrics-bind: {address[:100]!r} is no address") from error
    except OSError as error:
        owner = port_owner(port)
        if owner:
            raise PortInUseError(f"--metrics-port: port {port} is in use by {owner}") from error
        raise EndpointError(
            f"--metrics-port: cannot listen on {address} port {port}: {error.strerror}"
        ) from error
    server.set_app(make_wsgi_app(registry))
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()


class _Server(WSGIServer):
    """Listens on IPv6 as well; what goes wrong with one visitor is nobody's business."""

    def __init__(self, place: tuple[str, int], visit: type[WSGIRequestHandler]) -> None:
        if ":" in place[0]:
            self.address_family = socket.AF_INET6
        super().__init__(place, visit)

    def server_bind(self) -> None:
        """Listen, without asking DNS for our name as the library does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing."""


class _Visit(WSGIRequestHandler):
    timeout = limits.METRICS_VISIT_S

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
