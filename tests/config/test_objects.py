"""What each field of the file becomes, and what is left out because LiveKit does it anyway."""

from __future__ import annotations

import json

import pytest

from reconciler.config.origin import ObjectOrigin
from reconciler.config.paths import known_paths
from reconciler.core.schema import Field, FieldType, Kind
from reconciler.core.values import (
    Document,
    Duration,
    Metadata,
    Reference,
    References,
    Secret,
    TextList,
    Unknown,
    Value,
)
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, KINDS, OUTBOUND_TRUNK
from tests.config.reading import errors, only, outbound, read, rule, told, trunk

FULL_INBOUND = """\
numbers: ["+15550100001", "(555) 010-0002"]
callers: ["+15550100003"]
allowed_addresses: ["203.0.113.0/24", sip.example.com]
auth: {username: acme, password: {env: PW}, realm: example}
metadata: {a: 1}
headers: {X-Site: berlin}
headers_to_attributes: {X-Account: account}
attributes_to_headers: {account: X-Account}
include_headers: all
ringing_timeout: 30s
ringing_timeout_status: 480
max_call_duration: 2h
krisp_enabled: true
media: {encryption: require, codecs: [{name: PCMU, rate: 8000}, {name: opus}], only_listed_codecs: true, \
media_timeout: 0s}
id: ST_abc
unmanaged: [headers.X-Site, auth]
"""
FULL_OUTBOUND = """\
transport: tls
auth: {username: {env: USER}, password: {file: pw}}
destination_country: de
from_host: example.com
metadata: "a: b"
headers: {X-Site: {env: SITE}}
headers_to_attributes: {X-Account: account}
attributes_to_headers: {account: X-Account}
include_headers: x
media: {encryption: disable}
renamed_from: old
"""
FULL_RULE = """\
callers: any
numbers: ["+15550100001"]
line: sales
hide_phone_number: true
metadata: text
attributes: {direction: inbound, empty: ""}
room_preset: preset
krisp_enabled: true
media: {encryption: allow}
room: {name: tea, empty_timeout: 1m, departure_timeout: 20s, max_participants: 4, metadata: {a: [1]}, \
min_playout_delay: 200ms, max_playout_delay: 2s, sync_streams: true, tags: {k: v}, egress: {room: {}}}
"""


def test_an_inbound_trunk_has_all_its_fields() -> None:
    """One of each, in the types that are compared."""
    found = only(read(trunk(FULL_INBOUND), {"PW": "pw"}), "inbound_trunk")
    password, header = found.fields["auth.password"], found.fields["headers.X-Site"]
    assert isinstance(password, Secret)
    assert isinstance(header, Secret)
    assert (password.reveal(), header.reveal()) == ("pw", "berlin")
    rest = {path: value for path, value in found.fields.items() if value not in (password, header)}
    assert rest == {
        "numbers": TextList(("+15550100001", "(555) 010-0002"), ("+15550100001", "+5550100002")),
        "callers": TextList(("+15550100003",), ("+15550100003",)),
        "allowed_addresses": TextList(
            ("203.0.113.0/24", "sip.example.com"), ("203.0.113.0/24", "sip.example.com")
        ),
        "auth.username": "acme",
        "auth.realm": "example",
        "metadata": Metadata('{"a":1}', is_json=True),
        "headers_to_attributes.X-Account": "account",
        "attributes_to_headers.account": "X-Account",
        "include_headers": "all",
        "ringing_timeout": Duration(30_000_000_000),
        "ringing_timeout_status": 480,
        "max_call_duration": Duration(7_200_000_000_000),
        "krisp_enabled": True,
        "media.encryption": "require",
        "media.codecs": Document.of([{"name": "PCMU", "rate": 8000}, {"name": "opus", "rate": 0}]),
        "media.only_listed_codecs": True,
        "media.media_timeout": Duration(0),
    }
    assert (found.id, found.renamed_from, found.unmanaged) == (
        "ST_abc",
        None,
        ("headers.X-Site", "auth"),
    )


def test_an_outbound_trunk_has_all_its_fields() -> None:
    """`disable` is no default: it is sent, because a rule or trunk without it behaves otherwise."""
    configuration = read(outbound(FULL_OUTBOUND))
    found = only(configuration, "outbound_trunk")
    assert found.fields["media.encryption"] == "disable"
    assert found.fields["metadata"] == Metadata("a: b")
    assert found.fields["transport"] == "tls"
    assert found.renamed_from == "old"
    assert [str(ref) for ref, _, _ in configuration.missing] == [
        "{env: USER}",
        "{file: pw}",
        "{env: SITE}",
    ]


def test_a_rule_has_all_its_fields() -> None:
    """The line is no field of LiveKit and stands apart."""
    configuration = read(rule(FULL_RULE))
    fields = dict(only(configuration, "dispatch_rule").fields)
    egress = fields.pop("room.egress")
    assert isinstance(egress, Secret)
    assert json.loads(egress.reveal() or "") == {"room": {}}
    assert configuration.lines == {"calls": "sales"}
    assert fields == {
        "rooms": "individual",
        "rooms.individual.prefix": "call-",
        "numbers": TextList(("+15550100001",), ("+15550100001",)),
        "hide_phone_number": True,
        "metadata": Metadata("text"),
        "attributes.direction": "inbound",
        "attributes.empty": "",
        "room_preset": "preset",
        "krisp_enabled": True,
        "media.encryption": "allow",
        "room.name": "tea",
        "room.empty_timeout": Duration(60_000_000_000),
        "room.departure_timeout": Duration(20_000_000_000),
        "room.max_participants": 4,
        "room.metadata": Metadata('{"a":[1]}', is_json=True),
        "room.min_playout_delay": Duration(200_000_000),
        "room.max_playout_delay": Duration(2_000_000_000),
        "room.sync_streams": True,
        "room.tags.k": "v",
    }


ROOMS: dict[str, dict[str, Value]] = {
    "{individual: {}}": {"rooms": "individual"},
    "{individual: {prefix: '', random_suffix: true}}": {"rooms": "individual"},
    "{individual: {prefix: a, random_suffix: false}}": {
        "rooms": "individual",
        "rooms.individual.prefix": "a",
        "rooms.individual.random_suffix": False,
    },
    "{callee: {prefix: a, random_suffix: false}}": {"rooms": "callee", "rooms.callee.prefix": "a"},
    "{callee: {random_suffix: true}}": {"rooms": "callee", "rooms.callee.random_suffix": True},
    "{direct: {room: a}}": {"rooms": "direct", "rooms.direct.room": "a"},
    "{direct: {}}": {"rooms": "direct"},
}


@pytest.mark.parametrize("rooms", ROOMS)
def test_the_kind_of_room_is_a_field_and_defaults_are_left_out(rooms: str) -> None:
    """Note the opposite defaults of the random suffix."""
    text = f"version: 1\nsip: {{dispatch_rules: {{a: {{trunks: any, rooms: {rooms}}}}}}}\n"
    assert only(read(text), "dispatch_rule").fields == ROOMS[rooms]


DEFAULTS = [
    "krisp_enabled: false",
    "include_headers: none",
    "callers: any",
    "ringing_timeout: 0s",
    "max_call_duration: 0h",
    'metadata: ""',
    "media: {}",
    "auth: {}",
    "headers: {}",
    "media: {only_listed_codecs: false, codecs: []}",
]


@pytest.mark.parametrize("line", DEFAULTS)
def test_what_livekit_does_anyway_is_not_a_field(line: str) -> None:
    """Written or not, the object is the same: no plan will ever show a difference."""
    numbers = 'numbers: ["+15550100001"]'
    plain = only(read(trunk(numbers)), "inbound_trunk")
    assert only(read(trunk(f"{numbers}\n{line}")), "inbound_trunk").fields == plain.fields


def test_trunks_are_named_or_pinned_by_id() -> None:
    """An id of a trunk that the file lists is that trunk; an id of another is taken as it is."""
    text = """\
version: 1
sip:
  inbound_trunks:
    a: {numbers: ["+15550100001"], id: ST_a}
    b: {numbers: ["+15550100002"]}
  dispatch_rules:
    r: {trunks: [ST_a, b, ST_other], rooms: {callee: {}}}
"""
    configuration = read(text)
    assert told(configuration) == []
    assert configuration.sip["dispatch_rule"][0].fields["trunks"] == References(
        (Reference("a"), Reference("b"), Reference("ST_other"))
    )


def test_trunks_are_not_looked_up_where_trunks_are_not_managed() -> None:
    """A file of rules alone names live trunks."""
    configuration = read(rule("hide_phone_number: true").replace("trunks: any", "trunks: [live]"))
    assert told(configuration) == []


def test_what_cannot_be_read_is_unknown_and_not_absent() -> None:
    """No later check may say that the trunk has no number, or that the rule is for everybody."""
    configuration = read(trunk("numbers: 5\ncallers: []\nauth: x\nmedia: {encryption: y}"))
    assert len(errors(configuration)) == 4
    fields = configuration.sip["inbound_trunk"][0].fields
    unknown = {path for path, value in fields.items() if isinstance(value, Unknown)}
    assert unknown == {
        "numbers",
        "callers",
        "auth.username",
        "auth.password",
        "auth.realm",
        "media.encryption",
    }


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_can_be_unmanaged(kind: Kind) -> None:
    """So can every group of fields, and every single entry of a mapping."""
    entries = [f"{field.parent}.x" for field in kind.fields if field.is_mapping]
    paths = ", ".join([*known_paths(kind), *entries])
    needed = {
        INBOUND_TRUNK: "numbers: any, auth: {username: a}",
        OUTBOUND_TRUNK: "address: a, numbers: [a]",
        DISPATCH_RULE: "trunks: any, rooms: {callee: {}}",
    }[kind]
    text = f"version: 1\nsip: {{{kind.section}: {{a: {{{needed}, unmanaged: [{paths}]}}}}}}\n"
    assert told(read(text)) == []
    assert told(read(f"version: 1\nproject: {{unmanaged: [{paths}]}}\n")) == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_type_of_field_has_a_reader(kind: Kind) -> None:
    """A list where a single value belongs, and a text where a list belongs, is an error at the field."""
    for field in kind.fields:
        if field.type is FieldType.AGENTS or field.path in kind.one_of:
            continue
        path = field.parent.split(".")
        wrong = "{x: [[]]}" if field.is_mapping else _wrong(field)
        body = wrong
        for key in reversed(path[1:]):
            body = f"{{{key}: {body}}}"
        text = f"version: 1\nsip: {{{kind.section}: {{a: {{{path[0]}: {body}}}}}}}\n"
        found = [
            one
            for one in errors(read(text))
            if one.path.startswith(f"sip.{kind.section}.a.{field.parent}")
        ]
        assert found, field.path


def _wrong(field: Field) -> str:
    lists = (FieldType.PHONE_NUMBERS, FieldType.TEXTS, FieldType.REFERENCES, FieldType.CODECS)
    return "x" if field.type in lists or field.type is FieldType.JSON else "[[]]"


PLACES = {
    "": "4:5",
    "numbers": "5:7",
    "numbers[1]": "5:33",
    "numbers[7]": "5:7",
    "headers": "6:7",
    "headers.X": "6:17",
    "headers.X.Y": "6:23",
    "headers.Z": "6:7",
    "media.codecs[0].name": "7:25",
    "absent.path": "4:5",
}


@pytest.mark.parametrize("path", PLACES)
def test_every_part_of_an_object_knows_its_place(path: str) -> None:
    """A list entry has its own place; what was not written has that of its nearest parent."""
    text = trunk("""\
        numbers: ["+15550100001", "+15550100002"]
        headers: {X: a, X.Y: b}
        media: {codecs: [{name: PCMU}]}
        """)
    origin = only(read(text), "inbound_trunk").origin
    assert isinstance(origin, ObjectOrigin)
    assert str(origin.mark(path)) == f"dispatch.yaml:{PLACES[path]}"
