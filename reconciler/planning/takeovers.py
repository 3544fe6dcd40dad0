"""Deletions and creations that are better made one update: an object that goes turns into the one that replaces it.

Deleting a trunk and creating another for the same number leaves nobody to answer the number in between, and every rule
that names the trunk without one. LiveKit can replace an object by another, name and all, in one call: then the number
never leaves the line, and rules go on naming the same id. What differs is shown as it is, a deletion and a creation;
only the order of calls tells that both are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from reconciler.core.plan import Action
from reconciler.core.values import Unknown
from reconciler.sip.era import Era
from reconciler.sip.occupancy import Slot, slots_of
from reconciler.sip.ordering import Operation
from reconciler.sip.spec import INBOUND_TRUNK


def merge_takeovers(operations: Sequence[Operation], era: Era) -> list[Operation]:
    """The operations with each deletion that hands a slot to a creation joined with it into one update.

    An object is joined with the one it shares most slots with; outbound trunks, which applications know by their id,
    share none.
    """
    partners = _partners(operations, era)
    if not partners:
        return list(operations)
    gone = {id(old) for old in partners.values()}
    merged = []
    for one in operations:
        old = partners.get(id(one))
        if old is not None:
            merged.append(
                replace(
                    one,
                    action=Action.UPDATE,
                    id=old.id,
                    before=old.before,
                    takes_over=old.name,
                    reason=_reason(old),
                )
            )
        elif id(one) not in gone:
            merged.append(one)
    return merged


def _partners(operations: Iterable[Operation], era: Era) -> dict[int, Operation]:
    """The deletion that each creation is joined with, by the identity of the creation."""
    deletions: dict[Slot, Operation] = {}
    creations: list[tuple[Operation, set[Slot]]] = []
    for one in operations:
        if one.action is Action.DELETE and one.before is not None and _is_known(one.before):
            deletions.update(dict.fromkeys(slots_of(one.kind, one.before, era), one))
        elif one.action is Action.CREATE and one.after is not None:
            creations.append((one, set(slots_of(one.kind, one.after, era))))
    found: dict[int, Operation] = {}
    taken: set[int] = set()
    for one, slots in sorted(creations, key=lambda entry: (entry[0].kind, entry[0].name)):
        shared: dict[int, int] = {}
        candidates: dict[int, Operation] = {}
        for slot in slots:
            old = deletions.get(slot)
            if old is not None and old.kind == one.kind and id(old) not in taken:
                shared[id(old)] = shared.get(id(old), 0) + 1
                candidates[id(old)] = old
        if candidates:
            best = min(
                candidates,
                key=lambda key: (-shared[key], candidates[key].name, candidates[key].id or ""),
            )
            found[id(one)] = candidates[best]
            taken.add(best)
    return found


def _reason(old: Operation) -> str:
    who = f'the live "{old.name}"' if old.name else f"the live {old.id}"
    return f"{who} turns into it, so that no call is lost in between"


def _is_known(fields: Mapping[str, object]) -> bool:
    """Whether every value is told: what is not could not be taken away from the object that stays."""
    return not any(isinstance(value, Unknown) for value in fields.values())


def replaced_trunks(operations: Iterable[Operation]) -> dict[str, str]:
    """Ids of the trunks that are made out of one that goes, by their names."""
    return {
        one.name: one.id
        for one in operations
        if one.kind == INBOUND_TRUNK.name and one.takes_over is not None and one.id is not None
    }
