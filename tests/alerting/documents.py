"""Drift documents for messages: small, typed, and with what another part of the program will put into them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

from reconciler.alerting.decide import Policy, remember
from reconciler.alerting.found import looked
from reconciler.alerting.memory import Memory
from reconciler.alerting.message import Advice, News
from reconciler.render.shapes import PlanDocument

NOW = datetime(2026, 3, 1, 14, 3, tzinfo=UTC)
ADVICE = Advice("reconcile drift --write-back", "reconcile apply")


def document(**parts: Any) -> PlanDocument:
    """A drift document with some parts."""
    counts = {"create": 0, "update": 0, "delete": 0, "rename": 0, "unlisted": 0}
    whole: dict[str, Any] = {
        "format_version": 1,
        "project": "acme",
        "host": "acme.livekit.example",
        "drift": True,
        "summary": {"sip": counts, "agents": counts},
        "changes": [],
        "order": [],
        "gaps": [],
        "rooms": [],
        "unlisted": [],
        "findings": [],
        "tests": [],
        "notes": [],
        "reroutes": [],
        **parts,
    }
    return cast("PlanDocument", whole)


def field(path: str, before: Any, after: Any, **more: Any) -> dict[str, Any]:
    """One field that differs."""
    return {"path": path, "before": before, "after": after, "sensitive": False, **more}


def change(name: str, *fields: dict[str, Any], action: str = "update", **more: Any) -> Any:
    """A dispatch rule that differs."""
    return {
        "plane": "sip",
        "kind": "dispatch_rule",
        "name": name,
        "id": "SDR_1",
        "action": action,
        "fields": list(fields),
        **more,
    }


def room(name: str, convention: str, *missing: str) -> dict[str, Any]:
    """A live room that lacks agents."""
    return {
        "room": name,
        "convention": convention,
        "agents": list(missing),
        "missing": list(missing),
        "writes": [],
        "unasked": [],
        "reason": "",
    }


def answer(outcome: str = "accepted", **parts: Any) -> dict[str, Any]:
    """What becomes of a call."""
    nothing = dict.fromkeys(("trunk", "rule", "room", "identity", "convention"))
    told = {"format_version": 1, "auth_required": False, "agents": [], "steps": []}
    return {"outcome": outcome, **nothing, **told, **parts}


def rerouted(numbers: list[str], before: Any, after: Any, *callers: str) -> dict[str, Any]:
    """Calls that meet something else."""
    return {
        "numbers": numbers,
        "callers": list(callers),
        "sources": [],
        "pin": None,
        "before": before,
        "after": after,
    }


def news(seen: PlanDocument, now: datetime = NOW) -> News:
    """What a first run that sees this has to tell."""
    memory = remember(Memory(), looked(seen), now)
    return News(memory, Policy(), now, ADVICE, seen)
