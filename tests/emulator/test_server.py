"""The emulator as a server and as a fixture: starting, stopping, storing without checks, size, the real SDK."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from livekit import api
from livekit.protocol import sip

from reconciler.emulator import Emulator
from tests.support.objects import (
    NUMBER,
    create_inbound,
    create_rule,
    inbound,
    outbound,
    rule,
    rules,
)
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from reconciler.emulator.server import Emulator as EmulatorType


def test_the_fixture_starts_an_empty_emulator(livekit_emulator: EmulatorType) -> None:
    """Every test gets its own, on loopback, with no object in it."""
    assert livekit_emulator.url.startswith("http://127.0.0.1:")
    assert livekit_emulator.inbound_trunks == []
    assert livekit_emulator.calls == ()


@pytest.mark.livekit_emulator(version="1.8.4", api_key="key")
def test_a_marker_carries_options(livekit_emulator: EmulatorType) -> None:
    """The fixture's options stand in a marker."""
    assert (livekit_emulator.version, livekit_emulator.api_key) == ("1.8.4", "key")


def test_the_plugin_loads_fast() -> None:
    """pytest imports the plugin in every session, so it must not bring aiohttp or livekit along."""
    code = (
        "import sys, reconciler.emulator.pytest_plugin\n"
        "print([name for name in ('aiohttp', 'livekit', 'google.protobuf') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_sdk_works_against_it(livekit_emulator: EmulatorType) -> None:
    """livekit-api creates, updates, lists and deletes as on a real server."""
    async with api.LiveKitAPI(
        livekit_emulator.url, livekit_emulator.api_key, livekit_emulator.api_secret
    ) as client:
        request = api.CreateSIPInboundTrunkRequest(trunk=inbound(name="n"))
        made = await client.sip.create_inbound_trunk(request)
        await client.sip.update_inbound_trunk(made.sip_trunk_id, inbound(name="changed"))
        await client.sip.create_dispatch_rule(
            api.CreateSIPDispatchRuleRequest(dispatch_rule=rule(trunk_ids=[made.sip_trunk_id]))
        )
        listed = await client.sip.list_inbound_trunk(api.ListSIPInboundTrunkRequest())
        assert [trunk.name for trunk in listed.items] == ["changed"]
        with pytest.raises(api.TwirpError, match="already exists"):
            await client.sip.create_dispatch_rule(
                api.CreateSIPDispatchRuleRequest(dispatch_rule=rule(trunk_ids=[made.sip_trunk_id]))
            )
        await client.room.create_room(api.CreateRoomRequest(name="r"))
        dispatched = await client.agent_dispatch.list_dispatch("r")
        assert [found.agent_name for found in dispatched] == [""]


def test_objects_are_put_unchecked(livekit_emulator: EmulatorType, client: RawClient) -> None:
    """A test can prepare a project that LiveKit's API would not let come to be, and its effects are there."""
    first = livekit_emulator.put(inbound())
    second = livekit_emulator.put(inbound())
    livekit_emulator.put(outbound())
    livekit_emulator.put(rule(rule=sip.SIPDispatchRule()))
    assert {trunk.sip_trunk_id for trunk in livekit_emulator.inbound_trunks} == {first, second}
    assert len(livekit_emulator.outbound_trunks) == 1
    assert create_inbound(client, allowed_numbers=["+15550100099"]).code == "invalid_argument"
    assert create_rule(client).code == "unknown"
    livekit_emulator.clear()
    assert livekit_emulator.dispatch_rules == []
    assert create_rule(client).ok


def test_a_hundred_thousand_objects_are_listed_at_once(
    livekit_emulator: EmulatorType, client: RawClient
) -> None:
    """A large project is listed in well under a second a kind, and a new object is checked against it as fast."""
    for number in range(100_000):
        trunk = f"ST_{number:06}"
        livekit_emulator.put(inbound(sip_trunk_id=trunk, numbers=[f"+1555{number:07}"]))
    for number in range(100_000):
        livekit_emulator.put(
            rule(sip_dispatch_rule_id=f"SDR_{number:06}", trunk_ids=[f"ST_{number}"])
        )
    started = time.monotonic()
    assert len(rules(client)) == 100_000
    listed = time.monotonic() - started
    assert create_inbound(client, numbers=["+15559999999"]).ok
    assert create_rule(client, trunk_ids=["ST_new"]).ok
    created = time.monotonic() - started - listed
    assert listed < 5
    assert created < 1


def test_a_taken_port_is_told_where_it_starts(livekit_emulator: EmulatorType) -> None:
    """An error of the background thread is raised in the thread that started it."""
    with (
        pytest.raises(OSError, match=r"(?i)address already in use"),
        Emulator(port=livekit_emulator.port),
    ):
        pass


def test_serving_in_the_callers_thread_ends_on_stop() -> None:
    """`serve_forever` announces its URL, answers, and ends on `stop`."""
    emulator = Emulator()
    urls: list[str] = []
    announced = threading.Event()

    def ready(url: str) -> None:
        urls.append(url)
        announced.set()

    thread = threading.Thread(target=emulator.serve_forever, args=(ready,))
    thread.start()
    assert announced.wait(10)
    client = RawClient(urls[0], emulator.api_key, emulator.api_secret)
    assert client.post("/", b"", {}, "GET") == (200, b"OK")
    client.close()
    emulator.stop()
    thread.join(10)
    assert not thread.is_alive()
    with (
        pytest.raises(OSError, match="refused"),
        socket.create_connection(("127.0.0.1", emulator.port)),
    ):
        pass


def test_requests_do_not_change_what_a_test_put(livekit_emulator: EmulatorType) -> None:
    """What the emulator hands out are copies."""
    key = livekit_emulator.put(inbound())
    livekit_emulator.inbound_trunks[0].name = "changed"
    assert [(t.sip_trunk_id, t.name, list(t.numbers)) for t in livekit_emulator.inbound_trunks] == [
        (key, "", [NUMBER])
    ]
