"""Plans and findings as documents: the one form that all renderers walk, and that `--format json` prints.

Nothing is computed here that the plan does not know; values become what scripts read, secrets become null. Lists that
are sets are sorted, so that one plan has one document whatever order a server answered in.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from reconciler.core.finding import Finding
from reconciler.core.plan import (
    Action,
    Call,
    Change,
    FieldChange,
    Gap,
    Plan,
    Plane,
    RoutingTest,
    Unlisted,
)
from reconciler.core.values import (
    AgentList,
    JsonValue,
    PlainValue,
    References,
    SecretRef,
    TextList,
    Unknown,
    canonical_json,
    natural,
)
from reconciler.core.visible import COMMAND, is_visible
from reconciler.render.project_shapes import ProjectsDocument
from reconciler.render.room_plans import RoomPlans, room_counts, room_plan_documents
from reconciler.render.shapes import (
    CallDocument,
    Cause,
    ChangeDocument,
    Counts,
    Document,
    Effect,
    FieldDocument,
    FindingDocument,
    FindingsDocument,
    GapDocument,
    PlanDocument,
    Summary,
    TestDocument,
    UnlistedDocument,
)
from reconciler.sip.spec import KINDS

FORMAT_VERSION = 1
_PLACE = re.compile(r"(.*?:[0-9]+:[0-9]+)#", re.DOTALL)
KIND_RANK: Mapping[str, int] = {kind.name: rank for rank, kind in enumerate(KINDS)}

Causes: TypeAlias = Mapping[tuple[str, str, str], Cause]
"""By kind, name and path of a field: who made it differ since the last apply."""


def plan_document(plan: Plan, rooms: RoomPlans | None = None) -> PlanDocument:
    """A plan as a document, with the live rooms where they were read."""
    document: PlanDocument = {
        "format_version": FORMAT_VERSION,
        "project": plan.project,
        "host": plan.host,
        "summary": _summary(plan),
        "changes": [_change(change, {}) for change in plan.changes],
        "order": [call_document(call) for call in plan.calls],
        "gaps": [_gap(gap) for gap in plan.gaps],
        "rooms": [],
        "unlisted": [_unlisted(one) for one in sorted(plan.unlisted, key=_unlisted_key)],
        "findings": [_finding(finding) for finding in plan.findings],
        "tests": [_test(test) for test in plan.tests],
        "notes": list(plan.notes),
        "reroutes": [],
    }
    if rooms is not None:
        document["rooms"] = room_plan_documents(rooms.rooms)
        document["summary"]["rooms"] = room_counts(document["rooms"])
        document["notes"] += (f"room {name}: {reason}" for name, reason in rooms.unread)
    return document


def drift_document(
    plan: Plan, causes: Causes | None = None, rooms: RoomPlans | None = None
) -> PlanDocument:
    """A plan as the answer to whether live differs: reported unlisted objects and rooms without an agent count, too."""
    document = plan_document(plan, rooms)
    lacking = any(room["missing"] for room in document["rooms"])
    document["drift"] = bool(plan.changes or plan.calls or plan.unlisted or lacking)
    if causes:
        document["changes"] = [_change(change, causes) for change in plan.changes]
    return document


def findings_document(
    findings: Iterable[Finding], tests: Iterable[RoutingTest] = ()
) -> FindingsDocument:
    """Findings and routing tests without a plan."""
    return {
        "format_version": FORMAT_VERSION,
        "findings": [_finding(finding) for finding in findings],
        "tests": [_test(test) for test in tests],
    }


def to_json(document: Document | ProjectsDocument) -> str:
    """The document as JSON; what a terminal could stumble over is escaped, as JSON allows."""
    try:
        text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode()
    except UnicodeEncodeError:  # half of a surrogate pair: no UTF-8, yet JSON can say it
        text = json.dumps(document, indent=2)
    return visible(text) + "\n"


def visible(text: str) -> str:
    """JSON in which everything that a terminal could stumble over is escaped, as JSON allows."""
    if "##" in text:
        text = COMMAND.sub(r"\\u0023", text)
    if text.isascii() and "\x7f" not in text:
        return text
    seen = (one if one == "\n" or is_visible(one) else json.dumps(one)[1:-1] for one in text)
    return "".join(seen).replace("\x7f", "\\u007f")


def call_document(call: Call) -> CallDocument:
    """One call of the plan."""
    document: CallDocument = {
        "step": call.step,
        "action": call.action,
        "kind": call.kind,
        "name": call.name,
        "id": call.id,
        "planes": [str(plane) for plane in call.planes],
        "fields": [field.path for field in call.fields],
        "after": list(call.after),
        "batch": call.batch,
        "lane": call.lane,
        "reason": call.reason,
    }
    if call.new_name is not None:
        document["new_name"] = call.new_name
    return document


def _summary(plan: Plan) -> Summary:
    counts = Counter((change.plane, change.action) for change in plan.changes)
    return {
        "sip": _counts(counts, Plane.SIP, len(plan.unlisted)),
        "agents": _counts(counts, Plane.AGENTS, 0),
    }


def _counts(counts: Counter[tuple[Plane, Action]], plane: Plane, unlisted: int) -> Counts:
    return {
        "create": counts[(plane, Action.CREATE)],
        "update": counts[(plane, Action.UPDATE)],
        "delete": counts[(plane, Action.DELETE)],
        "rename": counts[(plane, Action.RENAME)],
        "unlisted": unlisted,
    }


def _change(change: Change, causes: Causes) -> ChangeDocument:
    fields = [_field(field) for field in change.fields]
    if causes:
        for field in fields:
            cause = causes.get((change.kind, change.name, field["path"]))
            if cause is not None:
                field["cause"] = cause
    document: ChangeDocument = {
        "plane": change.plane,
        "kind": change.kind,
        "name": change.name,
        "id": change.id,
        "action": change.action,
        "fields": fields,
    }
    if change.renamed_from is not None:
        document["renamed_from"] = change.renamed_from
    return document


def _field(field: FieldChange) -> FieldDocument:
    if not field.sensitive:
        before, after = json_value(field.before), json_value(field.after)
        if before == after and isinstance(field.before, References):
            # Two objects of one name: the old one goes and a new one comes.
            before, after = _with_ids(field.before), _with_ids(field.after)
        return {"path": field.path, "before": before, "after": after, "sensitive": False}
    document: FieldDocument = {
        "path": field.path,
        "before": None,
        "after": None,
        "sensitive": True,
        "effect": _effect(field),
    }
    if isinstance(field.after, SecretRef):
        document["source"] = _source(field.after)
    return document


def _with_ids(value: PlainValue | None) -> JsonValue:
    entries = value.entries if isinstance(value, References) else ()
    return [
        {"name": entry.name, "id": entry.id}
        for entry in sorted(entries, key=lambda entry: (entry.name, entry.id or ""))
    ]


def _source(ref: SecretRef) -> str:
    """Where a secret is read from; of one that stands in the configuration itself its place there."""
    if ref.config is None:
        return str(ref)
    place = _PLACE.match(ref.config)
    return place[1] if place is not None else ref.config


def _effect(field: FieldChange) -> Effect:
    # Unknown equals everything, so it is told by its type.
    if field.after is None:
        return "removed"
    if field.before is None:
        return "set"
    return "rewritten" if isinstance(field.before, Unknown) else "changed"


def json_value(value: PlainValue | None) -> JsonValue:
    """The value as scripts read it; what is a set has one order."""
    match value:
        case TextList(written=written):
            return list[JsonValue](sorted(written))
        case References(entries=entries):
            return list[JsonValue](sorted(entry.name or entry.id or "" for entry in entries))
        case AgentList():
            agents = natural(value)
            return sorted(agents, key=canonical_json) if isinstance(agents, list) else agents
        case _:
            return natural(value)


def _gap(gap: Gap) -> GapDocument:
    return {
        "after_step": gap.after_step,
        "before_step": gap.before_step,
        "numbers": list(gap.numbers),
        "callers": list(gap.callers),
        "needs_pin": gap.needs_pin,
        "message": gap.message,
    }


def _unlisted(one: Unlisted) -> UnlistedDocument:
    return {"kind": one.kind, "name": one.name, "id": one.id, "hint": one.hint}


def _unlisted_key(one: Unlisted) -> tuple[int, str, str]:
    return (KIND_RANK.get(one.kind, len(KIND_RANK)), one.name, one.id)


def _finding(finding: Finding) -> FindingDocument:
    mark = finding.mark
    return {
        "code": finding.code,
        "severity": finding.severity,
        "file": mark.file or None,
        "line": mark.line or None,
        "column": mark.column or None,
        "path": finding.path,
        "message": finding.message,
        "fix": finding.fix,
        "url": finding.url,
    }


def _test(test: RoutingTest) -> TestDocument:
    return {"name": test.name, "passed": test.passed, "message": test.message}
