"""The I/O thread of a context: a batch thread on Linux, unless somebody wants it otherwise."""

from __future__ import annotations

import os
import sys
import threading

import psutil
import pytest

from banyan.transport.context import new_context

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has batch threads")


def policies_of_new_threads() -> list[int]:
    """Make a context; return the scheduling policy of each thread it brought."""
    before = {thread.id for thread in psutil.Process().threads()}
    context = new_context()
    try:
        after = {thread.id for thread in psutil.Process().threads()}
        return [os.sched_getscheduler(thread) for thread in after - before]
    finally:
        context.destroy(linger=0)


def test_the_threads_are_batch_threads_and_their_maker_is_not() -> None:
    assert set(policies_of_new_threads()) == {os.SCHED_BATCH}
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_the_environment_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANYAN_BATCH", "0")
    assert set(policies_of_new_threads()) == {os.SCHED_OTHER}


def test_a_policy_somebody_chose_is_inherited() -> None:
    seen: list[int] = []

    def with_idle_policy() -> None:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        seen.extend(policies_of_new_threads())

    thread = threading.Thread(target=with_idle_policy)
    thread.start()
    thread.join(5)
    assert set(seen) == {os.SCHED_IDLE}


def test_a_sandbox_that_forbids_it_harms_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError("seccomp")

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    assert set(policies_of_new_threads()) == {os.SCHED_OTHER}
