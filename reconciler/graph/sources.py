"""What a map is drawn from: the file alone, a live project alone, or a plan with both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.agents.conventions import AgentPlane
from reconciler.config.model import Configuration
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired, Fields, Live, Snapshot
from reconciler.core.plan import Action, Change, Plan
from reconciler.core.values import AgentList
from reconciler.graph.builder import Builder
from reconciler.graph.model import Fate, Graph
from reconciler.graph.objects import Subject, Trunks, add_rules, add_trunks
from reconciler.graph.places import places
from reconciler.graph.rooms import AGENTS_PATH, Meeting, add_rooms
from reconciler.planning import matches
from reconciler.sip.collisions import collisions, explain
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, KINDS

_FATES = {
    Action.CREATE: Fate.CREATE,
    Action.UPDATE: Fate.UPDATE,
    Action.RENAME: Fate.RENAME,
    Action.DELETE: Fate.DELETE,
}


def graph_of_configuration(
    configuration: Configuration, findings: Sequence[Finding], era: Era
) -> Graph:
    """The map of a file; `findings` are what `validate` says of it."""
    subjects = [
        Subject(
            one.kind, f"file:{one.name}", one.name, one.name, one.fields, one.fields,
            id=one.id, line=configuration.lines.get(one.name),
        )
        for one in _desired(configuration)
    ]  # fmt: skip
    project = configuration.project
    return _graph(
        subjects, configuration.agents, findings, era, project.name, project.host or "", False
    )


def graph_of_live(live: Snapshot, era: Era, name: str = "") -> Graph:
    """The map of a live project, conflicts marked; no file has a say in it."""
    objects = sorted(live, key=lambda one: (_rank(one.kind), one.name, one.id))
    names = {one.id: one.name for one in objects}
    findings = tuple(explain(collisions(((one, one.fields) for one in objects), era), names))
    subjects = [_of_live(one, Fate.KEEP) for one in objects]
    return _graph(subjects, None, findings, era, name, live.host, False)


def graph_of_plan(
    plan: Plan, configuration: Configuration, era: Era, live: Snapshot | None = None
) -> Graph:
    """The map of a file with everything that a plan changes.

    Without the live project a plan knows of what it deletes and of what it leaves alone the name and nothing else.
    """
    changes: dict[tuple[str, str], list[Change]] = {}
    for change in plan.changes:
        if change.action is not Action.DELETE:
            changes.setdefault((change.kind, change.name), []).append(change)
    lives = _pairs(configuration, live) if live is not None else {}
    subjects = [
        _planned(one, changes.get((one.kind, one.name), ()), lives.get((one.kind, one.name)),
                 configuration.lines.get(one.name))
        for one in _desired(configuration)
    ]  # fmt: skip
    by_id = {one.id: one for one in live} if live is not None else {}
    subjects += (
        _foreign(change.kind, change.name, change.id or "", by_id, Fate.DELETE)
        for change in plan.changes
        if change.action is Action.DELETE
    )
    subjects += (
        _foreign(one.kind, one.name, one.id, by_id, Fate.UNLISTED) for one in plan.unlisted
    )
    return _graph(subjects, configuration.agents, plan.findings, era, plan.project, plan.host, True)


def _graph(
    subjects: Sequence[Subject],
    plane: AgentPlane | None,
    findings: Sequence[Finding],
    era: Era,
    project: str,
    host: str,
    shows_plan: bool,
) -> Graph:
    builder = Builder()
    trunks = Trunks(subjects)
    add_trunks(builder, subjects)
    keys = add_rules(builder, subjects, trunks)
    meeting = Meeting(builder, trunks, plane, era)
    add_rooms(meeting, (one for one in subjects if one.kind == DISPATCH_RULE.name), keys)
    about = places(findings, subjects, plane, meeting)
    return builder.graph(project, host, tuple(findings), about, shows_plan=shows_plan)


def _desired(configuration: Configuration) -> Iterator[Desired]:
    for kind in KINDS:
        yield from configuration.sip.get(kind.name, ())


def _rank(kind: str) -> int:
    return next(rank for rank, one in enumerate(KINDS) if one.name == kind)


def _of_live(one: Live, fate: Fate) -> Subject:
    before = one.fields
    after = None if fate is Fate.DELETE else before
    return Subject(one.kind, f"live:{one.id}", one.name, one.label, before, after, fate, one.id)


def _foreign(
    kind: str, name: str, identifier: str, by_id: Mapping[str, Live], fate: Fate
) -> Subject:
    """A live object that no file lists."""
    live = by_id.get(identifier)
    if live is not None:
        return _of_live(live, fate)
    label = name or identifier
    return Subject(kind, f"live:{identifier}", name, label, None, None, fate, identifier)


def _planned(
    one: Desired, changes: Iterable[Change], live: Live | None, line: str | None
) -> Subject:
    """A listed object: as the file has it, and with every change undone as it lives."""
    fate, former = Fate.KEEP, None
    after: dict[str, object] = dict(one.fields)
    before: dict[str, object] = dict(after)
    if live is not None and live.kind == DISPATCH_RULE.name:
        after[AGENTS_PATH] = before[AGENTS_PATH] = live.fields.get(AGENTS_PATH, AgentList(()))
    for change in changes:
        if fate is Fate.KEEP or change.action is not Action.UPDATE:
            fate = _FATES[change.action]
        former = former or change.renamed_from
        for field in change.fields:
            for side, value in ((before, field.before), (after, field.after)):
                side.pop(field.path, None)
                if value is not None:
                    side[field.path] = value
    return Subject(
        one.kind, f"file:{one.name}", one.name, one.name,
        None if fate is Fate.CREATE else _fields(before), _fields(after), fate,
        id=live.id if live is not None else one.id, renamed_from=former, line=line,
    )  # fmt: skip


def _fields(values: Mapping[str, object]) -> Fields:
    fields: Fields = values  # type: ignore[assignment]
    return fields


def _pairs(configuration: Configuration, live: Snapshot) -> dict[tuple[str, str], Live]:
    return {
        (kind, pair.desired.name): pair.live
        for kind, matched in matches(configuration, live).items()
        for pair in matched.pairs
        if pair.live is not None
    }
