"""SIP-SEMANTICS 27-33: the room, the caller in it, and the media of the call; 45 and 46 as far as calls go."""

from __future__ import annotations

import hashlib
from typing import Any

from livekit.protocol.sip import SIPCodec, SIPMediaConfig, SIPMediaEncryption

from reconciler.core.values import Document, Duration
from reconciler.sip.era import Era
from reconciler.sip.routing import media as routing_media
from reconciler.sip.routing import room as routing_room
from reconciler.sip.routing.trunks import Trunk
from tests.sip.routing.project import (
    CALLER,
    A,
    call,
    callee,
    direct,
    individual,
    reached,
    router,
    rule,
    told,
    trunk,
)

HASH = hashlib.sha256(CALLER.encode()).hexdigest()[:16]


def room(era: Era = Era.NEW, caller: str = CALLER, **fields: Any) -> str | None:
    """The room of the standard call by one rule."""
    return router(rule("calls", **fields), era=era).answer(call(A, caller)).room


def test_rule_27_a_direct_rule_has_one_room() -> None:
    """Its name may be empty, which nothing rejects."""
    for era in Era:
        assert room(era, room=direct("lobby")) == "lobby"
        assert room(era, room=direct("")) == ""


def test_rule_27_individual_rooms_of_new_servers() -> None:
    """The prefix may be empty, and the random tail left out."""
    assert room(room=individual("p")) == f"p_{CALLER}_<random>"
    assert room(room=individual("")) == f"{CALLER}_<random>"
    assert room(room=individual("p", no_randomness=True)) == f"p_{CALLER}"
    assert room(room=individual("", no_randomness=True)) == CALLER


def test_rule_27_individual_rooms_of_old_servers() -> None:
    """They have an underscore in front even of an empty prefix, and always a random tail."""
    assert room(Era.OLD, room=individual("")) == f"_{CALLER}_<random>"
    assert room(Era.OLD, room=individual("p", no_randomness=True)) == f"p_{CALLER}_<random>"


def test_rule_27_rooms_of_the_number_called() -> None:
    """They have no random tail unless it is asked for."""
    for era in Era:
        assert room(era, room=callee("p")) == f"p_{A}"
        assert room(era, room=callee("")) == A
        assert room(era, room=callee("", randomize=True)) == f"{A}_<random>"


def test_rule_28_the_underscore_is_always_there() -> None:
    """Whatever the prefix ends in."""
    for prefix in ("call-", "call_", "call"):
        assert room(room=individual(prefix, no_randomness=True)) == f"{prefix}_{CALLER}"
        assert room(room=callee(prefix)) == f"{prefix}_{A}"
    assert "underscore" in told(router(rule("r")), call())[28][0]


def test_rule_29_a_hidden_caller_is_the_last_four_bytes() -> None:
    """One byte of four or fewer, and nothing of nothing; the number called is never masked."""
    body = individual("p", no_randomness=True)
    for caller, shown in ((CALLER, "0099"), ("12345", "2345"), ("1234", "4"), ("1", "1"), ("", "")):
        assert room(caller=caller, room=body, hide_phone_number=True) == f"p_{shown}", caller
    assert room(caller="äöü", room=body, hide_phone_number=True) == "p_öü"
    assert room(room=callee("p"), hide_phone_number=True) == f"p_{A}"


def test_rule_30_identity_and_name() -> None:
    """A hidden caller is a hash, and a name of the last digits."""
    plain = router(rule("calls"))
    assert plain.answer(call()).identity == f"sip_{CALLER}"
    assert routing_room.name_of(plain.rules.all[0], call()) == f"Phone {CALLER}"
    hidden = router(rule("calls", hide_phone_number=True))
    assert hidden.answer(call()).identity == f"sip_{HASH}"
    assert routing_room.name_of(hidden.rules.all[0], call()) == "Phone 0099"
    assert told(hidden, call())[30] == [f'the caller is "sip_{HASH}", named "Phone 0099"']


def test_rule_31_attributes_of_the_caller() -> None:
    """LiveKit's own override those of the rule, and a hidden caller has none that tell the number."""
    given = {"team": "a", "sip.ruleID": "mine", "sip.phoneNumber": "mine"}
    own = {
        "team": "a",
        "sip.callID": "<call id>",
        "sip.trunkID": "ST_in",
        "sip.ruleID": "SDR_calls",
    }
    numbers = {"sip.phoneNumber": CALLER, "sip.hostname": "pbx", "sip.trunkPhoneNumber": A}
    asked = call(from_host="pbx")
    for hidden in (False, True):
        here = router(
            trunk("in", A), rule("calls", "in", attributes=given, hide_phone_number=hidden)
        )
        found = routing_room.attributes_of(here.rules.all[0], here.trunks.all[0], asked)
        assert found == ({**own, "sip.phoneNumber": "mine"} if hidden else own | numbers)
    alone = router(rule("r")).rules.all[0]
    assert routing_room.attributes_of(alone, None, asked)["sip.trunkID"] == ""


def test_rule_31_metadata_ends_up_in_different_places() -> None:
    """That of the rule with the caller, that of the room with the room, that of the trunk nowhere."""
    made = rule("calls", "in", metadata="of the rule", room_preset="gold")
    made.room_config.metadata = "of the room"
    made.room_config.agents.add(agent_name="anna", metadata="of the job")
    texts = told(router(trunk("in", A, metadata="of the trunk"), made), call()).get(31, [])
    for text in (
        'metadata of the caller\'s participant: "of the rule" (metadata of the rule)',
        'metadata of the room, if it is new: "of the room" (room.metadata of the rule)',
        'metadata of the job of "anna": "of the job" (metadata of the agent)',
        "metadata of the trunk: stays there, no room and no participant gets it",
        'room preset "gold": may bring agents that no API shows',
    ):
        assert text in texts


def test_rule_31_headers_of_the_call_become_attributes() -> None:
    """Those that the trunk maps, and those that it includes."""
    mapped = trunk("in", A, headers_to_attributes={"X-Site": "site"}, include_headers=1)
    texts = told(router(mapped, rule("calls")), call()).get(31, [])
    assert "attribute site of the caller: the SIP header X-Site" in texts
    assert "attributes sip.h.* of the caller: the SIP headers that start with X-" in texts


def test_rule_32_an_old_server_ends_when_it_hides_nothing() -> None:
    """New ones show nothing."""
    hidden = rule("calls", hide_phone_number=True, room=individual("p", no_randomness=True))
    assert reached(router(hidden), call(caller="")) == "accepted calls p_"
    old = router(hidden, era=Era.OLD)
    assert reached(old, call(caller="")) == "invalid_rule calls"
    assert "the whole server process ends" in told(old, call(caller=""))[32][0]
    assert reached(old, call(caller="1")).startswith("accepted")
    asking = rule("calls", hide_phone_number=True, room=direct(pin="1234"))
    assert reached(router(asking, era=Era.OLD), call(caller="")) == "invalid_rule calls"


# --- media


def settings(
    trunk_media: dict[str, Any], rule_media: dict[str, Any], era: Era = Era.NEW
) -> dict[str, Any]:
    """The media of the standard call."""
    here = router(trunk("in", A, **trunk_media), rule("calls", "in", **rule_media), era=era)
    return routing_media.media_of(here.trunks.all[0].fields, here.rules.all[0].fields, era)


def encryption(value: int | None = None, legacy: int = 0) -> dict[str, Any]:
    """An encryption in the new field and in the old one."""
    media = SIPMediaConfig() if value is None else SIPMediaConfig(encryption=_word(value))
    return {"media": media, "media_encryption": _word(legacy)}


def _word(value: int) -> SIPMediaEncryption:
    return SIPMediaEncryption.Name(value)  # type: ignore[return-value]


def test_rule_33_encryption_of_the_rule_counts_unless_it_is_switched_off_there() -> None:
    """A rule cannot switch off what the trunk switches on, and its silence leaves the trunk's word."""
    words = ("disable", "allow", "require")
    for of_trunk in (None, 0, 1, 2):
        for of_rule in (None, 0, 1, 2):
            found = settings(encryption(of_trunk), encryption(of_rule)).get("media.encryption")
            inherits = of_rule is None or (of_rule == 0 and of_trunk is not None)
            expected = of_trunk if inherits else of_rule
            assert found == (None if expected is None else words[expected]), (of_trunk, of_rule)


def test_rule_33_the_old_field_counts_where_the_new_one_is_unset() -> None:
    """And to old servers it is the only one."""
    for of_trunk, of_rule, era, word in (
        ({}, encryption(None, legacy=2), Era.NEW, "require"),
        ({}, encryption(1, legacy=2), Era.NEW, "allow"),
        (encryption(1, legacy=2), {}, Era.OLD, "require"),
    ):
        assert settings(of_trunk, of_rule, era).get("media.encryption") == word
    assert settings(encryption(1, legacy=1), encryption(2, legacy=2), Era.OLD) == {
        "media.encryption": "require"
    }


def test_rule_33_codecs_and_timeout_come_from_the_trunk_where_the_rule_has_none() -> None:
    """Whether only the listed ones are offered comes with the codecs. Old servers know none of this."""
    of_trunk = SIPMediaConfig(codecs=[SIPCodec(name="PCMU")], only_listed_codecs=True)
    of_trunk.media_timeout.seconds = 30
    of_rule = SIPMediaConfig(codecs=[SIPCodec(name="opus")])
    found = settings({"media": of_trunk}, {"media": of_rule})
    assert found.get("media.codecs") == Document.of([{"name": "opus", "rate": 0}])
    assert "media.only_listed_codecs" not in found
    assert found.get("media.media_timeout") == Duration(30_000_000_000)
    inherited = settings({"media": of_trunk}, {"media": SIPMediaConfig()})
    assert inherited.get("media.only_listed_codecs") is True
    lone = settings({}, {"media": SIPMediaConfig(only_listed_codecs=True)})
    assert lone == {"media.only_listed_codecs": True}
    assert settings({"media": of_trunk}, {"media": of_rule}, Era.OLD) == {}


def test_rule_33_noise_cancellation_is_on_where_one_of_them_says_so() -> None:
    """Trunk or rule."""
    on = {"krisp_enabled": True}
    assert not routing_media.is_denoised({}, {})
    assert routing_media.is_denoised(on, {})
    assert routing_media.is_denoised({}, on)
    here = router(trunk("in", A, krisp_enabled=True), rule("calls"))
    assert "noise cancellation is on" in told(here, call())[33]


# --- what stays behind


def test_rule_45_a_rule_of_a_trunk_that_is_gone_takes_no_call() -> None:
    """Deleting a trunk leaves the rules that name it; the reason says so."""
    here = router(rule("orphan", "gone"))
    assert reached(here, call()) == "no_rule"
    assert told(here, call()).get(45) == [
        'not rule "orphan": it names a trunk that does not exist, so no call reaches it'
    ]


def test_rule_46_a_call_is_answered_by_what_could_not_be_created_today() -> None:
    """A trunk without any guard, a room without a name, a header that is refused: calls do not look at them."""
    bare = trunk("bare", headers={"Via ": "\x00"})
    here = router(bare, rule("calls", "bare", room=direct("")))
    answer = here.answer(call())
    assert (answer.outcome, answer.room) == ("accepted", "")
    assert answer.trunk is not None
    assert isinstance(answer.trunk, Trunk)
