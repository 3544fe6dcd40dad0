"""Injected faults: what has an effect, what the client sees, and when; the same for the emulator and the proxy."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING

import pytest
from livekit.protocol import sip

from tests.support.fault_proxy import FaultProxy
from tests.support.objects import NUMBER, OTHER, create_inbound, create_rule
from tests.support.raw_client import RawClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.emulator import Emulator


@pytest.fixture(params=["emulator", "proxy"])
def faulty(
    request: pytest.FixtureRequest, livekit_emulator: Emulator
) -> Iterator[Emulator | FaultProxy]:
    """Whatever injects the faults: the emulator itself, or the proxy in front of it."""
    if request.param == "emulator":
        yield livekit_emulator
        return
    with FaultProxy(livekit_emulator.url) as proxy:
        yield proxy


@pytest.fixture
def client(faulty: Emulator | FaultProxy, livekit_emulator: Emulator) -> Iterator[RawClient]:
    """A client that meets the faults."""
    made = RawClient(faulty.url, livekit_emulator.api_key, livekit_emulator.api_secret)
    yield made
    made.close()


def _stored(emulator: Emulator) -> list[str]:
    return [trunk.numbers[0] for trunk in emulator.inbound_trunks]


BROKEN = (http.client.HTTPException, OSError)


def test_a_lost_request_has_no_effect(
    faulty: Emulator | FaultProxy, client: RawClient, livekit_emulator: Emulator
) -> None:
    """The connection breaks and nothing is stored; the next try works."""
    faulty.faults.lose_request("CreateSIPInboundTrunk")
    with pytest.raises(BROKEN):
        create_inbound(client)
    assert _stored(livekit_emulator) == []
    client.close()
    assert create_inbound(client).ok


def test_a_lost_answer_has_its_effect(
    faulty: Emulator | FaultProxy, client: RawClient, livekit_emulator: Emulator
) -> None:
    """The connection breaks after the object is stored: the client cannot know, and a blind retry is refused."""
    faulty.faults.lose_answer("CreateSIPInboundTrunk")
    with pytest.raises(BROKEN):
        create_inbound(client)
    assert _stored(livekit_emulator) == [NUMBER]
    client.close()
    assert create_inbound(client).code == "invalid_argument"


def test_a_truncated_answer_has_its_effect(
    faulty: Emulator | FaultProxy, client: RawClient, livekit_emulator: Emulator
) -> None:
    """The answer breaks off inside its body."""
    faulty.faults.truncate("CreateSIPInboundTrunk", size=5)
    with pytest.raises(BROKEN):
        create_inbound(client)
    assert _stored(livekit_emulator) == [NUMBER]


def test_an_answer_can_be_replaced_before_the_effect(
    faulty: Emulator | FaultProxy, client: RawClient, livekit_emulator: Emulator
) -> None:
    """A 429 is sent with its `Retry-After`, and nothing is stored."""
    faulty.faults.answer(
        "CreateSIPInboundTrunk", 429, "resource_exhausted", headers={"Retry-After": "1"}
    )
    refused = create_inbound(client)
    assert (refused.status, refused.code) == (429, "resource_exhausted")
    assert _stored(livekit_emulator) == []


def test_headers_of_a_replaced_answer_are_sent(
    faulty: Emulator | FaultProxy, client: RawClient
) -> None:
    """`Retry-After` arrives as it was armed."""
    faulty.faults.answer("*", 429, headers={"Retry-After": "7"})
    connection = http.client.HTTPConnection(faulty.url.removeprefix("http://"), timeout=5)
    connection.request("POST", "/twirp/livekit.SIP/ListSIPInboundTrunk")
    answer = connection.getresponse()
    assert answer.getheader("Retry-After") == "7"
    answer.read()
    connection.close()


def test_an_answer_can_be_replaced_after_the_effect(
    faulty: Emulator | FaultProxy, client: RawClient, livekit_emulator: Emulator
) -> None:
    """A 503 of a gateway that gave up: the object is stored all the same."""
    faulty.faults.answer("CreateSIPInboundTrunk", 503, "unavailable", after_effect=True)
    assert create_inbound(client).status == 503
    assert _stored(livekit_emulator) == [NUMBER]


def test_an_answer_can_be_anything(faulty: Emulator | FaultProxy, client: RawClient) -> None:
    """A body that is not Twirp's is sent as it is."""
    faulty.faults.answer("*", 502, body=b"<html>", headers={"Content-Type": "text/html"})
    result = create_inbound(client)
    assert (result.status, result.code, result.text) == (502, "", "<html>")


def test_a_delay_is_waited_for(faulty: Emulator | FaultProxy, client: RawClient) -> None:
    """A delayed call takes at least that long and succeeds."""
    faulty.faults.delay("CreateSIPInboundTrunk", seconds=0.2)
    started = time.monotonic()
    assert create_inbound(client).ok
    assert time.monotonic() - started >= 0.2


def test_faults_count_calls_of_their_method_only(
    faulty: Emulator | FaultProxy, client: RawClient
) -> None:
    """`nth` is the nth call of that method after arming, `times` how often it fires from there."""
    faulty.faults.answer("CreateSIPInboundTrunk", 500, nth=2, times=2)
    statuses = []
    for number in range(4):
        create_rule(client, trunk_ids=[f"ST_{number}"])
        statuses.append(create_inbound(client, numbers=[f"+1555010000{number}"]).status)
    assert statuses == [200, 500, 500, 200]
    assert faulty.faults.pending == 0


def test_a_pattern_names_several_methods(faulty: Emulator | FaultProxy, client: RawClient) -> None:
    """`Create*` hits whatever is created next."""
    faulty.faults.answer("Create*", 500)
    assert create_rule(client).status == 500
    assert create_inbound(client).ok


def test_calls_are_recorded_in_order(faulty: Emulator | FaultProxy, client: RawClient) -> None:
    """Each call is listed with its status and code; a broken one has status 0."""
    faulty.faults.lose_answer("CreateSIPDispatchRule")
    create_inbound(client)
    create_inbound(client)
    with pytest.raises(BROKEN):
        create_rule(client)
    told = [(call.order, call.method, call.status, call.code) for call in faulty.calls]
    assert told == [
        (1, "CreateSIPInboundTrunk", 200, ""),
        (2, "CreateSIPInboundTrunk", 400, "invalid_argument"),
        (3, "CreateSIPDispatchRule", 0, ""),
    ]
    assert faulty.count("CreateSIPInboundTrunk") == 2
    assert faulty.count("Create*") == 3
    faulty.forget_calls()
    assert faulty.calls == ()


def test_clearing_disarms(faulty: Emulator | FaultProxy, client: RawClient) -> None:
    """After `clear` nothing goes wrong any more."""
    faulty.faults.answer("*", 500, times=10)
    faulty.faults.clear()
    assert create_inbound(client, numbers=[OTHER]).ok


@pytest.mark.parametrize(("nth", "times"), [(0, 1), (1, 0)])
def test_faults_count_from_one(livekit_emulator: Emulator, nth: int, times: int) -> None:
    """A fault that could never fire is an error when it is armed."""
    with pytest.raises(ValueError, match="count from 1"):
        livekit_emulator.faults.lose_request("*", nth=nth, times=times)


@pytest.mark.real
def test_the_proxy_loses_answers_of_a_real_server(real_project: object) -> None:
    """In front of a real server, a lost answer leaves the object there and the client in the dark."""
    url, key, secret = (getattr(real_project, name) for name in ("url", "api_key", "api_secret"))
    with FaultProxy(url) as proxy:
        client = RawClient(proxy.url, key, secret)
        proxy.faults.lose_answer("CreateSIPInboundTrunk")
        with pytest.raises(BROKEN):
            create_inbound(client)
        client.close()
        request = sip.ListSIPInboundTrunkRequest()
        assert len(client.call("SIP", "ListSIPInboundTrunk", request).answer.items) == 1
        client.close()
