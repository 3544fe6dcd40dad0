"""Work that is split over copies of the process: the same results as without, whatever becomes of a copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from reconciler.forked import cores, over_cores

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="processes are copied on Linux only"
)

# In a process of its own: the one that runs tests has threads.
FAILING = """
from reconciler.forked import over_cores

def work(part):
    if part == 2:
        raise ValueError(f"there is something wrong with {part}")
    return part

over_cores([1, 2, 3], work)
"""


def test_results_are_in_order_and_from_several_processes() -> None:
    """The first part is done here, every other one in a process of its own."""
    here = os.getpid()
    found = over_cores(["a", "b", "c"], lambda part: (part, os.getpid()))
    assert [part for part, _ in found] == ["a", "b", "c"]
    processes = [process for _, process in found]
    assert processes[0] == here
    assert len(set(processes)) == 3


def test_nothing_to_do() -> None:
    """No part is no result, and no process."""
    assert over_cores([], str) == []


def test_a_copy_that_is_killed_costs_no_result() -> None:
    """Its part is done here."""
    here = os.getpid()

    def work(part: int) -> tuple[int, bool]:
        if os.getpid() != here and part == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return part, os.getpid() == here

    assert over_cores([0, 1, 2], work) == [(0, True), (1, True), (2, False)]


def test_a_result_that_cannot_be_sent_is_made_here() -> None:
    """Locks and open files stay in the process that has them."""
    first, second = over_cores([1, 2], lambda part: (part, threading.Lock()))
    assert (first[0], second[0]) == (1, 2)


def test_what_goes_wrong_in_a_copy_is_raised_here_and_only_here() -> None:
    """One error, as without copies."""
    ran = subprocess.run(
        [sys.executable, "-c", FAILING], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.count("ValueError: there is something wrong with 2") == 1


def test_no_copy_is_left_behind() -> None:
    """They are ended, and their ends are seen: no zombie."""
    _, *copies = over_cores([1, 2, 3], lambda _: os.getpid())
    for copy in copies:
        with pytest.raises(ProcessLookupError):
            os.kill(copy, 0)


def test_no_copies_are_made_beside_threads() -> None:
    """A lock that another thread holds would stay locked in the copy for ever."""
    release = threading.Event()
    thread = threading.Thread(target=release.wait)
    thread.start()
    try:
        assert cores() == 1
    finally:
        release.set()
        thread.join()
