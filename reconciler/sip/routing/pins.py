"""The PIN of a rule, as far as it is known: a PIN may stand in a variable that is not set, or be left out."""

from __future__ import annotations

from reconciler.core.objects import Fields
from reconciler.core.values import Secret, SecretRef
from reconciler.sip.occupancy import pin_key

# What can be typed on a telephone: more digits are never read (SIP-SEMANTICS 26).
MAX_DIGITS = 16


def pin_of(fields: Fields) -> str:
    """The PIN, "" for an open rule; where it is not known a text that tells it apart from others."""
    return pin_key(fields)


def is_known(fields: Fields) -> bool:
    """Whether a PIN that was sent can be compared with the rule's."""
    value = fields.get(f"rooms.{fields.get('rooms')}.pin")
    return value is None or (isinstance(value, Secret) and value.reveal() is not None)


def source_of(fields: Fields) -> SecretRef | None:
    """Where the PIN would come from."""
    value = fields.get(f"rooms.{fields.get('rooms')}.pin")
    return value.ref if isinstance(value, Secret) else None


def reference_key(ref: SecretRef) -> str:
    """The PIN of a caller that is known by its reference alone, as that of a rule would be told."""
    fields: Fields = {"rooms": "direct", "rooms.direct.pin": Secret(None, ref)}
    return pin_key(fields)


def can_be_typed(pin: str) -> bool:
    """SIP-SEMANTICS 26: only digits, and no more than 16 of them."""
    return pin.isascii() and pin.isdigit() and len(pin) <= MAX_DIGITS
