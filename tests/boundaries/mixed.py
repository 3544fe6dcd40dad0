"""Two configurations between which an apply has a bit of everything to do, and objects beside them that are foreign.

From `BEFORE` to `AFTER` are 40 changes: creates, updates small and whole, renames, deletions, a number that moves from
trunk to trunk, two trunks that swap theirs, secrets, agents, and rules that wait for trunks which are still to be made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livekit.protocol import sip

from tests.support.objects import create_inbound, create_outbound, create_rule, direct, rule

if TYPE_CHECKING:
    from tests.support.raw_client import RawClient

CHANGES = 40
PROJECT = {"name": "mixed", "owns": ["acme-*"], "unlisted": "delete"}
SECRETS = {
    "OLD_PASSWORD": "an-old-password-of-tests",
    "NEW_PASSWORD": "a-new-password-of-tests",
    "OLD_PIN": "4711",
    "NEW_PIN": "4712",
}
# What a rollback from `AFTER` to `BEFORE` asks for; header values are secrets as well.
FORMER = {
    "NEW_PASSWORD": SECRETS["OLD_PASSWORD"],
    "NEW_PIN": SECRETS["OLD_PIN"],
    **{
        f"ACME_{name}_HEADER_X_SITE": "old" for name in ("REPLACED30", "REPLACED31", "OUT_REPLACED")
    },
}
# Field 999 with the text "future", as a dashboard newer than this version would write it.
UNKNOWN_FIELD = b"\xba\x3e\x06future"
Document = dict[str, Any]


def _number(number: int) -> str:
    return f"+1555010{number:04}"


def _auth(variable: str) -> Document:
    return {"username": "acme", "password": {"env": variable}}


def _trunk(number: int, **fields: Any) -> Document:
    return {"numbers": [_number(number)], "allowed_addresses": ["203.0.113.0/24"], **fields}


def _out(number: int, **fields: Any) -> Document:
    return {"address": "sip.example", "numbers": [_number(number)], **fields}


def _rule(trunk: str, prefix: str = "call-", **fields: Any) -> Document:
    return {"trunks": [f"acme-{trunk}"], "rooms": {"individual": {"prefix": prefix}}, **fields}


def _pin(trunk: str, variable: str) -> Document:
    rooms = {"direct": {"room": f"call-{trunk}", "pin": {"env": variable}}}
    return {"trunks": [f"acme-{trunk}"], "rooms": rooms}


def _document(agent: str, inbound: Document, outbound: Document, rules: Document) -> Document:
    sections = {"inbound_trunks": inbound, "outbound_trunks": outbound, "dispatch_rules": rules}
    return {
        "version": 1,
        "project": PROJECT,
        "sip": {
            section: {f"acme-{name}": fields for name, fields in objects.items()}
            for section, objects in sections.items()
        },
        "agents": {
            "names": {"telephony": {"agent_name": "telephony"}, "other": {"agent_name": "other"}},
            "rooms": [
                {"prefix": "call-", "agents": ["telephony"], "dispatch": "sip"},
                {"prefix": "moved-", "agents": [agent], "dispatch": "sip"},
            ],
        },
    }


BEFORE = _document(
    "telephony",
    inbound={
        **{f"stays{n}": _trunk(n, auth=_auth("OLD_PASSWORD")) for n in range(10, 12)},
        **{f"patched{n}": _trunk(n) for n in range(20, 23)},
        **{f"replaced{n}": _trunk(n, headers={"X-Site": "old"}) for n in range(30, 32)},
        "secret": _trunk(40, auth=_auth("OLD_PASSWORD"), headers={"X-Site": "1"}),
        "old-name": _trunk(50),
        "gone1": _trunk(60),
        "gone2": _trunk(61),
        "swap1": _trunk(70, numbers=[_number(70), _number(72)]),
        "swap2": _trunk(71, numbers=[_number(71), _number(73)]),
        "ring1": _trunk(74, metadata="one"),
        "ring2": _trunk(75, metadata="two"),
        "giver": _trunk(80, numbers=[_number(80), _number(81)]),
        "taker": _trunk(82),
    },
    outbound={
        "out-stays": _out(10),
        **{f"out-patched{n}": _out(n) for n in range(20, 22)},
        "out-replaced": _out(30, headers={"X-Site": "old"}),
        "out-secret": _out(40, auth=_auth("OLD_PASSWORD")),
        "out-old-name": _out(50),
        "out-gone": _out(60),
    },
    rules={
        "r-stays": _rule("stays10"),
        "r-agents": _rule("stays11", "moved-"),
        "r-patched": _rule("patched20"),
        "r-replaced": _rule("patched21", hide_phone_number=False),
        "r-pin": _pin("patched22", "OLD_PIN"),
        "r-old-name": _rule("replaced30"),
        "r-gone1": _rule("gone1"),
        "r-gone2": _rule("gone2"),
        "r-swap": _rule("swap1"),
        "r-moves": _rule("giver"),
    },
)

AFTER = _document(
    "other",
    inbound={
        **{f"stays{n}": _trunk(n, auth=_auth("OLD_PASSWORD")) for n in range(10, 12)},
        **{f"patched{n}": _trunk(n, metadata=f"new {n}") for n in range(20, 22)},
        "patched22": _trunk(22),
        **{f"replaced{n}": _trunk(n, headers={"X-Site": "new"}) for n in range(30, 32)},
        "secret": _trunk(40, auth=_auth("NEW_PASSWORD"), headers={"X-Site": "1"}),
        "new-name": _trunk(50, renamed_from="acme-old-name", metadata="renamed"),
        "swap1": _trunk(70, numbers=[_number(71), _number(72)]),
        "swap2": _trunk(71, numbers=[_number(70), _number(73)]),
        "ring1": _trunk(75, metadata="one"),
        "ring2": _trunk(74, metadata="two"),
        "giver": _trunk(80),
        "taker": _trunk(82, numbers=[_number(82), _number(81)]),
        "new90": _trunk(90, auth=_auth("NEW_PASSWORD")),
        "new91": _trunk(61),  # what gone2 turns into
    },
    outbound={
        "out-stays": _out(10),
        **{f"out-patched{n}": _out(n, metadata=f"new {n}") for n in range(20, 22)},
        "out-replaced": _out(30, headers={"X-Site": "new"}),
        "out-secret": _out(40, auth=_auth("NEW_PASSWORD")),
        "out-new-name": _out(50, renamed_from="acme-out-old-name"),
        **{f"out-new{n}": _out(n, headers={"X-Site": "new"}) for n in range(90, 93)},
    },
    rules={
        "r-stays": _rule("stays10"),
        "r-agents": _rule("stays11", "moved-"),
        "r-patched": _rule("patched20", metadata="new"),
        "r-replaced": _rule("patched21", hide_phone_number=True),
        "r-pin": _pin("patched22", "NEW_PIN"),
        "r-new-name": _rule("replaced30", renamed_from="acme-r-old-name"),
        "r-swap": _rule("swap2"),
        "r-moves": _rule("taker"),
        **{f"r-new{n}": _rule(f"new{n}") for n in range(90, 92)},
        "r-waits": _rule("new90", "moved-", callers=[_number(99)]),
    },
)


def make_foreign(client: RawClient) -> None:
    """Somebody else's objects in the same project: named otherwise, without a name, and with fields of the future."""
    trunk = create_inbound(client, name="theirs", numbers=["+15550199901"]).answer
    assert create_inbound(client, name="", numbers=["+15550199902"]).ok
    future = sip.SIPOutboundTrunkInfo.FromString(UNKNOWN_FIELD)
    future.MergeFrom(
        sip.SIPOutboundTrunkInfo(name="theirs", address="theirs.example", numbers=["+15550199903"])
    )
    request = sip.CreateSIPOutboundTrunkRequest(trunk=future)
    assert client.call("SIP", "CreateSIPOutboundTrunk", request).ok
    assert create_outbound(client, name="theirs", auth_password="of somebody else").ok
    theirs = sip.SIPDispatchRuleInfo.FromString(UNKNOWN_FIELD)
    theirs.MergeFrom(rule(name="theirs", trunk_ids=[trunk.sip_trunk_id], rule=direct("theirs")))
    made = sip.CreateSIPDispatchRuleRequest(dispatch_rule=theirs)
    assert client.call("SIP", "CreateSIPDispatchRule", made).ok
    assert create_rule(
        client, name="", trunk_ids=[trunk.sip_trunk_id], rule=direct("theirs", pin="1234")
    ).ok
