"""A journal under way: readers beside writers, writers that are killed, locks, lost connections, full disks."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from reconciler.errors import JournalError
from reconciler.journal import questions
from reconciler.journal.connect import connect
from reconciler.journal.database import open_journal
from reconciler.journal.entries import Entry, Step
from reconciler.journal.questions import Rooms
from tests.journal.lossy import LossyProxy
from tests.journal.party import BATCH
from tests.support.parties import parties
from tests.support.postgres import PASSWORD, PostgresServer

PARTY = "tests.journal.party"

ENTRY = Entry(1.0, "call-1", "RM_1", Step.JOINED)


def path_of(url: str) -> Path:
    """The file of a SQLite journal."""
    return Path(url.removeprefix("sqlite:///"))


# ---------------------------------------------------------------------------------------------------------------------
# Readers and writers
# ---------------------------------------------------------------------------------------------------------------------


def batches(entries: list[Entry]) -> Counter[int | None]:
    """How many entries of each batch there are."""
    return Counter(entry.attempt for entry in entries)


def test_a_reader_sees_whole_writes(url: str) -> None:
    """While another process writes, and after it was killed in the middle, a write is there wholly or not at all."""
    with parties(PARTY, (url, "write_on")) as (writer,):
        writer.go()
        reader = open_journal(url, readonly=True)
        last = -1
        for _ in range(30):
            last = writer.hear()
            seen = batches(reader.history("busy", limit=100_000))
            assert set(seen.values()) == {BATCH}
            assert last in seen
        writer.kill()
        seen = batches(reader.history("busy", limit=100_000))
        assert set(seen.values()) == {BATCH}
        assert set(range(last + 1)) <= set(seen)
        reader.close()
    fresh = open_journal(url, readonly=True)
    recovered = batches(fresh.history("busy", limit=100_000))
    fresh.close()
    # SQLite finds a write that was committed as its writer was killed when the file is opened anew, and not before.
    assert set(recovered.values()) == {BATCH}
    assert set(seen) <= set(recovered)
    assert len(recovered) - len(seen) <= 1
    heir = open_journal(url)
    heir.write([ENTRY])
    assert heir.history("call-1") == [ENTRY]
    heir.close()


def test_a_reader_holds_nobody_up(sqlite_url: str) -> None:
    """Somebody who reads for hours keeps neither writes nor leases nor a clean-up waiting."""
    journal = open_journal(sqlite_url, patience=0.2)
    journal.write([ENTRY])
    with sqlite3.connect(path_of(sqlite_url), isolation_level=None) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM journal_entry").fetchone() == (1,)
        for number in range(50):
            journal.write([ENTRY])
            assert journal.take(f"RM_{number}", "a", 60) is not None
        assert journal.forget(2.0) == 51
        assert reader.execute("SELECT count(*) FROM journal_entry").fetchone() == (1,)
        reader.execute("COMMIT")
    reader.close()
    journal.close()


def test_a_clean_up_lets_writers_in(url: str) -> None:
    """While thousands of old entries are removed, others write and take, and what is new stays."""
    journal = open_journal(url)
    journal.write([ENTRY] * 10_000)
    new = Entry(9.0, "call-2", "RM_2", Step.JOINED)
    gone: list[int] = []
    cleaning = threading.Thread(target=lambda: gone.append(journal.forget(5.0)))
    cleaning.start()
    count = 0
    while cleaning.is_alive():
        journal.write([new])
        assert journal.take("RM_2", "a", 60) is not None
        count += 1
    cleaning.join()
    assert gone == [10_000]
    assert count > 10_000 / 500
    assert len(journal.history("call-2", limit=100_000)) == count
    journal.close()


def test_threads_share_a_journal(url: str) -> None:
    """Writers, takers and readers in threads of one process get in nobody's way."""
    journal = open_journal(url)
    failed: list[BaseException] = []

    def use(number: int) -> None:
        try:
            for turn in range(20):
                journal.write([ENTRY])
                journal.take(f"RM_{number}", "a", 60)
                journal.give_back(f"RM_{number}", "a", str(turn).encode())
                journal.history("call-1", limit=5)
        except BaseException as error:  # noqa: BLE001  # a thread's failure is the test's
            failed.append(error)

    threads = [threading.Thread(target=use, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(journal.history("call-1")) == 8 * 20
    journal.close()


def plan_of(journal: Any, statement: Any) -> str:
    """How the database goes about a question."""
    engine = journal._engine
    query = statement.compile(dialect=engine.dialect, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("ANALYZE journal_entry"))
        return str(connection.execute(text(f"{explain} {query}")).all())


def test_no_question_reads_all_entries(url: str) -> None:
    """A room, a beginning of names and the failures of late are found by an index each."""
    journal = connect(url, readonly=False, patience=5)
    rows = [
        Entry(
            number, f"call-{number // 4}", f"RM_{number // 4}", Step.JOINED, failed=number % 97 == 0
        )
        for number in range(4000)
    ]
    journal.write(rows)
    for rooms in (Rooms("call-7"), Rooms("call-77", is_prefix=True)):
        plan = plan_of(journal, questions.history(rooms, None, 100))
        assert "journal_entry_room" in plan
        assert "SCAN journal_entry" not in plan
        assert "Seq Scan" not in plan
    plan = plan_of(journal, questions.failures(Rooms(None), 3900, 100))
    assert "journal_entry_failed" in plan
    assert "SCAN journal_entry" not in plan
    assert "Seq Scan" not in plan
    journal.close()


# ---------------------------------------------------------------------------------------------------------------------
# What may pass, and what does not
# ---------------------------------------------------------------------------------------------------------------------


def test_a_lock_is_waited_for(sqlite_url: str) -> None:
    """While somebody else holds the file a write waits, and is done when it is free."""
    journal = open_journal(sqlite_url, patience=60)
    blocker = sqlite3.connect(path_of(sqlite_url), isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.5, lambda: blocker.execute("COMMIT"))
    release.start()
    journal.write([ENTRY])
    release.join()
    blocker.close()
    assert journal.history("call-1") == [ENTRY]
    journal.close()


def test_a_lock_is_not_waited_for_for_ever(sqlite_url: str) -> None:
    """After its patience a write fails in one line, and the next one succeeds; opening is no different."""
    journal = open_journal(sqlite_url, patience=0.2)
    blocker = sqlite3.connect(path_of(sqlite_url), isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="locked: another process holds it"):
        journal.write([ENTRY])
    with pytest.raises(JournalError, match="locked: another process holds it"):
        journal.take("RM_1", "a", 1)
    assert journal.history("call-1") == []
    blocker.execute("ROLLBACK")
    blocker.close()
    journal.write([ENTRY])
    assert journal.history("call-1") == [ENTRY]
    journal.close()


def test_a_file_that_can_grow_no_more(sqlite_url: str) -> None:
    """What was said to be written is there, nothing is torn, and once there is room it goes on."""
    open_journal(sqlite_url).close()
    with parties(PARTY, (sqlite_url, "fill", str(512 * 1024))) as (party,):
        party.go()
        count, message = party.hear()
    assert count > 0
    assert "cannot be written" in message
    assert "\n" not in message
    journal = open_journal(sqlite_url)
    seen = batches(journal.history("full", limit=100_000))
    assert seen == dict.fromkeys(range(count), BATCH)
    journal.write([ENTRY])
    journal.close()
    with sqlite3.connect(path_of(sqlite_url)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_full_disk_is_told_with_what_to_do(sqlite_url: str) -> None:
    """A file that SQLite may not enlarge stands for a disk without room."""
    journal = connect(sqlite_url, readonly=False, patience=0.2)
    with journal._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 20")
    with pytest.raises(JournalError, match="database or disk is full: make room on its disk"):
        journal.write([ENTRY] * 5000)
    journal.close()


def test_a_connection_that_was_cut_is_made_anew(
    postgres: PostgresServer, postgres_url: str
) -> None:
    """An administrator ends all connections: the next write goes through."""
    journal = open_journal(postgres_url)
    journal.write([ENTRY])
    with postgres.connection(postgres_url.rpartition("/")[2]) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconcile'"
        )
    journal.write([ENTRY])
    assert journal.history("call-1") == [ENTRY, ENTRY]
    journal.close()


def test_a_server_that_is_started_again(postgres: PostgresServer, postgres_url: str) -> None:
    """While it is down a write fails in one line after its patience; one with more patience is done."""
    hasty, patient = (
        open_journal(postgres_url, patience=0.2),
        open_journal(postgres_url, patience=60),
    )
    hasty.write([ENTRY])
    postgres.stop()
    try:
        with pytest.raises(JournalError) as caught:
            hasty.write([ENTRY])
        assert "\n" not in str(caught.value)
        assert PASSWORD not in str(caught.value)
        writing = threading.Thread(target=patient.write, args=([ENTRY],))
        writing.start()
    finally:
        postgres.start()
    writing.join()
    assert patient.history("call-1") == [ENTRY, ENTRY]
    hasty.close()
    patient.close()


def test_a_lost_answer_doubles_nothing(postgres: PostgresServer, postgres_url: str) -> None:
    """The server has done what was asked, and the connection breaks before it says so: it is asked again, once done."""
    with LossyProxy(postgres.port) as proxy:
        journal = open_journal(postgres_url.replace(f":{postgres.port}/", f":{proxy.port}/"))
        proxy.lose_answer_to(b"COMMIT")
        journal.write([ENTRY, ENTRY])
        assert proxy.lost == 1
        assert journal.history("call-1") == [ENTRY, ENTRY]

        proxy.lose_answer_to(b"INSERT INTO journal_lease")
        assert journal.take("RM_1", "a", 3600) is not None
        proxy.lose_answer_to(b"UPDATE journal_lease")
        assert journal.give_back("RM_1", "a", b"state")
        assert proxy.lost == 3
        memory = journal.take("RM_1", "b", 3600)
        assert memory is not None
        assert memory.state == b"state"
        journal.close()
