"""SIP-SEMANTICS 34-44: what a server takes, changes and refuses, as the emulator and the offline checks have it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from livekit.protocol import models, sip

from reconciler.core.objects import Desired
from reconciler.core.schema import Kind
from reconciler.core.values import AgentDispatch, AgentList, Secret
from reconciler.emulator.errors import TwirpError
from reconciler.emulator.quirks import Quirks
from reconciler.emulator.sip import SipService
from reconciler.sip import check
from reconciler.sip.era import Era
from reconciler.sip.spec import DISPATCH_RULE, INBOUND_TRUNK, OUTBOUND_TRUNK
from tests.config.reading import errors, read
from tests.config.reading import rule as rule_file
from tests.sip.routing.project import A, B, call, direct, kindless, reached, router, rule, trunk

VERSIONS = ("1.9.12", "1.13.11")


def service(version: str = "1.9.12") -> SipService:
    """An emulated project whose ids count up."""
    count = itertools.count(1)
    return SipService(
        Quirks.of(version), lambda prefix: f"{prefix}{next(count)}", returns_passwords=True
    )


def code(act: Any, request: Any) -> str:
    """The code of the refusal, "" for none."""
    try:
        act(request)
    except TwirpError as error:
        return error.code
    return ""


def creates(here: SipService, info: Any) -> str:
    """The code of the refusal of a new object."""
    match info:
        case sip.SIPInboundTrunkInfo():
            return code(here.inbound.create, sip.CreateSIPInboundTrunkRequest(trunk=info))
        case sip.SIPOutboundTrunkInfo():
            return code(here.outbound.create, sip.CreateSIPOutboundTrunkRequest(trunk=info))
        case _:
            return code(here.rules.create, sip.CreateSIPDispatchRuleRequest(dispatch_rule=info))


def findings(kind: Kind, era: Era = Era.NEW, **fields: Any) -> list[str]:
    """The codes of what is found about an object offline."""
    spelt = {path.replace("__", "."): value for path, value in fields.items()}
    return [one.code for one in check.check_object(Desired(kind.name, "one", spelt), era)]


def test_rule_34_a_trunk_needs_a_number_an_address_or_a_password() -> None:
    """One of the four is enough, and what stands in it is not looked at."""
    guards: list[dict[str, Any]] = [
        {"numbers": ["?"]},
        {"allowed_addresses": ["?"]},
        {"auth_username": "u"},
        {"auth_password": "p"},
    ]
    for version in VERSIONS:
        assert creates(service(version), sip.SIPInboundTrunkInfo(name="x")) == "invalid_argument"
        for guard in guards:
            assert creates(service(version), sip.SIPInboundTrunkInfo(**guard)) == ""
    for status, fits in ((0, True), (400, True), (699, True), (399, False), (700, False)):
        rings = sip.SIPInboundTrunkInfo(numbers=[A])
        rings.ringing_timeout_status = status  # type: ignore[assignment]
        assert (creates(service("1.13.11"), rings) == "") is fits, status
        assert creates(service("1.9.12"), rings) == "", status
    assert findings(INBOUND_TRUNK) == ["open-trunk"]
    assert findings(INBOUND_TRUNK, auth__password=Secret("p")) == []


def test_rule_35_an_address_is_a_host() -> None:
    """An outbound trunk needs one, and a number; a URI is refused, in `from_host` by new servers only."""
    fit: dict[str, Any] = {"numbers": [A], "address": "sip.example"}
    uris = ("a;transport=udp", "x@sip.example", "sip:sip.example", "sips:sip.example", "a;b")
    for version in VERSIONS:
        assert creates(service(version), sip.SIPOutboundTrunkInfo(**fit)) == ""
        parts: list[dict[str, Any]] = [{"numbers": []}, *({"address": uri} for uri in ("", *uris))]
        for part in parts:
            refused = sip.SIPOutboundTrunkInfo(**{**fit, **part})
            assert creates(service(version), refused) == "invalid_argument", part
    strange = sip.SIPOutboundTrunkInfo(**fit, from_host="x@y")
    assert [creates(service(version), strange) for version in VERSIONS] == ["", "invalid_argument"]
    for uri in uris:
        assert findings(OUTBOUND_TRUNK, address=uri) == ["bad-address"], uri
        assert findings(OUTBOUND_TRUNK, address="a", from_host=uri) == ["bad-address"]
        assert findings(OUTBOUND_TRUNK, Era.OLD, address="a", from_host=uri) == []
    assert findings(OUTBOUND_TRUNK, address="my-sip:5060") == []


def test_rule_36_names_and_values_of_headers() -> None:
    """A syntax for names, a list of names that are LiveKit's own, a length and an alphabet for values."""
    for name in ("X-Site", "To", "Via", "a" * 255, "-.!%*_+`'~"):
        assert list(_headers(name, "v")) == [], name
        assert (
            creates(service(), trunk("in", A, headers={name: "v"})) == "invalid_argument"
        )  # its id
        stored = sip.SIPInboundTrunkInfo(numbers=[A], headers={name: "v"})
        assert creates(service(), stored) == "", name
    for name in ("", "a b", "ä", "a" * 256, "From", "CSEQ", "k", "t", "Refer-To", "content-TYPE"):
        found = [one.code for one in _headers(name, "v")]
        assert set(found) == {"bad-header"}, name
        stored = sip.SIPInboundTrunkInfo(numbers=[A], headers={name: "v"})
        assert creates(service(), stored) == "invalid_argument", name
    for value, fits in (
        ("", True),
        ("\t ä", True),
        ("x" * 1024, True),
        ("x" * 1025, False),
        ("\x7f", False),
    ):
        assert (not list(_headers("X", value))) is fits, value


def _headers(name: str, value: str) -> Any:
    fields = {f"headers.{name}": Secret(value)}
    return check.check_object(Desired(OUTBOUND_TRUNK.name, "one", fields), Era.NEW)


def test_rule_37_mapped_headers_have_the_same_syntax_and_no_forbidden_names() -> None:
    """Both directions of the mapping."""
    for group in ("headers_to_attributes", "attributes_to_headers"):
        for name, fits in (("From", True), ("k", True), ("a b", False)):
            key, value = (name, "x") if group.startswith("headers") else ("x", name)
            found = check.check_object(
                Desired(OUTBOUND_TRUNK.name, "one", {f"{group}.{key}": value}), Era.NEW
            )
            assert (list(found) == []) is fits, (group, name)
            mapped: dict[str, Any] = {group: {key: value}}
            stored = sip.SIPInboundTrunkInfo(numbers=[A], **mapped)
            assert (creates(service(), stored) == "") is fits, (group, name)


def test_rule_38_codecs_and_the_media_timeout() -> None:
    """New servers refuse names with white space or a slash, and more than ten minutes; old ones drop the field."""
    for name, fits in (("PCMU", True), ("", False), ("a b", False), ("a/b", False)):
        media = sip.SIPMediaConfig(codecs=[sip.SIPCodec(name=name)])
        made = sip.SIPInboundTrunkInfo(numbers=[A], media=media)
        assert (creates(service("1.13.11"), made) == "") is fits, name
        assert creates(service(), made) == ""
        text = rule_file(f'media: {{codecs: [{{name: "{name}"}}]}}')
        assert (not errors(read(text))) is fits, name
    for seconds, fits in ((0, True), (600, True), (601, False)):
        media = sip.SIPMediaConfig()
        media.media_timeout.seconds = seconds
        made = sip.SIPInboundTrunkInfo(numbers=[A], media=media)
        assert (creates(service("1.13.11"), made) == "") is fits, seconds
        text = rule_file(f"media: {{media_timeout: {seconds}s}}")
        assert (not errors(read(text))) is fits, seconds


def test_rule_39_of_a_rule_only_the_body_is_checked() -> None:
    """It must be there; an empty room, a PIN of letters, a trunk that is not there and twice the name are taken."""
    for version in VERSIONS:
        here = service(version)
        assert creates(here, sip.SIPDispatchRuleInfo(name="x")) == "invalid_argument"
        odd: dict[str, Any] = {"rule": direct("", "letters"), "name": "x"}
        assert creates(here, sip.SIPDispatchRuleInfo(**odd, trunk_ids=["ST_gone"])) == ""
        assert creates(here, sip.SIPDispatchRuleInfo(**odd, trunk_ids=["ST_gone2"])) == ""
    assert findings(DISPATCH_RULE, rooms="direct", rooms__direct__room="") == []


def test_rule_40_what_a_server_is_too_old_for_is_stored_and_not_honoured() -> None:
    """Nobody says so, which is why a finding does."""
    here = service()
    made = rule("", room=None)
    made.sip_dispatch_rule_id = ""
    made.rule.dispatch_rule_individual.no_randomness = True
    assert creates(here, made) == ""
    (stored,) = here.rules.shelf.messages()
    assert stored.rule.dispatch_rule_individual.no_randomness
    fields: Any = {"rooms.individual.random_suffix": False}
    desired = Desired(DISPATCH_RULE.name, "one", fields)
    found = list(check.check_honoured(desired, fields, Era.OLD))
    assert [one.code for one in found] == ["unhonoured-field"]
    assert list(check.check_honoured(desired, fields, Era.NEW)) == []


def test_rule_40_what_a_server_is_too_old_for_in_an_agent() -> None:
    """The agents of a rule have grown, too."""
    agents = AgentList((AgentDispatch("anna", deployment="blue"),))
    desired = Desired(DISPATCH_RULE.name, "one", {})
    found = list(check.check_honoured(desired, {"agents": agents}, Era.OLD))
    assert ["deployment of an agent" in one.message for one in found] == [True]


def test_rule_41_a_new_object_has_no_id_and_no_conflict() -> None:
    """Rules in the shape of an object are compared with all, and an older conflict blocks an unrelated one."""
    here = service()
    assert creates(here, trunk("own", A)) == "invalid_argument"
    assert creates(here, sip.SIPInboundTrunkInfo(numbers=[A])) == ""
    assert creates(here, sip.SIPInboundTrunkInfo(numbers=[A])) == "invalid_argument"
    for name in "ab":
        here.put(rule(name, "other"))
    unrelated = sip.SIPDispatchRuleInfo(rule=direct(), trunk_ids=["ST_new"])
    assert creates(here, unrelated) == "invalid_argument"
    flat = sip.CreateSIPDispatchRuleRequest(rule=direct(), trunk_ids=["ST_new"])
    assert code(here.rules.create, flat) == ""


def test_rule_42_an_update_replaces_or_changes() -> None:
    """What is left out of a replacement is reset; a list is cleared, set, or added to and removed from."""
    here = service()
    key = here.put(trunk("in", A, auth_username="u"))
    assert (
        code(here.inbound.update, sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key))
        == "invalid_argument"
    )
    change = sip.SIPInboundTrunkUpdate(numbers=models.ListUpdate(add=[B, A], remove=["gone"]))
    here.inbound.update(sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, update=change))
    (stored,) = here.inbound.shelf.messages()
    assert (list(stored.numbers), stored.auth_username) == ([A, B], "u")
    for odd in (
        models.ListUpdate(),
        models.ListUpdate(clear=True, set=[A]),
        models.ListUpdate(set=[""]),
    ):
        request = sip.UpdateSIPInboundTrunkRequest(
            sip_trunk_id=key, update=sip.SIPInboundTrunkUpdate(numbers=odd)
        )
        assert code(here.inbound.update, request) == "invalid_argument"
    whole = sip.SIPInboundTrunkInfo(numbers=[B])
    for inside, expected in (("ST_other", "invalid_argument"), (key, "")):
        whole.sip_trunk_id = inside
        request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, replace=whole)
        assert code(here.inbound.update, request) == expected
    here.inbound.update(sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, replace=whole))
    (stored,) = here.inbound.shelf.messages()
    assert (list(stored.numbers), stored.auth_username) == ([B], "")


def test_rule_43_an_update_is_checked_loaded_validated_and_compared_in_this_order() -> None:
    """An odd request for what is not there is odd; own validation after a change is an unknown error."""
    here = service()
    gone = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id="ST_gone")
    assert code(here.inbound.update, gone) == "invalid_argument"
    gone.update.name = "x"
    assert code(here.inbound.update, gone) == "not_found"
    for version, expected in zip(VERSIONS, ("unknown", "invalid_argument"), strict=True):
        here = service(version)
        key = here.put(trunk("in", A))
        clear = sip.SIPInboundTrunkUpdate(numbers=models.ListUpdate(clear=True))
        request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=key, update=clear)
        assert code(here.inbound.update, request) == expected


def test_rule_44_a_rule_moved_to_another_trunk_slips_through() -> None:
    """Stored rules are listed by the new trunks and looked up by their old ones; keeping one closes the hole."""
    for version in VERSIONS:
        here = service(version)
        here.put(rule("first", "a"))
        moved = here.put(rule("moved", "b"))
        to_both = sip.SIPDispatchRuleUpdate(trunk_ids=models.ListUpdate(set=["ST_a", "ST_b"]))
        request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=moved, update=to_both)
        assert code(here.rules.update, request) == "invalid_argument"
        to_new = sip.SIPDispatchRuleUpdate(trunk_ids=models.ListUpdate(set=["ST_a"]))
        request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=moved, update=to_new)
        assert code(here.rules.update, request) == ""
        assert (
            reached(router(trunk("a", A), *here.rules.shelf.messages()), call()) == "rule_conflict"
        )


def test_rule_44_a_trunk_moved_to_another_number_slips_through() -> None:
    """It is looked up by its old number, and is not among those that are compared; calls are ambiguous then."""
    for version in VERSIONS:
        here = service(version)
        here.put(trunk("first", A))
        moved = here.put(trunk("moved", B))
        for numbers, expected in (([A, B], "invalid_argument"), ([A], "")):
            update = sip.SIPInboundTrunkUpdate(numbers=models.ListUpdate(set=numbers))
            request = sip.UpdateSIPInboundTrunkRequest(sip_trunk_id=moved, update=update)
            assert code(here.inbound.update, request) == expected
        assert reached(router(*here.inbound.shelf.messages()), call()) == "trunk_ambiguous"


def test_rule_44_a_rule_without_a_kind_slips_through_as_well() -> None:
    """Refused when it is created, stored by an update that moves it."""
    here = service()
    assert creates(here, sip.SIPDispatchRuleInfo(rule=kindless(), trunk_ids=["ST_a"])) == "unknown"
    moved = here.put(rule("moved", "b"))
    whole = sip.SIPDispatchRuleInfo(rule=kindless(), trunk_ids=["ST_a"])
    request = sip.UpdateSIPDispatchRuleRequest(sip_dispatch_rule_id=moved, replace=whole)
    assert code(here.rules.update, request) == ""


def test_rule_45_deleting() -> None:
    """A trunk goes whether it is there or not, and leaves its rules; a rule must be there."""
    here = service()
    here.put(trunk("in", A))
    here.put(rule("calls", "in"))
    for _ in range(2):
        assert code(here.delete_trunk, sip.DeleteSIPTrunkRequest(sip_trunk_id="ST_in")) == ""
    assert [one.name for one in here.rules.shelf.messages()] == ["calls"]
    request = sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id="SDR_calls")
    assert code(here.rules.delete, request) == ""
    with pytest.raises(TwirpError, match="does not exist"):
        here.rules.delete(request)
