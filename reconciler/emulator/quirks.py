"""What the emulated servers do differently from each other, as data.

Every difference between versions that the emulator shows stands in this file; the other modules ask a `Quirks`
value and never compare versions. 1.8.4 and 1.9.12 were measured on running servers (`tests/contract`,
`tests/real`); 1.13.11 follows SIP-SEMANTICS, and was measured once, as docs/livekit.md says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from reconciler.sip.era import Era
from reconciler.sip.numbers import normalize

DEFAULT_VERSION = "1.9.12"

# Fields of today's API that a server of the given version does not know, by message. Such a server stores and returns
# them in binary, does not honour them, and leaves them out of JSON in both directions (SIP-SEMANTICS 40).
_NEWER_THAN_1_9: Mapping[str, frozenset[str]] = {
    "SIPInboundTrunkInfo": frozenset(
        {"auth_realm", "ringing_timeout_status", "media", "created_at", "updated_at"}
    ),
    "SIPOutboundTrunkInfo": frozenset({"media", "from_host", "created_at", "updated_at"}),
    "SIPInboundTrunkUpdate": frozenset({"auth_realm", "media"}),
    "SIPOutboundTrunkUpdate": frozenset({"from_host", "media"}),
    "SIPDispatchRuleInfo": frozenset({"media", "created_at", "updated_at"}),
    "SIPDispatchRuleUpdate": frozenset({"media"}),
    "SIPDispatchRuleIndividual": frozenset({"no_randomness"}),
    "RoomConfiguration": frozenset({"tags"}),
    "CreateRoomRequest": frozenset({"tags"}),
    "RoomAgentDispatch": frozenset({"restart_policy", "deployment", "attributes"}),
    "CreateAgentDispatchRequest": frozenset({"restart_policy", "deployment", "attributes"}),
    "AgentDispatch": frozenset({"restart_policy", "deployment", "attributes"}),
    "Job": frozenset({"deployment", "attributes", "enable_redaction"}),
    "JobState": frozenset({"reason"}),
    "ParticipantInfo": frozenset({"capabilities"}),
    "RoomParticipantIdentity": frozenset({"revoke_token_ts"}),
    "StreamOutput": frozenset({"destinations"}),
}

_NEWER_THAN_1_8: Mapping[str, frozenset[str]] = {
    "SIPOutboundTrunkInfo": frozenset({"destination_country"}),
    "CreateSIPDispatchRuleRequest": frozenset({"dispatch_rule"}),
    "SIPDispatchRuleInfo": frozenset({"numbers"}),
    "RoomConfiguration": frozenset({"metadata"}),
    "ParticipantInfo": frozenset({"kind_details", "data_tracks", "client_protocol"}),
    "ParticipantPermission": frozenset({"can_manage_agent_session"}),
    "Job": frozenset({"enable_recording"}),
    "JobState": frozenset({"worker_id", "agent_id"}),
    "RoomCompositeEgressRequest": frozenset({"webhooks"}),
    "S3Upload": frozenset({"assume_role_arn", "assume_role_external_id"}),
}

_UPDATES = frozenset({"UpdateSIPInboundTrunk", "UpdateSIPOutboundTrunk", "UpdateSIPDispatchRule"})
_PARTICIPANT_MOVES = frozenset({"ForwardParticipant", "MoveParticipant", "PerformRpc"})


_CODECS_1_8 = (
    "audio/opus",
    "audio/red",
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "video/rtx",
)
_CODECS = (
    "audio/PCMU",
    "audio/PCMA",
    "audio/opus",
    "audio/red",
    "video/VP8",
    "video/H264",
    "video/VP9",
    "video/AV1",
    "video/H265",
    "video/rtx",
)


def _normalize_1_8(number: str) -> str:
    """Only the `+` is added; punctuation stays and tells numbers apart (measured on 1.8.4)."""
    return number if not number or number.startswith("+") else "+" + number


def _merged(*tables: Mapping[str, frozenset[str]]) -> Mapping[str, frozenset[str]]:
    """One table with all fields of several."""
    merged: dict[str, frozenset[str]] = {}
    for table in tables:
        for message, fields in table.items():
            merged[message] = merged.get(message, frozenset()) | fields
    return MappingProxyType(merged)


@dataclass(frozen=True, slots=True)
class Quirks:
    """The behaviour of one version. The defaults are those of 1.9.12."""

    version: str = DEFAULT_VERSION
    era: Era = Era.OLD

    unknown_fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Fields this server does not know, by message name."""

    missing_methods: frozenset[str] = frozenset()
    """Methods of today's API that answer `bad_route`."""

    normal_form: Callable[[str], str] = normalize
    """How numbers are normalized for conflicts (SIP-SEMANTICS 1-4)."""

    list_matches_spellings: bool = True
    """Whether a list filtered by `numbers`, and with it a conflict check, finds other spellings of a number."""

    strict_headers: bool = True
    """SIP-SEMANTICS 36 and 37; without it, names are a letter and then letters, digits and dashes, values free."""

    flat_rule_has_preset: bool = True
    """Whether the flat shape of a new rule takes `room_preset`; 1.8.4 drops it (measured)."""

    rule_conflict_names_rule: bool = True
    """The wording of a rule conflict: with the other rule's name, or (1.8.4) with both ids."""

    kindless_rule_is_invalid: bool = False
    """A rule without a kind is `invalid_argument` instead of `unknown` (SIP-SEMANTICS 12)."""

    security_after_update_is_invalid: bool = False
    """A trunk left without security by a field update is `invalid_argument`, not `unknown` (SIP-SEMANTICS 43)."""

    validates_new_fields: bool = False
    """Media, `from_host` and `ringing_timeout_status` are checked (SIP-SEMANTICS 34, 35, 38, 39)."""

    missing_is_wrapped: bool = False
    """`not_found` of single objects carries the prefix of a wrapped error, as 1.8.4 words it (measured)."""

    room_codecs: tuple[str, ...] = _CODECS
    """The codecs a new room allows."""

    unknown_preset: str = "unknown room configuration in create room request"
    """How a room preset that the server's configuration lacks is refused; 1.8.4 misspells it (measured)."""

    absent_participant_is_unavailable: bool = False
    """UpdateParticipant of somebody who is not there waits and answers 503 instead of 404 (measured on 1.8.4)."""

    def knows(self, message: str, name: str) -> bool:
        """Whether this server knows a field of a message."""
        return name not in self.unknown_fields.get(message, frozenset())

    @classmethod
    def of(cls, version: str) -> Quirks:
        """The behaviour of a version, the nearest known one before it."""
        era = Era.of(version)
        if era is Era.NEW:
            return cls(
                version=version,
                era=era,
                kindless_rule_is_invalid=True,
                security_after_update_is_invalid=True,
                validates_new_fields=True,
            )
        minor = re.match(r"v?1\.(\d+)", version)
        if minor is not None and int(minor[1]) < 9:
            return cls(
                version=version,
                era=era,
                unknown_fields=_merged(_NEWER_THAN_1_9, _NEWER_THAN_1_8),
                missing_methods=_UPDATES | _PARTICIPANT_MOVES,
                normal_form=_normalize_1_8,
                list_matches_spellings=False,
                strict_headers=False,
                flat_rule_has_preset=False,
                rule_conflict_names_rule=False,
                missing_is_wrapped=True,
                room_codecs=_CODECS_1_8,
                unknown_preset="unknown room confguration in create room request",
                absent_participant_is_unavailable=True,
            )
        return cls(version=version, era=era, unknown_fields=_merged(_NEWER_THAN_1_9))
