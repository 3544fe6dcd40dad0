"""What the journal tells, for people: the story of each session, or the sessions in which somebody was not served.

Times are shown in a zone that the caller names (None: the machine's own), with their distance from UTC. Everything but
the numbers comes from strangers and goes through `escape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo

from reconciler.render.document import to_json
from reconciler.render.escape import escape, quote
from reconciler.render.formats import Format
from reconciler.render.history_shapes import (
    HistoryDocument,
    HistoryEntryDocument,
    HistorySessionDocument,
)
from reconciler.render.outline import Line, Section, plural
from reconciler.render.paint import painter

# A long name pushes what is behind it aside in its own line only.
_WIDEST = 32
_FAILED = "-"


def show_history(
    document: HistoryDocument, form: Format, *, color: bool = False, zone: tzinfo | None = None
) -> str:
    """The answer in any format."""
    if form is Format.JSON:
        return to_json(document)
    parts = sections(document, zone)
    if form is Format.TEXT:
        return _text(heading(document, zone), parts, conclusion(document), color=color)
    from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

    head = ["## History", code_span(heading(document, zone)), f"**{conclusion(document)}**"]
    shown = [Section(code_span(part.title), part.lines, marked=True) for part in parts]
    return assemble(head, shown, [], SUMMARY_LIMIT, fold=False)


def heading(document: HistoryDocument, zone: tzinfo | None) -> str:
    """What was asked."""
    room = document["room"]
    what = "Failures" if document["only_failed"] else "History"
    if room is None:
        of = "all rooms"
    elif document["is_prefix"]:
        of = f"rooms that begin with {quote(room)}"
    else:
        of = f"room {quote(room)}"
    since = document["since"]
    return f"{what} of {of}" + (f" since {_moment(since, zone)}" if since is not None else "")


def conclusion(document: HistoryDocument) -> str:
    """How much there is."""
    sessions = document["sessions"]
    counts = [plural(len(sessions), "session")]
    if document["only_failed"]:
        counts.append(plural(sum(one["failures"] for one in sessions), "failure"))
    else:
        counts.append(f"{sum(len(one['entries']) for one in sessions):,} entries")
        failed = sum(one["failures"] for one in sessions)
        counts += [f"{failed:,} of them failed"] if failed else []
    more = "; older ones are left out, --limit shows more" if document["truncated"] else ""
    return f"{', '.join(counts)}{more}."


def sections(document: HistoryDocument, zone: tzinfo | None) -> list[Section]:
    """A section for each session; one for all of them where only failures were asked for."""
    if not document["only_failed"]:
        return [
            Section(_title(one, zone), tuple(_story(one, zone)), marked=True)
            for one in document["sessions"]
        ]
    rows = _aligned([_failure_cells(one, zone) for one in document["sessions"]])
    lines: list[Line] = []
    for row, session in zip(rows, document["sessions"], strict=True):
        lines.append(Line(row, mark=_FAILED))
        lines.append(Line(_frame(session, zone), depth=1))
    return [Section("Sessions", tuple(lines), marked=True)] if lines else []


# ---------------------------------------------------------------------------------------------------------------------
# The story of a session
# ---------------------------------------------------------------------------------------------------------------------


def _title(session: HistorySessionDocument, zone: tzinfo | None) -> str:
    parts = [
        quote(session["room"]),
        escape(session["session"]),
        f"{_moment(session['started'], zone)}{_end(session)}",
    ]
    return " · ".join(part for part in parts if part)


def _end(session: HistorySessionDocument) -> str:
    if session["finished"] is None:
        return ", not finished"
    lasted = _time(session["finished"]) - _time(session["started"])
    return f", finished after {_span(lasted.total_seconds() * 1000)}"


def _story(session: HistorySessionDocument, zone: tzinfo | None) -> Iterator[Line]:
    rows = _aligned([_cells(entry, zone) for entry in session["entries"]])
    day = _day(session["started"], zone)
    for row, entry in zip(rows, session["entries"], strict=True):
        if _day(entry["at"], zone) != day:
            day = _day(entry["at"], zone)
            yield Line(day)
        yield Line(row, mark=_FAILED if entry["failed"] else " ")


def _cells(entry: HistoryEntryDocument, zone: tzinfo | None) -> Sequence[str]:
    number = entry["attempt"]
    took = entry["milliseconds"]
    return (
        _time(entry["at"]).astimezone(zone).time().isoformat("milliseconds"),
        entry["step"] + (f" #{number}" if number is not None else ""),
        escape(entry["agent"] or ""),
        "" if took is None else _span(took),
        escape(entry["text"]),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Failures
# ---------------------------------------------------------------------------------------------------------------------


def _failure_cells(session: HistorySessionDocument, zone: tzinfo | None) -> Sequence[str]:
    failure = session["failure"]
    if failure is None:
        return ("", "", "", quote(session["room"]), escape(session["session"]))
    return (
        _moment(failure["at"], zone),
        failure["step"],
        escape(failure["agent"] or ""),
        quote(session["room"]),
        escape(session["session"]),
    )


def _frame(session: HistorySessionDocument, zone: tzinfo | None) -> str:
    failure = session["failure"]
    said = escape(failure["text"]) if failure is not None else ""
    parts = [said] if said else []
    parts.append(f"started {_moment(session['started'], zone)}{_end(session)}")
    if session["failures"] > 1:
        parts.append(plural(session["failures"], "failure"))
    return "; ".join(parts)


# ---------------------------------------------------------------------------------------------------------------------
# Pieces
# ---------------------------------------------------------------------------------------------------------------------


def _text(title: str, parts: Sequence[Section], last: str, *, color: bool) -> str:
    """As all pages of this tool, but with a column for the mark, so that failed steps stand in line with the others."""
    paint = painter(color)
    lines = [paint(title, "title")]
    for part in parts:
        lines += ["", paint(part.title, "title")]
        for line in part.lines:
            failed = line.mark == _FAILED
            text = f"{'!' if failed else ' '} {'  ' * line.depth}{line.text}".rstrip()
            lines.append(f"  {paint(text, 'error') if failed else text}")
    return "\n".join([*lines, "", paint(last, "title")]) + "\n"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, their cells under each other."""
    widths = [min(_WIDEST, max(map(len, column))) for column in zip(*rows, strict=True)]
    # What no row has takes no room.
    return [
        "  ".join(
            cell.ljust(width) for cell, width in zip(row, widths, strict=True) if width
        ).rstrip()
        for row in rows
    ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _moment(text: str, zone: tzinfo | None) -> str:
    return _time(text).astimezone(zone).isoformat(sep=" ", timespec="seconds")


def _day(text: str, zone: tzinfo | None) -> str:
    """The date and the distance from UTC, which changes twice a year."""
    shown = _moment(text, zone)
    return f"{shown[:10]} {shown[19:]}"


def _span(milliseconds: float) -> str:
    """`43 ms`, `1.2 s`, `2m 13s`, `3h 05m`."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02}s"
    return f"{minutes // 60}h {minutes % 60:02}m"
