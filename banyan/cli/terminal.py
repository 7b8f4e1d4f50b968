"""Messages as lines of a terminal: time, coloured topic, as much of the payload as fits."""

from __future__ import annotations

import functools
import zlib
from datetime import datetime
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import COLOR_SYSTEMS, Console
from rich.style import Style

from banyan.cli.latency import in_words
from banyan.cli.presentation import one_line, printable
from banyan.wire.codec import Payload

COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green")
"""Legible on dark and light backgrounds; red is left to errors."""

TOPIC_WIDTH: Final = 24
"""Cells for the topic, so that payloads stand below each other; a longer topic takes its room."""

LATENCY_WIDTH: Final = 8
"""Cells for the latency of a stamped message: `0.123 ms`."""


class TerminalLines:
    """Makes the lines; each topic keeps its colour. The width follows the window's."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._colours = COLOR_SYSTEMS.get(self._console.color_system or "")
        self._styled = functools.lru_cache(1000)(self._style_topic)

    def line(self, topic: str, payload: Payload, latency: float | None = None) -> str:
        """Return the line of a message that has just arrived; `latency` is in seconds, if known."""
        stamp = datetime.now().strftime("%H:%M:%S.%f")[:-3]
        name = printable(topic)
        shown = name if len(name) > TOPIC_WIDTH else set_cell_size(name, TOPIC_WIDTH)
        late = "" if latency is None else f"{in_words(latency):>{LATENCY_WIDTH}} "
        plain = f"{stamp} {late}{shown} {one_line(payload)}"
        # rich's own printing takes 200 us a line; this keeps up with 20,000 messages a second.
        line = _fitted(plain, self._console.width)
        head = f"{stamp} {late}"
        if not line.startswith(head + name):
            return line
        return head + self._styled(name) + line[len(head) + len(name) :]

    def _style_topic(self, name: str) -> str:
        colour = COLOURS[zlib.crc32(name.encode()) % len(COLOURS)]
        return Style(color=colour, bold=True).render(name, color_system=self._colours)


def _fitted(text: str, width: int) -> str:
    return text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
