"""The agent plane for itself: agents that nobody brings or that come twice, conventions for no room."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from reconciler.agents.conventions import AgentPlane, Convention, Mechanism
from reconciler.compose import conventions_of
from reconciler.core.finding import Finding, Severity
from reconciler.core.values import AgentDispatch
from reconciler.lint.codes import CODES
from reconciler.lint.facts import Facts
from reconciler.lint.report import report_convention
from reconciler.sip.rooms import room_names

_PATTERN = frozenset("*?[]{}<>^$|\\")
# What follows a rule's prefix where somebody has forgotten the underscore: a number.
_NUMBER_STARTS = frozenset("+0123456789")
# Who dispatches into a room that may have been made without naming an agent.
_LATE = frozenset({Mechanism.APP, Mechanism.CONTROLLER})


def agents_of(one: Convention) -> list[AgentDispatch]:
    """All agents of a convention, those of its lines included."""
    return [*(one.agents or ()), *(agent for line in one.lines.values() for agent in line)]


def check_names(facts: Facts) -> Iterator[Finding]:
    """A named worker comes only where a dispatch names it."""
    plane = facts.plane
    if plane is None or not facts.is_whole:
        return
    used = {agent.agent_name for one in plane.conventions.all for agent in agents_of(one)}
    for name in plane.names.values():
        if name.agent_name and name.agent_name not in used:
            yield Finding(
                "agent-not-dispatched",
                CODES["agent-not-dispatched"].severity,
                f"agents.names.{name.key}",
                f'no convention brings "{name.agent_name}": a worker with a name comes only where it is named',
                "name it in a convention of agents.rooms, or remove it here",
                name.mark,
            )


def check_unnamed(facts: Facts) -> Iterator[Finding]:
    """A room that is made without naming an agent gets the unnamed one, whatever is dispatched to it later."""
    plane = facts.plane
    unnamed = _unnamed(plane) if plane is not None else None
    if plane is None or unnamed is None:
        return
    shared = [
        one.label
        for one in plane.conventions.all
        if _LATE.intersection(one.dispatch)
        and (agents := agents_of(one))
        and all(agent.agent_name for agent in agents)
    ]
    if shared:
        more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        key = next(name for name in plane.names.values() if not name.agent_name)
        yield Finding(
            "unnamed-beside-named",
            CODES["unnamed-beside-named"].severity,
            f"agents.names.{unnamed}",
            f"a worker without a name joins every room that is made without naming one, {shared[0]}{more} too",
            "give the worker a name, or let whoever makes those rooms name their agent",
            key.mark,
        )


def _unnamed(plane: AgentPlane) -> str | None:
    return next((name.key for name in plane.names.values() if not name.agent_name), None)


def check_twice(facts: Facts) -> Iterator[Finding]:
    """Every CreateDispatch adds one more copy of an agent: LiveKit does not look whether it is there."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        agents = agents_of(one)
        late = _LATE.intersection(one.dispatch)
        if late and any(not agent.agent_name for agent in agents):
            message = "an unnamed worker joins every new room by itself: who dispatches it as well brings it twice"
            fix = "write dispatch: automatic, or give the worker a name"
            yield report_convention("two-voices", one, "dispatch", message, fix)
        elif agents and Mechanism.APP in late and len(one.dispatch) > 1:
            others = ", ".join(other for other in one.dispatch if other is not Mechanism.APP)
            message = f"{others} may have brought the agent: a CreateDispatch by the application adds a second one"
            fix = "see to it that the application dispatches only into rooms that it makes itself"
            yield report_convention("two-voices", one, "dispatch", message, fix, Severity.NOTE)


def check_patterns(facts: Facts) -> Iterator[Finding]:
    """A prefix is compared letter by letter, and a rule's rooms have an underscore behind it (SIP-SEMANTICS 28)."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        text = one.prefix or ""
        if _PATTERN.intersection(text):
            message = f"a prefix is no pattern: only rooms that start with just {text} are meant"
            fix = "write the letters that all names start with"
            yield report_convention("prefix-is-pattern", one, "prefix", message, fix)
        elif (prefix := missed(one, facts)) is not None:
            message = f"rooms of the rules with the prefix {prefix} are named {prefix}_{text[len(prefix) :]}…: "
            message += "LiveKit puts an underscore in between, and this never matches"
            fix = f"write {prefix}_{text[len(prefix) :]}"
            yield report_convention("prefix-misses-underscore", one, "prefix", message, fix)


def missed(one: Convention, facts: Facts) -> str | None:
    """The rule's prefix that a convention continues without the underscore, if no rule's rooms fall under it."""
    text = one.prefix or ""
    if Mechanism.SIP not in one.dispatch:
        return None
    prefixes = facts.prefixes
    index = bisect_left(prefixes, text)
    if index < len(prefixes) and prefixes[index].startswith(text):
        return None
    for length in range(len(text) - 1, 0, -1):
        if text[length] in _NUMBER_STARTS:
            index = bisect_left(prefixes, text[:length])
            if index < len(prefixes) and prefixes[index] == text[:length]:
                return text[:length]
    return None


def _is_sound(one: Convention, facts: Facts) -> bool:
    """Whether a convention says what its author means, as far as that can be seen."""
    return missed(one, facts) is None and not _PATTERN.intersection(one.prefix or "")


def check_sources(facts: Facts) -> Iterator[Finding]:
    """Somebody must be able to bring the agents of a convention."""
    plane = facts.plane
    if plane is None or not facts.is_whole:
        return
    waiting: dict[int, Convention] = {}
    for one in plane.conventions.all:
        agents = agents_of(one)
        if one.dispatch == (Mechanism.AUTOMATIC,) and any(agent.agent_name for agent in agents):
            message = "only a worker without a name joins by itself: nobody brings the agents that have one"
            fix = "add sip, token, app or controller, or write the agent with agent_name: ''"
            yield report_convention("convention-without-source", one, "dispatch", message, fix)
        elif one.dispatch == (Mechanism.SIP,) and agents and _is_sound(one, facts):
            waiting[id(one)] = one
    for rule in facts.rules:
        if not waiting:
            return
        names = room_names(rule.fields, None, facts.era)
        for found in conventions_of(names, plane.conventions) if names is not None else ():
            waiting.pop(id(found), None)
        if names is None:
            return
    for one in waiting.values() if facts.manages_rules else ():
        message = f"no rule makes rooms named {one.label}, and nobody else brings the agents"
        fix = "give a rule that prefix, or say in dispatch who else brings them"
        yield report_convention("convention-without-source", one, "dispatch", message, fix)


def check_fixed_rooms(facts: Facts) -> Iterator[Finding]:
    """A token's room configuration counts only for who makes the room; one of a fixed name may be there."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        if one.room is not None and one.dispatch == (Mechanism.TOKEN,) and agents_of(one):
            message = (
                f"the room {one.room} may be there already, and then the token's agents are ignored"
            )
            fix = "write dispatch: [token, controller], or make a room for each conversation"
            yield report_convention("agents-ignored", one, "dispatch", message, fix)
