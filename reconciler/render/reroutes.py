"""Calls that meet something else when a plan is applied: a line for each, and the reasons on both sides."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.render.escape import escape, quote
from reconciler.render.explain import destination, differences
from reconciler.render.outline import Line, Section, capped
from reconciler.render.shapes import PlanDocument, RerouteDocument

_SHOWN = 10
_LISTED = 3
_PINS = {"both": "PIN", "before": "old PIN", "after": "new PIN"}
# What stands for everything that no object mentions.
_OTHERS = {
    "": "(none)",
    "<number>": "any other number",
    "<caller>": "anybody else",
    "<address>": "any other address",
}


def reroutes_section(document: PlanDocument, *, verbose: bool) -> Section:
    """A line for each group of calls; urgent where one of them reaches nobody any more."""
    found = document["reroutes"]
    lines = [Line(_words(one)) for one in found]
    is_lost = any(_is_lost(one) for one in found)
    now, then = ("now", "the file says") if "drift" in document else ("now", "then")
    return Section(
        f"Calls that meet something else - {now} → {then}",
        tuple(lines if verbose else capped(lines, _SHOWN, "groups of calls")),
        urgent=is_lost,
    )


def explained_sections(document: PlanDocument, most: int) -> list[Section]:
    """For each of the first groups what happens otherwise on the way; the numbers are those of docs/routing.md."""
    return [
        Section(
            f"Why: call {number} of {len(document['reroutes'])}",
            (Line(_words(one)), *differences(one["before"], one["after"])),
            marked=True,
        )
        for number, one in enumerate(document["reroutes"][:most], start=1)
    ]


def _is_lost(one: RerouteDocument) -> bool:
    return one["before"]["outcome"] == "accepted" != one["after"]["outcome"]


def _words(one: RerouteDocument) -> str:
    """`+15550100001: is answered by no rule → goes to room "call-_<caller>_<random>", agents: telephony`."""
    now, then = sides_in_words(one)
    return f"{calls_in_words(one)}: {now} → {then}"


def sides_in_words(one: RerouteDocument) -> tuple[str, str]:
    """What these calls meet as the project lives, and as the file says; never the same words."""
    before, after = one["before"], one["after"]
    now, then = destination(before), destination(after)
    reached = ("accepted", "pin_required")
    is_heard = before["outcome"] in reached and after["outcome"] in reached
    if is_heard and before["auth_required"] != after["auth_required"]:
        now, then = (
            f"{told}, {'a' if side['auth_required'] else 'no'} password is asked for"
            for told, side in ((now, before), (then, after))
        )
    if now == then:
        now, then = (
            f"{told}, by rule {quote(side['rule'] or '')}"
            for told, side in ((now, before), (then, after))
        )
    return now, then


def calls_in_words(one: RerouteDocument) -> str:
    """Which calls these are: `+15550100001 from +15550100011, by 203.0.113.0`."""
    told = _listed(one["numbers"])
    if one["callers"]:
        told += f" from {_listed(one['callers'])}"
    if one["sources"]:
        told += f" at {_listed(one['sources'])}"
    if (pin := one["pin"]) is not None:
        told += f" with the {_PINS[pin['side']]} of {escape(pin['rule'])}"
    return told


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(_OTHERS.get(text) or escape(text) for text in texts[:_LISTED])
    more = len(texts) - _LISTED
    return f"{shown} and {more:,} more" if more > 0 else shown
