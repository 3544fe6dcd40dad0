"""Finds out whether a server honours the fields that newer ones brought.

Binary requests hide it: a server stores fields that it does not know, returns them, and never acts on them. The same
list as JSON has only what the server knows (LIVEKIT measured on 1.9.12), so one object that has a new field tells.
Without such an object there is nothing to tell by, and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from reconciler.core.schema import Field, Kind
from reconciler.gateway.messages import ID_FIELD
from reconciler.gateway.read import LIST_METHODS
from reconciler.gateway.twirp import TwirpClient
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, KIND_BY_NAME


def found_era(client: TwirpClient, messages: Mapping[str, list[Any]]) -> Era | None:
    """The era of the server as one of its objects shows it, or None where no object can."""
    witness = _witness(messages)
    if witness is None:
        return None
    kind, message, fields = witness
    identifier = getattr(message, ID_FIELD[kind.name])
    ids = "dispatch_rule_ids" if kind is DISPATCH_RULE else "trunk_ids"
    answer = client.call_json("SIP", LIST_METHODS[kind.name], {ids: [identifier]})
    items = answer.get("items")
    for told in items if isinstance(items, list) else ():
        if isinstance(told, dict) and told.get(ID_FIELD[kind.name]) == identifier:
            known = any(_has(told, field.wire.split(".")) for field in fields)
            return Era.NEW if known else Era.OLD
    return None  # deleted meanwhile


def _witness(messages: Mapping[str, list[Any]]) -> tuple[Kind, Any, list[Field]] | None:
    """The first object with new fields, and those it has: a server that knows one of them is new."""
    for kind_name, found in messages.items():
        kind = KIND_BY_NAME[kind_name]
        fields = [field for field in kind.fields if field.since is not None]
        # Reading through an unset message gives its defaults, so one C call looks at all plain fields of an object.
        plain = attrgetter(*(field.wire for field in fields if not field.presence))
        (outer,) = {field.wire.split(".")[0] for field in fields if field.presence}
        for message in found:
            if message.HasField(outer) or any(plain(message)):
                present = [field for field in fields if _is_set(message, field)]
                if present:
                    return kind, message, present
    return None


def _is_set(message: Any, field: Field) -> bool:
    parent, _, last = field.wire.rpartition(".")
    holder = attrgetter(parent)(message) if parent else message
    return bool(holder.HasField(last) if field.presence else getattr(holder, last))


def _has(told: Any, wire: list[str]) -> bool:
    for name in wire:
        if not isinstance(told, dict) or name not in told:
            return False
        told = told[name]
    return bool(told)
