"""One process at a time tends a room session: leases between processes that share a journal."""

from __future__ import annotations

import time

from reconciler.journal.database import Journal, open_journal
from reconciler.journal.entries import Memory
from tests.support.parties import parties

PARTY = "tests.journal.party"

LONG = 3600.0
PATIENCE = 30.0


def test_what_is_remembered_goes_from_owner_to_owner(journal: Journal) -> None:
    """Nothing is remembered at first; what one owner gives back is what the next one takes, every byte of it."""
    assert journal.take("RM_1", "a", LONG) == Memory(b"")
    state = bytes(range(256))
    assert journal.give_back("RM_1", "a", state)
    assert journal.take("RM_1", "b", LONG) == Memory(state)


def test_nobody_else_takes_what_is_held(journal: Journal) -> None:
    """Another owner gets nothing, and other sessions are free."""
    journal.take("RM_1", "a", LONG)
    assert journal.take("RM_1", "b", LONG) is None
    assert journal.take("RM_2", "b", LONG) == Memory(b"")


def test_the_owner_takes_again(journal: Journal) -> None:
    """A lease is prolonged by taking it again, also one that has run out and that nobody wanted."""
    journal.take("RM_1", "a", 0)
    assert journal.take("RM_1", "a", LONG) == Memory(b"")
    assert journal.take("RM_1", "b", LONG) is None


def test_what_has_run_out_is_free(journal: Journal) -> None:
    """The next owner takes it; the old one can store nothing any more, by neither way."""
    journal.take("RM_1", "a", 0)
    assert journal.take("RM_1", "b", LONG) == Memory(b"")
    assert not journal.give_back("RM_1", "a", b"late")
    assert not journal.keep("RM_1", "a", b"late")
    assert journal.give_back("RM_1", "b", b"right")
    assert journal.take("RM_1", "c", LONG) == Memory(b"right")


def test_a_late_owner_that_nobody_followed_may_store(journal: Journal) -> None:
    """As long as nobody else took it, nothing was done that its state would undo."""
    journal.take("RM_1", "a", 0)
    assert journal.give_back("RM_1", "a", b"late")
    assert journal.take("RM_1", "b", LONG) == Memory(b"late")


def test_keeping_stores_and_does_not_free(journal: Journal) -> None:
    """After a write whose answer was lost, nobody shall look before the time has run out."""
    journal.take("RM_1", "a", LONG)
    assert journal.keep("RM_1", "a", b"unsure")
    assert journal.take("RM_1", "b", LONG) is None
    assert journal.take("RM_1", "a", LONG) == Memory(b"unsure")


def test_giving_back_can_be_repeated(journal: Journal) -> None:
    """A call whose answer was lost is made again, and is still a success."""
    journal.take("RM_1", "a", LONG)
    assert journal.give_back("RM_1", "a", b"state")
    assert journal.give_back("RM_1", "a", b"state")
    assert not journal.give_back("RM_1", "b", b"other")


def test_a_lease_that_never_was_cannot_be_given_back(journal: Journal) -> None:
    """It is not made by storing."""
    assert not journal.give_back("RM_1", "a", b"state")
    assert not journal.keep("RM_1", "a", b"state")


def test_of_processes_that_take_at_once_one_wins(url: str) -> None:
    """Each of many sessions, taken by three processes at the same time, goes to exactly one."""
    count = 300
    open_journal(url).close()
    with parties(PARTY, *((url, "claim", owner, str(count)) for owner in "abc")) as three:
        for party in three:
            party.go()
        won = [party.hear() for party in three]
    names = [name for owner in won for name in owner]
    assert sorted(names) == sorted(f"RM_{number}" for number in range(count))


def test_no_change_of_the_memory_is_lost(url: str) -> None:
    """Three processes that count in one session, each after having taken it, come to the sum."""
    count = 60
    with parties(PARTY, *((url, "add_up", owner, str(count)) for owner in "abc")) as three:
        for party in three:
            party.go()
        assert [party.hear() for party in three] == [count] * 3
    journal = open_journal(url)
    assert journal.take("RM_sum", "d", LONG) == Memory(str(3 * count).encode())
    journal.close()


def test_a_lease_outlives_its_owner_until_it_runs_out(url: str) -> None:
    """Of a process that was killed, a short lease is free after a while, and a long one is still held."""
    with parties(PARTY, (url, "hold", "dead", "0.5")) as (party,):
        party.go()
        assert party.hear() == "held"
        party.kill()
    journal = open_journal(url)
    deadline = time.monotonic() + PATIENCE
    while journal.take("RM_short", "heir", LONG) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert journal.take("RM_long", "heir", LONG) is None
    journal.close()
