"""`make fuzz`: runs the targets one after the other, keeps what it learns, shows what it finds."""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from fuzz.targets import load, names

CHECKOUT: Final = Path(__file__).resolve().parents[2]
KEPT: Final = CHECKOUT / "build" / "fuzz"
"""A folder each target: the inputs that reached new code, and those that were faults."""

INPUT_SECONDS: Final = 5
INPUT_BYTES: Final = 16 * 1024
MEMORY_MB: Final = 1024
"""What an input may take of time, and the process of memory, before it counts as a fault."""

_RAISED: Final = "Uncaught Python exception: ==="
"""Where atheris begins to say what a target raised; a line of libFuzzer's ends it."""

MISSING: Final = """\
atheris, which fuzzes, is not installed here (Python {version} on {platform}). It exists ready-made
for CPython on 64-bit Linux, surely for 3.11. With that one, type:

    make fuzz PYTHON=python3.11 VENV=build/venv

Without atheris, `make test` feeds the same targets with hypothesis."""


def main() -> int:
    """Fuzz; return 1 if a fault was found, 2 if fuzzing is not possible here."""
    options = _options()
    if options.file:
        load(options.target).one_input(options.file.read_bytes())
        print(f"{options.target}: no fault with {options.file}")
        return 0
    if find_spec("atheris") is None:
        print(MISSING.format(version=sys.version.split()[0], platform=sys.platform))
        return 2
    chosen = [options.target] if options.target else names()
    found = [fault for name in chosen for fault in fuzz(name, options.seconds)]
    print(f"{len(chosen)} targets, {options.seconds} s each: {len(found) or 'no'} faults")
    return 1 if found else 0


def fuzz(name: str, seconds: int) -> list[Path]:
    """Fuzz one target for so long; return the inputs that were faults, after showing them."""
    corpus, seeds, faults = (KEPT / name / part for part in ("corpus", "seeds", "faults"))
    for folder in (corpus, seeds, faults):
        folder.mkdir(parents=True, exist_ok=True)
    for seed in load(name).seeds():
        (seeds / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    before, started = set(faults.iterdir()), time.monotonic()
    print(f"{name}: {seconds} s ...", flush=True)
    with (KEPT / name / "log.txt").open("wb") as log:
        status = subprocess.run(
            [sys.executable, "-m", "fuzz.engine", name, corpus, seeds, *_limits(seconds, faults)],
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    found = sorted(set(faults.iterdir()) - before)
    print(f"{name}: {time.monotonic() - started:.0f} s, {len(list(corpus.iterdir()))} inputs kept")
    if status and not found:
        found = [KEPT / name / "log.txt"]
    for fault in found:
        _show(name, fault)
    return found


def _limits(seconds: int, faults: Path) -> list[str]:
    return [
        f"-max_total_time={seconds}",
        f"-timeout={INPUT_SECONDS}",
        f"-rss_limit_mb={MEMORY_MB}",
        f"-max_len={INPUT_BYTES}",
        f"-artifact_prefix={faults}/",
        "-print_final_stats=1",
    ]


def _show(name: str, fault: Path) -> None:
    """Print where a fault is kept, the end of what was said, and how to see it again."""
    said = (KEPT / name / "log.txt").read_text(encoding="utf-8", errors="replace")
    if _RAISED in said:
        said = said.partition(_RAISED)[2].partition("\n==")[0]
    print(*(f"    {line}" for line in said.strip().splitlines()[-25:]), sep="\n")
    print(f"FAULT in {name}: {fault}")
    print(f'see it again:  make fuzz TARGET={name} ARGS="--file {fault}"', flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=names(), help="this one alone")
    parser.add_argument("--file", type=Path, help="run a target on this file and on nothing else")
    options = parser.parse_args()
    if options.file and not options.target:
        parser.error("--file needs a --target")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
