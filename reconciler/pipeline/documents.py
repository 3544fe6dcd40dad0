"""Plans, drifts and answers as documents, with what the projects on both sides of a plan have to say about them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reconciler.core.finding import NOWHERE
from reconciler.core.plan import Action
from reconciler.errors import FileError
from reconciler.pipeline.request import Prepared
from reconciler.planning.routes import Routes, agents_of, is_authenticated
from reconciler.render.document import Causes, drift_document, plan_document
from reconciler.render.explain import answer_document
from reconciler.render.shapes import CallAnswerDocument, PlanDocument, RerouteDocument
from reconciler.sip.routing.call import Answer, Call

if TYPE_CHECKING:
    from reconciler.planfile import SavedPlan
    from reconciler.planning.reroutes import Reroute, Reroutes

MOST_REROUTES = 100
"""A document tells of so many groups of calls."""


class Context(msgspec.Struct, frozen=True):
    """What a plan tells beyond itself, as what it was made from knows it. It is saved with the plan.

    `places` are those of the changes, in their order; `drawing` is the map of what changes, as Mermaid.
    """

    reroutes: list[RerouteDocument] = []
    notes: list[str] = []
    places: list[tuple[str, int, int] | None] = []
    drawing: str = ""


def document_of_plan(
    prepared: Prepared, *, reasons: int = 0, context: Context | None = None
) -> PlanDocument:
    """A plan, with the live rooms where they were read, and the calls that meet something else.

    Of the first `reasons` groups of calls every step is told. `context` is for who has it already.
    """
    document = plan_document(prepared.plan, prepared.rooms)
    former = prepared.configuration.former
    if former is not None:
        document["backup"] = former.taken_at
    _add(document, _context(prepared, reasons) if context is None else context, reasons)
    return document


def document_of_drift(
    prepared: Prepared, causes: Causes | None = None, *, reasons: int = 0
) -> PlanDocument:
    """The same as the answer to whether live differs. `causes`: which side changed, by a receipt."""
    document = drift_document(prepared.plan, causes, prepared.rooms)
    _add(document, _context(prepared, reasons), reasons)
    return document


def document_of_saved(path: Path, saved: SavedPlan, *, reasons: int = 0) -> PlanDocument:
    """A saved plan, with what it told when it was made."""
    document = plan_document(saved.plan)
    _add(document, context_of_saved(path, saved), reasons)
    return document


def context_of_saved(path: Path, saved: SavedPlan) -> Context:
    """What a saved plan tells beyond itself. Raises `FileError` where that is damaged."""
    try:
        return msgspec.convert(saved.context, Context)
    except msgspec.ValidationError as error:
        raise FileError(f"{path}: the plan is damaged: {error}: make a new one") from error


def whole_context(prepared: Prepared) -> Context:
    """All that a plan tells beyond itself, with every reason and the map: what is saved, and enough to show it."""
    from reconciler.pipeline.picture import drawn_changes
    from reconciler.render.github import DRAWING_LIMIT

    context = _context(prepared, sys.maxsize)
    return msgspec.structs.replace(context, drawing=drawn_changes(prepared, DRAWING_LIMIT))


def document_of_answer(
    routes: Routes, call: Call, found: Answer, *, why: bool
) -> CallAnswerDocument:
    """What becomes of a call; the reasons are only put into words where somebody asks for them."""
    return answer_document(
        found,
        routes.label_of(found),
        agents_of(found),
        auth_required=is_authenticated(found),
        steps=routes.steps(call, found) if why else (),
    )


def _context(prepared: Prepared, reasons: int) -> Context:
    """Nothing is called where nothing differs. Of a saved plan there is what was saved with it."""
    if prepared.saved is not None:
        return context_of_saved(*prepared.saved)
    draft, changes = prepared.draft, prepared.plan.changes
    if draft is None or not changes:
        return Context()
    from reconciler.planning.reroutes import reroutes

    before, after = draft.sides()
    rerouted = reroutes(before, after)
    told = [
        _reroute(one, before, after, why=number < reasons)
        for number, one in enumerate(rerouted.found[:MOST_REROUTES])
    ]
    return Context(told, list(_left_out(rerouted)), list(_places(prepared)))


def _places(prepared: Prepared) -> Iterator[tuple[str, int, int] | None]:
    """Where the file has what differs: the first field of an update, else the object itself."""
    sip = prepared.configuration.sip
    listed = {(one.kind, one.name): one for kind in sip.values() for one in kind}
    for change in prepared.plan.changes:
        one = listed.get((change.kind, change.name))
        is_update = change.action is Action.UPDATE and change.fields
        mark = one.origin.mark(change.fields[0].path if is_update else "") if one else NOWHERE
        yield (mark.file, mark.line, mark.column) if mark.line else None


def _add(document: PlanDocument, context: Context, reasons: int) -> None:
    document["notes"] += context.notes
    document["reroutes"] = [
        one if number < reasons else _without_steps(one)
        for number, one in enumerate(context.reroutes)
    ]
    for change, place in zip(document["changes"], context.places, strict=False):
        if place is not None:
            change["file"], change["line"], change["column"] = place


def _without_steps(one: RerouteDocument) -> RerouteDocument:
    return {
        **one,
        "before": {**one["before"], "steps": []},
        "after": {**one["after"], "steps": []},
    }


def _reroute(one: Reroute, before: Routes, after: Routes, *, why: bool) -> RerouteDocument:
    return {
        "numbers": list(one.numbers),
        "callers": list(one.callers),
        "sources": list(one.sources),
        "pin": None if one.pin is None else {"rule": one.pin.rule, "side": one.pin.side.value},
        "before": document_of_answer(before, one.call, one.before, why=why),
        "after": document_of_answer(after, one.call, one.after, why=why),
    }


def _left_out(rerouted: Reroutes) -> Iterator[str]:
    more = len(rerouted.found) - MOST_REROUTES
    if more > 0:
        yield f"{more:,} more groups of calls meet something else: explain --diff tells of one call"
    if rerouted.uncalled:
        numbers = (
            "1 number was" if rerouted.uncalled == 1 else f"{rerouted.uncalled:,} numbers were"
        )
        yield f"{numbers} not called to see what changes for them: explain --diff does it for one"
