"""What `docs/livekit.md` says about the API, measured again: on the real server and on the emulator of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit.protocol import agent_dispatch, models, room, sip

from tests.support.objects import (
    NUMBER,
    OTHER,
    change_inbound,
    change_rule,
    create_inbound,
    create_outbound,
    create_rule,
    delete_rule,
    delete_trunk,
    direct,
    inbound_trunks,
    replace_inbound,
    replace_rule,
    rule,
    rules,
)

if TYPE_CHECKING:
    from tests.support.raw_client import RawClient, Result


# --- SIP objects: identity, lists, values


def test_names_are_not_unique(client: RawClient) -> None:
    """Two trunks may have one name; only the server's ids tell them apart."""
    first = create_inbound(client, name="same").answer
    second = create_inbound(client, name="same", numbers=[OTHER]).answer
    assert first.sip_trunk_id != second.sip_trunk_id
    assert first.sip_trunk_id.startswith("ST_")


def test_a_list_is_ordered_by_id(client: RawClient) -> None:
    """Objects come in ascending order of their ids, not as they were made."""
    for number in range(8):
        create_inbound(client, numbers=[f"+1555010{number:04}"])
    ids = [trunk.sip_trunk_id for trunk in inbound_trunks(client)]
    assert ids == sorted(ids)


def test_a_page_limits_nothing(client: RawClient) -> None:
    """`limit` 1 returns both trunks, and nothing comes after the last id."""
    create_inbound(client)
    create_inbound(client, numbers=[OTHER])
    first, last = inbound_trunks(client, page=models.Pagination(limit=1))
    assert inbound_trunks(client, page=models.Pagination(after_id=last.sip_trunk_id)) == []
    assert inbound_trunks(client, page=models.Pagination(after_id=first.sip_trunk_id)) == [last]


def test_a_page_without_a_match_ends_the_list(client: RawClient) -> None:
    """With a `limit` and a filter, what stands behind a page that is filtered out is not found."""
    create_inbound(client)
    create_inbound(client, numbers=[OTHER])
    trunks = inbound_trunks(client)
    wanted = trunks[1].sip_trunk_id
    assert inbound_trunks(client, trunk_ids=[wanted]) == [trunks[1]]
    page = models.Pagination(limit=1)
    assert inbound_trunks(client, trunk_ids=[wanted], page=page) == []


def test_a_list_by_ids_drops_what_is_missing(client: RawClient) -> None:
    """Asking for a trunk that does not exist is no error and no empty entry."""
    made = create_inbound(client).answer
    assert inbound_trunks(client, trunk_ids=[made.sip_trunk_id, "ST_missing"]) == [made]


def test_a_list_by_number_finds_other_spellings_and_trunks_for_any(client: RawClient) -> None:
    """Inbound trunks are found by a number in any spelling, together with those that take every number."""
    create_inbound(client, numbers=["1 (555) 010-0001"], name="spelled")
    create_inbound(client, numbers=[OTHER], name="other")
    create_inbound(client, numbers=[], auth_username="u", name="any")
    found = inbound_trunks(client, numbers=[NUMBER])
    assert {trunk.name for trunk in found} == {"spelled", "any"}


def test_passwords_come_back_in_clear(client: RawClient) -> None:
    """A list of trunks holds their passwords."""
    create_inbound(client, auth_username="u", auth_password="p")
    assert [trunk.auth_password for trunk in inbound_trunks(client)] == ["p"]


def test_times_are_not_set(client: RawClient) -> None:
    """1.9.12 leaves `created_at` and `updated_at` unset, so nothing tells that an object was changed."""
    made = create_inbound(client).answer
    replace_inbound(client, made.sip_trunk_id, name="changed")
    assert not made.HasField("created_at")
    assert not inbound_trunks(client)[0].HasField("updated_at")


def test_the_old_list_shows_both_kinds_of_trunk(client: RawClient) -> None:
    """ListSIPTrunk still answers, with the first number only."""
    create_inbound(client, numbers=[NUMBER, OTHER])
    create_outbound(client, numbers=[OTHER, NUMBER])
    items = client.call("SIP", "ListSIPTrunk", sip.ListSIPTrunkRequest()).answer.items
    kinds = {item.kind: item.outbound_number for item in items}
    assert kinds == {sip.SIPTrunkInfo.TRUNK_INBOUND: NUMBER, sip.SIPTrunkInfo.TRUNK_OUTBOUND: OTHER}


# --- updates


def test_a_whole_update_wipes_what_it_does_not_send(client: RawClient) -> None:
    """`replace` resets every field that is left out, the password included."""
    made = create_inbound(client, name="n", auth_username="u", auth_password="p").answer
    replace_inbound(client, made.sip_trunk_id)
    (stored,) = inbound_trunks(client)
    assert (stored.name, stored.auth_username, stored.auth_password) == ("", "", "")
    assert stored.sip_trunk_id == made.sip_trunk_id


def test_one_replace_turns_a_trunk_into_another(client: RawClient) -> None:
    """Name, numbers and all may change in one step; the id stays."""
    made = create_inbound(client, name="a").answer
    changed = replace_inbound(client, made.sip_trunk_id, name="b", numbers=[OTHER]).answer
    assert (changed.sip_trunk_id, changed.name) == (made.sip_trunk_id, "b")
    assert list(changed.numbers) == [OTHER]


def test_a_field_update_changes_only_what_it_sends(client: RawClient) -> None:
    """Fields that a field update does not name stay as they are, those it cannot name included."""
    made = create_inbound(
        client,
        auth_username="u",
        auth_password="p",
        krisp_enabled=True,
        max_call_duration=Duration(seconds=60),
        headers={"X-Site": "1"},
    ).answer
    changed = change_inbound(client, made.sip_trunk_id, name="n").answer
    made.name = "n"
    assert changed == made


def test_an_empty_list_update_is_refused(client: RawClient) -> None:
    """A list cannot be emptied by setting nothing, which is what the SDK's helper sends; `clear` does it."""
    made = create_inbound(client, auth_username="u").answer
    refused = change_inbound(client, made.sip_trunk_id, numbers=models.ListUpdate())
    assert (refused.status, refused.code) == (400, "invalid_argument")
    cleared = change_inbound(client, made.sip_trunk_id, numbers=models.ListUpdate(clear=True))
    assert list(cleared.answer.numbers) == []


def test_the_last_safeguard_cannot_be_cleared(client: RawClient) -> None:
    """A field update that leaves a trunk without any safeguard fails as an unknown error, 500 (SIP-SEMANTICS 43)."""
    made = create_inbound(client).answer
    failed = change_inbound(client, made.sip_trunk_id, numbers=models.ListUpdate(clear=True))
    assert (failed.status, failed.code) == (500, "unknown")
    assert inbound_trunks(client) == [made]


def test_attributes_are_merged_by_a_field_update(client: RawClient) -> None:
    """A field update of a rule merges attributes; an empty value deletes one (SIP-SEMANTICS 42)."""
    made = create_rule(client, attributes={"a": "1", "b": "2"}).answer
    changed = change_rule(client, made.sip_dispatch_rule_id, attributes={"a": "", "c": "3"})
    assert dict(changed.answer.attributes) == {"b": "2", "c": "3"}


# --- what is gone, what is missing


def test_a_trunk_is_deleted_under_its_rules_and_twice(client: RawClient) -> None:
    """Deleting a trunk asks neither whether rules name it nor whether it exists."""
    key = create_inbound(client).answer.sip_trunk_id
    create_rule(client, trunk_ids=[key])
    assert delete_trunk(client, key).ok
    assert delete_trunk(client, key).ok
    assert [list(found.trunk_ids) for found in rules(client)] == [[key]]


def test_a_rule_may_name_a_trunk_that_does_not_exist(client: RawClient) -> None:
    """Trunk ids of rules are not looked up."""
    assert create_rule(client, trunk_ids=["ST_missing"]).ok


def test_a_rule_is_deleted_once(client: RawClient) -> None:
    """Deleting a rule that is gone is an error."""
    key = create_rule(client).answer.sip_dispatch_rule_id
    assert delete_rule(client, key).ok
    again = delete_rule(client, key)
    assert (again.status, again.code) == (404, "not_found")


def test_what_is_gone_cannot_be_updated(client: RawClient) -> None:
    """Updates of trunks and rules that do not exist answer 404."""
    for result in (
        replace_inbound(client, "ST_missing"),
        replace_rule(client, "SDR_missing"),
        change_rule(client, "SDR_missing", name="n"),
    ):
        assert (result.status, result.code) == (404, "not_found")


# --- conflicts


def test_a_number_has_to_leave_one_trunk_before_it_joins_another(client: RawClient) -> None:
    """A number cannot be on two trunks, unless the callers they allow tell them apart (SIP-SEMANTICS 5)."""
    first = create_inbound(client).answer
    second = create_inbound(client, numbers=[OTHER]).answer
    both = models.ListUpdate(set=[OTHER, NUMBER])
    refused = change_inbound(client, second.sip_trunk_id, numbers=both)
    assert (refused.status, refused.code) == (400, "invalid_argument")
    only = models.ListUpdate(set=["+15550100099"])
    assert change_inbound(client, first.sip_trunk_id, allowed_numbers=only).ok
    assert change_inbound(client, second.sip_trunk_id, numbers=both).ok


def test_two_spellings_of_a_number_do_not_conflict(client: RawClient) -> None:
    """1.9.12 compares called numbers byte for byte, so one number gets onto two trunks (SIP-SEMANTICS 8)."""
    assert create_inbound(client, numbers=["1 (555) 0001"]).ok
    assert create_inbound(client, numbers=["+15550001"]).ok


def test_a_trunk_that_repeats_a_number_conflicts_with_itself(client: RawClient) -> None:
    """1.9.12 refuses a trunk that lists a number twice, or a caller in two spellings (SIP-SEMANTICS 8)."""
    twice = create_inbound(client, numbers=[NUMBER, NUMBER])
    assert twice.code == "invalid_argument"
    assert '"<new>" and "<new>"' in twice.text
    spelled = create_inbound(client, allowed_numbers=[OTHER, "15550100002"])
    assert spelled.code == "invalid_argument"


def test_moving_a_trunk_to_new_numbers_escapes_the_check(client: RawClient) -> None:
    """The hole of SIP-SEMANTICS 44: a trunk moved to numbers that are taken is accepted, and blocks others."""
    create_inbound(client)
    second = create_inbound(client, numbers=[OTHER]).answer
    assert replace_inbound(client, second.sip_trunk_id).ok
    assert create_inbound(client, allowed_numbers=[OTHER]).code == "invalid_argument"


def test_a_rule_moved_onto_a_served_trunk_blocks_rules_until_it_is_moved_away(
    client: RawClient,
) -> None:
    """The move is accepted; creates and updates of other rules fail from then on; moving the offender repairs it."""
    create_rule(client, trunk_ids=["ST_a"], name="first")
    second = create_rule(client, trunk_ids=["ST_b"], name="second").answer.sip_dispatch_rule_id
    third = create_rule(client, trunk_ids=["ST_c"], name="third").answer.sip_dispatch_rule_id
    assert replace_rule(client, second, trunk_ids=["ST_a"], name="second").ok
    assert create_rule(client, trunk_ids=["ST_z"]).code == "invalid_argument"
    assert change_rule(client, third, trunk_ids=models.ListUpdate(clear=True)).status == 400
    assert replace_rule(client, second, trunk_ids=["ST_b"], name="second").ok
    assert create_rule(client, trunk_ids=["ST_z"]).ok


def test_an_older_conflict_does_not_block_updates_on_other_trunks(client: RawClient) -> None:
    """Only rules that serve the updated rule's trunks are checked, so a conflict elsewhere does not stop an update."""
    create_rule(client, trunk_ids=["ST_a"])
    second = create_rule(client, trunk_ids=["ST_b"]).answer.sip_dispatch_rule_id
    third = create_rule(client, trunk_ids=["ST_c"]).answer.sip_dispatch_rule_id
    assert replace_rule(client, second, trunk_ids=["ST_a"]).ok
    assert change_rule(client, third, name="renamed").ok


def test_a_rule_without_a_kind_is_an_unknown_error(client: RawClient) -> None:
    """A rule whose body names no kind answers 500 (SIP-SEMANTICS 12); one without a body is refused (39)."""
    kindless = create_rule(client, rule=sip.SIPDispatchRule())
    assert (kindless.status, kindless.code) == (500, "unknown")
    request = sip.CreateSIPDispatchRuleRequest(dispatch_rule=sip.SIPDispatchRuleInfo())
    missing = client.call("SIP", "CreateSIPDispatchRule", request)
    assert (missing.status, missing.text) == (400, "missing rule")


def test_a_kindless_rule_can_be_stored_by_a_move(client: RawClient) -> None:
    """The hole of SIP-SEMANTICS 44 stores a rule without a kind, after which no rule can be created."""
    key = create_rule(client, trunk_ids=["ST_a"]).answer.sip_dispatch_rule_id
    moved = replace_rule(client, key, trunk_ids=["ST_b"], rule=sip.SIPDispatchRule())
    assert moved.ok
    assert create_rule(client, trunk_ids=["ST_c"]).status == 500


def test_an_update_names_at_most_its_own_id(client: RawClient) -> None:
    """A whole object sent as an update has no id or the right one (SIP-SEMANTICS 42)."""
    key = create_inbound(client).answer.sip_trunk_id
    assert replace_inbound(client, key, sip_trunk_id=key).ok
    assert replace_inbound(client, key, sip_trunk_id="ST_other").code == "invalid_argument"


def test_a_new_object_has_no_id(client: RawClient) -> None:
    """Ids are the server's to make (SIP-SEMANTICS 41)."""
    assert create_inbound(client, sip_trunk_id="ST_mine").code == "invalid_argument"
    assert create_rule(client, sip_dispatch_rule_id="SDR_mine").code == "invalid_argument"


def test_an_inbound_trunk_needs_a_safeguard(client: RawClient) -> None:
    """Numbers, addresses, a user name or a password: one of them must be there (SIP-SEMANTICS 34)."""
    assert create_inbound(client, numbers=[]).code == "invalid_argument"
    safeguards: tuple[dict[str, Any], ...] = (
        {"allowed_addresses": ["not an address"]},
        {"auth_password": "p"},
        {"auth_username": "u"},
    )
    for number, fields in enumerate(safeguards):
        callers = [f"+1555010000{number}"]
        assert create_inbound(client, numbers=[], allowed_numbers=callers, **fields).ok


def test_outbound_trunks_never_conflict(client: RawClient) -> None:
    """Two outbound trunks may be alike in everything, so a repeated create makes a second one."""
    assert create_outbound(client, name="same").ok
    assert create_outbound(client, name="same").ok


@pytest.mark.parametrize(
    ("header", "ok"),
    [
        ("X-Site", True),
        ("To", True),
        ("Via", True),
        ("Contact", False),
        ("t", False),
        ("a b", False),
    ],
)
def test_header_names_are_checked(client: RawClient, header: str, ok: bool) -> None:
    """SIP-SEMANTICS 36: some names are LiveKit's own, and names are tokens."""
    assert create_inbound(client, headers={header: "v"}).ok is ok
    # The forbidden list does not apply to mappings (SIP-SEMANTICS 37).
    mapped = create_outbound(client, attributes_to_headers={"a": header})
    assert mapped.ok is (header != "a b")


def test_a_rule_in_the_flat_shape_is_created_beside_a_conflict_elsewhere(client: RawClient) -> None:
    """The flat shape is checked only against rules of its trunks, the other shape against all (SIP-SEMANTICS 41)."""
    create_rule(client, trunk_ids=["ST_a"], name="first")
    second = create_rule(client, trunk_ids=["ST_b"]).answer.sip_dispatch_rule_id
    replace_rule(client, second, trunk_ids=["ST_a"])
    request = sip.CreateSIPDispatchRuleRequest(rule=direct(), trunk_ids=["ST_z"])
    assert client.call("SIP", "CreateSIPDispatchRule", request).ok


# --- fields a server does not know


def test_binary_keeps_fields_the_server_does_not_know_and_json_omits_them(
    client: RawClient,
) -> None:
    """1.9.12 stores and returns too-new fields in binary; the same list as JSON lacks exactly those."""
    create_inbound(
        client,
        auth_realm="realm",
        media=sip.SIPMediaConfig(only_listed_codecs=True),
        ringing_timeout_status=486,
    )
    create_outbound(client, from_host="host.example")
    body = sip.SIPDispatchRule(
        dispatch_rule_individual=sip.SIPDispatchRuleIndividual(no_randomness=True)
    )
    config = room.RoomConfiguration(
        tags={"a": "b"},
        agents=[agent_dispatch.RoomAgentDispatch(agent_name="a", deployment="blue")],
    )
    create_rule(client, rule=body, room_config=config)

    (trunk,) = inbound_trunks(client)
    assert (trunk.auth_realm, trunk.media.only_listed_codecs) == ("realm", True)
    (stored,) = rules(client)
    assert stored.rule.dispatch_rule_individual.no_randomness
    assert stored.room_config == config

    def as_json(kind: str) -> Any:
        request = getattr(sip, f"List{kind}Request")()
        return client.call_json("SIP", f"List{kind}", request).answer["items"][0]

    newer = {"auth_realm", "media", "ringing_timeout_status", "created_at", "updated_at"}
    known = set(sip.SIPInboundTrunkInfo.DESCRIPTOR.fields_by_name)
    assert known - set(as_json("SIPInboundTrunk")) == newer
    known = set(sip.SIPOutboundTrunkInfo.DESCRIPTOR.fields_by_name)
    assert known - set(as_json("SIPOutboundTrunk")) == newer - {
        "auth_realm",
        "ringing_timeout_status",
    } | {"from_host"}
    shown = as_json("SIPDispatchRule")
    known = set(sip.SIPDispatchRuleInfo.DESCRIPTOR.fields_by_name)
    assert known - set(shown) == {"media", "created_at", "updated_at"}
    assert set(shown["rule"]["dispatch_rule_individual"]) == {"room_prefix", "pin"}
    assert "tags" not in shown["room_config"]
    assert set(shown["room_config"]["agents"][0]) == {"agent_name", "metadata"}


def test_json_requests_lose_fields_the_server_does_not_know(client: RawClient) -> None:
    """An unknown or too-new field in a JSON request vanishes without a word, whatever its value (SIP-SEMANTICS 40)."""
    request = sip.CreateSIPInboundTrunkRequest(
        trunk=sip.SIPInboundTrunkInfo(numbers=[NUMBER], auth_realm="realm")
    )
    extra = {"misspelt": 1, "media": "not a message"}
    assert client.call_json("SIP", "CreateSIPInboundTrunk", request, extra).ok
    (stored,) = inbound_trunks(client)
    assert stored.auth_realm == ""


def test_one_duration_that_json_cannot_show_breaks_every_json_list(client: RawClient) -> None:
    """Stored in binary, listed in binary; as JSON the whole list answers 500."""
    assert create_inbound(client, ringing_timeout=Duration(seconds=1, nanos=-1)).ok
    assert len(inbound_trunks(client)) == 1
    request = sip.ListSIPInboundTrunkRequest()
    broken = client.call_json("SIP", "ListSIPInboundTrunk", request)
    assert (broken.status, broken.code) == (500, "internal")


# --- errors


def test_bodies_that_cannot_be_read_are_malformed(client: RawClient) -> None:
    """Broken JSON and broken protobuf answer 400 before any permission is asked for."""
    path = "/twirp/livekit.SIP/ListSIPInboundTrunk"
    for kind, body in (("json", b"{"), ("json", b"[]"), ("protobuf", b"\xff\xff")):
        status, raw = client.post(path, body, {"Content-Type": f"application/{kind}"})
        assert status == 400
        assert b'"code":"malformed"' in raw


def test_an_unknown_method_is_a_bad_route(client: RawClient) -> None:
    """A method the server lacks answers 404 with a code of its own, which tells it from a missing object."""
    status, raw = client.post(
        "/twirp/livekit.SIP/NoSuchMethod", b"", {"Content-Type": "application/protobuf"}
    )
    assert status == 404
    assert b'"code":"bad_route"' in raw


# --- tokens


def _list_with(client: RawClient, header: str | None) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/protobuf"}
    if header is not None:
        headers["Authorization"] = header
    return client.post("/twirp/livekit.SIP/ListSIPInboundTrunk", b"", headers)


_DENIED = b'{"code":"unauthenticated","msg":"permissions denied"}'


def test_no_token_and_a_missing_grant_are_unauthenticated(client: RawClient) -> None:
    """Without a token, and without the `sip.admin` grant, the answer is the same Twirp error."""
    assert _list_with(client, None) == (401, _DENIED)
    without: list[dict[str, Any]] = [
        {"video": {"roomAdmin": True}},
        {"sip": {"call": True}},
        {"sip": {}},
    ]
    for claims in without:
        assert _list_with(client, "Bearer " + client.token(**claims)) == (401, _DENIED)


def test_a_wrong_secret_is_a_bare_401_that_repeats_the_token(client: RawClient) -> None:
    """A bad signature is no Twirp error: plain text, and in it the whole token, which nobody should print."""
    head, claims, _ = client.token().split(".")
    forged = f"{head}.{claims}.{'A' * 43}"
    status, raw = _list_with(client, f"Bearer {forged}")
    assert status == 401
    expected = f"invalid token: {forged}, error: go-jose/go-jose: error in cryptographic primitive"
    assert raw.decode() == expected


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Basic eHg6eHg=", "invalid authorization header. Must start with Bearer "),
        ("Bearer not-a-token", "invalid authorization token"),
        ("Bearer a.b.c", "invalid authorization token"),
    ],
)
def test_what_is_no_token_is_a_bare_401(client: RawClient, header: str, text: str) -> None:
    """An `Authorization` header that holds no token is refused in plain text."""
    assert _list_with(client, header) == (401, text.encode())


def test_an_unknown_key_is_named(client: RawClient) -> None:
    """A token of another API key is refused with that key."""
    token = client.token(iss="other", sip={"admin": True})
    assert _list_with(client, f"Bearer {token}") == (401, b"invalid API key: other")


@pytest.mark.parametrize(("late", "status"), [(30, 200), (120, 401)])
def test_clocks_may_differ_by_a_minute(client: RawClient, late: int, status: int) -> None:
    """A token that expired half a minute ago is accepted, one two minutes old is not."""
    now = int(time.time())
    token = client.token(exp=now - late, nbf=now - 3600, sip={"admin": True})
    assert _list_with(client, f"Bearer {token}")[0] == status
    early = client.token(nbf=now + late, sip={"admin": True})
    assert _list_with(client, f"Bearer {early}")[0] == status


def test_a_bad_token_fails_on_every_path(client: RawClient) -> None:
    """The token is looked at before the path."""
    headers = {"Content-Type": "application/protobuf", "Authorization": "Bearer x"}
    assert client.post("/no/such/path", b"", headers)[0] == 401


# --- rooms and dispatches


def _create_room(client: RawClient, name: str, **fields: Any) -> Result:
    request = room.CreateRoomRequest(name=name, **fields)
    return client.call("RoomService", "CreateRoom", request)


def _dispatch(client: RawClient, name: str, agent_name: str) -> Result:
    request = agent_dispatch.CreateAgentDispatchRequest(room=name, agent_name=agent_name)
    return client.call("AgentDispatchService", "CreateDispatch", request)


def _dispatched(client: RawClient, name: str) -> list[str]:
    request = agent_dispatch.ListAgentDispatchRequest(room=name)
    answer = client.call("AgentDispatchService", "ListDispatch", request).answer
    return sorted(made.agent_name for made in answer.agent_dispatches)


def _named(agent_name: str) -> agent_dispatch.RoomAgentDispatch:
    return agent_dispatch.RoomAgentDispatch(agent_name=agent_name)


def test_a_plain_room_asks_for_the_unnamed_agent(client: RawClient) -> None:
    """A room made without naming agents gets a dispatch for the unnamed agent."""
    _create_room(client, "plain")
    assert _dispatched(client, "plain") == [""]


def test_a_room_made_with_agents_asks_for_those_only(client: RawClient) -> None:
    """`CreateRoom(agents=…)` brings no unnamed agent."""
    _create_room(client, "named", agents=[_named("avatar")])
    assert _dispatched(client, "named") == ["avatar"]


def test_an_agent_listed_twice_comes_twice(client: RawClient) -> None:
    """Nothing is deduplicated when a room is made."""
    _create_room(client, "twice", agents=[_named("avatar"), _named("avatar")])
    assert _dispatched(client, "twice") == ["avatar", "avatar"]


def test_a_room_that_lives_is_not_changed_by_creating_it_again(client: RawClient) -> None:
    """A second `CreateRoom` changes neither metadata nor agents and is no error."""
    made = _create_room(client, "again", metadata="first").answer
    again = _create_room(client, "again", metadata="second", agents=[_named("avatar")]).answer
    assert (again.sid, again.metadata) == (made.sid, "first")
    assert _dispatched(client, "again") == [""]


def test_a_dispatch_makes_the_room_and_brings_the_unnamed_agent(client: RawClient) -> None:
    """`CreateDispatch` on a new name makes the room, which then asks for the unnamed agent as well."""
    assert _dispatch(client, "made-by-dispatch", "avatar").ok
    assert _dispatched(client, "made-by-dispatch") == ["", "avatar"]
    listed = client.call("RoomService", "ListRooms", room.ListRoomsRequest()).answer
    assert [live.name for live in listed.rooms] == ["made-by-dispatch"]


def test_dispatches_are_not_deduplicated(client: RawClient) -> None:
    """Dispatching an agent that is dispatched already adds a second one, whether or not a worker has that name."""
    _create_room(client, "double", agents=[_named("avatar")])
    assert _dispatch(client, "double", "avatar").ok
    assert _dispatched(client, "double") == ["avatar", "avatar"]


def test_a_dispatch_shows_no_job_before_a_worker_took_it(client: RawClient) -> None:
    """The dispatch is listed with the time it was made, and without jobs."""
    made = _dispatch(client, "jobless", "avatar").answer
    assert made.state.created_at > 0
    assert list(made.state.jobs) == []


def test_deleting_a_dispatch_twice_is_an_error(client: RawClient) -> None:
    """A dispatch that is gone answers 404."""
    made = _dispatch(client, "deleting", "avatar").answer
    request = agent_dispatch.DeleteAgentDispatchRequest(room="deleting", dispatch_id=made.id)
    assert client.call("AgentDispatchService", "DeleteDispatch", request).ok
    again = client.call("AgentDispatchService", "DeleteDispatch", request)
    assert (again.status, again.code) == (404, "not_found")
    assert _dispatched(client, "deleting") == [""]


@pytest.mark.slow
def test_dispatches_of_a_room_that_does_not_live_are_unavailable(
    request: pytest.FixtureRequest, client: RawClient
) -> None:
    """Listing and deleting dispatches of a missing room answer 503, on a real server after 3 s each."""
    calls = {
        "ListDispatch": agent_dispatch.ListAgentDispatchRequest(room="never-made"),
        "DeleteDispatch": agent_dispatch.DeleteAgentDispatchRequest(
            room="never-made", dispatch_id="AD_missing"
        ),
    }
    for method, message in calls.items():
        started = time.monotonic()
        result = client.call("AgentDispatchService", method, message)
        took = time.monotonic() - started
        assert (result.status, result.code) == (503, "unavailable")
        assert (2.5 < took < 5) == (request.node.callspec.params["client"] == "real")


def test_a_deleted_room_is_gone(client: RawClient) -> None:
    """After `DeleteRoom` the room is not listed, and deleting it again answers 404."""
    _create_room(client, "short-lived")
    request = room.DeleteRoomRequest(room="short-lived")
    assert client.call("RoomService", "DeleteRoom", request).ok
    assert client.call("RoomService", "DeleteRoom", request).code == "not_found"
    assert list(client.call("RoomService", "ListRooms", room.ListRoomsRequest()).answer.rooms) == []


def test_nobody_is_in_a_room_that_does_not_live(client: RawClient) -> None:
    """`ListParticipants` of a missing room is an empty list, no error."""
    request = room.ListParticipantsRequest(room="never-made")
    answer = client.call("RoomService", "ListParticipants", request).answer
    assert list(answer.participants) == []


def test_a_room_preset_that_is_not_configured_is_refused(client: RawClient) -> None:
    """An unknown `room_preset` answers `invalid_argument`."""
    assert _create_room(client, "preset", room_preset="nope").code == "invalid_argument"


def test_a_room_name_may_be_empty_but_not_long(client: RawClient) -> None:
    """The empty name makes a room; more than 256 bytes are refused."""
    assert _create_room(client, "").ok
    assert _create_room(client, "x" * 256).ok
    assert _create_room(client, "x" * 257).code == "invalid_argument"


def test_dispatches_need_the_admin_of_that_room(client: RawClient) -> None:
    """`roomAdmin` counts for the room the token names, and for no other."""
    _create_room(client, "guarded")
    request = agent_dispatch.ListAgentDispatchRequest(room="guarded")
    for video, status in (
        ({"roomAdmin": True, "room": "guarded"}, 200),
        ({"roomAdmin": True, "room": "other"}, 401),
        ({"roomAdmin": True}, 401),
        ({"room": "guarded"}, 401),
    ):
        token = client.token(video=video)
        result = client.call("AgentDispatchService", "ListDispatch", request, token=token)
        assert result.status == status


# --- 1.8.4


def test_1_8_4_cannot_update(client_184: RawClient) -> None:
    """Updates of trunks and rules are a bad route on 1.8.4, known ids or not."""
    key = create_inbound(client_184).answer.sip_trunk_id
    for result in (replace_inbound(client_184, key), change_rule(client_184, "SDR_x", name="n")):
        assert (result.status, result.code) == (404, "bad_route")


def test_1_8_4_takes_only_the_flat_shape_of_a_rule(client_184: RawClient) -> None:
    """A rule in the shape of an object is unknown to 1.8.4; the flat shape works, without `room_preset`."""
    refused = create_rule(client_184)
    assert (refused.status, refused.text) == (400, "missing rule")
    request = sip.CreateSIPDispatchRuleRequest(rule=rule().rule, name="flat", room_preset="p")
    made = client_184.call("SIP", "CreateSIPDispatchRule", request)
    assert (made.answer.name, made.answer.room_preset) == ("flat", "")


def test_1_8_4_does_not_strip_punctuation(client_184: RawClient) -> None:
    """For 1.8.4 two spellings of a caller are two callers, unless only the plus differs."""
    spelled = create_inbound(client_184, allowed_numbers=[OTHER, "+1 555 0100002"])
    assert spelled.ok
    plus = create_inbound(client_184, numbers=["7"], allowed_numbers=["1555", "+1555"])
    assert plus.code == "invalid_argument"
