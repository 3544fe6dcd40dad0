"""`reconcile history`: what the journal of `reconcile serve` tells of a room, or of those who were not served."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

import click

from reconciler.cli.console import emit, note
from reconciler.cli.options import Output, journal_option, output_options, unread_config_option
from reconciler.errors import ExitCode

if TYPE_CHECKING:
    from reconciler.journal.database import Journal
    from reconciler.journal.entries import Entry, Session
    from reconciler.render.history_shapes import (
        HistoryDocument,
        HistoryEntryDocument,
        HistorySessionDocument,
    )

_DAY = 24 * 3600.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = 100 * 366 * _DAY
# The year 9999, which any zone can show.
_LATEST = 253_370_764_800.0


def _seconds(ctx: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    from reconciler.core.values import parse_duration

    if value is None:
        return None
    nanoseconds = parse_duration(value)
    if not nanoseconds or nanoseconds > _LONGEST * 1e9:
        raise click.BadParameter("write a duration such as 30m, 1h or 168h")
    return nanoseconds / 1e9


@click.command("history")
@click.argument("room", required=False, metavar="[ROOM]")
@click.option("--failed", is_flag=True, help="Only sessions in which somebody was not served.")
@click.option(
    "--since",
    metavar="DURATION",
    callback=_seconds,
    help="Only what happened in the last 30m, 1h, 168h; with --failed and no ROOM 24h, else all.",
)
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(1, 1_000_000),
    default=1000,
    show_default=True,
    help="Entries at most, or with --failed sessions; the newest are kept.",
)
@journal_option
@unread_config_option
@output_options
def command(
    room: str | None,
    failed: bool,
    since: float | None,
    limit: int,
    journal: str,
    output: Output,
) -> int:
    """Tell what happened in a room, session by session: who was dispatched, when they joined, and why not.

    ROOM is the name of a room, or with a * at its end what the names of several begin with. --failed lists the
    sessions in which somebody was not served, of ROOM or of all rooms. Times are local in text and Markdown, and UTC in
    JSON.

    \b
    Examples:
      reconcile history call-_+15550100099_abc
      reconcile history 'call-*' --since 1h
      reconcile history --failed --since 1h --format json
    """
    if room is None and not failed:
        raise click.UsageError("what is to be told? Give a ROOM, or --failed")
    if room == "":
        raise click.UsageError('ROOM is empty; "*" means all rooms')
    from reconciler.journal.database import open_journal
    from reconciler.render.formats import Format
    from reconciler.render.history import show_history

    if since is None and room is None:
        since = _DAY
    begin = None if since is None else time.time() - since
    opened = open_journal(journal, readonly=True)
    try:
        document = _document(opened, room, begin, limit, only_failed=failed)
    finally:
        opened.close()
    if not document["sessions"]:
        note(_nothing(document), output)
    if document["sessions"] or output.format != "text":
        emit(show_history(document, Format(output.format), color=output.color))
    return ExitCode.OK


def _nothing(document: HistoryDocument) -> str:
    from reconciler.render.escape import quote

    what = "no failure" if document["only_failed"] else "no entry"
    room = document["room"]
    if room is None:
        return f"{what} in the journal in this time"
    if document["is_prefix"]:
        return f"{what} in the journal of rooms that begin with {quote(room)}"
    return (
        f"{what} in the journal of room {quote(room)}: with a * behind it, longer names are found"
    )


def _document(
    journal: Journal, room: str | None, since: float | None, limit: int, *, only_failed: bool
) -> HistoryDocument:
    """Asks the journal for one more than is shown, to know whether there is more."""
    from reconciler.render.document import FORMAT_VERSION

    is_prefix = room is not None and room.endswith("*")
    name = room[:-1] if room is not None and is_prefix else room
    if only_failed or name is None:
        found = journal.failures(since or 0.0, room=name, is_prefix=is_prefix, limit=limit + 1)
        is_truncated = len(found) > limit
        sessions = [_failed_session(one) for one in found[:limit]]
    else:
        entries = journal.history(name, is_prefix=is_prefix, since=since, limit=limit + 1)
        is_truncated = len(entries) > limit
        sessions = list(_sessions(entries[-limit:]))
    return {
        "format_version": FORMAT_VERSION,
        "room": name,
        "is_prefix": is_prefix,
        "only_failed": only_failed,
        "since": None if since is None else _iso(since),
        "truncated": is_truncated,
        "sessions": sessions,
    }


def _sessions(entries: Iterable[Entry]) -> Iterable[HistorySessionDocument]:
    from reconciler.journal.entries import Step

    for (room, session), group in groupby(entries, key=lambda one: (one.room, one.session)):
        found = list(group)
        failures = [_entry(one) for one in found if one.failed]
        ends = [one.at for one in found if one.step is Step.FINISHED]
        yield {
            "room": room,
            "session": session,
            "started": _iso(found[0].at),
            "finished": _iso(ends[-1]) if ends else None,
            "failures": len(failures),
            "failure": None
            if not failures
            else {
                "at": failures[-1]["at"],
                "step": failures[-1]["step"],
                "agent": failures[-1]["agent"],
                "text": failures[-1]["text"],
            },
            "entries": [_entry(one) for one in found],
        }


def _entry(entry: Entry) -> HistoryEntryDocument:
    return {
        "at": _iso(entry.at),
        "step": entry.step.value,
        "agent": _agent(entry.agent),
        "attempt": entry.attempt,
        "milliseconds": entry.milliseconds,
        "text": entry.text,
        "failed": entry.failed,
    }


def _failed_session(session: Session) -> HistorySessionDocument:
    return {
        "room": session.room,
        "session": session.session,
        "started": _iso(session.started),
        "finished": None if session.finished is None else _iso(session.finished),
        "failures": session.failures,
        "failure": {
            "at": _iso(session.failed_at),
            "step": session.step.value,
            "agent": _agent(session.agent),
            "text": session.text,
        },
        "entries": [],
    }


def _agent(name: str | None) -> str | None:
    return "(unnamed)" if name == "" else name


def _iso(seconds: float) -> str:
    """Milliseconds are enough for people, and what webhooks bring are whole seconds."""
    moment = _EPOCH + timedelta(seconds=min(max(seconds, 0.0), _LATEST))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
