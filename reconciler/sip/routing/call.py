"""A call, the answer to it, and the steps that explain the answer."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

if TYPE_CHECKING:
    from reconciler.sip.routing.rules import Rule
    from reconciler.sip.routing.trunks import Trunk

RANDOM: Final = "<random>"
"""Stands in the name of a room for what LiveKit draws by lot."""


class Outcome(enum.StrEnum):
    """What becomes of a call."""

    ACCEPTED = "accepted"
    PIN_REQUIRED = "pin_required"
    NO_RULE = "no_rule"
    TRUNK_AMBIGUOUS = "trunk_ambiguous"
    RULE_CONFLICT = "rule_conflict"
    INVALID_RULE = "invalid_rule"
    INVALID_SOURCE_IP = "invalid_source_ip"


class Call(msgspec.Struct, frozen=True):
    """A call as the SIP service reports it.

    `caller` and `called` are the user parts of From and To, any text. `source` is the address that the call comes
    from, "" where it is not known; `from_host` is the host of From. `refuses_pin`: `#` alone was pressed.
    `is_reference`: the PIN is that of a variable that is not set, and matches rules that name the same one.
    """

    caller: str
    called: str
    source: str = ""
    from_host: str = ""
    pin: str = ""
    refuses_pin: bool = False
    is_reference: bool = False


class Answer(msgspec.Struct, frozen=True):
    """What becomes of a call, as objects of the project; `room` and what follows are those of an accepted call."""

    outcome: Outcome
    trunk: Trunk | None = None
    rule: Rule | None = None
    room: str | None = None
    identity: str | None = None


class Step(NamedTuple):
    """One thing that happened on the way, and the number of the rule of SIP-SEMANTICS that it follows."""

    rule: int
    text: str


class PinUnknown(Exception):
    """A PIN was sent, and that of a rule which could win is not known here; `rule` is that rule."""

    def __init__(self, rule: Rule) -> None:
        super().__init__(rule.label)
        self.rule = rule


def well_formed(text: str) -> str:
    """The text as LiveKit can get it: half of a surrogate pair is no character, and arrives as U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
