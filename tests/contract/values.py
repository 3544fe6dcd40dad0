"""Hostile values for random API calls: trunks, rules, numbers and texts that servers are known to stumble over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.duration_pb2 import Duration
from livekit.protocol import agent_dispatch, models, sip

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

NUMBERS = (
    "+15550100001",
    "15550100001",
    "+1 (555) 010-0001",
    "1-555-010-0001",
    "+15550100002",
    "+15550100003",
    " +15550100002",
    "+1555.010.0001",
    "0015550100001",
    "*98",
    "alice",
    "Alice",
    "()",
    "-",
    "+",
    "",
    "+1555\u00a00100001",
    "\u0661",
)
ADDRESSES = ("203.0.113.0/24", "198.51.100.7", "pbx.example", "", "10.0.0.0/33")
HOSTS = ("sip.example", "", "sip:host", "sips:host", "a@b", "a;b", "host;transport=tcp", "h:5060")
TEXTS = ("", "a", "b", 'quote"d', "<&>", "ünïcode", "line\nbreak", "x" * 300)
PINS = ("", "", "1234", "abc", "#", "1" * 17)
HEADER_NAMES = ("X-Site", "x_y", "Contact", "to", "Via", "bad name", "", "é", "X:", "t", "x" * 256)
HEADER_VALUES = ("", "v", "ü", "\t", "\x01", "\x7f", "x" * 1025)
ROOMS = ("room-a", "room-b", "room c", "ünï", "x" * 256, "x" * 257)
AGENTS = ("", "avatar", "SW Telephony Agent")
MISSING = "ST_doesNotExist"


class Values:
    """A source of random values that knows the ids of the objects that exist."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.inbound: list[str] = []
        self.outbound: list[str] = []
        self.rules: list[str] = []

    def _inbound(self, own: str = "") -> sip.SIPInboundTrunkInfo:
        trunk = sip.SIPInboundTrunkInfo(
            sip_trunk_id=self._own_id(own),
            name=self._random.choice(TEXTS),
            metadata=self._random.choice(TEXTS),
            numbers=self._some(NUMBERS, 0, 2),
            allowed_numbers=self._some(NUMBERS, 0, 2) if self._chance(0.4) else [],
            allowed_addresses=self._some(ADDRESSES, 0, 2),
            krisp_enabled=self._chance(0.2),
            include_headers=self._random.choice((0, 1, 2, 7)),  # type: ignore[arg-type]
        )
        if self._chance(0.3):
            trunk.auth_username, trunk.auth_password = "user", self._random.choice(("", "secret"))
        if self._chance(0.2):
            trunk.ringing_timeout.CopyFrom(self._duration())
            trunk.max_call_duration.CopyFrom(Duration(seconds=7200))
        if self._chance(0.2):
            trunk.auth_realm, trunk.ringing_timeout_status = "realm", 486  # type: ignore[assignment]
            trunk.media.CopyFrom(self._media())
            trunk.created_at.FromJsonString("2026-01-01T00:00:00Z")
        self._headers(trunk)
        return trunk

    def _outbound(self, own: str = "") -> sip.SIPOutboundTrunkInfo:
        trunk = sip.SIPOutboundTrunkInfo(
            sip_trunk_id=self._own_id(own),
            name=self._random.choice(TEXTS),
            metadata=self._random.choice(TEXTS),
            address=self._random.choice(("sip.example",) * 12 + HOSTS),
            numbers=self._some(NUMBERS, 0 if self._chance(0.1) else 1, 2),
            destination_country=self._random.choice(("", "us", "nowhere")),
            transport=self._random.choice((0, 1, 2, 3)),  # type: ignore[arg-type]
        )
        if self._chance(0.3):
            trunk.auth_username, trunk.auth_password = "user", "secret"
        if self._chance(0.3):
            trunk.from_host = self._random.choice(HOSTS)
            trunk.media.CopyFrom(self._media())
        self._headers(trunk)
        return trunk

    def _rule(self, own: str = "") -> sip.SIPDispatchRuleInfo:
        rule = sip.SIPDispatchRuleInfo(
            sip_dispatch_rule_id=self._own_id(own),
            trunk_ids=self._ids(self.inbound, most=2),
            inbound_numbers=self._some(NUMBERS, 0, 2) if self._chance(0.5) else [],
            numbers=self._some(NUMBERS, 0, 2) if self._chance(0.3) else [],
            name=self._random.choice(TEXTS),
            metadata=self._random.choice(TEXTS),
            hide_phone_number=self._chance(0.2),
            krisp_enabled=self._chance(0.2),
            room_preset=self._random.choice(("", "", "preset")),
        )
        if self._chance(0.97):
            rule.rule.CopyFrom(self._kind())
        for text in self._some(TEXTS, 0, 1):
            rule.attributes[text] = self._random.choice(TEXTS)
        if self._chance(0.4):
            config = rule.room_config
            config.name = self._random.choice(TEXTS)
            config.empty_timeout = self._random.choice((0, 5))
            config.metadata = self._random.choice(TEXTS)
            config.agents.extend(self._agent() for _ in range(self._random.randrange(3)))
            if self._chance(0.3):
                config.tags["t"] = "v"
            if self._chance(0.2):
                config.egress.room.room_name = "r"
        if self._chance(0.2):
            rule.media.CopyFrom(self._media())
        return rule

    def _kind(self) -> sip.SIPDispatchRule:
        pin, text = self._random.choice(PINS), self._random.choice(TEXTS)
        kind = self._random.randrange(20)
        if kind == 0:
            return sip.SIPDispatchRule()
        if kind < 8:
            direct = sip.SIPDispatchRuleDirect(room_name=text, pin=pin)
            return sip.SIPDispatchRule(dispatch_rule_direct=direct)
        if kind < 15:
            own = sip.SIPDispatchRuleIndividual(
                room_prefix=text, pin=pin, no_randomness=self._chance(0.3)
            )
            return sip.SIPDispatchRule(dispatch_rule_individual=own)
        callee = sip.SIPDispatchRuleCallee(room_prefix=text, pin=pin, randomize=self._chance(0.3))
        return sip.SIPDispatchRule(dispatch_rule_callee=callee)

    def _duration(self) -> Duration:
        """A duration, now and then one that cannot be written as JSON."""
        seconds, nanos = self._random.choice(
            ((0, 0), (30, 0), (-1, 0), (1, 500), (1, -1), (10**15, 0))
        )
        return Duration(seconds=seconds, nanos=nanos)

    def _media(self) -> sip.SIPMediaConfig:
        media = sip.SIPMediaConfig(
            only_listed_codecs=self._chance(0.5),
            codecs=[sip.SIPCodec(name=self._random.choice(("PCMU", "a b", "")), rate=8000)],
        )
        if self._chance(0.5):
            media.media_timeout.CopyFrom(Duration(seconds=self._random.choice((15, 601))))
        return media

    def _headers(self, trunk: sip.SIPInboundTrunkInfo | sip.SIPOutboundTrunkInfo) -> None:
        if self._chance(0.25):
            name = self._random.choice(HEADER_NAMES)
            trunk.headers[name] = self._random.choice(HEADER_VALUES)
        if self._chance(0.1):
            trunk.headers_to_attributes[self._random.choice(HEADER_NAMES)] = "attribute"
        if self._chance(0.1):
            trunk.attributes_to_headers["attribute"] = self._random.choice(HEADER_NAMES)

    def _list_update(
        self, change: Any, name: str, values: Sequence[str], chance: float = 0.5
    ) -> None:
        if not self._chance(chance):
            return
        update = models.ListUpdate()
        match self._random.randrange(6):
            case 0:
                update.clear = True
            case 1 | 2:
                update.set.extend(self._some(values, 1, 2))
            case 3 | 4:
                update.add.extend(self._some(values, 0, 2))
                update.remove.extend(self._some(values, 0, 2))
            case _:
                update.clear = self._chance(0.5)
                update.set.extend(self._some(values, 0, 1))
                update.add.extend(self._some(values, 0, 1))
        getattr(change, name).CopyFrom(update)

    def _set_some(self, change: Any, *names: str) -> None:
        for name in names:
            if self._chance(0.2):
                setattr(change, name, self._random.choice(TEXTS))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _some(self, values: Sequence[str], least: int, most: int) -> list[str]:
        return self._random.choices(values, k=self._random.randint(least, most))

    def _id(self, known: Sequence[str]) -> str:
        if known and self._chance(0.93):
            return self._random.choice(known)
        return self._random.choice((MISSING, "", "SDR_doesNotExist"))

    def _ids(self, known: Sequence[str], most: int = 2) -> list[str]:
        return [self._id(known) for _ in range(self._random.randint(0, most))]

    def _own_id(self, own: str) -> str:
        """Mostly no id, sometimes the right one or a wrong one."""
        return self._random.choice(("", "", "", "", own, own, MISSING if self._chance(0.3) else ""))

    def _agent(self) -> agent_dispatch.RoomAgentDispatch:
        wanted = agent_dispatch.RoomAgentDispatch(
            agent_name=self._random.choice(AGENTS), metadata=self._random.choice(TEXTS)
        )
        if self._chance(0.2):
            wanted.deployment = "blue"
            wanted.attributes["k"] = "v"
        return wanted
