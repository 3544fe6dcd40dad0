"""Secrets leave the live project as names of variables, and what is no secret stays readable."""

from __future__ import annotations

from typing import Any

import yaml
from livekit.protocol.egress import (
    EncodedFileOutput,
    S3Upload,
    StreamOutput,
)
from livekit.protocol.room import RoomConfiguration, RoomEgress
from livekit.protocol.sip import SIPDispatchRuleInfo, SIPInboundTrunkInfo

from reconciler.core.objects import Snapshot
from reconciler.export import export_project
from reconciler.gateway.read import snapshot
from reconciler.sip.era import Era
from tests.export.round_trip import plan_of
from tests.export.test_conventions import individual


def project(**messages: list[Any]) -> Snapshot:
    """A live project of these messages."""
    return snapshot("acme.livekit.example", messages, Era.NEW)


def variables(live: Snapshot) -> list[str]:
    """The names of the variables of the exported file."""
    return [one.name for one in export_project(live, name="acme", era=Era.NEW).variables]


def trunk(name: str, identifier: str, **fields: Any) -> SIPInboundTrunkInfo:
    """A trunk with a password."""
    return SIPInboundTrunkInfo(
        sip_trunk_id=identifier, name=name, auth_username="u", auth_password="p", **fields
    )


def test_names_that_fold_to_one_are_told_apart() -> None:
    """Variables are unique whatever the objects are called, and the object comes first in a name."""
    live = project(
        inbound_trunk=[
            trunk("main", "ST_1"),
            trunk("a-b", "ST_2"),
            trunk("a b", "ST_3"),
            trunk("Åß", "ST_4"),
            trunk("客服", "ST_5"),
            trunk("5", "ST_6"),
            trunk("LiveKit api", "ST_7"),
        ]
    )
    assert set(variables(live)) == {
        "MAIN_AUTH_PASSWORD",
        "INBOUND_TRUNK_A_B_AUTH_PASSWORD",
        "INBOUND_TRUNK_A_B_AUTH_PASSWORD_2",
        "A_AUTH_PASSWORD",
        "INBOUND_TRUNK_AUTH_PASSWORD",
        "INBOUND_TRUNK_5_AUTH_PASSWORD",
        "INBOUND_TRUNK_LIVEKIT_API_AUTH_PASSWORD",
    }
    assert plan_of(export_project(live, name="acme", era=Era.NEW), live, Era.NEW).changes == ()


def recording(egress: RoomEgress) -> Snapshot:
    """A live rule with this recording."""
    rule = SIPDispatchRuleInfo(
        sip_dispatch_rule_id="SDR_1",
        name="r",
        rule=individual("a"),
        room_config=RoomConfiguration(egress=egress),
    )
    return project(dispatch_rule=[rule])


def test_only_the_secrets_of_a_recording_are_hidden() -> None:
    """Keys of the storage and addresses with a stream's key are references, the rest is written as it is."""
    egress = RoomEgress()
    egress.room.layout = "grid"
    egress.room.file_outputs.append(
        EncodedFileOutput(
            filepath="x.mp4",
            s3=S3Upload(access_key="AKIA", secret="s", session_token="t", bucket="calls"),
        )
    )
    egress.room.stream_outputs.append(StreamOutput(urls=["rtmp://live.example/key"]))
    egress.room.webhooks.add(url="https://hooks.example/egress")
    live = recording(egress)
    exported = export_project(live, name="acme", era=Era.NEW)
    body = yaml.safe_load(exported.text)["sip"]["dispatch_rules"]["r"]["room"]["egress"]["room"]
    prefix = "R_EGRESS_ROOM_"
    assert body == {
        "layout": "grid",
        "file_outputs": [
            {
                "filepath": "x.mp4",
                "s3": {
                    "access_key": {"env": f"{prefix}FILE_OUTPUTS_S3_ACCESS_KEY"},
                    "bucket": "calls",
                    "secret": {"env": f"{prefix}FILE_OUTPUTS_S3_SECRET"},
                    "session_token": {"env": f"{prefix}FILE_OUTPUTS_S3_SESSION_TOKEN"},
                },
            }
        ],
        "stream_outputs": [{"urls": [{"env": f"{prefix}STREAM_OUTPUTS_URLS"}]}],
        "webhooks": [{"url": "https://hooks.example/egress"}],
    }
    assert plan_of(exported, live, Era.NEW).changes == ()


def test_a_recording_that_would_be_misread_is_left_alone() -> None:
    """A mapping with nothing but `env` in it would be taken for a reference: the field is unmanaged, with a note."""
    egress = RoomEgress()
    output = EncodedFileOutput(s3=S3Upload(secret="s", metadata={"env": "prod"}))
    egress.room.file_outputs.append(output)
    live = recording(egress)
    exported = export_project(live, name="acme", era=Era.NEW)
    assert "unmanaged: [room.egress]" in exported.text
    assert "room.egress" in exported.notes[0]
    assert exported.variables == ()
    assert plan_of(exported, live, Era.NEW).changes == ()


def test_an_empty_secret_stands_in_clear() -> None:
    """An empty variable counts as one that is not set, so there is nothing to put into one."""
    egress = RoomEgress()
    egress.room.stream_outputs.append(StreamOutput(urls=["", "rtmp://live.example/key"]))
    live = recording(egress)
    exported = export_project(live, name="acme", era=Era.NEW)
    assert len(exported.variables) == 1
    assert plan_of(exported, live, Era.NEW).changes == ()


def test_a_password_that_the_server_does_not_tell_is_left_out() -> None:
    """A hosted server may keep it to itself: the trunk is listed without it, and a note says so."""
    quiet = SIPInboundTrunkInfo(
        sip_trunk_id="ST_1", name="quiet", numbers=["+15550100001"], auth_username="u"
    )
    live = project(inbound_trunk=[quiet])
    exported = export_project(live, name="acme", era=Era.NEW)
    assert exported.variables == ()
    assert "password" in exported.notes[0]
    assert "{username: u}" in exported.text
    assert plan_of(exported, live, Era.NEW).changes == ()
