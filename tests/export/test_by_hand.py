"""A project made by hand, exported: the text as people will read it, and the plan on the real server."""

from __future__ import annotations

from pathlib import Path

import pytest
from livekit import api

from reconciler.core.finding import Severity
from reconciler.core.values import Secret
from reconciler.export import Exported, export_project
from reconciler.gateway.endpoint import Endpoint
from reconciler.gateway.read import snapshot
from reconciler.gateway.server import LiveServer
from reconciler.sip.era import Era
from tests.export import by_hand
from tests.export.round_trip import plan_of
from tests.support.livekit_server import LiveKitServer

GOLDEN = Path(__file__).with_name("golden")
LIVE = snapshot("acme.livekit.example", by_hand.messages(), Era.OLD)


def exported(*, comments: bool) -> Exported:
    """The project as a file."""
    return export_project(LIVE, name="acme-voice", era=Era.OLD, server="1.9.12", comments=comments)


@pytest.mark.parametrize(
    ("comments", "file"), [(False, "by_hand.yaml"), (True, "by_hand_explained.yaml")]
)
def test_the_text_is_the_one_that_was_reviewed(comments: bool, file: str) -> None:
    """What people get to read is part of the product, so it is kept as a file."""
    assert exported(comments=comments).text == (GOLDEN / file).read_text(encoding="utf-8")


def test_comments_change_nothing_else() -> None:
    """`export` and `init --from-live` say the same: comments and empty lines apart, the texts are equal."""

    def bare(text: str) -> list[str]:
        lines = (line for line in text.splitlines() if line.strip())
        return [line for line in lines if not line.lstrip().startswith("#")]

    assert bare(exported(comments=True).text) == bare(exported(comments=False).text)


def test_the_variables_are_listed_with_their_places() -> None:
    """Who runs the command learns what to set, and where each value belongs."""
    assert [(one.name, one.path) for one in exported(comments=False).variables] == [
        (
            "INBOUND_TRUNK_SIGNALWIRE_AUTH_PASSWORD",
            "sip.inbound_trunks.SignalWire.auth.password",
        ),
        ("SIGNALWIRE_HEADER_X_SITE", "sip.inbound_trunks.SignalWire.headers.X-Site"),
        ("SIGNALWIRE_2_AUTH_PASSWORD", "sip.inbound_trunks.SignalWire-2.auth.password"),
        (
            "OUTBOUND_TRUNK_SIGNALWIRE_AUTH_PASSWORD",
            "sip.outbound_trunks.SignalWire.auth.password",
        ),
        ("LOBBY_PIN", "sip.dispatch_rules.Lobby.rooms.direct.pin"),
        (
            "CALLS_EGRESS_ROOM_FILE_OUTPUTS_S3_ACCESS_KEY",
            "sip.dispatch_rules.calls.room.egress.room.file_outputs[0].s3.access_key",
        ),
        (
            "CALLS_EGRESS_ROOM_FILE_OUTPUTS_S3_SECRET",
            "sip.dispatch_rules.calls.room.egress.room.file_outputs[0].s3.secret",
        ),
        ("CALLS_2_PIN", "sip.dispatch_rules.calls-2.rooms.individual.pin"),
    ]


@pytest.mark.real
async def test_a_project_made_by_hand_plans_to_no_change(real_project: LiveKitServer) -> None:
    """Made with LiveKit's own client on the real server, exported, loaded, planned: nothing to do."""
    await make_by_hand(real_project)
    endpoint = Endpoint(
        real_project.url, "127.0.0.1", real_project.api_key, Secret(real_project.api_secret)
    )
    server = LiveServer(endpoint, era=Era.OLD)
    live = server.snapshot(server.observe())
    server.close()
    assert len(list(live)) == len(by_hand.INBOUND) + len(by_hand.OUTBOUND) + 5
    written = export_project(live, name="acme", era=Era.OLD)
    assert written.notes == ()
    plan = plan_of(written, live, Era.OLD)
    assert (plan.changes, plan.calls, plan.unlisted) == ((), (), ())
    assert [one for one in plan.findings if one.severity is Severity.ERROR] == []


async def make_by_hand(server: LiveKitServer) -> None:
    """The same project on a server that is empty."""
    async with api.LiveKitAPI(
        server.url.replace("ws", "http", 1), server.api_key, server.api_secret
    ) as client:
        ids = {}
        for word, trunk in by_hand.INBOUND.items():
            made = await client.sip.create_inbound_trunk(
                api.CreateSIPInboundTrunkRequest(trunk=trunk)
            )
            ids[word] = made.sip_trunk_id
        for sender in by_hand.OUTBOUND:
            await client.sip.create_outbound_trunk(api.CreateSIPOutboundTrunkRequest(trunk=sender))
        for rule in by_hand.rules(ids):
            await client.sip.create_dispatch_rule(
                api.CreateSIPDispatchRuleRequest(dispatch_rule=rule)
            )
