"""Objects in the exported file: their keys, what is left out, and what is written although it is the default."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from livekit.protocol.sip import (
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
    SIPOutboundTrunkInfo,
)

from reconciler.core.objects import Snapshot
from reconciler.documents import schema
from reconciler.export import export_project, first_file
from reconciler.gateway.read import snapshot
from reconciler.sip.era import Era
from tests.export.round_trip import FILE, plan_of
from tests.export.test_conventions import direct, individual


def project(**messages: list[Any]) -> Snapshot:
    """A live project of these messages."""
    return snapshot("acme.livekit.example", messages, Era.NEW)


def sip_of(live: Snapshot) -> Any:
    """The `sip` section of the exported file, as any YAML reader has it."""
    return yaml.safe_load(export_project(live, name="acme", era=Era.NEW).text)["sip"]


def trunk(name: str, number: int) -> SIPInboundTrunkInfo:
    """A trunk whose id and phone number follow from its number."""
    return SIPInboundTrunkInfo(
        sip_trunk_id=f"ST_{number}", name=name, numbers=[f"+1555010{number:04}"]
    )


def test_keys_are_names_where_names_can_be_keys() -> None:
    """Names that repeat, are empty or mean something in a list get a key of their own and the id beside it."""
    live = project(
        inbound_trunk=[
            trunk("main", 1),
            trunk("twin", 2),
            trunk("twin", 3),
            trunk("", 4),
            trunk("", 5),
            trunk("any", 6),
            trunk("ST_1", 7),
            trunk("<<", 8),
            trunk("twin-2", 9),
        ]
    )
    trunks = sip_of(live)["inbound_trunks"]
    assert {key: body.get("id") for key, body in trunks.items()} == {
        "main": None,
        "twin": "ST_2",
        "twin-3": "ST_3",
        "twin-2": None,
        "unnamed": "ST_4",
        "unnamed-2": "ST_5",
        "named-any": "ST_6",
        "st-1": "ST_7",
        "unnamed-3": "ST_8",
    }


def test_rules_name_trunks_by_their_keys() -> None:
    """A pinned trunk is named by its key, one that is gone by its id."""
    rules = [
        SIPDispatchRuleInfo(
            sip_dispatch_rule_id="SDR_1",
            name="r",
            trunk_ids=["ST_2", "ST_3", "ST_gone"],
            rule=individual("a"),
        )
    ]
    live = project(inbound_trunk=[trunk("twin", 2), trunk("twin", 3)], dispatch_rule=rules)
    assert sip_of(live)["dispatch_rules"]["r"]["trunks"] == ["twin", "twin-2", "ST_gone"]
    exported = export_project(live, name="acme", era=Era.NEW)
    plan = plan_of(exported, live, Era.NEW)
    assert plan.changes == ()
    assert [one.code for one in plan.findings if one.path.endswith("trunks")] == ["dangling-trunk"]


def test_an_id_is_not_mistaken_for_a_name() -> None:
    """A trunk may be called like the id of another one that is gone."""
    rule = SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_1", name="r", trunk_ids=["ST_gone"], rule=individual("a")
    )
    live = project(inbound_trunk=[trunk("ST_gone", 1)], dispatch_rule=[rule])
    assert plan_of(export_project(live, name="acme", era=Era.NEW), live, Era.NEW).changes == ()


def test_defaults_are_left_out_and_any_is_written() -> None:
    """Only what differs from LiveKit's defaults stands in the file, and what takes everybody says so."""
    rule = SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_1", name="r", rule=direct("lobby"))
    open_trunk = SIPInboundTrunkInfo(
        sip_trunk_id="ST_1", name="t", allowed_addresses=["203.0.113.7"]
    )
    live = project(inbound_trunk=[open_trunk], outbound_trunk=[], dispatch_rule=[rule])
    assert sip_of(live) == {
        "inbound_trunks": {"t": {"numbers": "any", "allowed_addresses": ["203.0.113.7"]}},
        "outbound_trunks": {},
        "dispatch_rules": {"r": {"trunks": "any", "rooms": {"direct": {"room": "lobby"}}}},
    }


def test_a_kind_that_was_not_read_stays_unmanaged() -> None:
    """Nothing is said about objects that nobody looked at."""
    assert sip_of(project(inbound_trunk=[])) == {"inbound_trunks": {}}


UNSPEAKABLE = {
    "a rule without a kind of room": SIPDispatchRuleInfo(sip_dispatch_rule_id="SDR_1", name="x\ny"),
    "a rule with a trunk that is no id": SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_1", name="x\ny", trunk_ids=["main"], rule=individual("a")
    ),
    "a trunk with an empty number": SIPInboundTrunkInfo(
        sip_trunk_id="SDR_1", name="x\ny", numbers=[""]
    ),
    "a trunk with the number any": SIPInboundTrunkInfo(
        sip_trunk_id="SDR_1", name="x\ny", numbers=["any"]
    ),
    "an outbound trunk without an address": SIPOutboundTrunkInfo(
        sip_trunk_id="SDR_1", name="x\ny", numbers=["+15550100001"]
    ),
}
KIND_OF = {
    SIPDispatchRuleInfo: "dispatch_rule",
    SIPInboundTrunkInfo: "inbound_trunk",
    SIPOutboundTrunkInfo: "outbound_trunk",
}


@pytest.mark.parametrize("what", UNSPEAKABLE)
def test_what_the_language_cannot_say_is_left_out_and_named(what: str) -> None:
    """The object stays live and unlisted; the file and the notes name it with its id and the reason."""
    message = UNSPEAKABLE[what]
    live = project(**{KIND_OF[type(message)]: [message]})
    exported = export_project(live, name="acme", era=Era.NEW)
    (note,) = exported.notes
    assert '"x\\ny" (SDR_1) is left out: ' in note
    assert f"#   {note}\n" in exported.text
    plan = plan_of(exported, live, Era.NEW)
    assert (plan.changes, plan.calls) == ((), ())
    assert [one.id for one in plan.unlisted] == ["SDR_1"]


def test_a_field_from_the_future_is_left_alone() -> None:
    """A word that this version does not have is unmanaged, and the rest of the object is managed all the same."""
    sender = SIPOutboundTrunkInfo(
        sip_trunk_id="ST_1", name="out", address="sip.example", numbers=["+15550100001"]
    )
    sender.transport = 9  # type: ignore[assignment]
    live = project(outbound_trunk=[sender])
    assert sip_of(live)["outbound_trunks"]["out"]["unmanaged"] == ["transport"]
    assert plan_of(export_project(live, name="acme", era=Era.NEW), live, Era.NEW).changes == ()


def test_the_version_is_written_where_it_is_known() -> None:
    """A server's version is pinned as the language spells it, and nothing else is."""
    live = project(inbound_trunk=[])

    def server_of(version: str | None) -> object:
        text = export_project(live, name="acme", era=Era.NEW, server=version).text
        return yaml.safe_load(text)["project"].get("server")

    assert server_of("v1.13.11") == "1.13.11"
    assert server_of("1.9") == "1.9"
    assert server_of(None) is None
    assert server_of("nightly") is None


@pytest.mark.parametrize("name", ["my-project", "yes", 'a: "b"', "line\nbreak"])
def test_the_first_file_is_valid(name: str) -> None:
    """Who starts with it meets no finding of any kind, whatever the project is called."""
    from reconciler.config.load import load
    from reconciler.planning import check

    configuration = load({FILE: first_file(name).encode()}, {})
    assert configuration.project.name == name
    assert check(configuration, Era.NEW) == ()
    assert check(configuration, Era.OLD) == ()
    assert first_file(name).count("#") > 10


def test_the_first_line_names_the_schema() -> None:
    """Editors look there, for the address that the schema gives itself."""
    line = f"# yaml-language-server: $schema={schema('dispatch')['$id']}"
    assert first_file("acme").splitlines()[0] == line
    snapshot = Snapshot("acme.livekit.example", {})
    explained = export_project(snapshot, name="acme", era=Era.NEW, comments=True)
    assert explained.text.splitlines()[0] == line
