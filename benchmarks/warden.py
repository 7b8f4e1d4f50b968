"""Ends what a runner leaves behind: `python -m benchmarks.warden FOLDER`, told process ids by line.

Roles end when the runner does, since their stdin closes. Brokers are other people's programs: this
process outlives the runner by a moment, even one that was killed, ends them and clears its folder.
"""

from __future__ import annotations

import contextlib
import shutil
import sys

import psutil


def end_tree(process: psutil.Process) -> None:
    """Kill a process and its children; harmless if it is gone or its number is another's now."""
    with contextlib.suppress(psutil.NoSuchProcess):
        for one in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()


def main() -> int:
    """Remember processes until stdin closes, then end those that still run."""
    watched = []
    for line in sys.stdin:
        with contextlib.suppress(psutil.NoSuchProcess):
            watched.append(psutil.Process(int(line)))
    for process in watched:
        end_tree(process)
    shutil.rmtree(sys.argv[1], ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
