"""Writes one object: the smallest request that does the job, built on the object as it lives at that moment.

A small update request covers some fields of each kind; anything else replaces the object, starting from the live
message, so that fields this version does not know and edits to other fields survive. A create is never sent twice
blindly: LiveKit would make two objects.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from itertools import count
from typing import Any

from google.protobuf.message import Message
from livekit.protocol.models import ListUpdate
from livekit.protocol.sip import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    SIPDispatchRuleInfo,
    SIPTrunkInfo,
    UpdateSIPDispatchRuleRequest,
    UpdateSIPInboundTrunkRequest,
    UpdateSIPOutboundTrunkRequest,
)

from reconciler.core.plan import Call
from reconciler.core.schema import FieldType, Kind
from reconciler.core.values import Hidden, PlainValue
from reconciler.errors import ApiError, NotSupported, Rejected, Unreachable
from reconciler.gateway.deadline import Deadline
from reconciler.gateway.decode import live_object
from reconciler.gateway.discreet import discreetly
from reconciler.gateway.encode import Ids, Secrets, write_fields
from reconciler.gateway.messages import ID_FIELD, MESSAGES
from reconciler.gateway.read import list_messages
from reconciler.gateway.twirp import TwirpClient
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KIND_BY_NAME, OUTBOUND_TRUNK

_NAMES = {
    INBOUND_TRUNK.name: "SIPInboundTrunk",
    OUTBOUND_TRUNK.name: "SIPOutboundTrunk",
    DISPATCH_RULE.name: "SIPDispatchRule",
}
_UPDATES: dict[str, type[Message]] = {
    INBOUND_TRUNK.name: UpdateSIPInboundTrunkRequest,
    OUTBOUND_TRUNK.name: UpdateSIPOutboundTrunkRequest,
    DISPATCH_RULE.name: UpdateSIPDispatchRuleRequest,
}
CREATE_TRIES = 3
CREATE_WAIT = 0.3
PASSWORD_PATH = "auth.password"  # noqa: S105  # the name of a field
_NO_RULE = "missing rule"


def changes_of(call: Call) -> dict[str, PlainValue | None]:
    """What a call writes, by path."""
    return {change.path: change.after for change in call.fields}


def create(
    client: TwirpClient,
    call: Call,
    secrets: Secrets,
    ids: Ids,
    known: Collection[str],
    former: Any = None,
) -> str:
    """Creates the object and returns its id.

    `known` are the ids that lived before. Where the answer is lost, the object is looked up among those that are new
    before another try: whatever arrived late is found and used. All tries together have the time of one call.
    """
    kind = KIND_BY_NAME[call.kind]
    message = _new_message(kind, call, secrets, ids, former)
    deadline = client.deadline()
    for attempt in count():
        try:
            return _create_once(client, kind, message, deadline)
        except Unreachable as error:
            if not error.sent:
                raise
            # The server may still be at it: what it makes is looked for a moment later, and again after another.
            time.sleep(CREATE_WAIT * 2**attempt)
            found = _find_created(client, kind, message, known)
            if found is not None:
                return found
            if attempt + 1 == CREATE_TRIES or deadline.left() <= 0.0:
                raise
        except Rejected:
            # A second try that conflicts may have met the first one, which was only slow.
            found = _find_created(client, kind, message, known) if attempt else None
            if found is None:
                raise
            return found
    raise AssertionError("the last try returns or raises")


def _new_message(kind: Kind, call: Call, secrets: Secrets, ids: Ids, former: Any) -> Any:
    """The object to create. In the place of a former one it starts from that, so that nothing gets lost on the way:
    neither fields that this version does not know nor secrets that only the server had."""
    message: Any = MESSAGES[kind.name]()
    changes = changes_of(call)
    if former is not None:
        message.CopyFrom(former)
        for owned in (ID_FIELD[kind.name], "created_at", "updated_at"):
            message.ClearField(owned)
        changes = {path: value for path, value in changes.items() if not isinstance(value, Hidden)}
        gone = live_object(kind, former, Era.NEW).fields.keys() - changes_of(call).keys()
        changes |= dict.fromkeys(gone)
    message.name = call.name
    write_fields(kind, message, changes, secrets, ids)
    return message


def _create_once(client: TwirpClient, kind: Kind, message: Any, deadline: Deadline) -> str:
    method = f"Create{_NAMES[kind.name]}"
    request = _create_request(kind, message)
    answer = MESSAGES[kind.name]
    try:
        with discreetly(kind, message):
            made: Any = client.call("SIP", method, request, answer, repeat=False, deadline=deadline)
    except Rejected as error:
        # livekit-server 1.8 reads new rules in an older shape only, and finds no rule in this one (measured).
        if kind is not DISPATCH_RULE or not str(error).endswith(_NO_RULE):
            raise
        request = _flat_rule(message)
        with discreetly(kind, message):
            made = client.call("SIP", method, request, answer, repeat=False, deadline=deadline)
    identifier: str = getattr(made, ID_FIELD[kind.name])
    if not identifier:
        raise Unreachable(f"{method}: the answer has no id: try again", method=method, sent=True)
    return identifier


def _create_request(kind: Kind, message: Any) -> Message:
    if kind is INBOUND_TRUNK:
        return CreateSIPInboundTrunkRequest(trunk=message)
    if kind is OUTBOUND_TRUNK:
        return CreateSIPOutboundTrunkRequest(trunk=message)
    return CreateSIPDispatchRuleRequest(dispatch_rule=message)


def _flat_rule(rule: Any) -> CreateSIPDispatchRuleRequest:
    """The older shape of a new rule. What it cannot say is refused: a rule without a filter takes more calls."""
    known = CreateSIPDispatchRuleRequest.DESCRIPTOR.fields_by_name
    said = {field.name: value for field, value in rule.ListFields()}
    lost = sorted(said.keys() - known.keys())
    if lost:
        raise NotSupported(
            f"this server cannot create a rule with {', '.join(lost)}: it needs livekit-server 1.9 or newer",
            method="CreateSIPDispatchRule",
        )
    return CreateSIPDispatchRuleRequest(**said)


def _find_created(
    client: TwirpClient, kind: Kind, wanted: Any, known: Collection[str]
) -> str | None:
    """The id of an object that is new and has the name of what was to be created, or None.

    One that looks different may be another's, or what the server made of ours: there is no telling. To send a second
    one would double it, so this is an error, and the next run, which compares by name, sets it right.
    """
    for message in list_messages(client, kind.name):
        identifier: str = getattr(message, ID_FIELD[kind.name])
        if identifier in known or message.name != wanted.name:
            continue
        if _looks_like(kind, message, wanted):
            return identifier
        raise Rejected(
            f'the answer was lost, and a new {kind.title} "{wanted.name}" ({identifier}) differs from what was sent: '
            "run again to compare and finish",
            method=f"Create{_NAMES[kind.name]}",
        )
    return None


def _looks_like(kind: Kind, message: Any, wanted: Any) -> bool:
    found, sent = (live_object(kind, one, Era.NEW).fields for one in (message, wanted))
    if PASSWORD_PATH not in found:  # a server that does not tell passwords
        sent = {path: value for path, value in sent.items() if path != PASSWORD_PATH}
    return found == sent


def update(client: TwirpClient, call: Call, live: Any, secrets: Secrets, ids: Ids) -> Any:
    """Changes the named fields of a live object, `live` being its message as read just before; returns the new one."""
    kind = KIND_BY_NAME[call.kind]
    request: Any = _UPDATES[kind.name]()
    setattr(request, ID_FIELD[kind.name], call.id)
    wanted: Any = type(live)()
    wanted.CopyFrom(live)
    changes = changes_of(call)
    write_fields(kind, wanted, changes, secrets, ids)
    if call.new_name is not None:
        wanted.name = call.new_name
    if _fits_patch(kind, changes):
        _fill_patch(kind, request.update, wanted, changes, call.new_name)
    else:
        request.replace.CopyFrom(wanted)
    method = f"Update{_NAMES[kind.name]}"
    try:
        with discreetly(kind, wanted, live):
            return client.call("SIP", method, request, MESSAGES[kind.name], repeat=True)
    except NotSupported as error:
        raise NotSupported(
            f"{method}: this server cannot update {kind.title}s: it needs livekit-server 1.9 or newer",
            method=method,
            code=error.code,
            status=error.status,
        ) from error


def _fits_patch(kind: Kind, changes: Iterable[str]) -> bool:
    """Whether the small update request can say all of it."""
    return all(kind.field(path).patch for path in changes)


def _fill_patch(
    kind: Kind,
    patch: Any,
    wanted: Any,
    changes: Iterable[str],
    new_name: str | None,
) -> None:
    """Copies the changed fields from the message as it should be into the update request."""
    if new_name is not None:
        patch.name = new_name
    for path in changes:
        field = kind.field(path)
        name = field.wire.split(".")[0]
        if field.type in (FieldType.PHONE_NUMBERS, FieldType.TEXTS, FieldType.REFERENCES):
            listed = list(getattr(wanted, name))
            # An empty `set` is refused; `clear` is how LiveKit spells an empty list.
            getattr(patch, name).CopyFrom(
                ListUpdate(set=listed) if listed else ListUpdate(clear=True)
            )
        elif name == "rule":
            patch.rule.CopyFrom(wanted.rule)
        else:
            setattr(patch, name, getattr(wanted, name))


def delete(client: TwirpClient, call: Call) -> None:
    """Deletes the object; one that is gone already is as good as deleted."""
    request: Message
    answer: type[Message]
    if call.kind == DISPATCH_RULE.name:
        request = DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=call.id or "")
        method, answer = "DeleteSIPDispatchRule", SIPDispatchRuleInfo
    else:
        request = DeleteSIPTrunkRequest(sip_trunk_id=call.id or "")
        method, answer = "DeleteSIPTrunk", SIPTrunkInfo
    try:
        client.call("SIP", method, request, answer, repeat=True)
    except ApiError as error:
        if error.code != "not_found":
            raise
