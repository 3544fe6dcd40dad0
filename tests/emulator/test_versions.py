"""What 1.13.11 does otherwise than 1.9.12, by the numbers of SIP-SEMANTICS. docs/livekit.md says what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.protocol import models, sip

from reconciler.emulator.quirks import Quirks
from reconciler.sip.era import Era
from tests.support.objects import (
    NUMBER,
    OTHER,
    change_inbound,
    change_rule,
    create_inbound,
    create_outbound,
    create_rule,
    inbound_trunks,
    replace_inbound,
    replace_rule,
    rules,
)

if TYPE_CHECKING:
    from tests.support.raw_client import RawClient

pytestmark = pytest.mark.livekit_emulator(version="1.13.11")


def test_spellings_of_a_called_number_conflict(client: RawClient) -> None:
    """SIP-SEMANTICS 8: both halves of a slot are normalized."""
    create_inbound(client)
    assert create_inbound(client, numbers=["1 (555) 010-0001"]).code == "invalid_argument"


def test_a_trunk_may_repeat_itself(client: RawClient) -> None:
    """SIP-SEMANTICS 8: repeats inside one trunk are skipped."""
    spelled = [OTHER, "15550100002"]
    assert create_inbound(client, numbers=[NUMBER, "15550100001"], allowed_numbers=spelled).ok


def test_a_rule_still_conflicts_with_itself(client: RawClient) -> None:
    """SIP-SEMANTICS 11: there is no exemption for rules."""
    assert create_rule(client, trunk_ids=["ST_a", "ST_a"]).code == "invalid_argument"
    assert create_rule(client, numbers=[NUMBER, "15550100001"]).code == "invalid_argument"


def test_a_rule_without_a_kind_is_invalid(client: RawClient) -> None:
    """SIP-SEMANTICS 12: `invalid_argument` instead of an unknown error."""
    refused = create_rule(client, rule=sip.SIPDispatchRule())
    assert (refused.status, refused.code) == (400, "invalid_argument")


@pytest.mark.parametrize(("status", "ok"), [(0, True), (400, True), (699, True), (399, False)])
def test_the_ringing_timeout_status_is_a_failure(client: RawClient, status: int, ok: bool) -> None:
    """SIP-SEMANTICS 34: unset, or 400 to 699."""
    assert create_inbound(client, ringing_timeout_status=status).ok is ok


@pytest.mark.parametrize("host", ["sip:host", "a@b", "a;b", "a;transport=tls"])
def test_from_host_is_a_host(client: RawClient, host: str) -> None:
    """SIP-SEMANTICS 35: `from_host` obeys the rules of `address`."""
    assert create_outbound(client, from_host=host).code == "invalid_argument"
    assert create_outbound(client, from_host="host.example").ok


@pytest.mark.parametrize(
    "media",
    [
        sip.SIPMediaConfig(codecs=[sip.SIPCodec(name="")]),
        sip.SIPMediaConfig(codecs=[sip.SIPCodec(name="PCMU/8000")]),
        sip.SIPMediaConfig(codecs=[sip.SIPCodec(name="PC MU")]),
        sip.SIPMediaConfig(media_timeout=Duration(seconds=601)),
        sip.SIPMediaConfig(media_timeout=Duration(seconds=-1)),
    ],
)
def test_media_is_checked_everywhere(client: RawClient, media: sip.SIPMediaConfig) -> None:
    """SIP-SEMANTICS 38, 39: codec names and the timeout, on trunks and rules."""
    for create in (create_inbound, create_outbound, create_rule):
        assert create(client, media=media).code == "invalid_argument"


def test_ten_minutes_of_media_timeout_are_allowed(client: RawClient) -> None:
    """SIP-SEMANTICS 38: both ends of the range are inside."""
    for create in (create_inbound, create_outbound, create_rule):
        media = sip.SIPMediaConfig(media_timeout=Duration(seconds=600))
        assert create(client, media=media).ok


def test_field_updates_know_the_new_fields(client: RawClient) -> None:
    """SIP-SEMANTICS 42: realm and media of a trunk, media of a rule."""
    media = sip.SIPMediaConfig(only_listed_codecs=True)
    trunk = create_inbound(client).answer.sip_trunk_id
    changed = change_inbound(client, trunk, auth_realm="realm", media=media).answer
    assert (changed.auth_realm, changed.media) == ("realm", media)
    key = create_rule(client).answer.sip_dispatch_rule_id
    assert change_rule(client, key, media=media).answer.media == media


def test_the_security_check_after_a_field_update_is_invalid(client: RawClient) -> None:
    """SIP-SEMANTICS 43: only that check; the rest of a trunk's own validation stays unknown."""
    key = create_inbound(client).answer.sip_trunk_id
    clear = models.ListUpdate(clear=True)
    assert change_inbound(client, key, numbers=clear).code == "invalid_argument"
    bad = sip.SIPMediaConfig(codecs=[sip.SIPCodec(name="")])
    assert change_inbound(client, key, media=bad).code == "unknown"


def test_the_update_hole_is_still_there(client: RawClient) -> None:
    """SIP-SEMANTICS 44: a rule moved to an entirely new trunk is not in the checked set."""
    create_rule(client, trunk_ids=["ST_a"])
    moved = create_rule(client, trunk_ids=["ST_b"]).answer.sip_dispatch_rule_id
    assert replace_rule(client, moved, trunk_ids=["ST_a"]).ok
    assert replace_rule(client, moved, trunk_ids=["ST_a"]).code == "invalid_argument"


def test_json_shows_all_fields(client: RawClient) -> None:
    """A new server knows every field of livekit-protocol's messages."""
    create_inbound(client, media=sip.SIPMediaConfig())
    request = sip.ListSIPInboundTrunkRequest()
    (shown,) = client.call_json("SIP", "ListSIPInboundTrunk", request).answer["items"]
    assert set(shown) == set(sip.SIPInboundTrunkInfo.DESCRIPTOR.fields_by_name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"codecs": [sip.SIPCodec(name="")]}, "missing codec name"),
        ({"codecs": [sip.SIPCodec(name="a/b")]}, "codec name must not contain '/'"),
        ({"codecs": [sip.SIPCodec(name="a b")]}, "invalid codec name"),
        ({"media_timeout": Duration(seconds=-1)}, "media_timeout must not be negative"),
        ({"media_timeout": Duration(seconds=601)}, "media_timeout must not exceed 10m0s"),
    ],
    ids=["none", "slash", "space", "negative", "long"],
)
def test_refusals_of_media_are_worded_as_the_server_does(
    client: RawClient, fields: dict[str, Any], words: str
) -> None:
    """The words of 1.13.11 (measured)."""
    refused = create_inbound(client, media=sip.SIPMediaConfig(**fields))
    assert (refused.status, refused.code, refused.text) == (400, "invalid_argument", words)


def test_times_are_not_set(client: RawClient) -> None:
    """1.13.11 knows the fields for them and leaves them unset, as older servers do (measured)."""
    made = create_inbound(client).answer
    changed = replace_inbound(client, made.sip_trunk_id, name="n").answer
    for one in (made, changed):
        assert not one.HasField("created_at")
        assert not one.HasField("updated_at")


@pytest.mark.parametrize(
    ("version", "era", "has_updates"),
    [
        ("1.8.4", Era.OLD, False),
        ("1.9", Era.OLD, True),
        ("1.9.12", Era.OLD, True),
        ("1.12.9", Era.OLD, True),
        ("1.13.0", Era.NEW, True),
        ("newest", Era.NEW, True),
    ],
)
def test_versions_between_the_known_ones(version: str, era: Era, has_updates: bool) -> None:
    """A version behaves as the nearest known one before it."""
    quirks = Quirks.of(version)
    assert quirks.era is era
    assert ("UpdateSIPInboundTrunk" not in quirks.missing_methods) is has_updates


def test_a_version_that_is_none_is_an_error() -> None:
    """A typing mistake in a version is told."""
    with pytest.raises(ValueError, match="not a server version"):
        Quirks.of("latest")


@pytest.mark.livekit_emulator(returns_passwords=False)
def test_a_hosted_server_keeps_passwords_to_itself(client: RawClient) -> None:
    """With `returns_passwords=False` no answer holds a password, and none is lost by it."""
    made: Any = create_inbound(client, auth_username="u", auth_password="p").answer
    assert made.auth_password == ""
    assert change_inbound(client, made.sip_trunk_id, name="n").answer.auth_password == ""
    assert inbound_trunks(client)[0].auth_password == ""
    create_outbound(client, auth_username="u", auth_password="p")
    request = sip.ListSIPOutboundTrunkRequest()
    (out,) = client.call("SIP", "ListSIPOutboundTrunk", request).answer.items
    assert (out.auth_username, out.auth_password) == ("u", "")
    old = client.call("SIP", "ListSIPTrunk", sip.ListSIPTrunkRequest()).answer.items
    assert {(item.inbound_password, item.outbound_password) for item in old} == {("", "")}
    assert rules(client) == []
