"""Rules and conventions together: which agents come into the rooms that calls make."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.agents.conventions import Convention, Mechanism
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.lint.rules import can_room_exist

# What brings an agent only at the moment in which a room is made.
_AT_BIRTH = frozenset({Mechanism.SIP, Mechanism.TOKEN})


def check_preset(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """A preset of the hosted product can bring agents that no API shows: two voices in one call."""
    if "room_preset" not in rule.fields:
        return
    convention = facts.convention(rule)
    if convention is not None and _compiled(rule, convention, facts):
        message = f"the convention {convention.label} brings agents, and so may this preset: two voices in one call"
        fix = "keep the agents out of the preset, or remove it"
        yield report("preset-and-agents", rule, "room_preset", message, fix)


def check_existing_room(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Who joins a room that lives brings no agent into it: the rule's agents are read when it is made."""
    if facts.plane is None or not can_room_exist(rule, facts.era):
        return
    convention = facts.convention(rule)
    if (
        convention is not None
        and _compiled(rule, convention, facts)
        and _AT_BIRTH.issuperset(convention.dispatch)
    ):
        message = (
            "calls can land in a room that is there already, and then the rule's agents are ignored"
        )
        fix = f"write dispatch: [sip, controller] in {convention.label}, or give each call a room of its own"
        yield report("agents-ignored", rule, "rooms", message, fix)


def check_token(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Who calls has no token."""
    if not facts.has_token_only:
        return
    convention = facts.convention(rule)
    if convention is not None and convention.dispatch == (Mechanism.TOKEN,):
        message = (
            f"the convention {convention.label} leaves the agent to tokens, and who calls has none"
        )
        fix = "add sip or controller to its dispatch, or give the rule another prefix"
        yield report("calls-have-no-token", rule, "rooms", message, fix)


def _compiled(rule: Desired, convention: Convention, facts: Facts) -> bool:
    """Whether the rule carries agents."""
    agents = convention.agents_of(facts.lines.get(rule.name))
    return (
        Mechanism.SIP in convention.dispatch
        and agents is not None
        and bool(agents.entries)
        and facts.owns(rule, "agents")
    )
