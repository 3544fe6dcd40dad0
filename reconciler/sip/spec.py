"""The objects of the SIP plane, field by field.

The words are LiveKit's own unless they mislead: `allowed_numbers` of a trunk and `inbound_numbers` of a rule are the
people who call, so both are `callers` here; `numbers` are the numbers called everywhere. The wire paths are field
names of LiveKit's messages as text: this module imports nothing of LiveKit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from reconciler.core.plan import Plane
from reconciler.core.schema import Field, FieldType, Kind

T = FieldType
_SECOND: Final = 1_000_000_000
_MILLISECOND: Final = 1_000_000

ENCRYPTION: Final = ("disable", "allow", "require")

_NAME_SYNTAX = "A header name has 1-255 letters, digits or -.!%*_+`'~."

# How a kind of room that does not honour the new media message is still told: see gateway.messages.
ENCRYPTION_PATH: Final = "media.encryption"


def _media(*, in_rule: bool) -> tuple[Field, ...]:
    owner = "the trunk's setting stands" if in_rule else "LiveKit does not encrypt"
    return (
        Field(
            ENCRYPTION_PATH,
            T.CHOICE,
            f"Media encryption (SRTP) of the calls. Without it {owner}. Written to LiveKit's older field as well, "
            "which is all that servers before 1.13 obey.",
            "media.encryption",
            choices=ENCRYPTION,
            presence=True,
        ),
        Field(
            "media.codecs",
            T.CODECS,
            "Codecs to offer, best first, each as {name, rate}.",
            "media.codecs",
            since="1.13",
        ),
        Field(
            "media.only_listed_codecs",
            T.FLAG,
            "Offer the listed codecs and no others.",
            "media.only_listed_codecs",
            default=False,
            since="1.13",
        ),
        Field(
            "media.media_timeout",
            T.DURATION,
            "Hang up after this long without media; at most 10m.",
            "media.media_timeout",
            presence=True,
            high=600 * _SECOND,
            since="1.13",
        ),
    )


_HEADERS: Final = (
    Field(
        "headers.*",
        T.HIDDEN_TEXT,
        "SIP headers to add; the values are never shown and may be {env: NAME} or {file: PATH}. "
        + _NAME_SYNTAX,
        "headers",
    ),
    Field(
        "headers_to_attributes.*",
        T.TEXT,
        "SIP header (key) that becomes a participant attribute (value). " + _NAME_SYNTAX,
        "headers_to_attributes",
    ),
    Field(
        "attributes_to_headers.*",
        T.TEXT,
        "Participant attribute (key) that is sent as a SIP header (value). " + _NAME_SYNTAX,
        "attributes_to_headers",
    ),
    Field(
        "include_headers",
        T.CHOICE,
        "Which SIP headers become attributes named sip.h.*: none, those that start with X-, or all.",
        "include_headers",
        choices=("none", "x", "all"),
        default="none",
    ),
)

_METADATA: Final = Field(
    "metadata",
    T.METADATA,
    "Text for applications, as a string (compared byte for byte) or a mapping (written as compact JSON).",
    "metadata",
    patch=True,
)

INBOUND_TRUNK: Final = Kind(
    name="inbound_trunk",
    section="inbound_trunks",
    doc="Calls that come in: which numbers are answered, and from whom.",
    one_of={},
    fields=(
        Field(
            "numbers",
            T.PHONE_NUMBERS,
            "Numbers called, or any. Only one trunk can have a number, unless callers tell them apart.",
            "numbers",
            any_word=True,
            explicit=True,
            patch=True,
        ),
        Field(
            "callers",
            T.PHONE_NUMBERS,
            "Numbers that may call, or any (LiveKit: allowed_numbers).",
            "allowed_numbers",
            any_word=True,
            patch=True,
        ),
        Field(
            "allowed_addresses",
            T.TEXTS,
            "Source addresses that may call: IP addresses, networks such as 203.0.113.0/24, or host names.",
            "allowed_addresses",
            patch=True,
        ),
        Field(
            "auth.username",
            T.CREDENTIAL,
            "User name of the SIP challenge; may be {env: NAME}.",
            "auth_username",
            patch=True,
        ),
        Field(
            "auth.password",
            T.PASSWORD,
            "Password of the SIP challenge, as {env: NAME} or {file: PATH}. Without a user name it protects nothing.",
            "auth_password",
            patch=True,
        ),
        Field("auth.realm", T.TEXT, "Realm of the SIP challenge.", "auth_realm", since="1.13"),
        _METADATA,
        *_HEADERS,
        Field(
            "ringing_timeout",
            T.DURATION,
            "Give up a call that nobody answers after this long.",
            "ringing_timeout",
        ),
        Field(
            "ringing_timeout_status",
            T.COUNT,
            "SIP status, 400 to 699, that ends a call nobody answered.",
            "ringing_timeout_status",
            low=400,
            high=699,
            since="1.13",
        ),
        Field("max_call_duration", T.DURATION, "Hang up after this long.", "max_call_duration"),
        Field(
            "krisp_enabled",
            T.FLAG,
            "Noise cancellation of the caller's audio.",
            "krisp_enabled",
            default=False,
        ),
        *_media(in_rule=False),
    ),
)

OUTBOUND_TRUNK: Final = Kind(
    name="outbound_trunk",
    section="outbound_trunks",
    doc="Calls that go out. Applications dial by the trunk's id, so an update never makes a new one.",
    one_of={},
    fields=(
        Field(
            "address",
            T.TEXT,
            "Host of the provider, without sip: or a transport.",
            "address",
            explicit=True,
            patch=True,
        ),
        Field(
            "transport",
            T.CHOICE,
            "Transport of the signalling.",
            "transport",
            choices=("auto", "udp", "tcp", "tls"),
            default="auto",
            patch=True,
        ),
        Field(
            "numbers",
            T.PHONE_NUMBERS,
            "Numbers to call from.",
            "numbers",
            explicit=True,
            patch=True,
        ),
        Field(
            "auth.username",
            T.CREDENTIAL,
            "User name for the provider; may be {env: NAME}.",
            "auth_username",
            patch=True,
        ),
        Field(
            "auth.password",
            T.PASSWORD,
            "Password for the provider, as {env: NAME} or {file: PATH}.",
            "auth_password",
            patch=True,
        ),
        Field(
            "destination_country",
            T.TEXT,
            "Two-letter country of the people called; calls start in a near region.",
            "destination_country",
            patch=True,
        ),
        Field("from_host", T.TEXT, "Host in the From header.", "from_host", since="1.13"),
        _METADATA,
        *_HEADERS,
        *_media(in_rule=False),
    ),
)

_PIN = "PIN the caller must enter, digits, as {env: NAME} or {file: PATH}."

DISPATCH_RULE: Final = Kind(
    name="dispatch_rule",
    section="dispatch_rules",
    doc="Which room a call lands in. The agents of that room follow from the conventions of the agent plane.",
    one_of={"rooms": ("individual", "callee", "direct")},
    references="inbound_trunk",
    has_line=True,
    fields=(
        Field(
            "trunks",
            T.REFERENCES,
            "Inbound trunks by name, or any. A rule for any trunk also takes calls that match no trunk at all.",
            "trunk_ids",
            any_word=True,
            explicit=True,
            patch=True,
        ),
        Field(
            "callers",
            T.TEXTS,
            "Numbers that call, or any; compared byte for byte (LiveKit: inbound_numbers).",
            "inbound_numbers",
            any_word=True,
        ),
        Field(
            "numbers",
            T.TEXTS,
            "Numbers called, or any; compared byte for byte.",
            "numbers",
            any_word=True,
        ),
        Field(
            "rooms",
            T.CHOICE,
            "How rooms are made.",
            "rule",
            choices=("individual", "callee", "direct"),
            patch=True,
        ),
        Field(
            "rooms.individual.prefix",
            T.TEXT,
            "A room of its own for each caller, named prefix_caller_random: LiveKit inserts the underscores.",
            "rule.dispatch_rule_individual.room_prefix",
            patch=True,
        ),
        Field(
            "rooms.individual.random_suffix",
            T.FLAG,
            "Whether a random tail keeps two calls of one caller apart.",
            "rule.dispatch_rule_individual.no_randomness",
            default=True,
            inverted=True,
            patch=True,
            since="1.13",
        ),
        Field(
            "rooms.individual.pin",
            T.PASSWORD,
            _PIN,
            "rule.dispatch_rule_individual.pin",
            patch=True,
        ),
        Field(
            "rooms.callee.prefix",
            T.TEXT,
            "One room for each number called, named prefix_number.",
            "rule.dispatch_rule_callee.room_prefix",
            patch=True,
        ),
        Field(
            "rooms.callee.random_suffix",
            T.FLAG,
            "Whether a random tail keeps calls to one number apart.",
            "rule.dispatch_rule_callee.randomize",
            default=False,
            patch=True,
        ),
        Field("rooms.callee.pin", T.PASSWORD, _PIN, "rule.dispatch_rule_callee.pin", patch=True),
        Field(
            "rooms.direct.room",
            T.TEXT,
            "One room for all calls.",
            "rule.dispatch_rule_direct.room_name",
            patch=True,
        ),
        Field("rooms.direct.pin", T.PASSWORD, _PIN, "rule.dispatch_rule_direct.pin", patch=True),
        Field(
            "hide_phone_number",
            T.FLAG,
            "Show only the last digits of the caller's number.",
            "hide_phone_number",
            default=False,
        ),
        _METADATA,
        Field("attributes.*", T.TEXT, "Attributes of the caller's participant.", "attributes"),
        Field(
            "room_preset",
            T.TEXT,
            "A preset of the hosted product; it can bring agents that no API shows.",
            "room_preset",
        ),
        Field(
            "krisp_enabled",
            T.FLAG,
            "Noise cancellation of the caller's audio.",
            "krisp_enabled",
            default=False,
        ),
        *_media(in_rule=True),
        Field(
            "room.name",
            T.TEXT,
            "Name in the room's configuration; it does not name the room.",
            "room_config.name",
        ),
        Field(
            "room.empty_timeout",
            T.DURATION,
            "Close a room that nobody joined after this long.",
            "room_config.empty_timeout",
            unit=_SECOND,
        ),
        Field(
            "room.departure_timeout",
            T.DURATION,
            "Close a room this long after the last participant left.",
            "room_config.departure_timeout",
            unit=_SECOND,
        ),
        Field(
            "room.max_participants",
            T.COUNT,
            "At most this many participants.",
            "room_config.max_participants",
        ),
        replace(_METADATA, path="room.metadata", wire="room_config.metadata", patch=False),
        Field(
            "room.min_playout_delay",
            T.DURATION,
            "Least playout delay of subscribers.",
            "room_config.min_playout_delay",
            unit=_MILLISECOND,
        ),
        Field(
            "room.max_playout_delay",
            T.DURATION,
            "Greatest playout delay of subscribers.",
            "room_config.max_playout_delay",
            unit=_MILLISECOND,
        ),
        Field(
            "room.sync_streams",
            T.FLAG,
            "Synchronise audio and video of subscribers.",
            "room_config.sync_streams",
            default=False,
        ),
        Field("room.tags.*", T.TEXT, "Tags of the room.", "room_config.tags", since="1.13"),
        Field(
            "room.egress",
            T.JSON,
            "Recording, as LiveKit's own JSON of RoomEgress; any text in it may be {env: NAME} or {file: PATH}. "
            "Never shown.",
            "room_config.egress",
        ),
        Field(
            "agents",
            T.AGENTS,
            "The agents of the rooms, computed from the conventions.",
            "room_config.agents",
            plane=Plane.AGENTS,
        ),
    ),
)

KINDS: Final = (INBOUND_TRUNK, OUTBOUND_TRUNK, DISPATCH_RULE)
KIND_BY_NAME: Final = {kind.name: kind for kind in KINDS}
KIND_BY_SECTION: Final = {kind.section: kind for kind in KINDS}

# Fields that live on the wire and are left out of the file, each with its reason; a test walks the descriptors.
LEFT_OUT: Final = {
    "sip_trunk_id": "the server's own id; pinned with id",
    "sip_dispatch_rule_id": "the server's own id; pinned with id",
    "name": "the key in the file",
    "created_at": "the server's own",
    "updated_at": "the server's own",
    "media_encryption": "superseded by media.encryption, written along with it",
}
