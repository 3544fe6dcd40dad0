"""Plans, drifts and answers as documents, with what the projects on both sides of a plan have to say about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from reconciler.pipeline.request import Prepared
from reconciler.planning.routes import Routes, agents_of, is_authenticated
from reconciler.render.document import Causes, drift_document, plan_document
from reconciler.render.explain import answer_document
from reconciler.render.shapes import CallAnswerDocument, PlanDocument, RerouteDocument
from reconciler.sip.routing.call import Answer, Call

if TYPE_CHECKING:
    from reconciler.config.model import Configuration
    from reconciler.planning import Draft
    from reconciler.planning.reroutes import Reroute, Reroutes

MOST_REROUTES = 100
"""A document tells of so many groups of calls."""


def document_of_plan(prepared: Prepared, *, reasons: int = 0) -> PlanDocument:
    """A plan, with the live rooms where they were read, and the calls that meet something else.

    Of the first `reasons` groups of calls every step is told.
    """
    document = plan_document(prepared.plan, prepared.rooms)
    _add_places(document, prepared.configuration)
    _add_reroutes(document, prepared.draft, reasons)
    return document


def document_of_drift(
    prepared: Prepared, causes: Causes | None = None, *, reasons: int = 0
) -> PlanDocument:
    """The same as the answer to whether live differs. `causes`: which side changed, by a receipt."""
    document = drift_document(prepared.plan, causes, prepared.rooms)
    _add_places(document, prepared.configuration)
    _add_reroutes(document, prepared.draft, reasons)
    return document


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


def _add_places(document: PlanDocument, configuration: Configuration) -> None:
    """Where the file has what differs: the first field of an update, else the object itself."""
    listed = {(one.kind, one.name): one for kind in configuration.sip.values() for one in kind}
    for change in document["changes"]:
        one = listed.get((change["kind"], change["name"]))
        if one is None:
            continue
        is_update = change["action"] == "update" and change["fields"]
        mark = one.origin.mark(change["fields"][0]["path"] if is_update else "")
        if mark.line:
            change["file"], change["line"], change["column"] = mark.file, mark.line, mark.column


def _add_reroutes(document: PlanDocument, draft: Draft | None, reasons: int) -> None:
    """Nothing is called where nothing differs, or where only the plan was saved and not what it was made from."""
    if draft is None or not document["changes"]:
        return
    from reconciler.planning.reroutes import reroutes

    before, after = draft.sides()
    rerouted = reroutes(before, after)
    document["reroutes"] = [
        _reroute(one, before, after, why=number < reasons)
        for number, one in enumerate(rerouted.found[:MOST_REROUTES])
    ]
    document["notes"] += _left_out(rerouted)


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
