"""The PIN of a rule, as far as it is known: a PIN may stand in a variable that is not set, or be left out."""

from __future__ import annotations

from reconciler.core.objects import Fields
from reconciler.core.values import Secret, SecretRef, Value

# What can be typed on a telephone: more digits are never read (SIP-SEMANTICS 26).
MAX_DIGITS = 16
_NOT_TOLD = "\0"


def pin_of(fields: Fields) -> str:
    """The PIN, "" for an open rule; where it is not known a text that is no PIN."""
    value = _value(fields)
    if value is None:
        return ""
    text = value.reveal() if isinstance(value, Secret) else None
    return _NOT_TOLD if text is None else text


def is_known(fields: Fields) -> bool:
    """Whether a PIN that was sent can be compared with the rule's."""
    return pin_of(fields) != _NOT_TOLD


def source_of(fields: Fields) -> SecretRef | None:
    """Where the PIN would come from."""
    value = _value(fields)
    return value.ref if isinstance(value, Secret) else None


def can_be_typed(pin: str) -> bool:
    """SIP-SEMANTICS 26: only digits, and no more than 16 of them."""
    return pin.isascii() and pin.isdigit() and len(pin) <= MAX_DIGITS


def _value(fields: Fields) -> Value | None:
    return fields.get(f"rooms.{fields.get('rooms')}.pin")
