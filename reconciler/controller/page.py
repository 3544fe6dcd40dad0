"""The status page: rooms now, the last failures, and the story of a room that somebody searches for.

One page without a script or anything from outside, readable on a phone. Names come from strangers: everything is
escaped. No secret is known here.
"""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

from reconciler.agents.live import shown
from reconciler.agents.verdict import Verdict
from reconciler.controller.alerts import Alerts
from reconciler.controller.board import Board, Known
from reconciler.controller.rules import RulesInForce
from reconciler.journal.database import Journal
from reconciler.journal.entries import Entry, Session
from reconciler.render.escape import escape, shorten

_DAY = 86_400.0
_MOST_ROOMS = 200
_MOST_FAILURES = 20
_MOST_ENTRIES = 500
_REFRESH = 10
_LONGEST = 120

STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--card:#fff;--ground:#f6f8fa;--good:#1a7f37;
--bad:#cf222e;--wait:#9a6700;--link:#0969da}
@media (prefers-color-scheme:dark){:root{--ink:#f0f6fc;--soft:#9198a1;--line:#3d444d;--card:#151b23;--ground:#0d1117;
--good:#3fb950;--bad:#f85149;--wait:#d29922;--link:#4493f8}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI","DejaVu Sans",
sans-serif}
main{max-width:1100px;margin:0 auto;padding:1rem}
h1{font-size:1.25rem;margin:.2rem 0}h2{font-size:1rem;margin:1.6rem 0 .5rem}
p{margin:.3rem 0}.soft{color:var(--soft)}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;margin:.8rem 0;padding:0;list-style:none}
.counts li{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.35rem .7rem}
.counts b{font-size:1.15rem;margin-right:.35rem}
.ok b,td.ok{color:var(--good)}.waiting b,td.waiting{color:var(--wait)}.bad b,td.bad{color:var(--bad)}
.none{opacity:.55}
form{display:flex;gap:.5rem;margin:.8rem 0}
input{flex:1;min-width:0;font:inherit;padding:.45rem .6rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--card);color:inherit}
button{font:inherit;padding:.45rem .9rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);
color:inherit}
a{color:var(--link)}
.alert{border:1px solid var(--bad);border-radius:.5rem;padding:.5rem .8rem;margin:.5rem 0;background:var(--card)}
table{width:100%;border-collapse:collapse;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
th,td{text-align:left;padding:.4rem .6rem;border-top:1px solid var(--line);vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);border-top:0;font-size:.85rem}
td.room,td.step{font-weight:500}.time{white-space:nowrap;font-variant-numeric:tabular-nums}
@media (max-width:640px){
thead{display:none}
tr{display:block;border-top:1px solid var(--line);padding:.4rem 0}tbody tr:first-child{border-top:0}
td{display:flex;gap:.6rem;border:0;padding:.15rem .7rem}
td::before{content:attr(data-name);color:var(--soft);flex:0 0 6rem;font-size:.85rem}
td:empty{display:none}
}
"""


class Page:
    """The page of one process."""

    def __init__(self, rules: RulesInForce, board: Board, alerts: Alerts, journal: Journal) -> None:
        self._rules = rules
        self._board = board
        self._alerts = alerts
        self._journal = journal

    async def html(self, search: str) -> str:
        """The page, or with a search the rooms and the story of a room. Raises `JournalError`."""
        if search:
            is_prefix = search.endswith("*")
            name = search.removesuffix("*") if is_prefix else search
            entries = await asyncio.to_thread(
                self._journal.history, name, is_prefix=is_prefix, limit=_MOST_ENTRIES
            )
            found = [one for one in self._board if _matches(one.name, name, is_prefix=is_prefix)]
            return self._document(search, [*_rooms(found), *_story(entries, search)])
        failures = await asyncio.to_thread(
            self._journal.failures, time.time() - _DAY, limit=_MOST_FAILURES
        )
        return self._document("", [*_rooms(self._board), *_failures(failures)])

    def broken(self, reason: str) -> str:
        """The page without what only the journal knows."""
        return self._document("", [*_rooms(self._board), f"<p>{_text(reason)}</p>"])

    def _document(self, search: str, parts: list[str]) -> str:
        rules = self._rules.now
        title = _text(f"{rules.project or 'LiveKit'} on {rules.endpoint.host}")
        refresh = "" if search else f'<meta http-equiv="refresh" content="{_REFRESH}">'
        counts = "".join(_count(verdict, count) for verdict, count in self._board.counts().items())
        alerts = "".join(
            f'<p class="alert"><b>{_text(about)}</b>: {_text(message)}</p>'
            for about, message in self._alerts.standing.items()
        )
        back = '<p><a href="?">all rooms</a></p>' if search else ""
        return (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"{refresh}<title>{title}</title><style>{STYLE}</style></head><body><main>"
            f"<h1>{title}</h1>"
            f'<p class="soft">{len(self._board):,} live rooms, {_clock(time.time())}</p>'
            f'{alerts}<ul class="counts">{counts}</ul>'
            '<form method="get" action="/" role="search">'
            f'<input name="room" value="{_text(search)}" placeholder="room, or call-*" aria-label="Room">'
            f"<button>Search</button></form>{back}{''.join(parts)}</main></body></html>\n"
        )


def _matches(room: str, name: str, *, is_prefix: bool) -> bool:
    return room.startswith(name) if is_prefix else room == name


def _count(verdict: Verdict, count: int) -> str:
    kind = "bad" if verdict.is_bad else verdict.value
    return f'<li class="{kind if count else "none"}"><b>{count:,}</b>{_text(verdict.value)}</li>'


def _rooms(rooms: Iterable[Known]) -> Iterator[str]:
    """Bad ones first, then the youngest."""
    found = sorted(rooms, key=lambda one: (not one.judgement.verdict.is_bad, -one.created_at))
    yield "<h2>Rooms now</h2>"
    if not found:
        yield '<p class="soft">none</p>'
        return
    now = time.time()
    rows = ((_room_row(one, now)) for one in found[:_MOST_ROOMS])
    yield from _table(("Room", "Verdict", "Why", "Waiting", "Convention", "Age"), rows)
    if len(found) > _MOST_ROOMS:
        yield f'<p class="soft">and {len(found) - _MOST_ROOMS:,} more: search for one</p>'


def _room_row(room: Known, now: float) -> Iterator[tuple[str, str]]:
    verdict = room.judgement.verdict
    yield "room", _link(room.name)
    yield "bad" if verdict.is_bad else verdict.value, _text(verdict.value)
    yield "", _text(room.judgement.reason)
    yield "", str(room.waiting)
    yield "", _text(room.convention if room.convention is not None else "")
    yield "time", _span(now - room.created_at)


def _failures(sessions: list[Session]) -> Iterator[str]:
    yield "<h2>Failures of the last 24 hours</h2>"
    if not sessions:
        yield '<p class="soft">none</p>'
        return
    yield from _table(
        ("When", "Room", "Step", "Agent", "Why"), (_failure_row(one) for one in sessions)
    )


def _failure_row(session: Session) -> Iterator[tuple[str, str]]:
    yield "time", _clock(session.failed_at)
    yield "room", _link(session.room)
    yield "bad", _text(session.step.value)
    yield "", _text("" if session.agent is None else shown([session.agent]))
    yield "", _text(session.text)


def _story(entries: list[Entry], search: str) -> Iterator[str]:
    yield f"<h2>History of {_text(search)}</h2>"
    if not entries:
        yield '<p class="soft">the journal has nothing about it</p>'
        return
    names = ("When", "Room", "Step", "Agent", "Took", "What")
    yield from _table(names, (_entry_row(one) for one in entries))


def _entry_row(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "time", _clock(entry.at)
    yield "", _text(entry.room)
    yield "bad" if entry.failed else "step", _text(entry.step.value)
    yield "", _text("" if entry.agent is None else shown([entry.agent]))
    yield "time", "" if entry.milliseconds is None else _span(entry.milliseconds / 1000.0)
    yield "", _text(entry.text)


def _table(names: tuple[str, ...], rows: Iterable[Iterable[tuple[str, str]]]) -> Iterator[str]:
    yield "<table><thead><tr>"
    yield "".join(f'<th scope="col">{name}</th>' for name in names)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = (
            f'<td class="{kind}" data-name="{name}">{cell}</td>'
            for name, (kind, cell) in zip(names, row, strict=True)
        )
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _link(room: str) -> str:
    from urllib.parse import quote

    return f'<a href="?room={quote(room, safe="")}">{_text(room) or "(empty name)"}</a>'


def _text(text: str) -> str:
    return html.escape(shorten(escape(text), _LONGEST))


def _clock(at: float) -> str:
    moment = datetime.fromtimestamp(at).astimezone()
    iso = moment.isoformat(timespec="seconds")
    return f'<time datetime="{iso}">{moment.strftime("%Y-%m-%d %H:%M:%S %z")}</time>'


def _span(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min`, `2 h`."""
    seconds = max(seconds, 0.0)
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
