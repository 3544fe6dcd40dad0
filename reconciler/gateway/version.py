"""Finds out whether a server honours the fields that newer ones brought.

Binary requests hide it: a server stores fields that it does not know, returns them, and never acts on them. The same
list as JSON has only what the server knows (LIVEKIT measured on 1.9.12), so one object that has a new field tells.
Without such an object there is nothing to tell by, and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.schema import Field, Kind
from reconciler.gateway.convert import ID_FIELD
from reconciler.gateway.read import LIST_METHODS
from reconciler.gateway.twirp import TwirpClient
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, KIND_BY_NAME


def found_era(client: TwirpClient, messages: Mapping[str, list[Any]]) -> Era | None:
    """The era of the server as one of its objects shows it, or None where no object can."""
    witness = next(_witnesses(messages), None)
    if witness is None:
        return None
    kind, message, field = witness
    identifier = getattr(message, ID_FIELD[kind.name])
    ids = "dispatch_rule_ids" if kind is DISPATCH_RULE else "trunk_ids"
    answer = client.call_json("SIP", LIST_METHODS[kind.name], {ids: [identifier]})
    items = answer.get("items")
    told = next(
        (
            one
            for one in items or ()
            if isinstance(one, dict) and one.get(ID_FIELD[kind.name]) == identifier
        ),
        None,
    )
    if told is None:
        return None  # deleted meanwhile
    return Era.NEW if _has(told, field.wire.split(".")) else Era.OLD


def _witnesses(messages: Mapping[str, list[Any]]) -> Iterator[tuple[Kind, Any, Field]]:
    for kind_name, found in messages.items():
        kind = KIND_BY_NAME[kind_name]
        new_fields = [field for field in kind.fields if field.since is not None]
        for message in found:
            for field in new_fields:
                if _is_set(message, field.wire.split(".")):
                    yield kind, message, field


def _is_set(message: Any, wire: list[str]) -> bool:
    *parents, last = wire
    for parent in parents:
        if not message.HasField(parent):
            return False
        message = getattr(message, parent)
    value = getattr(message, last)
    if message.DESCRIPTOR.fields_by_name[last].has_presence:
        present: bool = message.HasField(last)
        return present
    return bool(value)


def _has(told: Any, wire: list[str]) -> bool:
    for name in wire:
        if not isinstance(told, dict) or name not in told:
            return False
        told = told[name]
    return bool(told)
