"""Live rooms in a plan, and what became of them in an apply: documents and sections.

They are known here by their shape alone, as calls and their results are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Protocol

from reconciler.agents.live import UNNAMED, place_of
from reconciler.agents.room_plan import RoomPlan
from reconciler.render.escape import escape, quote
from reconciler.render.outline import Line, Section, capped, plural
from reconciler.render.room_shapes import (
    RoomCounts,
    RoomPlanDocument,
    RoomResultDocument,
    RoomTally,
    RoomWriteDocument,
)

_SHOWN = 20
_MARKS = {"dispatch": "+", "retry": "~", "replace": "~"}
_PAST = {"dispatch": "dispatched", "retry": "dispatched again", "replace": "replaced"}


class RoomPlans(Protocol):
    """The rooms that a plan has something to say of, and those that could not be read, with the reasons."""

    @property
    def rooms(self) -> Sequence[RoomPlan]:
        """The rooms, by name."""
        ...

    @property
    def unread(self) -> Sequence[tuple[str, str]]:
        """Names and reasons."""
        ...


class RoomResult(Protocol):
    """One agent of one room and what became of it; `outcome` is `done`, `not needed`, `failed` or `not tried`."""

    @property
    def room(self) -> str:
        """The name of the room."""
        ...

    @property
    def convention(self) -> str:
        """Its convention, by prefix or room."""
        ...

    @property
    def agent_name(self) -> str:
        """The agent, "" for an unnamed one."""
        ...

    @property
    def action(self) -> str:
        """Why it is dispatched."""
        ...

    @property
    def outcome(self) -> str:
        """How it ended."""
        ...

    @property
    def message(self) -> str:
        """Why it was not done, or what was odd about it."""
        ...

    @property
    def id(self) -> str | None:
        """The new dispatch."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# Documents
# ---------------------------------------------------------------------------------------------------------------------


def named(agent_name: str) -> str:
    """An agent as all documents name it."""
    return agent_name or UNNAMED


def room_plan_documents(plans: Iterable[RoomPlan]) -> list[RoomPlanDocument]:
    """The rooms of a plan."""
    return [_room_plan(one) for one in plans]


def _room_plan(plan: RoomPlan) -> RoomPlanDocument:
    writes: list[RoomWriteDocument] = [
        {
            "action": write.act.value,
            "agent": named(write.agent.agent_name),
            "reason": write.reason,
            "replaces": list(write.deletes),
        }
        for write in plan.writes
    ]
    return {
        "room": plan.room.name,
        "convention": place_of(plan.convention) or "",
        "agents": [named(one) for one in plan.agents],
        "missing": [named(one) for one in plan.missing],
        "writes": writes,
        "unasked": [named(one) for one in plan.unasked],
        "reason": plan.reason,
    }


def room_counts(rooms: Sequence[RoomPlanDocument]) -> RoomCounts:
    """What the rooms come to."""
    acts = Counter(write["action"] for room in rooms for write in room["writes"])
    return {
        "lacking": sum(bool(room["missing"]) for room in rooms),
        "dispatch": acts["dispatch"],
        "retry": acts["retry"],
        "replace": acts["replace"],
    }


def room_result_documents(results: Iterable[RoomResult]) -> list[RoomResultDocument]:
    """What became of the rooms."""
    return [
        {
            "room": one.room,
            "convention": one.convention,
            "agent": named(one.agent_name),
            "action": str(one.action),
            "outcome": one.outcome.replace(" ", "_"),
            "id": one.id,
            "message": one.message,
        }
        for one in results
    ]


def room_tally(results: Iterable[RoomResultDocument]) -> RoomTally:
    """How many ended in which way."""
    found = Counter(one["outcome"] for one in results)
    return {
        "done": found["done"],
        "not_needed": found["not_needed"],
        "failed": found["failed"],
        "not_tried": found["not_tried"],
    }


# ---------------------------------------------------------------------------------------------------------------------
# Sections
# ---------------------------------------------------------------------------------------------------------------------


def planned_rooms_section(rooms: Sequence[RoomPlanDocument], *, verbose: bool) -> Section:
    """The rooms of a plan; those that an apply would write to come first."""
    lines = []
    for room in sorted(rooms, key=lambda room: not room["writes"]):
        lines += _planned(room)
    shown = lines if verbose else capped(lines, _SHOWN, "lines about rooms")
    return Section("Live rooms - as they are now, apart from the plan", tuple(shown), marked=True)


def _planned(room: RoomPlanDocument) -> list[Line]:
    place = f"{quote(room['room'])} under {quote(room['convention'])}"
    lines = [
        Line(
            f"{place}: {write['action']} {escape(write['agent'])} - {escape(write['reason'])}",
            _MARKS[write["action"]],
        )
        for write in room["writes"]
    ]
    if not lines and room["missing"]:
        missing = escape(", ".join(room["missing"]))
        lines = [Line(f"{place}: lacks {missing}, left alone - {escape(room['reason'])}")]
    if room["unasked"]:
        names = escape(", ".join(room["unasked"]))
        told = f"{names} was dispatched, and the convention does not name it: left alone"
        lines.append(Line(told, depth=1) if lines else Line(f"{place}: {told}"))
    return lines


def planned_words(counts: RoomCounts, *, drift: bool) -> str:
    """The rooms in the last line of a plan or drift; empty where nothing is to be said."""
    lacking = plural(counts["lacking"], "room")
    if drift:
        return f"{lacking} without an agent" if counts["lacking"] else ""
    acts = (
        ("dispatch", counts["dispatch"]),
        ("retry", counts["retry"]),
        ("replace", counts["replace"]),
    )
    told = [f"{count:,} to {act}" for act, count in acts if count]
    if told:
        return f"{', '.join(told)} (rooms)"
    return f"{lacking} without an agent and nothing to send" if counts["lacking"] else ""


def room_results_sections(results: Sequence[RoomResultDocument], *, verbose: bool) -> list[Section]:
    """What became of the rooms, by outcome."""
    titles = (
        ("done", "Live rooms - dispatched"),
        ("failed", "Live rooms - failed"),
        ("not_tried", "Live rooms - not tried"),
        ("not_needed", "Live rooms - not needed any more"),
    )
    found = []
    for outcome, title in titles:
        lines = [Line(_words(one)) for one in results if one["outcome"] == outcome]
        is_urgent = outcome in ("failed", "not_tried")
        shown = lines if verbose or outcome == "failed" else capped(lines, _SHOWN, "agents")
        if lines:
            found.append(Section(title, tuple(shown), urgent=is_urgent))
    return found


def _words(one: RoomResultDocument) -> str:
    verb = _PAST[one["action"]] if one["outcome"] == "done" else one["action"]
    made = "" if one["id"] is None else f" ({escape(one['id'])})"
    message = f": {escape(one['message'])}" if one["message"] else ""
    return f"{quote(one['room'])}: {verb} {escape(one['agent'])}{made}{message}"


def result_words(tally: RoomTally) -> str:
    """The rooms in the last line of an apply."""
    told = [f"{tally['done']:,} dispatched"]
    rest = (("failed", tally["failed"]), ("not tried", tally["not_tried"]))
    told += [f"{count:,} {words}" for words, count in rest if count]
    return f"{', '.join(told)} (rooms)"


def room_progress_line(result: RoomResult, done: int, total: int) -> str:
    """One finished room, in one line without its newline."""
    (document,) = room_result_documents([result])
    counter = f"[{done:>{len(str(total))}}/{total}]"
    outcome = "" if document["outcome"] == "done" else f"{result.outcome}: "
    return f"{counter} {outcome}room {_words(document)}"
