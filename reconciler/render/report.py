"""What an apply did: its document, its sections, and a line for every call while it runs.

The counts are those of calls that really went out and were answered, never those of the plan. A report is known here
by its shape alone: what carries out plans and what shows them do not import each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from reconciler.core.plan import Action, Call
from reconciler.render.document import FORMAT_VERSION
from reconciler.render.escape import escape, quote
from reconciler.render.outline import Line, Section, capped
from reconciler.render.paint import painter
from reconciler.render.plan_outline import of_project
from reconciler.render.room_plans import (
    RoomPlans,
    RoomResult,
    result_words,
    room_result_documents,
    room_results_sections,
    room_tally,
)
from reconciler.render.shapes import (
    PlanDocument,
    ReportDocument,
    ReportSummary,
    ResultDocument,
    Tally,
)
from reconciler.render.words import title

_SHOWN = 20
_PAST = {"create": "created", "update": "updated", "rename": "renamed", "delete": "deleted"}


class Result(Protocol):
    """One call and what became of it; `outcome` is `done`, `failed` or `not tried`."""

    @property
    def call(self) -> Call:
        """The call."""
        ...

    @property
    def outcome(self) -> str:
        """How it ended."""
        ...

    @property
    def message(self) -> str:
        """Why it was not done."""
        ...

    @property
    def id(self) -> str | None:
        """The object's id, as far as it is known."""
        ...


class Report(Protocol):
    """Everything one apply did."""

    @property
    def results(self) -> Sequence[Result]:
        """All calls of the plan."""
        ...

    @property
    def interrupted(self) -> bool:
        """Whether somebody stopped it."""
        ...

    @property
    def differences(self) -> Sequence[str]:
        """What differed afterwards."""
        ...

    @property
    def is_complete(self) -> bool:
        """Whether the live project is what the plan said."""
        ...


# ---------------------------------------------------------------------------------------------------------------------
# The document
# ---------------------------------------------------------------------------------------------------------------------


def report_document(
    planned: PlanDocument,
    report: Report,
    planned_rooms: RoomPlans | None = None,
    room_results: Iterable[RoomResult] = (),
) -> ReportDocument:
    """A report as a document, with the plan that was applied and, where they were read, the live rooms."""
    results = [_result(result) for result in report.results]
    document: ReportDocument = {
        "format_version": FORMAT_VERSION,
        "project": planned["project"],
        "host": planned["host"],
        "complete": report.is_complete,
        "interrupted": report.interrupted,
        "summary": _summary(results),
        "results": results,
        "differences": list(report.differences),
        "plan": planned,
    }
    if planned_rooms is not None:
        document["rooms"] = room_result_documents(room_results)
        tally = document["summary"]["rooms"] = room_tally(document["rooms"])
        missed = tally["failed"] or tally["not_tried"] or planned_rooms.unread
        document["complete"] = document["complete"] and not missed
    return document


def _result(result: Result) -> ResultDocument:
    call = result.call
    document: ResultDocument = {
        "step": call.step,
        "action": call.action,
        "kind": call.kind,
        "name": call.name,
        "id": result.id if result.id is not None else call.id,
        "planes": [str(plane) for plane in call.planes],
        "fields": [field.path for field in call.fields],
        "outcome": result.outcome.replace(" ", "_"),
        "message": result.message,
    }
    if call.new_name is not None:
        document["new_name"] = call.new_name
    return document


def _summary(results: Iterable[ResultDocument]) -> ReportSummary:
    tallies = {outcome: _tally() for outcome in ("done", "failed", "not_tried")}
    for result in results:
        tally = tallies[result["outcome"]]
        match action_of(result):
            case Action.CREATE:
                tally["create"] += 1
            case Action.UPDATE:
                tally["update"] += 1
            case Action.RENAME:
                tally["rename"] += 1
            case Action.DELETE:
                tally["delete"] += 1
    return {
        "done": tallies["done"],
        "failed": tallies["failed"],
        "not_tried": tallies["not_tried"],
    }


def _tally() -> Tally:
    return {"create": 0, "update": 0, "delete": 0, "rename": 0}


def action_of(result: ResultDocument) -> Action:
    """What the call meant: an update with a new name is a rename."""
    return Action.RENAME if "new_name" in result else Action(result["action"])


# ---------------------------------------------------------------------------------------------------------------------
# Sections
# ---------------------------------------------------------------------------------------------------------------------


def heading(document: ReportDocument) -> str:
    """Which project was written."""
    return f"Apply{of_project(document['project'], document['host'])}"


def sections(document: ReportDocument, *, verbose: bool) -> list[Section]:
    """What was done, what failed and why, what was not tried, what still differs."""
    lines: dict[str, list[Line]] = {"done": [], "failed": [], "not_tried": []}
    for result in document["results"]:
        lines[result["outcome"]].append(Line(_words(result)))
    done = lines["done"] if verbose else capped(lines["done"], _SHOWN, "calls")
    found = [
        Section("Done", tuple(done)),
        Section("Failed", tuple(lines["failed"]), urgent=True),
        Section("Not tried", tuple(capped(lines["not_tried"], _SHOWN, "calls")), urgent=True),
        *room_results_sections(document.get("rooms", []), verbose=verbose),
        Section(
            "Not as planned after all - somebody else changed it meanwhile, or a call failed",
            tuple(Line(escape(difference)) for difference in document["differences"]),
            urgent=True,
        ),
    ]
    return [section for section in found if section.lines]


def _words(result: ResultDocument) -> str:
    action = action_of(result)
    verb = _PAST[action] if result["outcome"] == "done" else action
    identifier = "" if result["id"] is None else f" ({escape(result['id'])})"
    fields = escape(", ".join(result["fields"])) if action is Action.UPDATE else ""
    message = f": {escape(result['message'])}" if result["message"] else ""
    told = f"{verb} {title(result['kind'])} {quote(result['name'])}{identifier}"
    return f"{result['step']}. {told}{f' [{fields}]' if fields else ''}{message}"


def conclusion(document: ReportDocument) -> str:
    """What it comes to, in one line."""
    has_rooms = bool(document.get("rooms"))
    if not document["results"] and not has_rooms and document["complete"]:
        return "Nothing to apply."
    summary = document["summary"]
    done = ", ".join(
        f"{count:,} {_PAST[action]}"
        for action, count in (
            ("create", summary["done"]["create"]),
            ("update", summary["done"]["update"]),
            ("rename", summary["done"]["rename"]),
            ("delete", summary["done"]["delete"]),
        )
        if count or action != "rename"
    )
    if has_rooms and "rooms" in summary:
        done = f"{done}; {result_words(summary['rooms'])}"
    failed, not_tried = _total(summary["failed"]), _total(summary["not_tried"])
    rest = f"; {failed:,} failed, {not_tried:,} not tried" if failed or not_tried else ""
    if document["complete"]:
        return f"Apply complete: {done}."
    if document["interrupted"]:
        return f"Apply interrupted: {done}{rest}. Run it again to finish the work."
    if document["differences"] and not rest:
        count = len(document["differences"])
        still = "1 object still differs" if count == 1 else f"{count:,} objects still differ"
        return f"Apply done: {done}, but {still}: look at the plan again."
    if document["differences"]:
        return f"Apply incomplete: {done}{rest}. Look at the plan again before another run."
    return f"Apply incomplete: {done}{rest}. Run it again when the cause is gone: it finishes the work."


def _total(tally: Tally) -> int:
    return tally["create"] + tally["update"] + tally["delete"] + tally["rename"]


# ---------------------------------------------------------------------------------------------------------------------
# Progress
# ---------------------------------------------------------------------------------------------------------------------


def progress_line(result: Result, done: int, total: int, *, color: bool = False) -> str:
    """One finished call, `done` of `total`, in one line without its newline."""
    call = result.call
    document = _result(result)
    action = action_of(document)
    counter = f"[{done:>{len(str(total))}}/{total}]"
    identifier = "" if document["id"] is None else f" ({escape(document['id'])})"
    told = f"{title(call.kind)} {quote(call.name)}{identifier}"
    paint = painter(color)
    if document["outcome"] == "done":
        return f"{counter} {paint(_PAST[action], 'done')} {told}"
    outcome = paint(f"{result.outcome}:", "error" if document["outcome"] == "failed" else "warning")
    message = f": {escape(result.message)}" if result.message else ""
    return f"{counter} {outcome} {action} {told}{message}"
