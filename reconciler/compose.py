"""Where the two planes meet: which rule's rooms fall under which convention, and which agents follow for the rule.

A rule makes rooms, its room names fall under a convention, the convention names the agents. This module is the only
one that knows both planes, and all it passes between them is room names, a neutral label and a list of agents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.agents.conventions import Convention, Conventions, Mechanism
from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields, covers
from reconciler.core.values import AgentList, References, compact_json
from reconciler.sip.era import Era
from reconciler.sip.rooms import RoomNames, room_names

_AGENTS = "agents"


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the agent plane says of one rule. `agents` None: nothing, and the live list stays as it is."""

    convention: Convention | None
    agents: AgentList | None
    names: RoomNames | None = None
    findings: tuple[Finding, ...] = ()


def compile_rule(
    rule: Desired,
    line: str | None,
    conventions: Conventions,
    trunks: Mapping[str, Fields],
    era: Era,
) -> Compiled:
    """The agents that a rule has to carry.

    `trunks` are the inbound trunks by name. The list is computed from the convention where `dispatch` says `sip`; it
    is empty where somebody else brings the agents, and untouched where no convention covers the rule's rooms or the
    rule's agents are `unmanaged`.
    """
    path = f"sip.dispatch_rules.{rule.name}"
    names = room_names(rule.fields, _trunk_fields(rule.fields, trunks), era)
    if names is None:
        return Compiled(None, None)
    found = conventions_of(names, conventions)
    if any(covers(parent, _AGENTS) for parent in rule.unmanaged):
        # Somebody else's: it is known what the file says of the rooms, and nothing follows from it.
        return Compiled(found[0] if len(found) == 1 else None, None, names)
    if len(found) > 1:
        return Compiled(None, None, names, (_split(rule, path, names, found),))
    convention = found[0]
    if convention is None:
        finding = Finding(
            "no-convention",
            Severity.WARNING,
            path,
            f"no convention covers the rooms {names.pattern}: agents of the live rule stay as they are",
            f"add one to agents.rooms, such as {{prefix: {compact_json(names.head)}, agents: […], dispatch: sip}}",
            rule.origin.mark("rooms"),
        )
        return Compiled(None, None, names, (finding,))
    if Mechanism.SIP not in convention.dispatch:
        return Compiled(convention, AgentList(()), names)
    agents = convention.agents_of(line)
    if agents is None:
        return Compiled(convention, None, names, (_no_line(rule, path, line, convention),))
    return Compiled(convention, agents, names)


def conventions_of(names: RoomNames, conventions: Conventions) -> list[Convention | None]:
    """Every convention that some of the names fall under, None among them for names under no convention."""
    found: dict[int, Convention | None] = {}
    for head in names.heads():
        base = conventions.of_room(head) if names.is_complete else conventions.of_prefix(head)
        found.setdefault(id(base), base)
        if names.is_complete:
            continue
        for below in conventions.below(head):
            text = below.prefix if below.prefix is not None else below.room
            assert text is not None  # noqa: S101  # a convention has one of the two
            if names.can_be(text) if below.room is not None else names.can_start(text):
                found.setdefault(id(below), below)
    return list(found.values())


def _trunk_fields(fields: Fields, trunks: Mapping[str, Fields]) -> Sequence[Fields] | None:
    references = fields.get("trunks")
    if not isinstance(references, References):
        return None
    found = [trunks.get(entry.name) for entry in references.entries]
    return None if any(one is None for one in found) else [one for one in found if one is not None]


def _split(
    rule: Desired, path: str, names: RoomNames, found: Sequence[Convention | None]
) -> Finding:
    labels = sorted("no convention" if one is None else one.label for one in found)
    return Finding(
        "split-rooms",
        Severity.ERROR,
        path,
        f"the rooms {names.pattern} of this rule fall under different conventions: {', '.join(labels)}",
        f"cover all of them by one convention ({names.head}*), or give the rule a prefix of its own",
        rule.origin.mark("rooms"),
    )


def _no_line(rule: Desired, path: str, line: str | None, convention: Convention) -> Finding:
    known = ", ".join(sorted(convention.lines)) or "none"
    if line is None:
        message = (
            f"the convention {convention.label} has agents for lines only, and this rule names none"
        )
        fix = f"write line: with one of {known}"
    else:
        message = f'the convention {convention.label} has no line "{line}"'
        fix = f"known: {known}"
    return Finding("unknown-line", Severity.ERROR, path, message, fix, rule.origin.mark("line"))
