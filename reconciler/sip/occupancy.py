"""The slots that an object of the plane occupies, out of its fields.

Objects that would share a slot cannot both live: LiveKit refuses the second one, or lets it in by one of its holes
and then fails every call that comes near (SIP-SEMANTICS 5-12, 19, 44).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.objects import Fields
from reconciler.core.values import References, Secret, TextList, Unknown, Value
from reconciler.sip.conflicts import RuleSlot, TrunkSlot, rule_slots, trunk_slots
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK

Slot = TrunkSlot | RuleSlot

PENDING = "new:"
"""In front of the name of a trunk that has no id yet."""


def slots_of(kind: str, fields: Fields, era: Era) -> tuple[Slot, ...]:
    """The slots of an object; a slot that stands twice is a conflict with itself. Outbound trunks have none.

    Nor has an object whose lists or kind of room could not be read: it would seem to be open to anybody.
    """
    if any(
        isinstance(fields.get(path), Unknown) for path in ("rooms", "numbers", "callers", "trunks")
    ):
        return ()
    if kind == INBOUND_TRUNK.name:
        return tuple(trunk_slots(_texts(fields.get("numbers")), _texts(fields.get("callers")), era))
    if kind == DISPATCH_RULE.name and "rooms" in fields:
        return tuple(
            rule_slots(
                pin_key(fields),
                trunk_keys(fields),
                _texts(fields.get("callers")),
                _texts(fields.get("numbers")),
            )
        )
    return ()


def pin_key(fields: Fields) -> str:
    """The PIN of a rule as far as it is known: its text, else what tells it apart from others."""
    pin = fields.get(f"rooms.{fields.get('rooms')}.pin")
    if pin is None:
        return ""
    if not isinstance(pin, Secret):
        return f"unknown:{id(pin)}"
    value = pin.reveal()
    if value is not None:
        return value
    return f"reference:{pin.ref}" if pin.ref is not None else f"unknown:{id(pin)}"


def trunk_keys(fields: Fields) -> tuple[str, ...]:
    """The trunks of a rule: ids, or names of trunks that have none yet; empty for any trunk."""
    references = fields.get("trunks")
    if not isinstance(references, References):
        return ()
    return tuple(
        entry.id if entry.id is not None else f"{PENDING}{entry.name}"
        for entry in references.entries
    )


def describe_slot(slot: Slot, names: Mapping[str, str] | None = None) -> str:
    """A slot in words: `calls to +15550100001 from anybody`. PINs are not told."""
    if isinstance(slot, TrunkSlot):
        return f"calls to {slot.number or 'any number'} from {slot.caller or 'anybody'}"
    trunk = (names or {}).get(slot.trunk, slot.trunk.removeprefix(PENDING))
    where = f"on trunk {trunk}" if slot.trunk else "on any trunk"
    how = "with the same PIN" if slot.pin else "without a PIN"
    return f"calls {where} to {slot.called or 'any number'} from {slot.caller or 'anybody'} {how}"


def _texts(value: Value | None) -> tuple[str, ...]:
    return value.written if isinstance(value, TextList) else ()
