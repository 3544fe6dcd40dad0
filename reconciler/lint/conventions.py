"""The agent plane for itself: agents that nobody brings or that come twice, conventions for no room."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from reconciler.agents.conventions import AgentName, Convention, Conventions, Mechanism
from reconciler.compose import conventions_of
from reconciler.core.finding import Finding, Severity
from reconciler.lint.bringers import LATE, agents_of, bringers, has_named_agents, is_token_only
from reconciler.lint.codes import CODES
from reconciler.lint.facts import Facts
from reconciler.lint.report import report_convention
from reconciler.sip.rooms import room_names

_PATTERN = frozenset("*?[]{}<>^$\\")
# What follows a rule's prefix where somebody has forgotten the underscore: a number.
_NUMBER_STARTS = frozenset("+0123456789")


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
    unnamed = _unnamed(plane.names.values()) if plane is not None else None
    if plane is None or unnamed is None:
        return
    shared = [
        one.label
        for one in plane.conventions.all
        if LATE.intersection(one.dispatch)
        and (agents := agents_of(one))
        and all(agent.agent_name for agent in agents)
    ]
    if shared:
        more = f" and {len(shared) - 1} more" if len(shared) > 1 else ""
        yield Finding(
            "unnamed-beside-named",
            CODES["unnamed-beside-named"].severity,
            f"agents.names.{unnamed.key}",
            f"a worker without a name joins every room that is made without naming one, {shared[0]}{more} too",
            "give the worker a name, or let whoever makes those rooms name their agent",
            unnamed.mark,
        )


def _unnamed(names: Iterable[AgentName]) -> AgentName | None:
    return next((name for name in names if not name.agent_name), None)


def check_twice(facts: Facts) -> Iterator[Finding]:
    """Every CreateDispatch adds one more copy of an agent: LiveKit does not look whether it is there.

    The controller does look, but where nobody else is to bring an agent it does not wait for one that comes by itself.
    """
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        agents = agents_of(one)
        by_app = Mechanism.APP in one.dispatch
        is_dispatched = by_app or one.dispatch == (Mechanism.CONTROLLER,)
        if is_dispatched and any(not agent.agent_name for agent in agents):
            message = "an unnamed worker joins every new room by itself: who dispatches it as well brings it twice"
            fix = "write dispatch: automatic, or give the worker a name"
            yield report_convention("two-voices", one, "dispatch", message, fix)
        elif agents and by_app and len(one.dispatch) > 1:
            others = ", ".join(other for other in one.dispatch if other is not Mechanism.APP)
            message = f"{others} may have brought the agent: a CreateDispatch by the application adds a second one"
            fix = "see to it that the application dispatches only into rooms that it makes itself"
            yield report_convention("two-voices", one, "dispatch", message, fix, Severity.NOTE)


def check_patterns(facts: Facts) -> Iterator[Finding]:
    """Names are compared letter by letter, and a rule's rooms have an underscore in them (SIP-SEMANTICS 28)."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        which = "prefix" if one.room is None else "room"
        text = _text(one)
        if _PATTERN.intersection(text):
            meant = (
                "it is about rooms that start with just"
                if one.room is None
                else "it is about the one room"
            )
            message = f"a {which} is no pattern: {meant} {text}"
            fix = "write prefix: and the letters that all names start with"
            yield report_convention("prefix-is-pattern", one, which, message, fix)
        elif (prefix := missed(one, facts)) is not None:
            spelt = f"{prefix}_{text[len(prefix) :]}"
            more = "…" if one.room is None else ""
            message = f"rooms of the rules with the prefix {prefix} are named {spelt}{more}: "
            message += "LiveKit puts an underscore in between, and this never matches"
            yield report_convention(
                "prefix-misses-underscore", one, which, message, f"write {spelt}"
            )


def _text(one: Convention) -> str:
    """The prefix, or the name of the one room."""
    return one.prefix or one.room or ""


def missed(one: Convention, facts: Facts) -> str | None:
    """The rule's prefix that a convention continues without the underscore, if no rule's rooms fall under it."""
    text = _text(one)
    if Mechanism.SIP not in one.dispatch or text in facts.direct_rooms:
        return None
    prefixes = facts.prefixes
    index = bisect_left(prefixes, text)
    if one.room is None and index < len(prefixes) and prefixes[index].startswith(text):
        return None
    for length in range(len(text) - 1, 0, -1):
        if text[length] in _NUMBER_STARTS:
            index = bisect_left(prefixes, text[:length])
            if index < len(prefixes) and prefixes[index] == text[:length]:
                return text[:length]
    return None


def _is_sound(one: Convention, facts: Facts) -> bool:
    """Whether a convention says what its author means, as far as that can be seen."""
    return missed(one, facts) is None and not _PATTERN.intersection(_text(one))


def check_sources(facts: Facts) -> Iterator[Finding]:
    """Somebody must be able to bring the agents of a convention, and of each of its lines."""
    plane = facts.plane
    if plane is None or not facts.is_whole:
        return
    left_to_rules = []
    for one in plane.conventions.all:
        found = bringers(one)
        if not found and has_named_agents(one):
            message = "only a worker without a name joins by itself: nobody brings the agents that have one"
            fix = "add sip, token, app or controller, or write the agent with agent_name: ''"
            yield report_convention("convention-without-source", one, "dispatch", message, fix)
        elif found == {Mechanism.SIP} and agents_of(one) and _is_sound(one, facts):
            left_to_rules.append(one)
    if left_to_rules and facts.knows_rules:
        yield from _without_rule(left_to_rules, plane.conventions, facts)


def _without_rule(
    left_to_rules: Iterable[Convention], conventions: Conventions, facts: Facts
) -> Iterator[Finding]:
    """Conventions that no rule makes rooms for, and lines that no rule of those is on."""
    waiting = {id(one): one for one in left_to_rules}
    lines = {
        (id(one), line): one
        for one in left_to_rules
        for line, agents in one.lines.items()
        if agents
    }
    for rule in facts.rules:
        if not (waiting or lines):
            return
        names = room_names(rule.fields, None, facts.era)
        if names is None:
            return
        line = facts.lines.get(rule.name, "")
        for found in conventions_of(names, conventions):
            waiting.pop(id(found), None)
            reached: Iterable[str] = (line,)
            if found is not None and line and line not in found.lines:
                reached = found.lines  # who misspells a line means one of those
            for known in reached:
                lines.pop((id(found), known), None)
    for one in waiting.values():
        message = f"no rule makes rooms named {one.label}, and nobody else brings the agents"
        fix = "give a rule that prefix, or say in dispatch who else brings them"
        yield report_convention("convention-without-source", one, "dispatch", message, fix)
    for (key, line), one in lines.items():
        if key not in waiting:
            message = f"no rule that makes rooms named {one.label} has line: {line}, and nobody else brings its agents"
            fix = f"write line: {line} in a rule, or remove it here"
            yield report_convention("convention-without-source", one, f"lines.{line}", message, fix)


def check_fixed_rooms(facts: Facts) -> Iterator[Finding]:
    """A token's room configuration counts only for who makes the room; one of a fixed name may be there."""
    for one in facts.plane.conventions.all if facts.plane is not None else ():
        if one.room is not None and is_token_only(one):
            message = (
                f"the room {one.room} may be there already, and then the token's agents are ignored"
            )
            fix = "write dispatch: [token, controller], or make a room for each conversation"
            yield report_convention("agents-ignored", one, "dispatch", message, fix)
