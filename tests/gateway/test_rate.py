"""The limit of requests a minute: never more than that, no slower than that, and nobody hangs in it."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import sip

from reconciler.emulator.server import Emulator
from reconciler.gateway.endpoint import endpoint_from
from reconciler.gateway.rate import HOSTED_LIMIT, MINUTE, RateLimit, limit_of
from reconciler.gateway.twirp import TwirpClient

ASK = ("SIP", "ListSIPInboundTrunk", sip.ListSIPInboundTrunkRequest())


@given(st.integers(1, 2_000), st.lists(st.floats(0.0, 30.0), min_size=1, max_size=300))
def test_no_minute_has_more_than_the_limit(per_minute: int, pauses: list[float]) -> None:
    """Whenever requests are wanted, those that go out within any minute are at most so many."""
    limit = RateLimit(per_minute)
    now, sent = 0.0, []
    for pause in pauses:
        now += pause
        sent += [now + limit.reserve(now) for _ in range(max(per_minute // 20, 1))]
    sent.sort()
    for first, later in zip(sent, sent[per_minute:], strict=False):
        assert later - first >= MINUTE - 1e-6


@given(st.integers(1, 2_000))
def test_a_few_go_out_at_once_and_the_rest_evenly(per_minute: int) -> None:
    """A tenth of a minute's requests wait for nothing; then the pauses are all the same, and as short as can be."""
    limit = RateLimit(per_minute)
    waits = [limit.reserve(0.0) for _ in range(2 * per_minute + 2)]
    burst = max(per_minute // 10, 1)
    assert max(waits[:burst]) < 1e-6
    pauses = [
        later - first for first, later in zip(waits[burst - 1 :], waits[burst:], strict=False)
    ]
    assert max(pauses) - min(pauses) < 1e-6
    assert per_minute * pauses[0] <= MINUTE / 0.9 + 1e-6 or per_minute < 10
    assert waits[-1] == pytest.approx(limit.seconds_for(len(waits)))


def test_how_long_requests_take() -> None:
    """Ten thousand requests at the hosted product's limit are about twelve minutes, and a plan's are none."""
    limit = RateLimit(HOSTED_LIMIT)
    assert 11 * 60 < limit.seconds_for(10_000) < 13 * 60
    assert limit.seconds_for(50) == 0.0


def test_only_the_hosted_product_has_a_limit_by_itself() -> None:
    """Its hosts get one below its own; any other host only the one that was asked for, and 0 is none."""
    hosted = limit_of("acme.livekit.cloud")
    assert hosted is not None
    assert hosted.per_minute == HOSTED_LIMIT < 1_000
    for host in ("127.0.0.1:7880", "livekit.cloud.example", "notlivekit.cloud", "livekit.example"):
        assert limit_of(host) is None
    asked = limit_of("livekit.example", 60)
    assert asked is not None
    assert asked.per_minute == 60
    assert limit_of("acme.livekit.cloud", 0) is None


def test_one_host_has_one_limit() -> None:
    """All who talk to a host share its turns."""
    assert limit_of("shared.livekit.cloud") is limit_of("shared.livekit.cloud")
    assert limit_of("shared.livekit.cloud") is not limit_of("other.livekit.cloud")


def test_threads_share_the_turns() -> None:
    """Sixteen threads that ask at the same time get as many different turns."""
    limit = RateLimit(100)
    turns: list[float] = []
    threads = [
        threading.Thread(target=lambda: turns.extend(limit.reserve(0.0) for _ in range(50)))
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(turns)) == 800 - 9  # ten of them at once


def _client(emulator: Emulator, limit: RateLimit, timeout: float) -> TwirpClient:
    environ = {
        "LIVEKIT_URL": emulator.url,
        "LIVEKIT_API_KEY": emulator.api_key,
        "LIVEKIT_API_SECRET": emulator.api_secret,
    }
    return TwirpClient(endpoint_from(environ), timeout=timeout, limit=limit)


def test_waiting_for_a_turn_is_not_the_servers_time(livekit_emulator: Emulator) -> None:
    """A call that waits longer than its time-out allows is answered all the same, and so is its second try."""
    client = _client(livekit_emulator, RateLimit(90), timeout=0.5)
    livekit_emulator.faults.answer("ListSIPInboundTrunk", status=503, code="unavailable", nth=10)
    started = time.monotonic()
    for _ in range(11):
        client.call(*ASK, sip.ListSIPInboundTrunkResponse, repeat=True)
    client.close()
    assert livekit_emulator.count("ListSIPInboundTrunk") == 12
    assert time.monotonic() - started > 1.0


def test_an_interrupt_ends_all_waiting(livekit_emulator: Emulator) -> None:
    """Calls that wait for their turn go out at once when somebody is in a hurry."""
    limit = RateLimit(1)
    client = _client(livekit_emulator, limit, timeout=5.0)
    client.call(*ASK, sip.ListSIPInboundTrunkResponse, repeat=True)
    waiting = threading.Thread(
        target=lambda: client.call(*ASK, sip.ListSIPInboundTrunkResponse, repeat=True)
    )
    waiting.start()
    limit.hurry()
    waiting.join(timeout=10)
    assert not waiting.is_alive()
    assert livekit_emulator.count("ListSIPInboundTrunk") == 2
    client.close()
