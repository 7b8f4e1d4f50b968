"""The systems that are measured, one a file; `benchmarks.adapter` says what each has to offer."""
