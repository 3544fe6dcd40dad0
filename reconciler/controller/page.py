"""The status page: rooms now, the last failures, and the story of a room that somebody searches for.

One page without a script or anything from outside, readable on a phone. Names come from strangers: everything is
escaped. No secret is known here.
"""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from reconciler.agents.live import shown
from reconciler.agents.verdict import Verdict
from reconciler.controller.alerts import Alerts
from reconciler.controller.board import Board, Known
from reconciler.controller.rules import RulesInForce
from reconciler.controller.style import STYLE
from reconciler.journal.database import Journal
from reconciler.journal.entries import Entry, Session
from reconciler.render.escape import escape, shorten

_DAY = 86_400.0
_MOST_ROOMS = 200
_MOST_FAILURES = 20
_MOST_ENTRIES = 500
_REFRESH = 10
_LONGEST = 120


class Page:
    """The page of one process."""

    def __init__(self, rules: RulesInForce, board: Board, alerts: Alerts, journal: Journal) -> None:
        self._rules = rules
        self._board = board
        self._alerts = alerts
        self._journal = journal

    async def html(self, search: str, *, is_still: bool = False) -> str:
        """The page, or with a search the rooms and the story of a room. Raises `JournalError`.

        It is loaded anew every few seconds, unless somebody searches or wants it to stand still.
        """
        if search:
            is_prefix = search.endswith("*")
            name = search.removesuffix("*") if is_prefix else search
            entries = await asyncio.to_thread(
                self._journal.history,
                name,
                is_prefix=is_prefix,
                limit=_MOST_ENTRIES,
                project=self._rules.now.identity,
            )
            found = [one for one in self._board if _matches(one.name, name, is_prefix=is_prefix)]
            story = _story(entries, search, is_prefix=is_prefix)
            return self._document(search, [*_rooms(found), *story], is_still=True)
        failures = await asyncio.to_thread(
            self._journal.failures,
            time.time() - _DAY,
            limit=_MOST_FAILURES,
            project=self._rules.now.identity,
        )
        return self._document("", [*_rooms(self._board), *_failures(failures)], is_still=is_still)

    def broken(self, reason: str) -> str:
        """The page without what only the journal knows."""
        return self._document("", [*_rooms(self._board), _alert("journal", reason)], is_still=True)

    def _document(self, search: str, parts: list[str], *, is_still: bool) -> str:
        rules = self._rules.now
        title = _text(f"{rules.project or 'LiveKit'} on {rules.endpoint.host}")
        refresh = "" if is_still else f'<meta http-equiv="refresh" content="{_REFRESH}">'
        counts = "".join(_count(verdict, count) for verdict, count in self._board.counts().items())
        alerts = "".join(_alert(*one) for one in self._alerts.standing.items())
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'{refresh}<link rel="icon" href="data:,"><title>{title}</title><style>{STYLE}</style></head><body>'
            f'<header><h1>{title}</h1><p class="soft">{len(self._board):,} live rooms at {_clock(time.time())}, '
            f'times in {_zone()}<span class="refresh"> · {_way(search, is_still=is_still)}</span></p>{alerts}'
            f'<ul class="counts" aria-label="Rooms by verdict">{counts}</ul>'
            '<form method="get" action="/" role="search"><label class="hidden" for="room">Name of a room</label>'
            f'<input id="room" name="room" type="search" value="{_value(search)}" autocomplete="off" '
            'placeholder="a room, or call-* for all that begin so"><button>Search</button></form></header>'
            f"<main>{''.join(parts)}</main></body></html>\n"
        )


def _alert(about: str, message: str) -> str:
    return f'<p class="alert" role="alert"><b>{_text(about)}</b>: {_text(message)}</p>'


def _way(search: str, *, is_still: bool) -> str:
    if search:
        return '<a href="/">all rooms</a>'
    if is_still:
        return '<a href="/">refresh by itself</a>'
    return f'refreshed every {_REFRESH} s, <a href="?still=1">stop</a>'


def _matches(room: str, name: str, *, is_prefix: bool) -> bool:
    return room.startswith(name) if is_prefix else room == name


def _count(verdict: Verdict, count: int) -> str:
    kind = "bad" if verdict.is_bad else verdict.value
    return f'<li class="{kind if count else "none"}"><b>{count:,}</b>{_text(verdict.value)}</li>'


def _rooms(rooms: Iterable[Known]) -> Iterator[str]:
    """Bad ones first, then the youngest."""
    found = sorted(rooms, key=lambda one: (not one.judgement.verdict.is_bad, -one.created_at))
    yield '<section><h2 id="rooms">Rooms now</h2>'
    if found:
        now = time.time()
        rows = ((_room_row(one, now)) for one in found[:_MOST_ROOMS])
        yield from _table("rooms", _ROOM_COLUMNS, rows)
    else:
        yield '<p class="soft">none</p>'
    if len(found) > _MOST_ROOMS:
        yield f'<p class="soft">and {len(found) - _MOST_ROOMS:,} more: search for one</p>'
    yield "</section>"


_ROOM_COLUMNS = (
    ("Room", "room"),
    ("Verdict", "verdict"),
    ("Why", "text"),
    ("Convention", "line"),
    ("Waiting", "number"),
    ("Age", "number"),
)


def _room_row(room: Known, now: float) -> Iterator[str]:
    verdict = room.judgement.verdict
    yield _link(room.name)
    yield _tag(verdict.value, "bad" if verdict.is_bad else verdict.value)
    yield _text(room.judgement.reason)
    yield _text(room.convention if room.convention is not None else "")
    yield str(room.waiting)
    yield _span(now - room.created_at)


def _failures(sessions: list[Session]) -> Iterator[str]:
    yield '<section><h2 id="failures">Failures of the last 24 hours</h2>'
    if sessions:
        yield from _table("failures", _FAILURE_COLUMNS, map(_failure_row, sessions))
    else:
        yield '<p class="soft">none</p>'
    yield "</section>"


_FAILURE_COLUMNS = (
    ("When", "time"),
    ("Room", "room"),
    ("Step", "step"),
    ("Agent", "agent"),
    ("Why", "text"),
)


def _failure_row(session: Session) -> Iterator[str]:
    yield _clock(session.failed_at)
    yield _link(session.room)
    yield _tag(session.step.value, "bad")
    yield _text("" if session.agent is None else shown([session.agent]))
    yield _text(session.text)


def _story(entries: list[Entry], search: str, *, is_prefix: bool) -> Iterator[str]:
    yield f'<section><h2 id="history">History of {_text(search)}</h2>'
    columns = [one for one in _STORY_COLUMNS if is_prefix or one[1] != "room"]
    if entries:
        rows = (_entry_row(one, with_room=is_prefix) for one in entries)
        yield from _table("history", columns, rows)
    else:
        yield '<p class="soft">the journal has nothing about it</p>'
    yield "</section>"


_STORY_COLUMNS = (
    ("When", "time"),
    ("Room", "room"),
    ("Step", "step"),
    ("Agent", "agent"),
    ("Took", "number"),
    ("What", "text"),
)


def _entry_row(entry: Entry, *, with_room: bool) -> Iterator[str]:
    yield _clock(entry.at)
    if with_room:
        yield _link(entry.room)
    yield _tag(entry.step.value, "bad") if entry.failed else _text(entry.step.value)
    yield _text("" if entry.agent is None else shown([entry.agent]))
    yield "" if entry.milliseconds is None else _span(entry.milliseconds / 1000.0)
    yield _text(entry.text)


def _table(
    heading: str, columns: Sequence[tuple[str, str]], rows: Iterable[Iterable[str]]
) -> Iterator[str]:
    """A table that the heading names. On a phone each row is a block, and its roles have to be said again."""
    yield f'<div class="frame"><table role="table" aria-labelledby="{heading}"><thead role="rowgroup"><tr role="row">'
    for name, kind in columns:
        yield f'<th scope="col" role="columnheader" class="{kind}">{name}</th>'
    yield '</tr></thead><tbody role="rowgroup">'
    for row in rows:
        yield '<tr role="row">'
        for (name, kind), cell in zip(columns, row, strict=True):
            yield f'<td role="cell" class="{kind}" data-name="{name}">{cell}</td>'
        yield "</tr>"
    yield "</tbody></table></div>"


def _tag(word: str, kind: str) -> str:
    return f'<span class="tag {kind}">{_text(word)}</span>'


def _link(room: str) -> str:
    from urllib.parse import quote

    return f'<a href="?room={quote(room, safe="")}">{_text(room) or "(empty name)"}</a>'


def _text(text: str) -> str:
    return html.escape(shorten(escape(text), _LONGEST))


def _value(text: str) -> str:
    """What somebody typed, as it was typed."""
    return html.escape(text)


def _clock(at: float) -> str:
    """The time of today, the date as well on another day."""
    moment = datetime.fromtimestamp(at).astimezone()
    is_today = moment.date() == datetime.now().astimezone().date()
    told = moment.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S")
    iso = moment.isoformat(timespec="milliseconds")
    return f'<time datetime="{iso}" title="{iso}">{told}</time>'


def _zone() -> str:
    return f"{datetime.now().astimezone():UTC%z}".replace("UTC+0000", "UTC")


def _span(seconds: float) -> str:
    """`7 ms`, `1.4 s`, `12 s`, `3 min`, `2 h`."""
    seconds = max(seconds, 0.0)
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 2 * _DAY else f"{seconds / _DAY:.0f} days"
