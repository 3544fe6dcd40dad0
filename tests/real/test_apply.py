"""Applying a plan to a real server: the smallest call, nothing lost, nothing twice, and an honest report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from livekit.protocol import models, sip

from reconciler.apply import Outcome
from reconciler.core.finding import has_errors
from reconciler.core.plan import Action
from tests.support.objects import (
    change_inbound,
    change_rule,
    create_inbound,
    create_rule,
    delete_rule,
    delete_trunk,
    direct,
    inbound_trunks,
    replace_inbound,
    rules,
)
from tests.support.project import SECRET, Project
from tests.support.recording import RecordingProxy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.apply import Report
    from tests.support.livekit_server import LiveKitServer
    from tests.support.raw_client import RawClient

pytestmark = pytest.mark.real

NUMBER, OTHER, THIRD = "+15550100001", "+15550100002", "+15550100003"
# Field 999 with the text "future", as a dashboard newer than this version would write it.
UNKNOWN_FIELD = b"\xba\x3e\x06future"


@pytest.fixture
def project(real_project: LiveKitServer, tmp_path: Path) -> Project:
    """An empty project on the real server."""
    return Project(real_project, tmp_path)


@pytest.fixture
def client(project: Project) -> Iterator[RawClient]:
    """Somebody else with a key to the same project."""
    client = project.client()
    yield client
    client.close()


@pytest.fixture
def proxy(project: Project) -> Iterator[RecordingProxy]:
    """The way from the project to its server, listened to."""
    with RecordingProxy(project.server.url) as proxy:
        project.environ["LIVEKIT_URL"] = proxy.url
        yield proxy


def _trunk(**fields: Any) -> dict[str, Any]:
    return {"numbers": [NUMBER], **fields}


def _rule(**fields: Any) -> dict[str, Any]:
    return {"trunks": ["carrier"], "rooms": {"direct": {"room": "lobby"}}, **fields}


def _trunks(**trunks: dict[str, Any]) -> dict[str, Any]:
    return {"sip": {"inbound_trunks": trunks}}


def _outcomes(report: Report) -> dict[str, Outcome]:
    return {result.call.name: result.outcome for result in report.results}


def _message(report: Report, name: str) -> str:
    (result,) = [result for result in report.results if result.call.name == name]
    return result.message


# --- the smallest call


def test_one_list_for_each_kind_however_many_objects(
    project: Project, proxy: RecordingProxy
) -> None:
    """A plan asks three questions, whether there are two objects or forty."""
    many = {f"t{n}": {"numbers": [f"+155501{n:05}"]} for n in range(40)}
    project.apply(_trunks(**many))
    proxy.forget_calls()
    assert project.plan().is_empty
    assert {call.method for call in proxy.calls} == {
        "ListSIPInboundTrunk",
        "ListSIPOutboundTrunk",
        "ListSIPDispatchRule",
    }
    assert proxy.count() == 3


def test_each_batch_lists_the_kinds_that_it_touches_once(
    project: Project, proxy: RecordingProxy
) -> None:
    """Two hundred writes cost as many list calls as one."""
    many = {f"t{n}": {"numbers": [f"+155501{n:05}"]} for n in range(30)}
    prepared = project.prepare(_trunks(**many))
    proxy.forget_calls()
    assert project.carry_out(prepared).is_complete
    assert proxy.count("Create*") == 30
    assert proxy.count("ListSIPInboundTrunk") == 2  # before the batch, and the closing snapshot
    assert proxy.count("List*") == 4


def test_a_change_that_a_small_update_can_say_is_one(
    project: Project, proxy: RecordingProxy
) -> None:
    """Only what changes is sent: neither the password nor anything else."""
    auth = {"username": "acme", "password": {"env": "SIP_PASSWORD"}}
    project.apply(_trunks(carrier=_trunk(auth=auth)))
    proxy.requests.clear()
    report = project.apply(_trunks(carrier=_trunk(auth=auth, metadata="new", callers=[OTHER])))
    assert report.is_complete
    (request,) = proxy.requests
    assert request.update == sip.SIPInboundTrunkUpdate(
        metadata="new", allowed_numbers=models.ListUpdate(set=[OTHER])
    )


def test_an_empty_list_is_cleared(project: Project, proxy: RecordingProxy) -> None:
    """LiveKit refuses to set a list to nothing; emptying it has its own word."""
    project.apply(_trunks(carrier=_trunk(callers=[OTHER])))
    proxy.requests.clear()
    assert project.apply(_trunks(carrier=_trunk())).is_complete
    (request,) = proxy.requests
    assert request.update == sip.SIPInboundTrunkUpdate(
        allowed_numbers=models.ListUpdate(clear=True)
    )


def test_a_change_outside_the_small_update_replaces(
    project: Project, proxy: RecordingProxy
) -> None:
    """A replacement carries the whole object, its password included."""
    auth = {"username": "acme", "password": {"env": "SIP_PASSWORD"}}
    project.apply(_trunks(carrier=_trunk(auth=auth)))
    proxy.requests.clear()
    assert project.apply(_trunks(carrier=_trunk(auth=auth, krisp_enabled=True))).is_complete
    (request,) = proxy.requests
    assert request.WhichOneof("action") == "replace"
    assert request.replace.auth_password == SECRET
    assert project.plan().is_empty


def test_a_rename_is_one_small_update(project: Project, proxy: RecordingProxy) -> None:
    """The object keeps its id: applications that dial by it notice nothing."""
    project.apply(_trunks(former=_trunk()))
    (before,) = project.live()
    proxy.requests.clear()
    report = project.apply(_trunks(latter=_trunk(renamed_from="former")))
    assert report.is_complete
    (request,) = proxy.requests
    assert request.update == sip.SIPInboundTrunkUpdate(name="latter")
    (after,) = project.live()
    assert (after.id, after.name) == (before.id, "latter")
    assert project.plan().is_empty


def test_unnamed_objects_are_pinned_and_deleted(project: Project, client: RawClient) -> None:
    """An object without a name is known by its id in the file, and by nothing else."""
    pinned = create_inbound(client, numbers=[NUMBER]).answer.sip_trunk_id
    create_inbound(client, numbers=[OTHER])
    file = _trunks(carrier=_trunk(id=pinned, metadata="new"))
    file["project"] = {"name": "test", "unlisted": "delete"}
    report = project.apply(file)
    assert report.is_complete, report
    (trunk,) = inbound_trunks(client)
    assert (trunk.sip_trunk_id, trunk.name, trunk.metadata) == (pinned, "", "new")


def test_trunks_that_swap_their_numbers_do_so_in_one_run(project: Project) -> None:
    """Neither can go first: one lets go of its number on the way, and nothing is lost of the rest."""
    extra = {"metadata": "kept", "ringing_timeout": "30s"}
    project.apply(_trunks(a={"numbers": [NUMBER, THIRD], **extra}, b={"numbers": [OTHER], **extra}))
    changed = {"metadata": "kept", "ringing_timeout": "40s"}
    report = project.apply(
        _trunks(a={"numbers": [OTHER, THIRD], **changed}, b={"numbers": [NUMBER], **changed})
    )
    assert report.is_complete, report
    assert project.plan().is_empty


def test_the_second_half_of_a_split_starts_from_the_first(project: Project) -> None:
    """A number given away in the first half does not come back with the replacement in the second."""
    project.apply(_trunks(a={"numbers": [NUMBER, OTHER]}, b={"numbers": [THIRD]}))
    report = project.apply(
        _trunks(
            a={"numbers": [OTHER, THIRD], "krisp_enabled": True},
            b={"numbers": [NUMBER], "krisp_enabled": True},
        )
    )
    assert report.is_complete, report
    numbers = {one.name: set(one.fields["numbers"].written) for one in project.live()}  # type: ignore[union-attr]
    assert numbers == {"a": {OTHER, THIRD}, "b": {NUMBER}}


def test_a_trunk_made_anew_loses_nothing(project: Project, client: RawClient) -> None:
    """What the file leaves to others, secrets included, and what this version cannot name go over to the new object."""
    for name, number in (("a", NUMBER), ("b", OTHER)):
        trunk = sip.SIPInboundTrunkInfo(name=name, numbers=[number], headers={"X-Key": SECRET})
        trunk.MergeFromString(UNKNOWN_FIELD)
        request = sip.CreateSIPInboundTrunkRequest(trunk=trunk)
        assert client.call("SIP", "CreateSIPInboundTrunk", request).ok
    report = project.apply(
        _trunks(
            a={"numbers": [OTHER], "unmanaged": ["headers"]},
            b={"numbers": [NUMBER], "unmanaged": ["headers"], "metadata": "new"},
        )
    )
    assert report.is_complete, report
    assert Action.DELETE in [result.call.action for result in report.results]
    trunks = inbound_trunks(client)
    assert {(one.name, *one.numbers) for one in trunks} == {("a", OTHER), ("b", NUMBER)}
    for one in trunks:
        assert dict(one.headers) == {"X-Key": SECRET}
        assert UNKNOWN_FIELD in one.SerializeToString()
    assert project.plan().is_empty


# --- what somebody else did


def test_fields_of_the_future_survive_a_replacement(project: Project, client: RawClient) -> None:
    """What this version cannot name stays in the object: it was never this project's to remove."""
    trunk = sip.SIPInboundTrunkInfo(name="carrier", numbers=[NUMBER])
    trunk.MergeFromString(UNKNOWN_FIELD)
    trunk.media.MergeFromString(UNKNOWN_FIELD)
    request = sip.CreateSIPInboundTrunkRequest(trunk=trunk)
    assert client.call("SIP", "CreateSIPInboundTrunk", request).ok
    report = project.apply(
        _trunks(carrier=_trunk(krisp_enabled=True, media={"encryption": "allow"}))
    )
    assert report.is_complete
    (after,) = inbound_trunks(client)
    assert after.krisp_enabled
    assert after.SerializeToString().count(b"future") == 2


def test_fields_of_the_future_survive_in_a_rule(project: Project, client: RawClient) -> None:
    """The same for a rule whose agents and room change."""
    rule = sip.SIPDispatchRuleInfo(name="inbound", rule=direct("lobby"))
    rule.room_config.agents.add(agent_name="a").MergeFromString(UNKNOWN_FIELD)
    rule.room_config.MergeFromString(UNKNOWN_FIELD)
    request = sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
    assert client.call("SIP", "CreateSIPDispatchRule", request).ok
    file: dict[str, Any] = {
        "sip": {"dispatch_rules": {"inbound": _rule(trunks="any", room={"max_participants": 3})}},
        "agents": {
            "names": {"a": {"agent_name": "a"}},
            "rooms": [
                {"room": "lobby", "agents": [{"agent": "a", "metadata": "m"}], "dispatch": "sip"}
            ],
        },
    }
    assert project.apply(file).is_complete
    (after,) = rules(client)
    assert after.room_config.agents[0].metadata == "m"
    assert after.SerializeToString().count(b"future") == 2


def test_an_edit_of_another_field_survives(project: Project, client: RawClient) -> None:
    """Somebody adds metadata between plan and apply: the replacement carries it along, and the report tells."""
    project.apply(_trunks(carrier=_trunk()))
    (trunk,) = inbound_trunks(client)
    prepared = project.prepare(_trunks(carrier=_trunk(krisp_enabled=True)))
    change_inbound(client, trunk.sip_trunk_id, metadata="theirs")
    report = project.carry_out(prepared)
    assert _outcomes(report) == {"carrier": Outcome.DONE}
    (after,) = inbound_trunks(client)
    assert (after.krisp_enabled, after.metadata) == (True, "theirs")
    assert not report.is_complete
    assert report.differences == ('inbound trunk "carrier" still differs: metadata',)


def test_an_edit_of_a_field_that_the_plan_changes_stops_the_call(
    project: Project, client: RawClient
) -> None:
    """Nobody's work is overwritten unseen: the call is not sent, and the message says which field."""
    project.apply(_trunks(carrier=_trunk(metadata="first")))
    (trunk,) = inbound_trunks(client)
    prepared = project.prepare(_trunks(carrier=_trunk(metadata="ours")))
    change_inbound(client, trunk.sip_trunk_id, metadata="theirs")
    report = project.carry_out(prepared)
    assert _outcomes(report) == {"carrier": Outcome.FAILED}
    said = "metadata was changed by somebody else since the plan was made: plan again"
    assert _message(report, "carrier") == said
    assert inbound_trunks(client)[0].metadata == "theirs"


def test_an_edit_of_a_secret_stops_the_call_too(project: Project, client: RawClient) -> None:
    """A plan holds no secrets, but what was read does: a password changed meanwhile is seen."""
    auth = {"username": "acme", "password": {"env": "SIP_PASSWORD"}}
    created = create_inbound(client, name="carrier", auth_username="acme", auth_password="first")
    prepared = project.prepare(_trunks(carrier=_trunk(auth=auth)))
    change_inbound(client, created.answer.sip_trunk_id, auth_password="theirs")
    report = project.carry_out(prepared)
    assert _outcomes(report) == {"carrier": Outcome.FAILED}
    assert "auth.password was changed by somebody else" in _message(report, "carrier")
    assert not any(text in repr(report) for text in ("first", "theirs", SECRET))
    assert inbound_trunks(client)[0].auth_password == "theirs"


def test_what_was_deleted_meanwhile_is_not_made_again(project: Project, client: RawClient) -> None:
    """An update of an object that is gone fails with a reason; a deletion of one has nothing to do."""
    project.apply(_trunks(carrier=_trunk(), spare={"numbers": [OTHER]}))
    file = _trunks(carrier=_trunk(metadata="ours"))
    file["project"] = {"name": "test", "unlisted": "delete"}
    prepared = project.prepare(file)
    for trunk in inbound_trunks(client):
        delete_trunk(client, trunk.sip_trunk_id)
    report = project.carry_out(prepared)
    assert _outcomes(report) == {"carrier": Outcome.FAILED, "spare": Outcome.DONE}
    assert _message(report, "carrier") == "it was deleted since the plan was made: plan again"
    assert project.apply().is_complete
    assert [one.name for one in project.live()] == ["carrier"]


def test_what_was_changed_meanwhile_is_not_deleted(project: Project, client: RawClient) -> None:
    """A deletion was agreed to for what the plan showed; something else is left alone."""
    project.apply(_trunks(carrier=_trunk(), spare={"numbers": [OTHER]}))
    file = _trunks(carrier=_trunk())
    file["project"] = {"name": "test", "unlisted": "delete"}
    prepared = project.prepare(file)
    (spare,) = [one for one in inbound_trunks(client) if one.name == "spare"]
    change_inbound(client, spare.sip_trunk_id, metadata="in use again")
    report = project.carry_out(prepared)
    assert "metadata was changed by somebody else" in _message(report, "spare")
    assert len(inbound_trunks(client)) == 2


def test_a_rule_deleted_meanwhile_is_as_good_as_deleted(
    project: Project, client: RawClient
) -> None:
    """The server answers 404 to the second deletion of a rule; the goal is reached all the same."""
    created = create_rule(client, name="spare").answer.sip_dispatch_rule_id
    file: dict[str, Any] = {
        "project": {"name": "test", "unlisted": "delete"},
        "sip": {"dispatch_rules": {}},
    }
    prepared = project.prepare(file)
    assert [call.action for call in prepared.plan.calls] == [Action.DELETE]
    delete_rule(client, created)
    assert project.carry_out(prepared).is_complete


def test_a_name_that_somebody_took_meanwhile_is_not_made_twice(
    project: Project, client: RawClient
) -> None:
    """Names are not unique on the server, so the second one has to be stopped here."""
    prepared = project.prepare(_trunks(carrier=_trunk()))
    create_inbound(client, name="carrier", numbers=[OTHER])
    report = project.carry_out(prepared)
    assert "somebody created one of that name" in _message(report, "carrier")
    assert len(inbound_trunks(client)) == 1
    assert project.apply().is_complete
    assert len(inbound_trunks(client)) == 1


def test_a_name_that_a_pinned_object_has_is_free(project: Project, client: RawClient) -> None:
    """An object pinned by its id keeps a name that another one of the file is created with."""
    pinned = create_inbound(client, name="carrier", numbers=[OTHER]).answer.sip_trunk_id
    report = project.apply(_trunks(other={"id": pinned, "numbers": [OTHER]}, carrier=_trunk()))
    assert report.is_complete, report
    assert len(inbound_trunks(client)) == 2
    assert project.plan().is_empty


# --- failures


def test_one_failing_object_stops_those_that_wait_for_it_and_no_other(
    project: Project, proxy: RecordingProxy
) -> None:
    """The report says what was done, what failed and why, and what was not tried; a second run finishes."""
    text: dict[str, Any] = {
        "sip": {
            "inbound_trunks": {"carrier": _trunk(), "other": {"numbers": [OTHER]}},
            "outbound_trunks": {"out": {"address": "sip.example", "numbers": [NUMBER]}},
            "dispatch_rules": {
                "inbound": _rule(),
                "second": _rule(trunks=["other"]),
            },
        }
    }
    proxy.faults.answer("CreateSIPInboundTrunk", 400, "invalid_argument", "no more trunks today")
    report = project.apply(text, concurrency=1)
    assert _outcomes(report) == {
        "carrier": Outcome.FAILED,
        "other": Outcome.DONE,
        "out": Outcome.DONE,
        "inbound": Outcome.SKIPPED,
        "second": Outcome.DONE,
    }
    assert "refuses: no more trunks today" in _message(report, "carrier")
    assert "waits for step 1, which was not done" in _message(report, "inbound")
    assert not report.is_complete
    assert (report.count(Outcome.DONE), report.count(Outcome.FAILED)) == (3, 1)
    again = project.apply()
    assert again.is_complete
    assert _outcomes(again) == {"carrier": Outcome.DONE, "inbound": Outcome.DONE}
    assert project.plan().is_empty


def test_a_server_that_goes_away_leaves_a_whole_report(
    project: Project, proxy: RecordingProxy
) -> None:
    """Every call has its outcome even if the project cannot be read at the end."""
    proxy.faults.answer("ListSIPDispatchRule", 400, "invalid_argument", "gone", nth=2)
    report = project.apply(_trunks(carrier=_trunk()))
    assert _outcomes(report) == {"carrier": Outcome.DONE}
    (difference,) = report.differences
    assert "the project could not be read again" in difference
    assert not report.is_complete


def test_a_batch_that_cannot_be_read_again_is_not_written(
    project: Project, proxy: RecordingProxy
) -> None:
    """Without a fresh look there is no write: what cannot be read for sure is not written."""
    prepared = project.prepare(_trunks(carrier=_trunk()))
    proxy.faults.answer("ListSIPInboundTrunk", 400, "invalid_argument", "gone")
    report = project.carry_out(prepared)
    assert "could not be read again before the write" in _message(report, "carrier")
    assert proxy.count("Create*") == 0


def test_two_applies_at_once_leave_nothing_twice_after_a_third(
    project: Project, proxy: RecordingProxy
) -> None:
    """LiveKit has no lock: whoever comes second is stopped where it sees the first, and the next run says the rest."""
    text = {
        "sip": {
            "inbound_trunks": {"carrier": _trunk()},
            "dispatch_rules": {"inbound": _rule()},
        }
    }
    second = project.prepare(text)
    first = project.prepare(text)
    assert project.carry_out(first).is_complete
    late = project.carry_out(second)
    assert set(_outcomes(late).values()) == {Outcome.FAILED, Outcome.SKIPPED}
    assert project.plan().is_empty
    assert len(project.live()) == 2


# --- a project that is broken already (SIP-SEMANTICS 19, 44)


def _two_rules_on_one_slot(client: RawClient) -> tuple[str, str]:
    """Rules `a` and `b` on one trunk: the second one came there by the hole in the server's check."""
    create_inbound(client, name="one", numbers=[NUMBER])
    create_inbound(client, name="two", numbers=[OTHER])
    one, two = (
        next(t.sip_trunk_id for t in inbound_trunks(client) if t.name == name)
        for name in ("one", "two")
    )
    create_rule(client, name="a", trunk_ids=[one], rule=direct("a"))
    offender = create_rule(client, name="b", trunk_ids=[two], rule=direct("b"))
    moved = models.ListUpdate(set=[one])
    assert change_rule(client, offender.answer.sip_dispatch_rule_id, trunk_ids=moved).ok
    assert not create_rule(client, name="c", trunk_ids=["ST_none"]).ok
    return one, two


def _rules_file(**more: dict[str, Any]) -> dict[str, Any]:
    return {
        "sip": {
            "inbound_trunks": {"one": {"numbers": [NUMBER]}, "two": {"numbers": [OTHER]}},
            "dispatch_rules": more,
        }
    }


@pytest.mark.parametrize(
    "repaired",
    [
        {"trunks": ["two"]},
        {"trunks": ["one"], "callers": [THIRD]},
        {"trunks": ["one"], "rooms": {"direct": {"room": "b", "pin": {"env": "PIN"}}}},
    ],
    ids=["moved away", "other callers", "a PIN"],
)
def test_a_broken_project_is_repaired_first(
    project: Project, client: RawClient, repaired: dict[str, Any]
) -> None:
    """The offender is written before anything else, and the rest, which the server refused, follows in the same run."""
    _two_rules_on_one_slot(client)
    project.environ["PIN"] = "1234"
    rooms = {name: {"direct": {"room": name}} for name in ("a", "b", "c")}
    file = _rules_file(
        a={"trunks": ["one"], "rooms": rooms["a"], "metadata": "changed as well"},
        b={"rooms": rooms["b"], **repaired},
        c={"trunks": ["two"], "callers": [NUMBER], "rooms": rooms["c"]},
    )
    prepared = project.prepare(file)
    assert not has_errors(prepared.plan.findings)
    report = project.carry_out(prepared)
    assert report.is_complete, report
    assert project.plan().is_empty


def test_a_broken_project_is_repaired_by_a_deletion(project: Project, client: RawClient) -> None:
    """An offender that the file does not list goes first where the file says so."""
    _two_rules_on_one_slot(client)
    file = _rules_file(
        a={"trunks": ["one"], "rooms": {"direct": {"room": "a"}}, "metadata": "changed"},
        c={"trunks": ["two"], "rooms": {"direct": {"room": "c"}}},
    )
    file["project"] = {"name": "test", "unlisted": "delete"}
    report = project.apply(file)
    assert report.is_complete, report
    assert project.plan().is_empty


def test_a_rule_without_a_kind_is_repaired_first(project: Project, client: RawClient) -> None:
    """While such a rule lives, every creation of a rule fails."""
    created = create_rule(client, name="odd", trunk_ids=["ST_old"]).answer
    kindless = sip.SIPDispatchRuleInfo(name="odd", trunk_ids=["ST_new"], rule=sip.SIPDispatchRule())
    request = sip.UpdateSIPDispatchRuleRequest(
        sip_dispatch_rule_id=created.sip_dispatch_rule_id, replace=kindless
    )
    assert client.call("SIP", "UpdateSIPDispatchRule", request).ok
    assert not create_rule(client, name="new", trunk_ids=["ST_none"]).ok
    file = _rules_file(
        new={"trunks": ["one"], "rooms": {"direct": {"room": "new"}}},
        odd={"trunks": ["two"], "rooms": {"direct": {"room": "odd"}}},
    )
    report = project.apply(file)
    assert report.is_complete, report
    assert project.plan().is_empty


def test_two_trunks_on_one_number_are_repaired_first(project: Project, client: RawClient) -> None:
    """The same for trunks: the one that moves away goes first, then the one that only changes."""
    create_inbound(client, name="a", numbers=[NUMBER])
    moved = create_inbound(client, name="b", numbers=[OTHER]).answer.sip_trunk_id
    assert change_inbound(client, moved, numbers=models.ListUpdate(set=[NUMBER])).ok
    file = _trunks(
        a=_trunk(metadata="changed"),
        b={"numbers": [OTHER]},
        c={"numbers": "any", "allowed_addresses": ["203.0.113.0/24"]},
    )
    report = project.apply(file)
    assert report.is_complete, report
    assert project.plan().is_empty


def test_a_replacement_by_somebody_else_is_seen_whole(project: Project, client: RawClient) -> None:
    """A careless script that replaced an object is drift in every field that it wiped."""
    project.apply(_trunks(carrier=_trunk(metadata="m", callers=[OTHER], krisp_enabled=True)))
    (trunk,) = inbound_trunks(client)
    replace_inbound(client, trunk.sip_trunk_id, name="carrier", numbers=[NUMBER])
    (change,) = project.plan().changes
    assert [field.path for field in change.fields] == ["callers", "krisp_enabled", "metadata"]
    assert project.apply().is_complete
    assert project.plan().is_empty
