"""A plan, or a drift, as sections: the two planes, the order of calls where it is not the obvious one, what is left
alone, what was found. The last line sums up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain

from reconciler.render.escape import escape, quote
from reconciler.render.fields import field_lines
from reconciler.render.outline import Line, Section, capped, plural
from reconciler.render.reroutes import reroutes_section
from reconciler.render.room_plans import planned_rooms_section, planned_words
from reconciler.render.shapes import (
    CallDocument,
    ChangeDocument,
    Counts,
    FindingDocument,
    PlanDocument,
    TestDocument,
)
from reconciler.render.words import identifier, title

PLANE_TITLES = {
    "sip": "SIP plane - which room a call lands in",
    "agents": "Agent plane - which agent joins a room",
}
_MARKS = {"create": "+", "update": "~", "delete": "-", "rename": "→"}
_SEVERITIES = ("error", "warning", "note")
_SHOWN = 20
_SIMPLE = re.compile(r"[A-Za-z0-9._-]+")


def heading(document: PlanDocument) -> str:
    """Which project this is about."""
    what = "Drift" if "drift" in document else "Plan"
    return f"{what}{of_project(document['project'], document['host'])}"


def project_name(project: str) -> str:
    """The name, quoted unless it is a plain word: at the start of a line it could be a command to a pipeline."""
    return project if _SIMPLE.fullmatch(project) else quote(project)


def of_project(project: str, host: str) -> str:
    """Whose plan, drift or report it is."""
    of = f" of {project_name(project)}" if project else ""
    return f"{of} on {escape(host)}" if host else of


def sections(document: PlanDocument, *, verbose: bool) -> list[Section]:
    """Everything that is not empty."""
    found = [
        *_planes(document, verbose),
        planned_rooms_section(document["rooms"], verbose=verbose),
        Section(
            "Gaps - calls that nobody answers for a moment",
            tuple(Line(escape(gap["message"])) for gap in document["gaps"]),
            urgent=True,
        ),
        reroutes_section(document, verbose=verbose),
        Section("Order of calls", tuple(_order(document, verbose))),
        _unlisted(document, verbose),
        Section("Notes", tuple(Line(escape(note)) for note in document["notes"])),
        tests_section(document["tests"], verbose=verbose),
        findings_section(document["findings"]),
    ]
    return [section for section in found if section.lines]


# ---------------------------------------------------------------------------------------------------------------------
# Changes
# ---------------------------------------------------------------------------------------------------------------------


def _planes(document: PlanDocument, verbose: bool) -> Iterator[Section]:
    # An object that no order of updates is safe for is created anew: it is an update that brings a new id.
    made = {
        (call["kind"], call["name"]) for call in document["order"] if call["action"] == "create"
    }
    for plane, words in PLANE_TITLES.items():
        lines = chain.from_iterable(
            _change(change, (change["kind"], change["name"]) in made, verbose)
            for change in document["changes"]
            if change["plane"] == plane
        )
        yield Section(words, tuple(lines), marked=True)


def _change(change: ChangeDocument, is_made: bool, verbose: bool) -> Iterator[Line]:
    name = quote(change["name"])
    if "renamed_from" in change:
        name = f"{quote(change['renamed_from'])} → {name}"
    place = identifier(change["id"])
    is_new = change["id"] is None
    if is_made and not is_new:
        place = f"{place}, created anew with an id known after apply"
    yield Line(f"{title(change['kind'])} {name} ({place})", _MARKS[change["action"]])
    for field in change["fields"]:
        if field["path"] != "name":  # the new name stands in the line above
            yield from field_lines(change["kind"], field, is_new=is_new, verbose=verbose)


# ---------------------------------------------------------------------------------------------------------------------
# The order of calls
# ---------------------------------------------------------------------------------------------------------------------


def _order(document: PlanDocument, verbose: bool) -> list[Line]:
    """Splits, handovers and what they wait for; all calls where somebody wants to know."""
    calls = document["order"]
    if verbose:
        return [_call(call, document) for call in calls]
    handovers = {gap["before_step"] for gap in document["gaps"]}
    wanted: set[int] = set()
    for call in calls:
        if call["reason"] or call["step"] in handovers:
            wanted.update((call["step"], *call["after"]))
    return capped(
        [_call(call, document) for call in calls if call["step"] in wanted], _SHOWN, "calls"
    )


def _call(call: CallDocument, document: PlanDocument) -> Line:
    waits = f", after {_steps(call['after'])}" if call["after"] else ""
    reason = f" - {escape(call['reason'])}" if call["reason"] else ""
    fields = escape(", ".join(call["fields"]))
    fields = f": {fields}" if fields and call["action"] == "update" else ""
    return Line(f"{call['step']}. {call_words(call)}{fields}{waits}{reason}")


def call_words(call: CallDocument) -> str:
    """A call in words: `update dispatch rule "inbound-calls" (SDR_…)`."""
    action = "rename" if "new_name" in call else call["action"]
    return f"{action} {title(call['kind'])} {quote(call['name'])} ({identifier(call['id'])})"


def _steps(steps: list[int]) -> str:
    shown = ", ".join(str(step) for step in steps[:5])
    more = f" and {len(steps) - 5} more" if len(steps) > 5 else ""
    return f"{'step' if len(steps) == 1 else 'steps'} {shown}{more}"


# ---------------------------------------------------------------------------------------------------------------------
# What is left alone, and what was found
# ---------------------------------------------------------------------------------------------------------------------


def _unlisted(document: PlanDocument, verbose: bool) -> Section:
    lines = []
    # Those with a hint first: they are the ones to act on.
    for one in sorted(document["unlisted"], key=lambda one: not one["hint"]):
        name = f" {quote(one['name'])}" if one["name"] else " without a name"
        hint = f" - {escape(one['hint'])}" if one["hint"] else ""
        lines.append(Line(f"{title(one['kind'])}{name} ({escape(one['id'])}){hint}"))
    count = plural(len(lines), "live object")
    shown = lines if verbose else capped(lines, _SHOWN, "unlisted objects")
    return Section(
        f"Unlisted - {count} left alone, because the file does not list them", tuple(shown)
    )


def tests_section(tests: list[TestDocument], *, verbose: bool) -> Section:
    """Routing tests: the failing ones, or all of them."""
    failed = [test for test in tests if not test["passed"]]
    lines = []
    for test in tests if verbose else failed:
        message = f": {escape(test['message'])}" if test["message"] else ""
        lines.append(Line(f"{'pass' if test['passed'] else 'FAIL'} {quote(test['name'])}{message}"))
    if tests and not lines:
        lines = [Line("all passed")]
    counts = f"{len(tests) - len(failed):,} passed, {len(failed):,} failed"
    return Section(f"Routing tests - {counts}", tuple(lines), urgent=bool(failed))


def findings_section(findings: list[FindingDocument]) -> Section:
    """Findings, one line each."""
    lines = tuple(Line(finding_line(finding)) for finding in findings)
    errors = any(finding["severity"] == "error" for finding in findings)
    return Section(f"Findings - {severities(findings)}", lines, urgent=errors, flush=True)


def finding_line(finding: FindingDocument) -> str:
    """`path:line:col: severity[code] message`, in one line whatever the message quotes."""
    place = finding["path"]
    where = ""
    if finding["file"] is not None:
        place = finding["file"]
        if finding["line"] is not None:
            place = f"{place}:{finding['line']}:{finding['column'] or 1}"
        where = f" ({finding['path']})" if finding["path"] else ""
    fix = f" - {finding['fix']}" if finding["fix"] else ""
    told = f"{finding['severity']}[{finding['code']}] {finding['message']}{where}{fix}"
    return escape(f"{place}: {told}" if place else told)


def severities(findings: list[FindingDocument]) -> str:
    """`2 errors, 1 note`."""
    counts = {one: sum(finding["severity"] == one for finding in findings) for one in _SEVERITIES}
    return ", ".join(plural(count, one) for one, count in counts.items() if count)


# ---------------------------------------------------------------------------------------------------------------------
# The last line
# ---------------------------------------------------------------------------------------------------------------------


def conclusion(document: PlanDocument) -> str:
    """What it comes to, in one line."""
    drift = "drift" in document
    counts = _planes_in_words(document)
    unlisted = document["summary"]["sip"]["unlisted"]
    if drift and unlisted:
        counts.append(f"{unlisted:,} unlisted")
    if "rooms" in document["summary"]:
        told = planned_words(document["summary"]["rooms"], drift=drift)
        counts += [told] if told else []
    if counts:
        return f"{'Drift' if drift else 'Plan'}: {'; '.join(counts)}.{_but(document)}"
    nothing = "No drift." if drift else "No changes."
    if but := _but(document):
        return f"{nothing}{but}"
    if document["notes"]:
        return f"{nothing} What is left undone stands in the notes."
    rest = f", but for {plural(unlisted, 'unlisted object')}" if unlisted else ""
    wanted = f"backup of {escape(document['backup'])}" if "backup" in document else "file"
    return f"{nothing} The live project matches the {wanted}{rest}."


def _but(document: PlanDocument) -> str:
    errors = sum(finding["severity"] == "error" for finding in document["findings"])
    failed = sum(not test["passed"] for test in document["tests"])
    parts = [
        plural(count, noun)
        for count, noun in ((errors, "error"), (failed, "failing test"))
        if count
    ]
    return f" But: {', '.join(parts)}." if parts else ""


def _planes_in_words(document: PlanDocument) -> list[str]:
    summary = document["summary"]
    planes = (("sip", summary["sip"], True), ("agents", summary["agents"], False))
    words = ((plane, _counts(counts, always=always)) for plane, counts, always in planes)
    return [f"{', '.join(told)} ({plane})" for plane, told in words if told]


def _counts(counts: Counts, *, always: bool) -> list[str]:
    """`always`: nothing to delete is said, too, where there is anything to say."""
    found = (
        ("create", counts["create"]),
        ("update", counts["update"]),
        ("rename", counts["rename"]),
        ("delete", counts["delete"]),
    )
    if not any(count for _, count in found):
        return []
    return [
        f"{count:,} to {action}"
        for action, count in found
        if count or (always and action != "rename")
    ]
