"""One target under atheris, in a process of its own: `python -m fuzz.engine NAME OPTIONS...`.

The options are libFuzzer's, which ends the process itself, when the time is over or at the
first fault.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Instrument Banyan, then fuzz until libFuzzer ends it."""
    import atheris

    name, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["banyan", "msgpack", "umsgpack"]):
        from fuzz.targets import load

        target = load(name)
    atheris.Setup([sys.argv[0], *arguments], target.one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
