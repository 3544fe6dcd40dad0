"""The plan of a project: configuration and live snapshot in, typed changes and ordered calls out. No I/O.

The steps are the order of this file: own (`core.ownership`), name (references and agents), compare (`core.diff`),
check what would be live (`sip.check`), order (`sip.order`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.compose import compile_rule
from reconciler.config.model import Configuration
from reconciler.core.diff import diff_fields
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields, Live, Pair, Snapshot, covers
from reconciler.core.ownership import Matched, UnlistedPolicy, match
from reconciler.core.plan import Action, Call, Change, FieldChange, Gap, Plan, Plane, Unlisted
from reconciler.core.values import Hidden, Reference, References, Secret, Unknown
from reconciler.sip.check import check_conflicts, check_object, check_self_conflict
from reconciler.sip.conflicts import find_conflicts
from reconciler.sip.era import Era
from reconciler.sip.occupancy import describe_slot, slots_of
from reconciler.sip.order import Handover, Operation, Ordered, Step, order
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, KINDS

AGENTS_PATH = "agents"
PASSWORD_PATH = "auth.password"  # noqa: S105  # the name of a field


@dataclass(frozen=True, slots=True)
class Options:
    """What a command asks of the planner. `only` leaves the other plane out; `write_secrets` names objects whose
    passwords are written although the server does not tell whether they differ."""

    only: Plane | None = None
    write_secrets: frozenset[str] = frozenset()
    era: Era = Era.NEW


@dataclass(slots=True)
class _Work:
    """What one planning run knows so far."""

    configuration: Configuration
    live: Snapshot
    options: Options
    matched: dict[str, Matched] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    # Trunks that get a new id on the way because no order of updates is free of conflicts.
    recreated: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Difference:
    """One object that differs: the pair, all leaves, and what it will look like."""

    desired: Desired
    live: Live | None
    fields: tuple[FieldChange, ...]
    after: Fields


def check(configuration: Configuration, era: Era) -> tuple[Finding, ...]:
    """Everything that can be said about a configuration without a server."""
    findings = [*configuration.findings]
    objects = [one for kind in configuration.sip.values() for one in kind]
    named = [_offline_references(one) for one in objects]
    for one in named:
        findings.extend(check_object(one, era))
        findings.extend(check_self_conflict(one, era))
    findings.extend(check_conflicts(named, era))
    if configuration.agents is not None:
        trunks = {one.name: one.fields for one in configuration.sip.get(INBOUND_TRUNK.name, ())}
        for rule in configuration.sip.get(DISPATCH_RULE.name, ()):
            line = configuration.lines.get(rule.name)
            findings.extend(
                compile_rule(rule, line, configuration.agents.conventions, trunks, era).findings
            )
    return tuple(sorted(findings, key=lambda finding: finding.sort_key))


def _offline_references(one: Desired) -> Desired:
    """Trunks are known by name alone, but for those that the file names by id."""
    references = one.fields.get("trunks")
    if not isinstance(references, References):
        return one
    entries = tuple(replace_id(e) for e in references.entries)
    return replace(one, fields={**one.fields, "trunks": References(entries)})


def replace_id(entry: Reference) -> Reference:
    """A reference written as an id refers to that id."""
    return Reference("", entry.name) if entry.name.startswith("ST_") else entry


def make_plan(configuration: Configuration, live: Snapshot, options: Options) -> Plan:
    """The plan that makes `live` what `configuration` says, in one or both planes."""
    work = _Work(configuration, live, options, matches(configuration, live))
    differences, ordered, deletions = _settle(work)
    findings = list(configuration.findings)
    for matched in work.matched.values():
        findings.extend(matched.findings)
    findings.extend(work.findings)
    findings.extend(_checks(work, deletions))
    changes = (*_changes(differences, options.only), *_deletions(deletions))
    return Plan(
        project=configuration.project.name,
        host=live.host,
        changes=tuple(sorted(changes, key=_change_key)),
        calls=tuple(_calls(ordered, differences)),
        gaps=tuple(_gaps(ordered.handovers, ordered.steps)),
        unlisted=tuple(_unlisted(work, differences)),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.sort_key)),
        notes=tuple(work.notes),
        population={
            kind.name: len(live.of(kind.name)) for kind in KINDS if kind.name in work.matched
        },
    )


def matches(configuration: Configuration, live: Snapshot) -> dict[str, Matched]:
    """Desired and live objects of every managed kind, paired by identity."""
    owns = configuration.project.owns
    return {
        kind.name: match(
            configuration.sip[kind.name], live.of(kind.name), owns, f"sip.{kind.section}"
        )
        for kind in KINDS
        if kind.name in configuration.sip
    }


def _settle(work: _Work) -> tuple[list[_Difference], Ordered, list[Live]]:
    """Differences and their order. A trunk that must be created anew changes the rules that name it: hence the loop,
    which ends because every turn adds a trunk."""
    deletions = _to_delete(work)
    broken = list(_broken(work))
    while True:
        work.findings.clear()
        work.notes.clear()
        differences = list(_differences(work))
        operations = [*_operations(work, differences), *(_delete(one) for one in deletions)]
        ordered = order(operations, broken, work.options.era)
        recreated = {
            step.operation.name
            for step in ordered.steps
            if step.operation.part == 1
            and step.operation.action is Action.DELETE
            and step.operation.kind == INBOUND_TRUNK.name
        }
        if recreated <= work.recreated:
            return differences, ordered, deletions
        work.recreated |= recreated


# ---------------------------------------------------------------------------------------------------------------------
# References and agents
# ---------------------------------------------------------------------------------------------------------------------


def _trunk_references(work: _Work) -> tuple[dict[str, Reference], dict[str, str]]:
    """Desired trunk names as references, and ids as names, for everything that can be named."""
    by_name: dict[str, Reference] = {}
    names: dict[str, str] = {}
    twice: set[str] = set()
    for one in work.live.of(INBOUND_TRUNK.name):
        names[one.id] = one.name
        if one.name in by_name:
            twice.add(one.name)
        by_name[one.name] = Reference(one.name, one.id)
    for name in twice:
        del by_name[name]
    matched = work.matched.get(INBOUND_TRUNK.name)
    for desired, live in matched.pairs if matched is not None else ():
        fresh = live is None or desired.name in work.recreated
        by_name[desired.name] = Reference(desired.name, None if fresh or live is None else live.id)
        if live is not None:
            names[live.id] = desired.name
    return by_name, names


def _named(
    one: Desired, by_name: Mapping[str, Reference], names: Mapping[str, str], work: _Work
) -> Fields:
    """The fields of a desired rule with its trunks looked up."""
    references = one.fields.get("trunks")
    if not isinstance(references, References):
        return one.fields
    entries = []
    for entry in references.entries:
        found = by_name.get(entry.name)
        if found is None and entry.name.startswith("ST_"):
            found = Reference(names.get(entry.name, ""), entry.name)
            if entry.name not in names:
                work.findings.append(_dangling(one, entry.name))
        if found is None:
            work.findings.append(_unknown_trunk(one, entry.name))
            found = entry
        entries.append(found)
    return {**one.fields, "trunks": References(tuple(entries))}


def _dangling(one: Desired, identifier: str) -> Finding:
    return Finding(
        "dangling-trunk",
        Severity.WARNING,
        f"sip.dispatch_rules.{one.name}.trunks",
        f"no trunk has the id {identifier}: the rule takes no call through it",
        "name a trunk of the file instead",
        one.origin.mark("trunks"),
    )


def _unknown_trunk(one: Desired, name: str) -> Finding:
    return Finding(
        "unknown-trunk",
        Severity.ERROR,
        f"sip.dispatch_rules.{one.name}.trunks",
        f'no inbound trunk is named "{name}", or more than one is',
        "list the trunk in sip.inbound_trunks, or write its id (ST_…)",
        one.origin.mark("trunks"),
    )


def _live_named(one: Live, names: Mapping[str, str]) -> Fields:
    references = one.fields.get("trunks")
    if not isinstance(references, References):
        return one.fields
    entries = tuple(Reference(names.get(e.id or "", ""), e.id) for e in references.entries)
    return {**one.fields, "trunks": References(entries)}


# ---------------------------------------------------------------------------------------------------------------------
# Differences
# ---------------------------------------------------------------------------------------------------------------------


def _differences(work: _Work) -> Iterator[_Difference]:
    by_name, names = _trunk_references(work)
    agents = work.configuration.agents
    trunks = {one.name: one.fields for one in work.configuration.sip.get(INBOUND_TRUNK.name, ())}
    for kind in KINDS:
        matched = work.matched.get(kind.name)
        if matched is None:
            continue
        is_rule = kind is DISPATCH_RULE
        for desired, live in matched.pairs:
            after, before, unmanaged = (
                desired.fields,
                live.fields if live is not None else {},
                desired.unmanaged,
            )
            if is_rule:
                after = _named(desired, by_name, names, work)
                before = _live_named(live, names) if live is not None else {}
                if agents is None:
                    unmanaged = (*unmanaged, AGENTS_PATH)
                else:
                    line = work.configuration.lines.get(desired.name)
                    compiled = compile_rule(
                        desired, line, agents.conventions, trunks, work.options.era
                    )
                    work.findings.extend(compiled.findings)
                    if compiled.agents is None:
                        unmanaged = (*unmanaged, AGENTS_PATH)
                    elif compiled.agents.entries:
                        after = {**after, AGENTS_PATH: compiled.agents}
            difference = _difference(work, desired, live, before, after, unmanaged)
            if difference is not None:
                yield difference


def _difference(
    work: _Work,
    desired: Desired,
    live: Live | None,
    before: Fields,
    after: Fields,
    unmanaged: Sequence[str],
) -> _Difference | None:
    """One object's difference as far as the options let it be one, or None."""
    if live is None:
        if work.options.only is Plane.AGENTS:
            work.notes.append(
                f"{_title(desired)} does not exist yet: --only agents leaves it to the SIP plane"
            )
            return None
        changes = diff_fields({}, after)
    else:
        changes = diff_fields(before, after, (*unmanaged, *work.configuration.project.unmanaged))
        changes = _rename(desired, live, changes)
        if desired.name in work.options.write_secrets or live.id in work.options.write_secrets:
            changes = _with_password(before, after, changes)
        elif isinstance(before.get(PASSWORD_PATH), Unknown) and _replaces(desired.kind, changes):
            changes = _keep_password(work, desired, before, after, changes)
    allowed = tuple(one for one in changes if _allowed(one, desired.kind, work.options.only))
    if len(allowed) < len(changes) and live is None:
        work.notes.append(
            f"{_title(desired)} is created without its agents: --only sip leaves them to the agent plane"
        )
    elif len(allowed) < len(changes):
        other = "agents" if work.options.only is Plane.SIP else "sip"
        work.notes.append(
            f"{_title(desired)} differs in the {other} plane as well: --only leaves that undone"
        )
    if live is not None and not allowed and desired.name not in work.recreated:
        return None
    return _Difference(desired, live, allowed, _result(before, after, allowed))


def _rename(
    desired: Desired, live: Live, changes: tuple[FieldChange, ...]
) -> tuple[FieldChange, ...]:
    if desired.id is not None or desired.name == live.name or "name" in desired.unmanaged:
        return changes
    return (FieldChange("name", live.name, desired.name), *changes)


def _with_password(
    before: Fields, after: Fields, changes: tuple[FieldChange, ...]
) -> tuple[FieldChange, ...]:
    """The password is written anew because the user said so."""
    secret = after.get(PASSWORD_PATH)
    if not isinstance(secret, Secret) or any(one.path == PASSWORD_PATH for one in changes):
        return changes
    old = before.get(PASSWORD_PATH)
    known = Unknown() if isinstance(old, Unknown) else Hidden() if old is not None else None
    return (*changes, FieldChange(PASSWORD_PATH, known, secret.ref or Hidden(), sensitive=True))


def _replaces(kind: str, changes: Iterable[FieldChange]) -> bool:
    """Whether LiveKit's small update request cannot say all of it, so that the object is sent as a whole."""
    described = KIND_BY_NAME[kind]
    return any(one.path != "name" and not described.field(one.path).patch for one in changes)


def _keep_password(
    work: _Work, desired: Desired, before: Fields, after: Fields, changes: tuple[FieldChange, ...]
) -> tuple[FieldChange, ...]:
    """A password that the server does not tell would be wiped by a replacement: it is sent along, or nothing is."""
    if isinstance(after.get(PASSWORD_PATH), Secret):
        return _with_password(before, after, changes)
    work.findings.append(
        Finding(
            "password-unknown",
            Severity.ERROR,
            f"sip.{KIND_BY_NAME[desired.kind].section}.{desired.name}",
            "this change replaces the whole trunk, and its password, which the server does not tell, would be lost",
            "add auth.password to the file, so that it can be sent along",
            desired.origin.mark(),
        )
    )
    return changes


def _allowed(change: FieldChange, kind: str, only: Plane | None) -> bool:
    return only is None or _plane(change, kind) is only


def _plane(change: FieldChange, kind: str) -> Plane:
    return Plane.SIP if change.path == "name" else KIND_BY_NAME[kind].field(change.path).plane


def _result(before: Fields, after: Fields, changes: Iterable[FieldChange]) -> Fields:
    """What the object looks like when just these changes are made: unmanaged leaves stay as they are."""
    result = dict(before)
    for change in changes:
        if change.path == "name":
            continue
        if change.after is None:
            result.pop(change.path, None)
        else:
            result[change.path] = after[change.path]
    return result


def _title(one: Desired | Live) -> str:
    name = one.name if isinstance(one, Desired) else one.label
    return f'{KIND_BY_NAME[one.kind].title} "{name}"'


# ---------------------------------------------------------------------------------------------------------------------
# Deletions and unlisted objects
# ---------------------------------------------------------------------------------------------------------------------


def _to_delete(work: _Work) -> list[Live]:
    if (
        work.configuration.project.unlisted is not UnlistedPolicy.DELETE
        or work.options.only is Plane.AGENTS
    ):
        return []
    return [one for matched in work.matched.values() for one in matched.unlisted]


def _deletions(deletions: Iterable[Live]) -> Iterator[Change]:
    for one in deletions:
        yield Change(Plane.SIP, one.kind, one.label, one.id, Action.DELETE)


def _unlisted(work: _Work, differences: Sequence[_Difference]) -> Iterator[Unlisted]:
    """What is reported: live objects that no line of the file is about, with a guess at what they may be."""
    if work.configuration.project.unlisted is not UnlistedPolicy.REPORT:
        return
    era = work.options.era
    wanted: dict[object, Desired] = {}
    for difference in differences:
        if difference.live is None:
            for slot in _likeness(difference.desired.kind, difference.after, era):
                wanted.setdefault(slot, difference.desired)
    _, names = _trunk_references(work)
    for matched in work.matched.values():
        for one in matched.unlisted:
            fields = _live_named(one, names)
            likeness = (wanted[slot] for slot in _likeness(one.kind, fields, era) if slot in wanted)
            twin = next(likeness, None)
            hint = ""
            if twin is not None:
                how = f'renamed_from: "{one.name}"' if one.name else f"id: {one.id}"
                hint = f'looks like "{twin.name}" under another name: write {how} there, or id: {one.id}'
            yield Unlisted(one.kind, one.name, one.id, hint)


def _likeness(kind: str, fields: Fields, era: Era) -> Iterator[object]:
    """What two versions of one object have in common: their slots, or where there are none what they dial through."""
    slots = slots_of(kind, fields, era)
    yield from slots
    if not slots:
        yield (kind, fields.get("address"), fields.get("numbers"))


# ---------------------------------------------------------------------------------------------------------------------
# Conflicts
# ---------------------------------------------------------------------------------------------------------------------


def _broken(work: _Work) -> Iterator[tuple[str, str]]:
    """Live objects that are in a conflict with another now (SIP-SEMANTICS 19, 44)."""
    for kind in (INBOUND_TRUNK, DISPATCH_RULE):
        slots = (
            (one, slots_of(kind.name, one.fields, work.options.era))
            for one in work.live.of(kind.name)
        )
        for conflict in find_conflicts(slots):
            yield kind.name, conflict.first.id
            yield kind.name, conflict.second.id


def _checks(work: _Work, deletions: Sequence[Live]) -> Iterator[Finding]:
    """What would be refused, or would fail calls, once the plan is applied; and live conflicts that it repairs."""
    era = work.options.era
    by_name, names = _trunk_references(work)
    gone = {one.id for one in deletions}
    final: list[Desired | Live] = []
    for kind in KINDS:
        matched = work.matched.get(kind.name)
        paired: set[str] = set()
        for desired, live in matched.pairs if matched is not None else ():
            if live is not None:
                paired.add(live.id)
            final.append(
                replace(
                    desired,
                    fields=_named(
                        desired, by_name, names, _Work(work.configuration, work.live, work.options)
                    ),
                )
            )
        final.extend(
            one for one in work.live.of(kind.name) if one.id not in paired and one.id not in gone
        )
    for one in final:
        if isinstance(one, Desired):
            yield from check_object(one, era)
            yield from check_self_conflict(one, era)
    yield from check_conflicts(final, era, names)
    yield from _repaired(work, names)


def _repaired(work: _Work, names: Mapping[str, str]) -> Iterator[Finding]:
    for kind in (INBOUND_TRUNK, DISPATCH_RULE):
        live = work.live.of(kind.name)
        seen: set[tuple[str, str]] = set()
        for conflict in find_conflicts(
            (one, slots_of(kind.name, one.fields, work.options.era)) for one in live
        ):
            first, second = conflict.first, conflict.second
            if (first.id, second.id) in seen:
                continue
            seen.add((first.id, second.id))
            yield Finding(
                "live-conflict",
                Severity.WARNING,
                f"{kind.section}.{second.label}",
                f"live now: {first.label} ({first.id}) and {second.label} ({second.id}) both take "
                f"{describe_slot(conflict.slot, dict(names))}; such calls fail until this is repaired",
                "the plan writes what it changes about them first",
            )


# ---------------------------------------------------------------------------------------------------------------------
# Changes and calls
# ---------------------------------------------------------------------------------------------------------------------


def _changes(differences: Iterable[_Difference], only: Plane | None) -> Iterator[Change]:
    for one in differences:
        desired, live = one.desired, one.live
        for plane in Plane:
            fields = tuple(change for change in one.fields if _plane(change, desired.kind) is plane)
            if live is None and plane is Plane.SIP:
                action = Action.CREATE
            elif not fields:
                continue
            else:
                action = Action.RENAME if fields[0].path == "name" else Action.UPDATE
            yield Change(
                plane,
                desired.kind,
                desired.name,
                live.id if live is not None else None,
                action,
                fields,
                live.name if live is not None and action is Action.RENAME else None,
            )


_PLANE_RANK = {plane: rank for rank, plane in enumerate(Plane)}
_KIND_RANK = {kind.name: rank for rank, kind in enumerate(KINDS)}
_ACTION_RANK = {
    action: rank
    for rank, action in enumerate((Action.CREATE, Action.RENAME, Action.UPDATE, Action.DELETE))
}


def _change_key(one: Change) -> tuple[int, int, int, str, str]:
    return (
        _PLANE_RANK[one.plane],
        _KIND_RANK[one.kind],
        _ACTION_RANK[one.action],
        one.name,
        one.id or "",
    )


def _operations(work: _Work, differences: Iterable[_Difference]) -> Iterator[Operation]:
    _, names = _trunk_references(work)
    for one in differences:
        desired, live = one.desired, one.live
        before = (
            None
            if live is None
            else _live_named(live, names)
            if live.kind == DISPATCH_RULE.name
            else live.fields
        )
        action = Action.CREATE if live is None else Action.UPDATE
        operation = Operation(
            desired.kind,
            desired.name,
            live.id if live is not None else None,
            action,
            before,
            one.after,
        )
        yield operation


def _delete(one: Live) -> Operation:
    return Operation(one.kind, one.label, one.id, Action.DELETE, one.fields, None)


def _calls(ordered: Ordered, differences: Iterable[_Difference]) -> Iterator[Call]:
    by_key = {(one.desired.kind, one.desired.name): one for one in differences}
    for position, step in enumerate(ordered.steps, start=1):
        operation = step.operation
        difference = (
            by_key.get((operation.kind, operation.name))
            if operation.action is not Action.DELETE
            else None
        )
        fields, new_name = _written(operation, difference)
        planes = tuple(
            plane
            for plane in Plane
            if any(_plane(change, operation.kind) is plane for change in fields)
        )
        yield Call(
            step=position,
            action=operation.action,
            kind=operation.kind,
            name=operation.name,
            id=operation.id,
            planes=planes or (Plane.SIP,),
            fields=fields,
            new_name=new_name,
            after=tuple(earlier + 1 for earlier in step.after),
            batch=step.batch,
            lane=step.lane,
            reason=operation.reason,
        )


def _written(
    operation: Operation, difference: _Difference | None
) -> tuple[tuple[FieldChange, ...], str | None]:
    """The leaves that a call writes. For a whole operation these are the differences as shown."""
    if difference is None:
        return (), None
    renames = bool(difference.fields) and difference.fields[0].path == "name"
    new_name = difference.desired.name if renames and operation.part != 1 else None
    shown = tuple(one for one in difference.fields if one.path != "name")
    if operation.part == 0:
        return shown, new_name
    return diff_fields(operation.before or {}, operation.after or {}), new_name


def _gaps(handovers: Iterable[Handover], steps: Sequence[Step]) -> Iterator[Gap]:
    seen: set[tuple[int, int]] = set()
    for one in handovers:
        if (one.released, one.taken) in seen:
            continue
        seen.add((one.released, one.taken))
        former, latter = steps[one.released].operation, steps[one.taken].operation
        yield Gap(
            one.taken + 1,
            f"{describe_slot(one.slot)} are answered by nobody from step {one.released + 1} "
            f"({former.action} {former.name}) to step {one.taken + 1} ({latter.action} {latter.name})",
        )


__all__ = ["Options", "Pair", "check", "covers", "make_plan"]
