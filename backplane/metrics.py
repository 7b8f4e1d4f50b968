"""The metrics page, in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

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

    Raises MissingLibraryError, PortInUseError or EndpointError.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as error:
        raise MissingLibraryError(
            "--metrics-port needs prometheus-client: pip install 'banyan-backplane[metrics]'"
        ) from error
    registry = CollectorRegistry()
    registry.register(Collector(read))
    try:
        start_http_server(port, addr=address, registry=registry)
    except OSError as error:
        owner = port_owner(port)
        if owner:
            raise PortInUseError(f"--metrics-port: port {port} is in use by {owner}") from error
        raise EndpointError(
            f"--metrics-port: cannot listen on {address} port {port}: {error.strerror}"
        ) from error
