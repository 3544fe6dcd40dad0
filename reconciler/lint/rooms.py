"""Rules and conventions together: which agents come into the rooms that calls make."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.agents.conventions import Convention
from reconciler.core.finding import Finding
from reconciler.core.objects import Desired
from reconciler.lint.bringers import AT_BIRTH, LATE, bringers, is_token_only
from reconciler.lint.facts import Facts
from reconciler.lint.report import report
from reconciler.lint.rules import can_room_exist


def check_preset(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """A preset of the hosted product can bring agents that no API shows: two voices in one call."""
    if "room_preset" not in rule.fields:
        return
    convention = _bringing_agents(rule, facts) or _dispatching_agents(rule, facts)
    if convention is not None:
        message = f"the convention {convention.label} brings agents, and so may this preset: two voices in one call"
        fix = "keep the agents out of the preset, or remove it"
        yield report("preset-and-agents", rule, "room_preset", message, fix)


def check_existing_room(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Who joins a room that lives brings no agent into it: the rule's agents are read when it is made."""
    if facts.plane is None or not can_room_exist(rule, facts.era):
        return
    convention = _bringing_agents(rule, facts)
    if convention is not None and bringers(convention) <= AT_BIRTH:
        message = (
            "calls can land in a room that is there already, and then the rule's agents are ignored"
        )
        fix = f"write dispatch: [sip, controller] in {convention.label}, or give each call a room of its own"
        yield report("agents-ignored", rule, "rooms", message, fix)


def check_token(rule: Desired, facts: Facts) -> Iterator[Finding]:
    """Who calls has no token."""
    if not facts.has_token_only:
        return
    compiled = facts.compiled(rule)
    convention = compiled.convention if compiled is not None else None
    if convention is not None and is_token_only(convention):
        message = (
            f"the convention {convention.label} leaves the agent to tokens, and who calls has none"
        )
        fix = "add sip or controller to its dispatch, or give the rule another prefix"
        yield report("calls-have-no-token", rule, "rooms", message, fix)


def _bringing_agents(rule: Desired, facts: Facts) -> Convention | None:
    """The convention whose agents are written into the rule."""
    compiled = facts.compiled(rule)
    if compiled is None or not (compiled.agents and compiled.agents.entries):
        return None
    return compiled.convention if facts.owns(rule, "agents") else None


def _dispatching_agents(rule: Desired, facts: Facts) -> Convention | None:
    """The convention whose agents are dispatched into the rooms of the rule when they are there."""
    compiled = facts.compiled(rule)
    convention = compiled.convention if compiled is not None else None
    if convention is None or not LATE.intersection(convention.dispatch):
        return None
    agents = convention.agents_of(facts.lines.get(rule.name))
    return convention if agents is not None and agents.entries else None
