"""`make soak`: a real bus for minutes or a day, while parts of it are killed, stopped and frozen.

`ledger`, `trend`, `plan`, `cast` and `verdict` are pure: they say what is to happen, and judge what
did. `parts` are the components, each a process; `troupe` starts and measures them, `chaos` and
`attack` do to them what the plan says, `stage` is the play from warming up to the last count,
`report` writes it down.
"""
