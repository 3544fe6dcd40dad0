"""Live rooms with their verdicts: the document, and its sections. What is bad stands first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from reconciler.agents.conventions import Convention
from reconciler.agents.live import UNNAMED, LiveRoom, place_of
from reconciler.agents.verdict import Judgement, Verdict
from reconciler.render.document import FORMAT_VERSION, to_json
from reconciler.render.escape import escape, quote
from reconciler.render.formats import Format
from reconciler.render.outline import Line, Section, capped, plural
from reconciler.render.plan_outline import of_project
from reconciler.render.room_shapes import (
    DispatchDocument,
    JudgedRoomDocument,
    PresentDocument,
    RoomsDocument,
)

_SHOWN = 20
_MARKS = {"ok": " ", "waiting": "~"}


class Judged(Protocol):
    """A room with its verdict."""

    @property
    def room(self) -> LiveRoom:
        """The room, with its inside where it was looked into."""
        ...

    @property
    def convention(self) -> Convention | None:
        """What the file says of it."""
        ...

    @property
    def judgement(self) -> Judgement:
        """The verdict and why."""
        ...

    @property
    def is_bad(self) -> bool:
        """Whether somebody ought to look."""
        ...

    @property
    def problem(self) -> str:
        """Why it could not be looked into."""
        ...


class Survey(Protocol):
    """All live rooms at one moment."""

    @property
    def project(self) -> str:
        """The project's name."""
        ...

    @property
    def host(self) -> str:
        """Where it lives."""
        ...

    @property
    def at(self) -> float:
        """Seconds since the epoch."""
        ...

    @property
    def rooms(self) -> Iterable[Judged]:
        """The rooms, the bad ones first."""
        ...

    def counts(self) -> Mapping[Verdict, int]:
        """How many rooms have each verdict."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# The document
# ---------------------------------------------------------------------------------------------------------------------


def rooms_document(survey: Survey) -> RoomsDocument:
    """A survey as a document."""
    rooms = [_room(one, survey.at) for one in survey.rooms]
    return {
        "format_version": FORMAT_VERSION,
        "project": survey.project,
        "host": survey.host,
        "at": datetime.fromtimestamp(survey.at, UTC).isoformat(timespec="milliseconds"),
        "counts": {verdict.value: count for verdict, count in survey.counts().items()},
        "bad": sum(room["bad"] for room in rooms),
        "unread": sum(room["unread"] for room in rooms),
        "rooms": rooms,
    }


def _room(one: Judged, now: float) -> JudgedRoomDocument:
    room = one.room
    dispatches: list[DispatchDocument] | None = None
    if room.dispatches is not None:
        dispatches = [
            {
                "agent": made.agent_name or UNNAMED,
                "id": made.id,
                "taken": made.job_since is not None,
            }
            for made in sorted(room.dispatches, key=lambda made: (made.created_at, made.id))
        ]
    present: list[PresentDocument] | None = None
    if room.agents is not None:
        present = [
            {
                "agent": None if agent.agent_name is None else agent.agent_name or UNNAMED,
                "identity": agent.identity,
            }
            for agent in sorted(room.agents, key=lambda agent: agent.identity)
        ]
    return {
        "room": room.name,
        "session": room.session,
        "convention": place_of(one.convention),
        "verdict": one.judgement.verdict.value,
        "bad": one.is_bad,
        "reason": one.judgement.reason,
        "expected": [name or UNNAMED for name in one.judgement.wanted],
        "dispatches": dispatches,
        "present": present,
        "waiting": room.waiting,
        "age": round(max(now - room.created_at, 0.0), 1),
        "unread": bool(one.problem),
    }


# ---------------------------------------------------------------------------------------------------------------------
# The page
# ---------------------------------------------------------------------------------------------------------------------


def show_rooms(
    document: RoomsDocument, form: Format, *, color: bool = False, verbose: bool = False
) -> str:
    """A survey in any format."""
    match form:
        case Format.JSON:
            return to_json(document)
        case Format.TEXT:
            from reconciler.render.text import page

            parts = _sections(document, verbose=verbose)
            return page(_heading(document), parts, rooms_conclusion(document), color)
        case _:
            from reconciler.render.markdown import SUMMARY_LIMIT, assemble, code_span

            of = f" of {code_span(document['project'])}" if document["project"] else ""
            title = f"## Rooms{of} on {code_span(document['host'])}"
            head = [title, f"**{rooms_conclusion(document)}**"]
            return assemble(
                head, _sections(document, verbose=verbose), [], SUMMARY_LIMIT, fold=False
            )


def _heading(document: RoomsDocument) -> str:
    return f"Rooms{of_project(document['project'], document['host'])}"


def _sections(document: RoomsDocument, *, verbose: bool) -> list[Section]:
    bad = [room for room in document["rooms"] if room["bad"] or room["unread"]]
    good = [room for room in document["rooms"] if not (room["bad"] or room["unread"])]
    found = []
    if bad:
        lines = [line for room in bad for line in _bad_lines(room)]
        found.append(Section("Bad", tuple(lines), marked=True, urgent=True))
    if good:
        # Who waits for an agent is looked for before those that have one.
        good.sort(key=lambda room: (room["verdict"] == "ok", room["waiting"] == 0, room["room"]))
        lines = [_line(room) for room in good]
        shown = lines if verbose else capped(lines, _SHOWN, "rooms (-v shows all)")
        found.append(Section("Others", tuple(shown), marked=True))
    return found


def _bad_lines(room: JudgedRoomDocument) -> list[Line]:
    lines = [_line(room)]
    if room["dispatches"] is not None:
        told = ", ".join(_dispatch(made) for made in room["dispatches"]) or "none"
        lines.append(Line(f"dispatched  {told}", depth=1))
    if room["present"] is not None:
        told = ", ".join(escape(one["agent"] or "(without a name)") for one in room["present"])
        lines.append(Line(f"in the room {told or 'no agent'}", depth=1))
    return lines


def _line(room: JudgedRoomDocument) -> Line:
    return Line(room_line(room), "-" if room["bad"] else _MARKS.get(room["verdict"], " "))


def room_line(room: JudgedRoomDocument) -> str:
    """One room in one line: name, convention, verdict, reason, who waits, how old it is."""
    convention = "no convention" if room["convention"] is None else quote(room["convention"])
    verdict = "" if room["verdict"] == Verdict.NO_CONVENTION else f"{room['verdict']} - "
    people = plural(room["waiting"], "person").replace("persons", "people")
    reason = f"{convention}, {verdict}{escape(room['reason'])}"
    return f"{quote(room['room'])}: {reason} ({people}, {_age(room['age'])})"


def _dispatch(made: DispatchDocument) -> str:
    taken = "a worker took the job" if made["taken"] else "no worker took the job"
    return f"{escape(made['agent'])} ({escape(made['id'])}, {taken})"


def _age(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    if hours:
        return f"{hours} h {minutes} min old"
    return f"{minutes} min {whole % 60} s old" if minutes else f"{whole} s old"


def rooms_conclusion(document: RoomsDocument) -> str:
    """What it comes to, in one line."""
    counts = [f"{count:,} {name}" for name, count in document["counts"].items() if count]
    total = plural(len(document["rooms"]), "room")
    unread = f"; {document['unread']:,} could not be looked into" if document["unread"] else ""
    return f"{total}: {', '.join(counts)}{unread}." if counts else "No live rooms."
