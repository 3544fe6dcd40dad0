"""A process of its own that uses a journal: `python -m tests.journal.party URL WHAT [as USER | …]`.

It opens the journal, says `ready`, waits for a line, and does what it was started for. What it says is one JSON value a
line. It ends with the line that tells the outcome, or when it is killed.
"""

from __future__ import annotations

import json
import os
import pwd
import resource
import sys
import time
from collections.abc import Callable

from reconciler.errors import JournalError
from reconciler.journal.database import Journal, open_journal
from reconciler.journal.entries import Entry, Step

BATCH = 10


def say(value: object) -> None:
    """One line for whoever started this process."""
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


def claim(journal: Journal, owner: str, count: str) -> None:
    """Takes one session after the other, and tells which ones it got."""
    names = (f"RM_{number}" for number in range(int(count)))
    say([name for name in names if journal.take(name, owner, 3600) is not None])


def add_up(journal: Journal, owner: str, count: str) -> None:
    """Adds one to a number that is remembered about a session, so many times."""
    done = 0
    while done < int(count):
        memory = journal.take("RM_sum", owner, 60)
        if memory is None:
            continue
        total = int(memory.state or b"0") + 1
        if not journal.give_back("RM_sum", owner, str(total).encode()):
            raise AssertionError("the session was lost within its time")
        done += 1
    say(done)


def hold(journal: Journal, owner: str, seconds: str) -> None:
    """Takes two sessions, one of them for long, and hangs."""
    journal.take("RM_short", owner, float(seconds))
    journal.take("RM_long", owner, 3600)
    say("held")
    time.sleep(3600)


def write_on(journal: Journal) -> None:
    """Writes batches of entries for ever, and tells the number of each that was written."""
    number = 0
    while True:
        rows = [Entry(time.time(), "busy", "RM_1", Step.JOINED, attempt=number)] * BATCH
        journal.write(rows)
        say(number)
        number += 1
        time.sleep(0.002)


def fill(journal: Journal, limit: str) -> None:
    """Writes until a file would be larger than so many bytes, then tells how many batches and what was said."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    number = 0
    try:
        while True:
            entry = Entry(1.0, "full", "RM_1", Step.JOINED, attempt=number, text="x" * 1000)
            journal.write([entry] * BATCH)
            number += 1
    except JournalError as error:
        say([number, str(error)])


PARTS: dict[str, Callable[..., None]] = {
    "claim": claim,
    "add_up": add_up,
    "hold": hold,
    "write_on": write_on,
    "fill": fill,
}


def become(user: str) -> None:
    """Gives up root's rights. What is imported late is imported before: Python itself may lie where only root looks."""
    import alembic.command
    import tenacity

    import reconciler.journal.connect

    del alembic, tenacity, reconciler
    os.setuid(pwd.getpwnam(user).pw_uid)


def main(url: str, what: str, *arguments: str) -> None:
    """Opens, waits, does."""
    if arguments[:1] == ("as",):
        become(arguments[1])
        arguments = ()
    try:
        journal = open_journal(url)
    except JournalError as error:
        say(str(error))
        return
    say("ready")
    sys.stdin.readline()
    try:
        PARTS[what](journal, *arguments)
    except JournalError as error:
        say(str(error))


if __name__ == "__main__":
    main(*sys.argv[1:])
