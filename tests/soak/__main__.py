"""`make soak`: plays, reports, and returns 0 only if nothing was wrong."""

from __future__ import annotations

import argparse
import random

from banyan.signals import sigterm_as_ctrl_c
from soak import report
from soak.stage import Stage


def main() -> int:
    """Play for so many minutes; Ctrl-C ends early, with the report, and at once when repeated."""
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="60: an hour, 1440: a day")
    parser.add_argument("--seed", type=int, help="of an earlier run, to do the same deeds again")
    parser.add_argument("--light", action="store_true", help="fewer processes, less traffic")
    parser.add_argument("--every", type=float, default=4.0, help="seconds between two deeds")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(2**32)
    print(f"{options.minutes:g} minutes, seed {seed}; Ctrl-C ends early", flush=True)
    stage = Stage(options.minutes, seed, light=options.light, every=options.every, tell=_say)
    sigterm_as_ctrl_c()
    try:
        stage.play()
    except KeyboardInterrupt:
        print("ended at once, without a verdict")
        return 130
    figures = report.summary(stage)
    report.write(figures)
    print(report.show(figures))
    return 0 if figures["passed"] else 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
