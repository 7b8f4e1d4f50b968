"""Fuzzing of what reads foreign bytes: `make fuzz` with atheris, the same targets in `make test`.

A target is a file in `targets/`: `one_input(data)` feeds any bytes to a part of Banyan, lets pass
the errors that part documents, and fails on every other outcome; `seeds()` yields real inputs, from
which a fuzzer starts. Only `engine` knows atheris.
"""
