"""Conflicts of a whole project as findings: who collides with whom, over what, and what to do about it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import structs

from reconciler.core.finding import Finding, Severity
from reconciler.core.objects import Desired, Fields, Live
from reconciler.sip.conflicts import Conflict, find_conflicts
from reconciler.sip.era import Era
from reconciler.sip.occupancy import Slot, describe_slot, slots_of
from reconciler.sip.spec import DISPATCH_RULE, KIND_BY_NAME

Object: TypeAlias = Desired | Live
Collision: TypeAlias = Conflict[Object, Slot]


def collisions(objects: Iterable[tuple[Object, Fields]], era: Era) -> list[Collision]:
    """Every pair of objects that share a slot, once, in the order of the objects; also those that collide with
    themselves (SIP-SEMANTICS 5-11). Fields are given apart: they may be those that the object will have."""
    found = find_conflicts((one, slots_of(one.kind, fields, era)) for one, fields in objects)
    pairs: dict[tuple[int, int], Collision] = {}
    for collision in found:
        pairs.setdefault((id(collision.first), id(collision.second)), collision)
    return list(pairs.values())


def explain(
    found: Iterable[Collision], names: Mapping[str, str], managed: Container[str] | None = None
) -> Iterator[Finding]:
    """The findings of collisions in what is to be live. They stand at an object of the file wherever there is one.

    In a kind that the file leaves alone (`managed` are the others, None means all) they stop nothing.
    """
    for collision in found:
        first, second = collision.first, collision.second
        if managed is not None and first.kind not in managed:
            for finding in explain((collision,), names):
                yield structs.replace(finding, severity=Severity.WARNING)
            continue
        slot = describe_slot(collision.slot, names)
        if first is second:
            yield _with_itself(first, slot)
        elif isinstance(second, Desired):
            yield _conflict(second, first, slot)
        else:
            yield _conflict(first, second, slot)


def explain_live(found: Iterable[Collision], names: Mapping[str, str]) -> Iterator[Finding]:
    """Warnings of collisions that live now and that the plan repairs (SIP-SEMANTICS 15, 19)."""
    for collision in found:
        first, second = collision.first, collision.second
        kind = KIND_BY_NAME[second.kind]
        who = label(first) if first is second else f"{label(first)} and {label(second)}"
        yield Finding(
            "live-conflict",
            Severity.WARNING,
            f"{kind.section}.{second.name or second.id}",
            f"live now: {who} take {describe_slot(collision.slot, names)}{' twice' if first is second else ''}: "
            "LiveKit fails such calls and refuses changes near them",
            "the plan repairs this before it writes anything else",
        )


def label(one: Object) -> str:
    """An object in a sentence: its name, and its id where it lives."""
    if isinstance(one, Live):
        return f'"{one.name}" ({one.id})' if one.name else one.id
    return f'"{one.name}"'


def _with_itself(one: Object, slot: str) -> Finding:
    kind = KIND_BY_NAME[one.kind]
    field = "trunks" if kind is DISPATCH_RULE else "numbers"
    message = f"one entry stands twice, perhaps in two spellings: LiveKit takes that as a conflict over {slot}"
    if isinstance(one, Live):
        path = f"{kind.section}.{one.name or one.id}"
        return Finding(
            "self-conflict", Severity.ERROR, path, message, f"repair or delete {label(one)}"
        )
    path = f"sip.{kind.section}.{one.name}.{field}"
    return Finding(
        "self-conflict",
        Severity.ERROR,
        path,
        message,
        "remove one of the two",
        one.origin.mark(field),
    )


def _conflict(here: Object, other: Object, slot: str) -> Finding:
    kind = KIND_BY_NAME[here.kind]
    if isinstance(here, Live):
        return Finding(
            "live-conflict",
            Severity.ERROR,
            f"{kind.section}.{here.name or here.id}",
            f"{label(here)} and {label(other)} both take {slot}: LiveKit fails such calls and refuses changes nearby",
            "neither is in the file: list one of them with other numbers, or delete one",
        )
    if isinstance(other, Desired):
        where = f"{label(other)} ({other.origin.mark()})"
        fix = "tell them apart by numbers, callers or PIN, or remove one"
    else:
        where = f"{label(other)}, live and not in the file,"
        fix = "list it too, or say by renamed_from or id that it is this one, or delete it"
    message = f"this {kind.title} and {where} both take {slot}"
    return Finding(
        "conflict",
        Severity.ERROR,
        f"sip.{kind.section}.{here.name}",
        message,
        fix,
        here.origin.mark(),
    )
